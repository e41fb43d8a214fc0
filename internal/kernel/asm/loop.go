package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// place is where one round of a loop reads and writes: an index in bytes and, in the last round, the lanes of each of its
// vecs that are still inside the slices.
type place struct {
	index  reg.Register
	inside []mask // nil where all are
}

// loop emits a loop over n elements, steps vecs a round: body once for full rounds and once for the rest. It changes n.
func (e *emitter) loop(n reg.Register, steps int, body func(at place)) {
	index := e.GP64()
	round := operand.U32(steps * e.lanes())
	full, rest, done := e.label("full"), e.label("rest"), e.label("done")

	e.XORQ(index, index)
	e.SUBQ(round, n)
	e.JLT(operand.LabelRef(rest))
	e.Label(full)
	body(place{index: index})
	e.ADDQ(operand.U32(64*steps), index)
	e.SUBQ(round, n)
	e.JGE(operand.LabelRef(full))
	e.Label(rest)
	e.ADDQ(round, n)
	e.JE(operand.LabelRef(done))
	body(place{index, e.first(n, steps)})
	e.Label(done)
}

func (e *emitter) label(name string) string {
	*e.labels++
	return fmt.Sprintf("%s%d", name, *e.labels)
}

// first chooses the first n lanes of so many vecs.
func (e *emitter) first(n reg.Register, steps int) []mask {
	masks := make([]mask, steps)
	if e.wide {
		bits := e.GP64() // of at most 64 lanes
		e.MOVQ(operand.I32(-1), bits)
		e.BZHIQ(n, bits, bits)
		for s := range masks {
			if s > 0 {
				e.SHRQ(operand.U8(e.lanes()), bits)
			}
			masks[s].k = e.K()
			e.KMOVW(bits.As32(), masks[s].k) // instructions on eight lanes read eight bits
		}
		return masks
	}
	// The table has ones for all lanes and then zeros; to begin n lanes before the zeros leaves n ones.
	table := e.window(steps * e.lanes())
	address := e.GP64()
	e.LEAQ(table.Offset(64*steps), address)
	e.SHLQ(operand.U8(pick(e.double, 3, 2)), n)
	e.SUBQ(n, address)
	for s := range masks {
		masks[s].v = e.vec()
		e.float("VMOVU", operand.Mem{Base: address, Disp: 64 * s}, masks[s].v)
	}
	return masks
}

// window is the table of the masks of first.
func (e *emitter) window(lanes int) operand.Mem {
	name := fmt.Sprintf("window%dx%d", lanes, 8*e.size())
	if m, ok := e.data[name]; ok {
		return m
	}
	e.data[name] = e.StaticGlobal(name)
	e.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 2 * lanes * e.size() / 8 {
		e.AppendDatum(operand.U64(pick[uint64](i < lanes*e.size()/8, 1<<64-1, 0)))
	}
	return e.data[name]
}

// load reads vec s of a round; lanes outside are zero.
func (e *emitter) load(base reg.Register, at place, s int) vec {
	from, dst := operand.Mem{Base: base, Index: at.index, Scale: 1, Disp: 64 * s}, e.vec()
	switch {
	case at.inside == nil:
		e.float("VMOVU", from, dst)
	case e.wide:
		e.do(pick(e.double, "VMOVUPD_Z", "VMOVUPS_Z"), from, at.inside[s].k, dst)
	default:
		e.float("VMASKMOV", from, at.inside[s].v, dst)
	}
	return dst
}

// store writes vec s of a round.
func (e *emitter) store(x vec, base reg.Register, at place, s int) {
	to := operand.Mem{Base: base, Index: at.index, Scale: 1, Disp: 64 * s}
	switch {
	case at.inside == nil:
		e.float("VMOVU", x, to)
	case e.wide:
		e.float("VMOVU", x, at.inside[s].k, to)
	default:
		e.float("VMASKMOV", x, at.inside[s].v, to)
	}
}

// keepInside returns vec s of a round with zeros in the lanes outside.
func (e *emitter) keepInside(x vec, at place, s int) vec {
	if at.inside == nil {
		return x
	}
	return e.keep(at.inside[s], x)
}
