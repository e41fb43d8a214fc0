package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// The elementary functions on a vec. Each returns fresh registers and leaves its argument alone, unless it says otherwise.

// fraction is the number of bits behind the point, bias that of the exponent.
func (e *emitter) fraction() int { return pick(e.double, 52, 23) }
func (e *emitter) bias() int     { return pick(e.double, 1023, 127) }

// ln2 is ln 2 in the precision and what is missing.
func (e *emitter) ln2() (hi, lo constant) {
	if e.double {
		return e.number(ln2Hi64), e.number(ln2Lo64)
	}
	return e.number(ln2Hi32), e.number(ln2Lo32)
}

// power is 2^n for exp(x) = 2^n·exp(r), as a float and as the low bits of an integer that hold n + 2·bias.
type power struct{ n, bits vec }

// reduce changes x into r = x − n·ln 2 with n the integer nearest x/ln 2, so that |r| ≤ ln 2/2.
func (e *emitter) reduce(x vec) power {
	rounder := 1.5*math.Ldexp(1, e.fraction()) + float64(2*e.bias()) // what is added to it is rounded to an integer
	bits := e.splat(e.number(rounder).Mem)
	e.addProduct(bits, x, e.number(math.Log2E))
	n := e.subtract(bits, e.number(rounder))
	hi, lo := e.ln2()
	e.subtractProduct(x, n, hi) // exactly
	e.subtractProduct(x, n, lo)
	return power{n, bits}
}

// scale returns x·2^n, rounded once: by one instruction, or by two factors of about 2^(n/2) of which the first is exact.
func (e *emitter) scale(x vec, p power) vec {
	if e.wide {
		return e.result(e.float, "VSCALEF", p.n, x)
	}
	m := operand.U8(e.fraction())
	half := e.result(e.integer, "VPSLL", m, p.bits)
	e.integer("VPSRL", operand.U8(e.fraction()+1), half, half) // ⌊n/2⌋ + bias
	rest := e.result(e.integer, "VPSUB", half, p.bits)         // n − ⌊n/2⌋ + bias
	e.integer("VPSLL", m, half, half)
	e.integer("VPSLL", m, rest, rest)
	return e.multiply(e.multiply(x, half), rest)
}

// exp returns exp(x) everywhere: at the ends of the range that is clamped to, it is +Inf and 0 already.
func (e *emitter) exp(x vec) vec {
	return e.expBelow(e.atMost(x, e.number(pick(e.double, 710., 89.))))
}

// expBelow returns exp(x) for x up to the upper end.
func (e *emitter) expBelow(x vec) vec {
	r := e.atLeast(x, e.number(pick(e.double, -746., -104.)))
	p := e.reduce(r)
	sum := e.polynomial(r, pick(e.double, expTail64, expTail32))
	one := e.number(1)
	e.timesPlus(sum, r, one)
	e.timesPlus(sum, r, one)
	return e.scale(sum, p)
}

// decay returns exp(−|x|).
func (e *emitter) decay(x vec) vec { return e.expBelow(e.or(x, e.signBit())) }

// decay2 returns exp(−2|x|).
func (e *emitter) decay2(x vec) vec { return e.expBelow(e.minusTwice(x)) }

// minusTwice returns −2|x|.
func (e *emitter) minusTwice(x vec) vec {
	y := e.or(x, e.signBit())
	return e.add(y, y)
}

// magnitude returns |x|.
func (e *emitter) magnitude(x vec) vec {
	return e.and(x, e.word(pick[uint64](e.double, 1<<63-1, 1<<31-1)))
}

// addLog1p adds log(1 + t) to sum for 0 ≤ t ≤ 1.
func (e *emitter) addLog1p(sum, t vec) {
	p := e.polynomial(t, pick(e.double, log1pTail64, log1pTail32))
	e.timesPlus(p, t, e.number(1))
	e.addProduct(sum, t, p)
}

// softplus returns log(1 + exp x) = max(x, 0) + log(1 + exp(−|x|)).
func (e *emitter) softplus(x vec) vec {
	t := e.decay(x)
	sum := e.result(e.float, "VMAX", e.zero(), x)
	e.addLog1p(sum, t)
	return sum
}

// logCosh2 returns log 2cosh x = |x| + log(1 + exp(−2|x|)).
func (e *emitter) logCosh2(x vec) vec {
	t := e.decay2(x)
	sum := e.magnitude(x)
	e.addLog1p(sum, t)
	return sum
}

// sigmoid returns 1/(1 + exp(−x)) = t/(1 + t) for x < 0 and 1/(1 + t) else, t = exp(−|x|).
func (e *emitter) sigmoid(x vec) vec {
	t := e.decay(x)
	sum := e.add(t, e.number(1))
	return e.divide(e.blend(e.negative(x), t, e.splat(e.number(1).Mem)), sum)
}

// sigmoidSlope returns σ'(x) = t/(1 + t)².
func (e *emitter) sigmoidSlope(x vec) vec {
	t := e.decay(x)
	sum := e.add(t, e.number(1))
	return e.divide(t, e.multiply(sum, sum))
}

// tanhSlope returns tanh'(x) = 4t/(1 + t)², t = exp(−2|x|).
func (e *emitter) tanhSlope(x vec) vec {
	t := e.decay2(x)
	sum := e.add(t, e.number(1))
	return e.divide(e.multiply(t, e.number(4)), e.multiply(sum, sum))
}

// tanh returns −t/(2 + t) with t = exp(−2|x|) − 1 and the sign of x.
func (e *emitter) tanh(x vec) vec {
	r := e.atLeast(e.minusTwice(x), e.number(pick(e.double, -600., -80.))) // where t is −1 and 2^n below still normal
	p := e.reduce(r)
	tail := e.polynomial(r, pick(e.double, expTail64, expTail32))
	e.timesPlus(tail, e.multiply(r, r), r) // exp(r) − 1
	scale := e.result(e.integer, "VPSUB", e.word(uint64(e.bias())), p.bits)
	e.integer("VPSLL", operand.U8(e.fraction()), scale, scale)
	t := e.subtract(scale, e.number(1))
	e.addProduct(t, tail, scale)
	y := e.divide(t, e.add(t, e.number(2)))
	return e.or(e.magnitude(y), e.and(x, e.signBit()))
}

// log returns log x = k·ln 2 + log(1 + f) with √½ ≤ 1 + f < √2; −∞ of 0 and NaN of negative numbers.
func (e *emitter) log(x vec) vec {
	denormal := e.compare(less, x, e.number(math.Ldexp(1, 1-e.bias())))
	raise := e.fraction() + 1
	y := e.blend(denormal, e.multiply(x, e.number(math.Ldexp(1, raise))), x)

	// Adding the distance from √½ to 1 to the bits makes the exponent field k + bias; then the field comes off again.
	root, one := math.Float64bits(math.Sqrt2/2), math.Float64bits(1)
	if !e.double {
		root, one = uint64(math.Float32bits(math.Sqrt2/2)), uint64(math.Float32bits(1))
	}
	bits := e.result(e.integer, "VPADD", e.splat(e.word(one-root).Mem), y)
	above := math.Ldexp(1, e.fraction()) // its bits with an integer in them are a float, the sum of both
	k := e.or(e.result(e.integer, "VPSRL", operand.U8(e.fraction()), bits), e.number(above))
	k = e.subtract(k, e.number(above+float64(e.bias())))
	k = e.blend(denormal, e.subtract(k, e.number(float64(raise))), k)
	f := e.and(bits, e.word(1<<e.fraction()-1))
	f = e.result(e.integer, "VPADD", e.splat(e.word(root).Mem), f)
	f = e.subtract(f, e.number(1))

	ln2Hi, ln2Lo := e.ln2()
	low := e.multiply(k, ln2Lo)
	e.addProduct(low, e.multiply(f, f), e.polynomial(f, pick(e.double, logTail64, logTail32)))
	sum := e.add(low, f)
	e.addProduct(sum, k, ln2Hi)

	infinity := math.Inf(1)
	sum = e.blend(e.compare(equal, x, e.number(infinity)), x, sum)
	sum = e.blend(e.compare(notAtLeast, x, e.number(0)), e.splat(e.number(math.NaN()).Mem), sum)
	return e.blend(e.compare(equal, x, e.number(0)), e.splat(e.number(-infinity).Mem), sum)
}
