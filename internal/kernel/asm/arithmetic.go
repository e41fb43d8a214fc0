package main

import "github.com/mmcloughlin/avo/build"

// arithmetic emits the kernels of sums and products of rows.
func arithmetic(c *build.Context) {
	emitters(c, func(e *emitter) {
		e.elements("shiftScale", "x", "shift factor", "(x - shift)·factor", func(x, p []vec) vec {
			return e.multiply(e.subtract(x[0], p[0]), p[1])
		})
		e.elements("subtract", "x y", "", "x - y", func(x, _ []vec) vec { return e.subtract(x[0], x[1]) })
		e.elements("multiply", "x y", "", "x·y", func(x, _ []vec) vec { return e.multiply(x[0], x[1]) })
		e.elements("multiplyAdd", "x y z", "", "x·y + z, rounded once", func(x, _ []vec) vec {
			e.timesPlus(x[0], x[1], x[2])
			return x[0]
		})
		e.elements("combine", "x y", "a b c", "a·x + (b·y + c), rounded twice", func(x, p []vec) vec {
			e.timesPlus(x[1], p[1], p[2])
			e.timesPlus(x[0], p[0], x[1])
			return x[0]
		})
		e.elements("addShifted", "dst x", "shift factor", "dst + (x - shift)·factor, rounded twice", func(x, p []vec) vec {
			e.addProduct(x[0], e.subtract(x[1], p[0]), p[1])
			return x[0]
		})
		e.elements("softmaxGrad", "p g", "dot factor", "p·(g - dot)·factor", func(x, p []vec) vec {
			return e.multiply(e.multiply(x[0], e.subtract(x[1], p[0])), p[1])
		})
		e.elements("multiplyExp", "x y", "factor", "x·exp(factor·y)", func(x, p []vec) vec {
			return e.multiply(x[0], e.exp(e.multiply(x[1], p[0])))
		})
		e.elements("addMultiplyExp", "dst x y z", "factor a b", "dst + (a·(x·y·exp(factor·z)) + b), the bracket rounded once", func(x, p []vec) vec {
			v := e.multiply(e.multiply(x[1], x[2]), e.exp(e.multiply(x[3], p[0])))
			e.timesPlus(v, p[1], p[2])
			return e.add(x[0], v)
		})
		e.elements("below", "u p", "", "1 where u < p, NaN where p is NaN, and 0 elsewhere", func(x, _ []vec) vec {
			one := e.blend(e.compare(less, x[0], x[1]), e.splat(e.number(1).Mem), e.zero())
			return e.blend(e.compare(unordered, x[1], x[1]), x[1], one)
		})
		e.elements("drop", "x u", "p factor", "0 where u < p, NaN if x is not finite, and x·factor elsewhere", func(x, p []vec) vec {
			return e.blend(e.compare(less, x[1], p[0]), e.subtract(x[0], x[0]), e.multiply(x[0], p[1]))
		})
	})
}
