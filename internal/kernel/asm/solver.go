package main

import (
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// solver emits the kernels that move parameters.
func solver(c *build.Context) {
	emitters(c, func(e *emitter) {
		e.update("descend", "w g", "rate", func(x []vec) []vec {
			e.subtractProduct(x[0], x[1], e.parameter("rate"))
			return x[:1]
		})
		e.update("momentum", "w v g", "rate mu", func(x []vec) []vec {
			v := e.velocity(x[1], x[2])
			return []vec{e.add(x[0], v), v}
		})
		e.update("nesterov", "w v g", "rate mu", func(x []vec) []vec {
			v := e.velocity(x[1], x[2])
			return []vec{e.add(x[0], e.velocity(v, x[2])), v}
		})
		e.update("adam", "w m v g", "beta1 beta2 gain1 gain2 rate scale epsilon keep", func(x []vec) []vec {
			w, g := x[0], x[3]
			m := e.multiply(g, e.parameter("gain1"))
			e.addProduct(m, x[1], e.parameter("beta1"))
			v := e.multiply(e.multiply(g, g), e.parameter("gain2"))
			e.addProduct(v, x[2], e.parameter("beta2"))
			root := e.result(e.float, "VSQRT", v)
			e.timesPlus(root, e.parameter("scale"), e.parameter("epsilon"))
			step := e.divide(e.multiply(m, e.parameter("rate")), root)
			e.float("VFMSUB213", step, e.parameter("keep"), w) // w = w·keep − step
			return []vec{w, m, v}
		})
	})
}

// velocity returns mu·v − rate·g, of which the subtraction is fused.
func (e *emitter) velocity(v, g vec) vec {
	next := e.multiply(v, e.parameter("mu"))
	e.subtractProduct(next, g, e.parameter("rate"))
	return next
}

// update emits an elementwise kernel over slices, the first few of which it sets to what body returns.
func (e *emitter) update(name, slices, numbers string, body func(x []vec) []vec) {
	names := strings.Fields(slices)
	e.function(name, "("+strings.Join(names, ", ")+" []T, "+strings.Join(strings.Fields(numbers), ", ")+" T)", "moves w by the gradient g.")
	var bases []reg.Register
	for _, n := range names {
		bases = append(bases, e.base(n))
	}
	e.loop(e.length("w"), 1, func(at place) {
		var x []vec
		for _, base := range bases {
			x = append(x, e.load(base, at, 0))
		}
		for i, result := range body(x) {
			e.store(result, bases[i], at, 0)
		}
	})
	e.end()
}
