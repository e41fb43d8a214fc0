package kernel

import "math"

// Normal fills dst with the independent standard normal draws of an address by the Box–Muller transform: two 32-bit words
// make a pair, so the largest magnitude is √(2·32·ln 2) ≈ 6.66. dst[j] depends on the address and on j only.
//
// The draws are the same bits at every level and on every architecture: each level does the same operations in the same
// order. Before it is rounded to T a draw is within 4 units in the last place of the exact transform of its words.
//
// Reference: G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29 (1958).
func Normal[T Float](dst []T, at Address) { tableOf[T]().normal(dst, at) }

func normalPlain[T Float](dst []T, at Address) {
	var z [4]float64
	for j := range dst {
		if j%4 == 0 {
			a, b, c, d := Philox(at, uint32(j/4))
			z[0], z[1] = boxMuller(a, b)
			z[2], z[3] = boxMuller(c, d)
		}
		dst[j] = T(z[j%4])
	}
}

// boxMuller returns r cos 2πu and r sin 2πu with r = √(−2 log v), v = (a + 1)/2³² in (0, 1], u = b/2³².
func boxMuller(a, b uint32) (float64, float64) {
	radius := math.Sqrt(-2 * logFraction(a))
	cos, sin := circle(b)
	return radius * cos, radius * sin
}

const (
	// Ored into the bits of a float64, a small integer i makes 2^52 + i, or 2^23 + i/2^29.
	integer  = 0x4330000000000000
	fraction = 0x4160000000000000

	halfRoot = 0x3FE6A09E667F3BCD    // bits of √½
	ln2Rest  = 0x1.abc9e3b39803fp-56 // what a float64 leaves of ln 2
)

// logFraction returns log((a + 1)/2³²) within one unit in the last place. With a + 1 = 2^k·(1 + f), 1 + f in [√½, √2),
//
//	log(1 + f) = 2 atanh(s) = f − f²/2 + s·(f²/2 + R(s²)),  s = f/(2 + f),
//
// which is the way of FreeBSD's e_log.c.
func logFraction(a uint32) float64 {
	bits := math.Float64bits(math.Float64frombits(integer|uint64(a)) - (1<<52 - 1))
	k := (bits - halfRoot) >> 52
	e := math.Float64frombits(integer|k) - (1<<52 + 32)
	f := math.Float64frombits(bits-k<<52) - 1
	s := f / (2 + f)
	z := float64(s * s)
	r := polynomial(z, &logSeries)
	h := float64(float64(f*f) * 0.5)
	low := math.FMA(s, math.FMA(z, r, h), float64(e*ln2Rest))
	return math.FMA(e, math.Ln2, f-(h-low))
}

// circle returns the cosine and the sine of the angle 2πb/2³², by polynomials over the eighth of the circle on either side
// of the nearest axis. In units of π/4 the distance from the axis is exact.
func circle(b uint32) (cos, sin float64) {
	t := uint64(b) + 1<<29 // bits 30 and 31 number the axis, bits 0 to 29 say where beside it
	x := math.Float64frombits(fraction|t&(1<<30-1)) - (1<<23 + 1)
	z := float64(x * x)
	sin = float64(x * polynomial(z, &sinSeries))
	cos = math.FMA(z, polynomial(z, &cosSeries), 1)
	if t&(1<<30) != 0 {
		cos, sin = sin, cos
	}
	flip := func(v float64, bit31 uint64) float64 {
		return math.Float64frombits(math.Float64bits(v) ^ bit31&(1<<31)<<32)
	}
	return flip(cos, t+1<<30), flip(sin, t)
}

// polynomial returns Σ_i c_i zⁱ by Horner's rule in fused steps.
func polynomial(z float64, c *[7]float64) float64 {
	p := c[6]
	for i := 5; i >= 0; i-- {
		p = math.FMA(p, z, c[i])
	}
	return p
}

// The interpolating polynomials at the Chebyshev nodes, rounded to float64; each errs by less than half a unit in the last
// place of its function.
var (
	// R(z)/z of log(1 + f), that is (2 atanh(s)/s − 2)/s² in z = s², where |s| ≤ 3 − √8.
	logSeries = [7]float64{
		0x1.5555555555558p-1, 0x1.99999999952e2p-2, 0x1.2492492df148dp-2, 0x1.c71c62e5800a1p-3,
		0x1.7462b4ab2ef6bp-3, 0x1.39fe606542ddep-3, 0x1.2b584aae78a57p-3,
	}
	// sin(πx/4)/x in z = x² ≤ 1.
	sinSeries = [7]float64{
		0x1.921fb54442d18p-1, -0x1.4abbce625be41p-4, 0x1.466bc677587f8p-9, -0x1.32d2cce2e5b19p-15,
		0x1.50782fda12d96p-22, -0x1.e30071afc3e59p-30, 0x1.e3f38399551bfp-38,
	}
	// (cos(πx/4) − 1)/x² in z = x² ≤ 1.
	cosSeries = [7]float64{
		-0x1.3bd3cc9be45dep-2, 0x1.03c1f081b5ac0p-6, -0x1.55d3c7e3cb241p-12, 0x1.e1f5068688d5bp-19,
		-0x1.a6d1eef479be1p-26, 0x1.f9ce245cada0bp-34, -0x1.b2f3eb054afcdp-42,
	}
)
