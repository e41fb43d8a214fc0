package main

import (
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise emits the kernels of one function of each element, and those of their gradients.
func elementwise(c *build.Context) {
	emitters(c, func(e *emitter) {
		unary := func(name, formula string, f func(x vec) vec) {
			e.elements(name, "x", "", formula, func(x, _ []vec) vec { return f(x[0]) })
		}
		unary("exp", "exp x", e.exp)
		unary("log", "log x", e.log)
		unary("sigmoid", "1/(1 + exp(-x))", e.sigmoid)
		unary("softplus", "log(1 + exp x)", e.softplus)
		unary("tanh", "tanh x", e.tanh)
		unary("relu", "max(x, 0)", func(x vec) vec { return e.keepPositive(x, x) })

		gradient := func(name, formula string, slope func(x vec) vec) {
			e.elements(name, "x g", "", formula, func(x, _ []vec) vec { return e.multiply(slope(x[0]), x[1]) })
		}
		gradient("sigmoidGrad", "g times the derivative of the sigmoid at x", e.sigmoidSlope)
		gradient("softplusGrad", "g times the sigmoid of x", e.sigmoid)
		gradient("tanhGrad", "g times the derivative of tanh at x", e.tanhSlope)
		e.elements("reluGrad", "x g", "", "g where x is positive or NaN, and 0 elsewhere", func(x, _ []vec) vec {
			return e.keepPositive(x[0], x[1])
		})
	})
}

// keepPositive returns y where x > 0 or x is NaN, and 0 elsewhere.
func (e *emitter) keepPositive(x, y vec) vec {
	return e.keep(e.compare(notLessEqual, x, e.zero()), y)
}

// elements emits a kernel that sets dst = f(x, p) for slices x of its length, dst perhaps among them, and numbers p. Both are
// given by their names with spaces between.
func (e *emitter) elements(name, slices, numbers, formula string, f func(x, p []vec) vec) {
	sources, parameters := strings.Fields(slices), strings.Fields(numbers)
	arguments := sources
	if sources[0] != "dst" {
		arguments = append([]string{"dst"}, sources...)
	}
	signature := "(" + strings.Join(arguments, ", ") + " []T"
	if len(parameters) > 0 {
		signature += ", " + strings.Join(parameters, ", ") + " T"
	}
	e.function(name, signature+")", "sets dst = "+formula+".")

	bases := map[string]reg.Register{}
	for _, a := range arguments {
		bases[a] = e.base(a)
	}
	var p []vec
	for _, a := range parameters {
		p = append(p, e.parameter(a))
	}
	e.loop(e.length("dst"), 1, func(at place) {
		var x []vec
		for _, s := range sources {
			x = append(x, e.load(bases[s], at, 0))
		}
		e.store(f(x, p), bases["dst"], at, 0)
	})
	e.end()
}
