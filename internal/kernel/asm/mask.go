package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mask is a choice of lanes: an opmask register, or a vec with the highest bits of the chosen lanes set; those that
// compare and first make have all bits set there.
type mask struct {
	k reg.Register
	v vec
}

// negative chooses the lanes with the sign bit.
func (e *emitter) negative(x vec) mask {
	if !e.wide {
		return mask{v: x}
	}
	k := e.K()
	if e.double {
		e.VPMOVQ2M(x[0], k)
	} else {
		e.VPMOVD2M(x[0], k)
	}
	return mask{k: k}
}

// Predicates of compare.
const (
	less         = 17 // a < b, false for NaN
	notLessEqual = 22 // not a ≤ b, true for NaN
	notAtLeast   = 25 // not a ≥ b, true for NaN
	unordered    = 3  // a or b is NaN
	equal        = 0
)

// compare chooses the lanes where a predicate holds for a and b.
func (e *emitter) compare(predicate int, a vec, b operand.Op) mask {
	if e.wide {
		k := e.K()
		e.float("VCMP", operand.U8(predicate), b, a, k)
		return mask{k: k}
	}
	return mask{v: e.result(e.float, "VCMP", operand.U8(predicate), b, a)}
}

// blend returns a in the lanes of the mask and b in the others.
func (e *emitter) blend(m mask, a, b vec) vec {
	if e.wide {
		return e.result(e.float, "VBLENDM", a, b, m.k)
	}
	return e.result(e.float, "VBLENDV", m.v, a, b)
}

// keep returns x in the lanes of a mask of compare or first and zero in the others.
func (e *emitter) keep(m mask, x vec) vec {
	if e.wide {
		dst := e.vec()
		e.do(pick(e.double, "VMOVAPD_Z", "VMOVAPS_Z"), x, m.k, dst)
		return dst
	}
	return e.and(x, m.v)
}

// none is an empty mask that include adds lanes of compare to.
func (e *emitter) none() mask {
	if e.wide {
		k := e.K()
		e.KXORW(k, k, k)
		return mask{k: k}
	}
	return mask{v: e.zero()}
}

func (e *emitter) include(all, more mask) {
	if e.wide {
		e.KORW(more.k, all.k, all.k)
	} else {
		e.float("VOR", more.v, all.v, all.v)
	}
}
