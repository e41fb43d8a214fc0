package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reductions emits the kernels that make one number of a row, and the sum of rows.
func reductions(c *build.Context) {
	emitters(c, func(e *emitter) {
		e.extreme("max", "VMAX", math.Inf(-1), "returns the largest element of x, NaN if there is a NaN, and -Inf if there is none.")
		e.extreme("min", "VMIN", math.Inf(1), "returns the smallest element of x, NaN if there is a NaN, and +Inf if there is none.")
		e.timesZero()
		e.sum("sum", "(x []T)", "returns the sum of x.", func() term {
			x := e.base("x")
			return func(at place, s int) []vec { return []vec{e.load(x, at, s)} }
		})
		e.sum("dot", "(x, y []T)", "returns the sum of x·y.", func() term {
			x, y := e.base("x"), e.base("y")
			return func(at place, s int) []vec { return []vec{e.load(x, at, s), e.load(y, at, s)} }
		})
		e.sum("sumSquares", "(x []T, center T)", "returns the sum of (x - center)².", func() term {
			x, center := e.base("x"), e.parameter("center")
			return func(at place, s int) []vec {
				d := e.subtract(e.load(x, at, s), center)
				return []vec{d, d}
			}
		})
		e.sum("sumSoftplus", "(x []T)", "returns the sum of log(1 + exp x).", func() term {
			x := e.base("x")
			return func(at place, s int) []vec { return []vec{e.softplus(e.load(x, at, s))} }
		})
		e.sum("sumLogCosh", "(x []T)", "returns the sum of log 2cosh x.", func() term {
			x := e.base("x")
			return func(at place, s int) []vec { return []vec{e.logCosh2(e.load(x, at, s))} }
		})
		e.sum("sumExp", "(x []T, shift T)", "returns the sum of exp(x - shift).", func() term {
			x, shift := e.base("x"), e.parameter("shift")
			return func(at place, s int) []vec { return []vec{e.exp(e.subtract(e.load(x, at, s), shift))} }
		})
		e.sum("expSum", "(dst, x []T, shift T)", "sets dst = exp(x - shift) and returns the sum of it.", func() term {
			dst, x, shift := e.base("dst"), e.base("x"), e.parameter("shift")
			return func(at place, s int) []vec {
				y := e.exp(e.subtract(e.load(x, at, s), shift))
				e.store(y, dst, at, s)
				return []vec{y}
			}
		})
		e.sum("sumSquaresExp", "(x, y []T, factor T)", "returns the sum of x²·exp(factor·y).", func() term {
			x, y, factor := e.base("x"), e.base("y"), e.parameter("factor")
			return func(at place, s int) []vec {
				v := e.exp(e.multiply(e.load(y, at, s), factor))
				x := e.load(x, at, s)
				return []vec{x, x, v}
			}
		})
		e.colSum()
	})
}

// term returns what vec s of a round contributes to a sum, as factors that are multiplied in float64.
type term func(at place, s int) []vec

// sum emits a kernel that sums over x in float64, in sixteen sums, element j in sum j mod 16, which are then added by total.
// begin loads the arguments.
func (e *emitter) sum(name, arguments, doc string, begin func() term) {
	e.function(name, arguments+" float64", doc)
	f, n := begin(), e.length("x")
	d := e.doubles()
	sums := []vec{d.zero(), d.zero()}
	steps := 16 / e.lanes()
	e.loop(n, steps, func(at place) {
		for s := range steps {
			factors := f(at, s)
			factors[0] = e.keepInside(factors[0], at, s)
			for i := range 2 / steps {
				var wide []vec
				for _, x := range factors {
					wide = append(wide, e.widened(x, i))
				}
				d.accumulate(sums[s+i], wide)
			}
		}
	})
	e.returnNumber(d.total(d.add(sums[0], sums[1])), true)
}

// doubles is the emitter of the same level for float64.
func (e *emitter) doubles() *emitter {
	d := *e
	d.double = true
	return &d
}

// widened returns half i of a vec of float32 as float64; a vec of float64 is the whole.
func (e *emitter) widened(x vec, i int) vec {
	if e.double {
		return x
	}
	dst := e.vec()
	switch {
	case !e.wide:
		upper := e.XMM()
		e.VCVTPS2PD(x[i].AsX(), dst[0])
		e.VEXTRACTF128(operand.U8(1), x[i], upper)
		e.VCVTPS2PD(upper, dst[1])
	case i == 0:
		e.VCVTPS2PD(x[0].AsY(), dst[0])
	default:
		upper := e.YMM()
		e.VEXTRACTF32X8(operand.U8(1), x[0], upper)
		e.VCVTPS2PD(upper, dst[0])
	}
	return dst
}

// narrowed returns float64 rounded to the element type: the inverse of widened.
func (e *emitter) narrowed(halves []vec) vec {
	if e.double {
		return halves[0]
	}
	dst := e.vec()
	for i, x := range halves {
		if !e.wide {
			lower, upper := e.XMM(), e.XMM()
			e.VCVTPD2PSY(x[0], lower)
			e.VCVTPD2PSY(x[1], upper)
			e.VINSERTF128(operand.U8(1), upper, lower.AsY(), dst[i])
		} else if i == 0 {
			e.VCVTPD2PS(x[0], dst[0].AsY())
		} else {
			upper := e.YMM()
			e.VCVTPD2PS(x[0], upper)
			e.VINSERTF32X8(operand.U8(1), upper, dst[0], dst[0])
		}
	}
	return dst
}

// accumulate adds the product of one to three factors to a sum.
func (e *emitter) accumulate(sum vec, factors []vec) {
	switch len(factors) {
	case 1:
		e.float("VADD", factors[0], sum, sum)
	case 2:
		e.addProduct(sum, factors[0], factors[1])
	default:
		e.addProduct(sum, e.multiply(factors[0], factors[1]), factors[2])
	}
}

// total returns the sum of the lanes of a vec, fold what an instruction of two operands makes of them: each half of the lanes
// with the other, down to one.
func (e *emitter) total(x vec) reg.VecVirtual { return e.fold("VADD", x) }

func (e *emitter) fold(name string, x vec) reg.VecVirtual {
	name += pick(e.double, "PD", "PS")
	do := func(a, b, dst reg.Register) { e.instruction(name, a, b, dst) }
	y, upper := e.YMM(), e.YMM()
	if e.wide {
		e.VEXTRACTF64X4(operand.U8(1), x[0], upper)
		do(upper, x[0].AsY(), y)
	} else {
		do(x[1], x[0], y)
	}
	e.VEXTRACTF128(operand.U8(1), y, upper.AsX())
	r := e.XMM()
	do(upper.AsX(), y.AsX(), r)
	other := e.XMM()
	e.VPERMILPD(operand.U8(1), r, other)
	do(other, r, r)
	if !e.double {
		e.VPERMILPS(operand.U8(1), r, other)
		do(other, r, r)
	}
	return r
}

// returnNumber ends a kernel with a float64 or an element as its result.
func (e *emitter) returnNumber(x reg.Register, double bool) {
	r, err := e.ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	if double {
		e.VMOVSD(x, r.Addr)
	} else {
		e.VMOVSS(x, r.Addr)
	}
	e.end()
}

// extreme emits the largest or the smallest element. The instruction forgets a NaN, so these are looked for apart.
func (e *emitter) extreme(name, instruction string, none float64, doc string) {
	e.function(name, "(x []T) T", doc)
	x, n := e.base("x"), e.length("x")
	start := e.number(none)
	top, spoilt := e.splat(start.Mem), e.none()
	e.loop(n, 1, func(at place) {
		v := e.load(x, at, 0)
		e.include(spoilt, e.compare(unordered, v, v))
		if at.inside != nil {
			v = e.blend(at.inside[0], v, e.splat(start.Mem))
		}
		e.float(instruction, v, top, top)
	})
	nan := e.total(e.keep(spoilt, e.splat(e.number(math.NaN()).Mem))) // or 0
	r := e.fold(instruction, top)
	e.instruction(pick(e.double, "VADDSD", "VADDSS"), nan, r, r)
	e.returnNumber(r, e.double)
}

// timesZero emits the sum of 0·x, which is 0 where all elements are finite and NaN otherwise.
func (e *emitter) timesZero() {
	e.function("timesZero", "(x []T) T", "returns the sum of 0·x.")
	x, n := e.base("x"), e.length("x")
	sums, zero := []vec{e.zero(), e.zero()}, e.zero()
	e.loop(n, len(sums), func(at place) {
		for s := range sums {
			e.addProduct(sums[s], e.load(x, at, s), zero)
		}
	})
	e.returnNumber(e.total(e.add(sums[0], sums[1])), e.double)
}

// colSum emits the sums of columns, in float64 and in ascending order of the rows.
func (e *emitter) colSum() {
	e.function("colSum", "(dst, x []T, rows, stride int)", "sets dst_j to the sum of x_(i·stride + j) over so many rows i.")
	dst, x, n := e.base("dst"), e.base("x"), e.length("dst")
	rows := e.Load(e.Param("rows"), e.GP64())
	stride := e.Load(e.Param("stride"), e.GP64())
	e.SHLQ(operand.U8(pick(e.double, 3, 2)), stride)
	d := e.doubles()
	steps := pick(e.wide, 4, 1)
	e.loop(n, steps, func(at place) {
		row, left := e.GP64(), e.GP64()
		e.MOVQ(x, row)
		e.MOVQ(rows, left)
		sums := make([][]vec, steps)
		for s := range sums {
			for range pick(e.double, 1, 2) {
				sums[s] = append(sums[s], d.zero())
			}
		}
		next, done := e.label("row"), e.label("summed")
		e.TESTQ(left, left)
		e.JE(operand.LabelRef(done))
		e.Label(next)
		for s := range steps {
			v := e.load(row, at, s)
			for i, sum := range sums[s] {
				d.accumulate(sum, []vec{e.widened(v, i)})
			}
		}
		e.ADDQ(stride, row)
		e.DECQ(left)
		e.JNE(operand.LabelRef(next))
		e.Label(done)
		for s := range steps {
			e.store(e.narrowed(sums[s]), dst, at, s)
		}
	})
	e.end()
}
