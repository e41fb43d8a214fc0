package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Transpositions in registers of 32 bytes. They serve both levels: with registers twice as long a number would take as many
// shuffles, each of them slower.

// emitTranspose emits the kernel that transposes square blocks, 8×8 float32 or 4×4 float64.
func (e *emitter) emitTranspose() {
	side := 32 / e.size()
	e.function("transpose", "(dst *T, ldDst int, src *T, ldSrc, blocks int)",
		fmt.Sprintf("transposes blocks of %[1]d×%[1]d numbers, see transposeKernel.", side))
	dst, src := e.rows("dst", "ldDst", side), e.rows("src", "ldSrc", side)
	blocks, down := e.argument("blocks"), e.GP64()
	e.IMUL3Q(operand.U8(side), dst.stride, down)

	e.Label("block")
	for half := range 2 {
		e.columns(src, 16*half, func(i int, column reg.VecVirtual) {
			e.VMOVUPS(column, dst.at(half*side/2+i, 0))
		})
	}
	src.advance(func(p reg.Register) { e.ADDQ(operand.U8(32), p) })
	dst.advance(func(p reg.Register) { e.ADDQ(down, p) })
	e.DECQ(blocks)
	e.JNE(operand.LabelRef("block"))
	e.end()
}

// emitDots emits the kernel of a single row of C where B is stored as its transpose: so many columns of C are the scalar products
// of x with as many rows. A register holds the sums of a few rows, to which columns of numbers are added.
func (e *emitter) emitDots(rows int) {
	side := 32 / e.size()
	e.function("dots", "(x, b *T, ldb, steps int, c *T)",
		fmt.Sprintf("adds to %d numbers the scalar products of x with rows, see dotsKernel.", rows))
	x, b, c := e.argument("x"), e.argument("b"), e.argument("c")
	ldb, steps := e.argument("ldb"), e.argument("steps")
	sums := make([]reg.VecVirtual, rows/side)
	for g := range sums {
		sums[g] = e.YMM()
		e.VMOVUPS(operand.Mem{Base: c, Disp: 32 * g}, sums[g])
	}

	e.Label("step")
	elements := make([]reg.VecVirtual, side/2)
	for i := range elements {
		elements[i] = e.YMM()
		e.one("VBROADCASTS", operand.Mem{Base: x, Disp: i * e.size()}, elements[i])
	}
	group := e.GP64()
	e.MOVQ(b, group)
	for g := range sums {
		e.columns(e.rowsFrom(group, ldb, side), 0, func(i int, column reg.VecVirtual) {
			e.one("VFMADD231P", column, elements[i], sums[g])
		})
		if g+1 < len(sums) {
			e.LEAQ(operand.Mem{Base: group, Index: ldb, Scale: uint8(side)}, group)
		}
	}
	e.ADDQ(operand.U8(16), x)
	e.ADDQ(operand.U8(16), b)
	e.DECQ(steps)
	e.JNE(operand.LabelRef("step"))
	for g := range sums {
		e.VMOVUPS(sums[g], operand.Mem{Base: c, Disp: 32 * g})
	}
	e.end()
}

// columns loads 16 bytes at disp of each row, transposes them, and calls use with one column after the other. A register takes
// two rows half their number apart, so that only shuffles within halves of registers are left.
func (e *emitter) columns(src rowPointers, disp int, use func(i int, column reg.VecVirtual)) {
	side := 32 / e.size()
	pairs := make([]reg.VecVirtual, side/2)
	for i := range pairs {
		pairs[i] = e.YMM()
		e.VBROADCASTF128(src.at(i, disp), pairs[i]) // the upper half is for the next to replace
		e.VINSERTF128(operand.U8(1), src.at(i+side/2, disp), pairs[i], pairs[i])
	}
	join := func(i int, upper, lower reg.VecVirtual) {
		even, odd := e.YMM(), e.YMM()
		e.VUNPCKLPD(lower, upper, even)
		use(i, even)
		e.VUNPCKHPD(lower, upper, odd)
		use(i+1, odd)
	}
	if e.double {
		join(0, pairs[0], pairs[1])
		return
	}
	for i, unpack := range []func(ops ...operand.Op){e.VUNPCKLPS, e.VUNPCKHPS} {
		upper, lower := e.YMM(), e.YMM()
		unpack(pairs[1], pairs[0], upper)
		unpack(pairs[3], pairs[2], lower)
		join(2*i, upper, lower)
	}
}

// rowPointers reaches rows of a matrix: every third has a pointer, the two after it go by an index.
type rowPointers struct {
	pointers []reg.Register
	stride   reg.Register
}

// rows makes pointers to n rows from the arguments that hold the address of the first and the distance in bytes.
func (e *emitter) rows(base, stride string, n int) rowPointers {
	return e.rowsFrom(e.argument(base), e.argument(stride), n)
}

func (e *emitter) rowsFrom(first, stride reg.Register, n int) rowPointers {
	r := rowPointers{[]reg.Register{first}, stride}
	for i := 3; i < n; i += 3 {
		next := e.GP64()
		e.LEAQ(operand.Mem{Base: r.pointers[len(r.pointers)-1], Index: stride, Scale: 2}, next)
		e.ADDQ(stride, next)
		r.pointers = append(r.pointers, next)
	}
	return r
}

func (r rowPointers) at(row, disp int) operand.Mem {
	m := operand.Mem{Base: r.pointers[row/3], Disp: disp}
	if row%3 > 0 {
		m.Index, m.Scale = r.stride, uint8(row%3)
	}
	return m
}

// advance changes all pointers.
func (r rowPointers) advance(add func(p reg.Register)) {
	for _, p := range r.pointers {
		add(p)
	}
}
