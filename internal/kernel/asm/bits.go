package main

import (
	"slices"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// packed emits the kernel of bit-packed vectors.
func packed(c *build.Context) {
	emitters(c, func(e *emitter) {
		if e.double { // words have 64 bits
			e.hamming()
		}
	})
}

func (e *emitter) hamming() {
	const steps = 2
	e.function("hamming", "(a, b []uint64) int", "See Hamming. The one for AVX-512 needs VPOPCNTDQ too.")
	a, b := e.base("a"), e.base("b")
	var sums [steps]vec
	for s := range sums {
		sums[s] = e.zero()
	}
	e.loop(e.length("a"), steps, func(at place) {
		for s := range sums {
			x := e.result(e.float, "VXOR", e.load(a, at, s), e.load(b, at, s))
			e.integer("VPADD", e.ones(x), sums[s], sums[s])
		}
	})
	e.integer("VPADD", sums[0], sums[1], sums[0])
	lanes, total := e.AllocLocal(64), e.GP64()
	e.float("VMOVU", sums[0], lanes)
	e.XORQ(total, total)
	for i := range 8 {
		e.ADDQ(lanes.Offset(8*i), total)
	}
	e.Store(total, e.ReturnIndex(0))
	e.end()
}

// ones counts the bits of every 64.
func (e *emitter) ones(x vec) vec {
	if e.wide {
		return e.result(e.do, "VPOPCNTQ", x)
	}
	// Each half byte is looked up, and the bytes are added.
	low, counts := e.word(0x0F0F0F0F0F0F0F0F), e.vec()
	e.do("VMOVUPD", e.table("counts", slices.Repeat([]uint64{0x0302020102010100, 0x0403030203020201}, 4)), counts)
	first := e.result(e.do, "VPSHUFB", e.and(x, low), counts)
	second := e.result(e.do, "VPSHUFB", e.and(e.result(e.do, "VPSRLQ", operand.U8(4), x), low), counts)
	e.do("VPADDB", first, second, second)
	return e.result(e.do, "VPSADBW", e.zero(), second)
}
