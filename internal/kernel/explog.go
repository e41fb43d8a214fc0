package kernel

import "math"

// The exponential and the logarithm that the scalar functions stand on. Both reduce the argument with a small table, so
// that a short polynomial is left and nothing depends on an unpredictable branch; softplus costs two thirds of what it
// costs with math.Exp and math.Log1p. The relative error is within a few units in the last place.
//
// Reference: Tang, "Table-driven implementation of the exponential function in IEEE floating-point arithmetic", ACM
// TOMS 15 (1989) 144, and "… of the logarithm function …", TOMS 16 (1990) 378.

const (
	expBits  = 5
	expSteps = 1 << expBits // table entries for a doubling
	logSteps = 32           // table entries for [1, 2)

	// ln 2 in two parts, the first short enough for its multiples by integers under 2^16 to be exact.
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10

	// Adding and subtracting this rounds a small float64 to an integer, whose low bits are those of the sum.
	rounder = 0x1.8p52
)

var (
	expTable [expSteps]uint64                         // bits of 2^(i/expSteps)
	logTable [logSteps + 1]struct{ log, inv float64 } // log c and 1/c for c = 1 + i/logSteps
)

func init() {
	for i := range expTable {
		expTable[i] = math.Float64bits(math.Exp2(float64(i) / expSteps))
	}
	for i := range logTable {
		c := float64(i) / logSteps
		logTable[i].log, logTable[i].inv = math.Log1p(c), 1/(1+c)
	}
}

// exp returns exp(x) = 2^(k/32)·exp(r) with k the integer nearest 32x/ln 2, so |r| ≤ ln 2/64.
func exp(x float64) float64 {
	if !(math.Abs(x) < 708) { // near the ends of the range, or past them, or NaN
		if x > 0 {
			half := math.Exp(x / 2) // math.Exp(709.5) is +Inf on amd64 (Go 1.26), though e^709.78 is finite
			return half * half
		}
		return math.Exp(x)
	}
	shifted := x*(expSteps/math.Ln2) + rounder
	k := int64(int32(math.Float64bits(shifted)))
	kf := shifted - rounder
	r := (x - kf*(ln2Hi/expSteps)) - kf*(ln2Lo/expSteps)
	r2 := r * r
	p := r + r2*((1./2+r*(1./6))+r2*((1./24+r*(1./120))+r2*(1./720)))
	t := math.Float64frombits(expTable[k&(expSteps-1)] + uint64(k>>expBits)<<52)
	return t + t*p
}

// log1p returns log(1 + y) = log c + log(1 + r) for 0 ≤ y ≤ 1, with c = 1 + i/32 the table value nearest 1 + y and
// r = (1 + y − c)/c, so |r| ≤ 1/64. For y < 1/64 c is 1 and the relative precision is kept. NaN gives NaN.
func log1p(y float64) float64 {
	shifted := y*logSteps + rounder
	i := math.Float64bits(shifted) & 63
	if i > logSteps {
		return math.NaN()
	}
	c := &logTable[i]
	r := (y - (shifted-rounder)*(1./logSteps)) * c.inv
	r2 := r * r
	low := (-1./2 + r*(1./3)) + r2*(-1./4+r*(1./5))
	high := (-1./6 + r*(1./7)) + r2*(-1./8+r*(1./9))
	return c.log + (r + r2*(low+r2*r2*high))
}

// log returns log x. math.Log on amd64 (Go 1.26) takes every denormal number for 2^-1023.
func log(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}
