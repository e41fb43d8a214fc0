package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// random emits the kernels that make random numbers. A round makes eight blocks of words at once, one in each 64-bit lane of
// a vec, leaves them on the stack and turns them into numbers.
func random(c *build.Context) {
	emitters(c, func(e *emitter) {
		e.uniform()
		e.binary()
		e.normal()
		e.gaussian()
	})
}

const rounds = 10

// words are word 0 to 3 of eight blocks: the lower half of a 64-bit lane for each block.
type words [4]operand.Mem

// draws emits a loop over n numbers, steps vecs a round: philox, prepare, which may change the words, and then finish, which
// stores the numbers. It changes n.
func (e *emitter) draws(n reg.Register, steps int, prepare func(w words), finish func(w words, at place)) {
	var w words
	frame := e.AllocLocal(64 * len(w))
	for i := range w {
		w[i] = frame.Offset(64 * i)
	}
	keys := e.schedule()
	index := e.GP64()
	round := operand.U32(steps * e.lanes())
	next, rest, done := e.label("next"), e.label("rest"), e.label("done")

	e.XORQ(index, index)
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(done))
	e.Label(next)
	e.philox(keys, index, 8*steps, w)
	prepare(w)
	e.CMPQ(n, round)
	e.JLT(operand.LabelRef(rest))
	finish(w, place{index: index})
	e.ADDQ(operand.U32(64*steps), index)
	e.SUBQ(round, n)
	e.JNE(operand.LabelRef(next))
	e.JMP(operand.LabelRef(done))
	e.Label(rest)
	finish(w, place{index, e.first(n, steps)})
	e.Label(done)
}

// philox emits the ten rounds of Philox4x32 on eight blocks, of which each takes so many bytes of the row.
func (e *emitter) philox(keys operand.Mem, index reg.Register, bytes int, to words) {
	d := e.doubles()
	number, first := e.GP64(), e.XMM()
	e.MOVQ(index, number)
	e.SHRQ(operand.U8(bits.TrailingZeros(uint(bytes))), number)
	e.VMOVQ(number, first)
	c0 := e.vec()
	e.do("VPADDQ", e.table("order", blockOrder), e.same(func(r reg.VecVirtual) { e.VPBROADCASTQ(first, r) }), c0)
	c1, c2, c3 := e.everywhere(e.addressWord(2)), e.everywhere(e.addressWord(3)), e.everywhere(e.addressWord(4))
	for round := range rounds {
		p0, p1 := e.vec(), e.vec()
		e.do("VPMULUDQ", d.word(0xD2511F53), c0, p0)
		e.do("VPMULUDQ", d.word(0xCD9E8D57), c2, p1)
		c0, c1 = e.upper(p1, c1, keys.Offset(8*round)), p1
		c2, c3 = e.upper(p0, c3, keys.Offset(8*round+4)), p0
	}
	for i, c := range []vec{c0, c1, c2, c3} {
		e.do("VMOVUPD", c, to[i])
	}
}

// upper returns the upper half of p, xored with c and a key.
func (e *emitter) upper(p, c vec, key operand.Mem) vec {
	x := e.vec()
	e.do("VPSRLQ", operand.U8(32), p, x)
	if e.wide {
		e.VPTERNLOGD_BCST(operand.U8(0x96), key, c[0], x[0])
		return x
	}
	e.do("VPXOR", c, x, x)
	e.do("VPXOR", e.everywhere(key), x, x)
	return x
}

// schedule puts the keys of all rounds on the stack.
func (e *emitter) schedule() operand.Mem {
	keys := e.AllocLocal(8 * rounds)
	for i, increment := range []uint32{0x9E3779B9, 0xBB67AE85} {
		k := e.GP32()
		e.MOVL(e.addressWord(i), k)
		for round := range rounds {
			e.MOVL(k, keys.Offset(8*round+4*i))
			if round < rounds-1 {
				e.ADDL(operand.U32(increment), k)
			}
		}
	}
	return keys
}

// blockOrder is how many blocks each lane is ahead of the first one: so that pairs of lanes unpack to blocks in order.
var blockOrder = []uint64{0, 4, 1, 5, 2, 6, 3, 7}

// table is 64 bytes of integers in read-only memory.
func (e *emitter) table(name string, values []uint64) operand.Mem {
	if _, ok := e.data[name]; !ok {
		e.data[name] = e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for _, v := range values {
			e.AppendDatum(operand.U64(v))
		}
	}
	return e.data[name]
}

// same returns a vec whose registers are all one, which set fills.
func (e *emitter) same(set func(r reg.VecVirtual)) vec {
	if e.wide {
		v := e.vec()
		set(v[0])
		return v
	}
	r := e.YMM()
	set(r)
	return vec{r, r}
}

// addressWord is word i of the parameter at.
func (e *emitter) addressWord(i int) operand.Mem {
	word, err := e.Param("at").Index(i).Resolve()
	if err != nil {
		panic(err)
	}
	return word.Addr
}

// everywhere loads a word into every 32 bits.
func (e *emitter) everywhere(from operand.Mem) vec {
	return e.same(func(r reg.VecVirtual) { e.VBROADCASTSS(from, r) })
}

// uniform emits uniform(dst, at).
func (e *emitter) uniform() {
	e.function("uniform", "(dst []T, at [5]uint32)", "See Uniform.")
	dst, n := e.base("dst"), e.length("dst")
	e.draws(n, 2, func(words) {}, func(w words, at place) {
		for s, u := range e.uniforms(w) {
			e.store(u, dst, at, s)
		}
	})
	e.end()
}

// uniforms returns the draws from [0, 1) that words make.
func (e *emitter) uniforms(w words) [2]vec {
	if e.double {
		a, b := e.uniformPairs(w[0], w[1]), e.uniformPairs(w[2], w[3])
		return [2]vec{e.result(e.float, "VUNPCKL", b, a), e.result(e.float, "VUNPCKH", b, a)}
	}
	const even, odd = operand.U8(0b10_00_10_00), operand.U8(0b11_01_11_01) // of the elements of two operands
	a, b := e.vec(), e.vec()
	e.do("VMOVUPS", w[0], a)
	e.do("VMOVUPS", w[2], b)
	e.do("VSHUFPS", even, w[1], a, a)
	e.do("VSHUFPS", even, w[3], b, b)
	u := [2]vec{e.result(e.float, "VSHUF", even, b, a), e.result(e.float, "VSHUF", odd, b, a)}
	for _, x := range u {
		e.do("VPSRLD", operand.U8(8), x, x)
		e.do("VCVTDQ2PS", x, x)
		e.do("VMULPS", e.number(0x1p-24), x, x)
	}
	return u
}

// uniformPairs returns the 53-bit draws of the words high and low of each block: 2⁻³²·high + 2⁻⁵³·⌊low/2¹¹⌋, exactly.
func (e *emitter) uniformPairs(high, low operand.Mem) vec {
	a, b := e.vec(), e.vec()
	e.do("VMOVUPD", high, a)
	e.do("VMOVUPD", low, b)
	a = e.or(e.and(a, e.word(1<<32-1)), e.number(0x1p20)) // 2²⁰ + 2⁻³²·high
	e.do("VPSLLQ", operand.U8(32), b, b)
	e.do("VPSRLQ", operand.U8(32+11), b, b)
	b = e.or(b, e.number(0.5)) // ½ + 2⁻⁵³·⌊low/2¹¹⌋
	return e.add(e.subtract(a, e.number(0x1p20+0.5)), b)
}

// binary emits binary(dst, in, bias, scale, low, at).
func (e *emitter) binary() {
	e.function("binary", "(dst, in, bias []T, scale, low T, at [5]uint32)", "See SampleBinary.")
	dst, in, bias, n := e.base("dst"), e.base("in"), e.base("bias"), e.length("dst")
	e.draws(n, 2, func(words) {}, func(w words, at place) {
		for s, u := range e.uniforms(w) {
			x, unbiased := e.load(in, at, s), e.label("unbiased")
			e.TESTQ(bias, bias)
			e.JE(operand.LabelRef(unbiased))
			e.float("VADD", e.load(bias, at, s), x, x)
			e.Label(unbiased)
			p := e.sigmoid(e.multiply(x, e.parameter("scale")))
			y := e.blend(e.compare(less, u, p), e.splat(e.number(1).Mem), e.parameter("low"))
			e.store(e.blend(e.compare(unordered, p, p), p, y), dst, at, s)
		}
	})
	e.end()
}
