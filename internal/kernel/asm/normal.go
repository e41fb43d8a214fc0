package main

import (
	"strconv"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// normal emits normal(dst, at).
func (e *emitter) normal() {
	e.function("normal", "(dst []T, at [5]uint32)", "See Normal.")
	dst, n := e.base("dst"), e.length("dst")
	e.draws(n, 32/e.lanes(), e.normals, func(w words, at place) {
		for s := range 32 / e.lanes() {
			z := e.vec()
			e.float("VMOVU", w[s], z)
			e.store(z, dst, at, s)
		}
	})
	e.end()
}

// gaussian emits gaussian(dst, in, logVariance, temperature, at).
func (e *emitter) gaussian() {
	e.function("gaussian", "(dst, in, logVariance []T, temperature T, at [5]uint32)", "See SampleGaussian.")
	dst, in, logVariance, n := e.base("dst"), e.base("in"), e.base("logVariance"), e.length("dst")
	e.draws(n, 32/e.lanes(), e.normals, func(w words, at place) {
		for s := range 32 / e.lanes() {
			v := e.splat(e.number(1).Mem)
			unit := e.label("unit")
			e.TESTQ(logVariance, logVariance)
			e.JE(operand.LabelRef(unit))
			e.float("VMOVA", e.exp(e.load(logVariance, at, s)), v)
			e.Label(unit)
			x := e.multiply(e.load(in, at, s), v)
			e.addProduct(x, e.result(e.float, "VSQRT", e.multiply(v, e.parameter("temperature"))), w[s])
			e.store(x, dst, at, s)
		}
	})
	e.end()
}

// normals turns the words into normal draws in the order of the row, in the precision. The arithmetic is in float64.
func (e *emitter) normals(w words) {
	d := e.doubles()
	d.boxMuller(w[0], w[1])
	d.boxMuller(w[2], w[3])
	first, second := d.blocks(w, "VUNPCKL"), d.blocks(w, "VUNPCKH")
	for i, z := range []vec{first[0], first[1], second[0], second[1]} {
		if e.double {
			e.do("VMOVUPD", z, w[i])
		} else {
			e.round(z, w[0].Offset(32*i))
		}
	}
}

// boxMuller replaces two words of each block by two normal draws, with the operations of the Go function of this name.
func (e *emitter) boxMuller(a, b operand.Mem) {
	radius := e.result(e.float, "VSQRT", e.multiply(e.logFraction(a), e.number(-2)))
	cos, sin := e.circle(b)
	e.do("VMOVUPD", e.multiply(cos, radius), a)
	e.do("VMOVUPD", e.multiply(sin, radius), b)
}

// logFraction is the Go function of this name.
func (e *emitter) logFraction(word operand.Mem) vec {
	const integer, halfRoot = 0x1p52, 0x3FE6A09E667F3BCD
	a := e.vec()
	e.do("VMOVUPD", word, a)
	x := e.subtract(e.or(e.and(a, e.word(1<<32-1)), e.number(integer)), e.number(integer-1))
	k := e.result(e.integer, "VPSUB", e.word(halfRoot), x)
	e.do("VPSRLQ", operand.U8(52), k, k)
	exponent := e.result(e.integer, "VPSLL", operand.U8(52), k)
	f := e.subtract(e.result(e.integer, "VPSUB", exponent, x), e.number(1))
	n := e.subtract(e.or(k, e.number(integer)), e.number(integer+32))
	s := e.divide(f, e.add(f, e.number(2)))
	z := e.multiply(s, s)
	h := e.multiply(e.multiply(f, f), e.number(0.5))
	p := e.series(z, "logSeries")
	e.timesPlus(p, z, h)
	low := e.multiply(n, e.number(ln2Lo64))
	e.addProduct(low, s, p)
	log := e.subtract(f, e.subtract(h, low))
	e.addProduct(log, n, e.number(ln2Hi64))
	return log
}

// circle is the Go function of this name too.
func (e *emitter) circle(word operand.Mem) (cos, sin vec) {
	const fraction = 0x1p23
	t := e.vec()
	e.do("VMOVUPD", word, t)
	e.do("VPADDQ", e.word(1<<29), t, t)
	x := e.subtract(e.or(e.and(t, e.word(1<<30-1)), e.number(fraction)), e.number(fraction+1))
	z := e.multiply(x, x)
	s := e.multiply(x, e.series(z, "sinSeries"))
	c := e.series(z, "cosSeries")
	e.timesPlus(c, z, e.number(1))
	odd := e.negative(e.result(e.integer, "VPSLL", operand.U8(33), t))
	cos, sin = e.blend(odd, s, c), e.blend(odd, c, s)
	flip := func(v, bit31 vec) {
		e.do("VPSLLQ", operand.U8(32), bit31, bit31)
		e.float("VXOR", e.and(bit31, e.signBit()), v, v)
	}
	flip(cos, e.result(e.integer, "VPADD", e.word(1<<30), t))
	flip(sin, t)
	return cos, sin
}

// series returns c_0 + c_1 z + … + c_6 z⁶ by Horner's rule, c being a variable of package kernel.
func (e *emitter) series(z vec, variable string) vec {
	c := operand.NewDataAddr(operand.Symbol{Name: "·" + variable}, 0)
	p := e.splat(c.Offset(8 * 6))
	for i := 5; i >= 0; i-- {
		from := c.Offset(8 * i)
		if e.wide {
			e.timesPlus(p, z, constant{from})
		} else {
			e.timesPlus(p, z, e.same(func(r reg.VecVirtual) { e.VBROADCASTSD(from, r) }))
		}
	}
	return p
}

// blocks returns the draws of the first or of the second four blocks in the order of the row: unpack takes the even lanes, which
// these are in, or the odd ones.
func (e *emitter) blocks(w words, unpack string) [2]vec {
	var pairs [2]vec // of each block, in 16 bytes
	for i := range pairs {
		a := e.vec()
		e.do("VMOVUPD", w[2*i], a)
		pairs[i] = e.result(e.float, unpack, w[2*i+1], a)
	}
	var out [2]vec
	if !e.wide {
		for i := range out {
			out[i] = e.vec()
			for h, halves := range []operand.U8{0x20, 0x31} { // the lower ones, the upper ones
				e.VPERM2F128(halves, pairs[1][i], pairs[0][i], out[i][h])
			}
		}
		return out
	}
	for i, choice := range [][]uint64{{0, 1, 8, 9, 2, 3, 10, 11}, {4, 5, 12, 13, 6, 7, 14, 15}} {
		index := e.vec()
		e.do("VMOVUPD", e.table("pairs"+strconv.Itoa(i), choice), index)
		e.VPERMI2PD(pairs[1][0], pairs[0][0], index[0])
		out[i] = index
	}
	return out
}

// round stores eight float64 as float32.
func (e *emitter) round(x vec, to operand.Mem) {
	if e.wide {
		narrow := e.YMM()
		e.VCVTPD2PS(x[0], narrow)
		e.VMOVUPS(narrow, to)
		return
	}
	for h := range x {
		narrow := e.XMM()
		e.VCVTPD2PSY(x[h], narrow)
		e.VMOVUPS(narrow, to.Offset(16*h))
	}
}
