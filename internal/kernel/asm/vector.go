package main

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A vector kernel is written once, in steps of 64 bytes, and emitted for two levels and two precisions. Both levels do the
// same operations on the same lanes in the same order, so they make the same bits.

// emitter emits the instructions of one level in one precision.
type emitter struct {
	*build.Context
	wide   bool // AVX-512, else AVX2 with FMA
	double bool // float64, else float32

	data   map[string]operand.Mem // what the file has in read-only memory, by name
	labels *int                   // how many labels the file has
}

// emitters calls f for every level and precision.
func emitters(c *build.Context, f func(e *emitter)) {
	data, labels := map[string]operand.Mem{}, 0
	for _, double := range []bool{false, true} {
		for _, wide := range []bool{false, true} {
			f(&emitter{c, wide, double, data, &labels})
		}
	}
}

func pick[X any](condition bool, yes, no X) X {
	if condition {
		return yes
	}
	return no
}

func (e *emitter) size() int  { return pick(e.double, 8, 4) } // of an element, in bytes
func (e *emitter) lanes() int { return 64 / e.size() }        // elements of a vec
func (e *emitter) half() int  { return pick(e.wide, 64, 32) } // of a register of a vec, in bytes

// function begins the kernel name32AVX2, name64AVX512 and so on. The signature has T for the element type, and the
// documentation goes on after the name.
func (e *emitter) function(name, signature, doc string) {
	name += pick(e.double, "64", "32") + pick(e.wide, "AVX512", "AVX2")
	e.Function(name)
	e.Attributes(attr.NOSPLIT)
	e.Pragma("noescape")
	e.Doc(name + " " + doc)
	e.SignatureExpr("func" + strings.ReplaceAll(signature, "T", pick(e.double, "float64", "float32")))
}

// end returns from a kernel.
func (e *emitter) end() {
	e.VZEROUPPER()
	e.RET()
}

// base and length load the parts of a slice argument.
func (e *emitter) base(slice string) reg.Register {
	return e.Load(e.Param(slice).Base(), e.GP64())
}

func (e *emitter) length(slice string) reg.Register {
	return e.Load(e.Param(slice).Len(), e.GP64())
}

// vec is 64 bytes, sixteen float32 or eight float64: a ZMM register, or two YMM registers.
type vec []reg.VecVirtual

// constant is a number in read-only memory, 32 bytes of it, that stands for all lanes of an operand.
type constant struct{ operand.Mem }

// Asm makes vec an operand; do puts its registers in its place.
func (vec) Asm() string { panic("asm: a vec is no operand of a single instruction") }

// vec returns fresh registers.
func (e *emitter) vec() vec {
	if e.wide {
		return vec{e.ZMM()}
	}
	return vec{e.YMM(), e.YMM()}
}

// do emits an instruction for every register of its operands, the destination last as in Go's assembler. Memory other than
// a constant is 64 bytes long.
func (e *emitter) do(name string, operands ...operand.Op) {
	for h := range 64 / e.half() {
		method, args := name, make([]operand.Op, len(operands))
		for i, o := range operands {
			switch x := o.(type) {
			case vec:
				o = x[h]
			case constant:
				o, method = x.Mem, pick(e.wide, name+"_BCST", name)
			case operand.Mem:
				o = x.Offset(h * e.half())
			}
			args[i] = o
		}
		e.instruction(method, args...)
	}
}

// instruction emits one instruction by its name.
func (e *emitter) instruction(name string, operands ...operand.Op) {
	method := reflect.ValueOf(e.Context).MethodByName(name)
	if !method.IsValid() {
		panic("asm: there is no " + name)
	}
	args := make([]reflect.Value, len(operands))
	for i, o := range operands {
		args[i] = reflect.ValueOf(o)
	}
	method.Call(args)
}

// float and integer emit instructions that are named after the kind of their lanes: VADD for VADDPS or VADDPD, VPADD for
// VPADDD or VPADDQ.
func (e *emitter) float(name string, operands ...operand.Op) {
	e.do(name+pick(e.double, "PD", "PS"), operands...)
}

func (e *emitter) integer(name string, operands ...operand.Op) {
	e.do(name+pick(e.double, "Q", "D"), operands...)
}

// result emits an instruction of the given kind into fresh registers.
func (e *emitter) result(kind func(name string, operands ...operand.Op), name string, operands ...operand.Op) vec {
	dst := e.vec()
	kind(name, append(operands, dst)...)
	return dst
}

// word is a constant of one lane's bits.
func (e *emitter) word(bits uint64) constant {
	name := fmt.Sprintf("w%d_%x", 8*e.size(), bits)
	if _, ok := e.data[name]; !ok {
		e.data[name] = e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for range 4 {
			e.AppendDatum(operand.U64(pick(e.double, bits, bits<<32|bits)))
		}
	}
	return constant{e.data[name]}
}

// number is a constant of a number, rounded to the precision.
func (e *emitter) number(x float64) constant {
	if e.double {
		return e.word(math.Float64bits(x))
	}
	return e.word(uint64(math.Float32bits(float32(x))))
}

// signBit is set in negative numbers only.
func (e *emitter) signBit() constant { return e.number(math.Copysign(0, -1)) }

// splat loads one number into all lanes.
func (e *emitter) splat(from operand.Mem) vec {
	dst := e.vec()
	for _, r := range dst {
		if e.double {
			e.VBROADCASTSD(from, r)
		} else {
			e.VBROADCASTSS(from, r)
		}
	}
	return dst
}

// parameter loads a number among the arguments into all lanes.
func (e *emitter) parameter(name string) vec {
	p, err := e.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return e.splat(p.Addr)
}

func (e *emitter) zero() vec {
	dst := e.vec()
	e.float("VXOR", dst, dst, dst)
	return dst
}

// Arithmetic: a is in registers, b may be a constant, and the result is fresh.

func (e *emitter) add(a vec, b operand.Op) vec      { return e.result(e.float, "VADD", b, a) }
func (e *emitter) subtract(a vec, b operand.Op) vec { return e.result(e.float, "VSUB", b, a) } // a − b
func (e *emitter) multiply(a vec, b operand.Op) vec { return e.result(e.float, "VMUL", b, a) }
func (e *emitter) divide(a, b vec) vec              { return e.result(e.float, "VDIV", b, a) } // a / b
func (e *emitter) and(a vec, b operand.Op) vec      { return e.result(e.float, "VAND", b, a) }
func (e *emitter) or(a vec, b operand.Op) vec       { return e.result(e.float, "VOR", b, a) }

// atLeast and atMost clamp x; NaN stays NaN, for these instructions return their second operand where they cannot compare.
func (e *emitter) atLeast(x vec, c constant) vec { return e.result(e.float, "VMAX", x, e.splat(c.Mem)) }
func (e *emitter) atMost(x vec, c constant) vec  { return e.result(e.float, "VMIN", x, e.splat(c.Mem)) }

// Fused multiply-adds change their first argument.

func (e *emitter) addProduct(sum, a vec, b operand.Op)      { e.float("VFMADD231", b, a, sum) }  // sum += a·b
func (e *emitter) subtractProduct(sum, a vec, b operand.Op) { e.float("VFNMADD231", b, a, sum) } // sum −= a·b
func (e *emitter) timesPlus(p, x vec, c operand.Op)         { e.float("VFMADD213", c, x, p) }    // p = p·x + c

// polynomial returns c_0 + c_1 x + … + c_n xⁿ by Horner's rule.
func (e *emitter) polynomial(x vec, coefficients []float64) vec {
	n := len(coefficients) - 1
	p := e.splat(e.number(coefficients[n]).Mem)
	for i := n - 1; i >= 0; i-- {
		e.timesPlus(p, x, e.number(coefficients[i]))
	}
	return p
}
