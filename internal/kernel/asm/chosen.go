package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// chosen emits the kernels that add whole numbers where bits are 1.
func chosen(c *build.Context) {
	emitters(c, func(e *emitter) {
		if !e.double { // numbers have 32 bits
			e.chosenSums("chosenSums", 1)
			e.chosenSums("chosenSumsOfFour", 4)
			e.chosenSum()
			e.addSigned()
		}
	})
}

// chosenSums emits the kernel that sums down columns of so many words: sixteen of them a vec, in registers until all rows are added.
func (e *emitter) chosenSums(name string, words int) {
	e.function(name, "(dst, weights []int32, rows []uint64, stride int)", "See ChosenSums. Rows are stride words apart.")
	atOnce := min(4*words, pick(e.wide, 16, 4))
	dst, stride := e.base("dst"), e.Load(e.Param("stride"), e.GP64())
	e.SHLQ(operand.U8(3), stride)
	for first := 0; first < 4*words; first += atOnce {
		weight, left, row := e.base("weights"), e.length("weights"), e.base("rows")
		sums := make([]vec, atOnce)
		for s := range sums {
			sums[s] = e.zero()
		}
		loop, done := e.label("rows"), e.label("done")
		e.TESTQ(left, left)
		e.JE(operand.LabelRef(done))
		e.Label(loop)
		w := e.splat(operand.Mem{Base: weight})
		for s := range sums {
			e.addChosen(sums[s], w, row, first+s)
		}
		e.ADDQ(operand.U8(4), weight)
		e.ADDQ(stride, row)
		e.DECQ(left)
		e.JNE(operand.LabelRef(loop))
		e.Label(done)
		for s := range sums {
			e.do(pick(e.wide, "VMOVDQU32", "VMOVDQU"), sums[s], operand.Mem{Base: dst, Disp: 64 * (first + s)})
		}
	}
	e.end()
}

// chosenSum emits the sum of weights whose bit is 1.
func (e *emitter) chosenSum() {
	e.function("chosenSum", "(weights []int32, bits []uint64) int64", "See ChosenSum.")
	weight, bits, left := e.base("weights"), e.base("bits"), e.length("bits")
	var sums [4]vec
	for s := range sums {
		sums[s] = e.zero()
	}
	loop, done := e.label("words"), e.label("done")
	e.TESTQ(left, left)
	e.JE(operand.LabelRef(done))
	e.Label(loop)
	for s := range sums {
		e.addChosen(sums[s], operand.Mem{Base: weight, Disp: 64 * s}, bits, s)
	}
	e.ADDQ(operand.U32(256), weight)
	e.ADDQ(operand.U8(8), bits)
	e.DECQ(left)
	e.JNE(operand.LabelRef(loop))
	e.Label(done)
	for s := 1; s < len(sums); s++ {
		e.do("VPADDD", sums[s], sums[0], sums[0])
	}
	lanes, total, lane := e.AllocLocal(64), e.GP64(), e.GP64()
	e.float("VMOVU", sums[0], lanes)
	e.XORQ(total, total)
	for i := range 16 {
		e.MOVLQSX(lanes.Offset(4*i), lane)
		e.ADDQ(lane, total)
	}
	e.Store(total, e.ReturnIndex(0))
	e.end()
}

// addSigned emits the addition of ±d: −d everywhere, and 2d where the bit is 1.
func (e *emitter) addSigned() {
	e.function("addSigned", "(weights []int32, bits []uint64, d int32)", "See AddSigned.")
	weight, bits, left := e.base("weights"), e.base("bits"), e.length("bits")
	d := e.parameter("d")
	twice := e.result(e.do, "VPADDD", d, d)
	loop, done := e.label("words"), e.label("done")
	e.TESTQ(left, left)
	e.JE(operand.LabelRef(done))
	e.Label(loop)
	for s := range 4 {
		at := operand.Mem{Base: weight, Disp: 64 * s}
		x := e.vec()
		e.float("VMOVU", at, x)
		e.do("VPSUBD", d, x, x)
		e.addChosen(x, twice, bits, s)
		e.float("VMOVU", x, at)
	}
	e.ADDQ(operand.U32(256), weight)
	e.ADDQ(operand.U8(8), bits)
	e.DECQ(left)
	e.JNE(operand.LabelRef(loop))
	e.Label(done)
	e.end()
}

// addChosen adds w, a vec or memory, to the lanes of a sum whose bits are 1: bits 16s to 16s+15 of those at an address.
func (e *emitter) addChosen(sum vec, w operand.Op, bits reg.Register, s int) {
	at := operand.Mem{Base: bits, Disp: 2 * s}
	if e.wide {
		k := e.K()
		e.KMOVW(at, k)
		e.do("VPADDD", w, sum, k, sum)
		return
	}
	// Lanes that hold a power of two alone are equal to themselves with the bits that are 1.
	own := e.table("powers", []uint64{1 | 2<<32, 4 | 8<<32, 16 | 32<<32, 64 | 128<<32, 256 | 512<<32, 1024 | 2048<<32, 4096 | 8192<<32, 16384 | 32768<<32})
	word := e.YMM()
	e.VPBROADCASTW(at, word)
	x := e.result(e.do, "VPAND", own, vec{word, word})
	e.do("VPCMPEQD", own, x, x)
	e.do("VPAND", w, x, x)
	e.do("VPADDD", x, sum, sum)
}
