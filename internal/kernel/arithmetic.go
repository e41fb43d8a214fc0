package kernel

import "math"

// Sums and products of rows. Each runs over len(dst) elements on the calling goroutine; the sources are at least as long, and
// any of them may be dst.

// ShiftScale sets dst_i = (x_i − shift)·factor.
func ShiftScale[T Float](dst, x []T, shift, factor T) {
	tableOf[T]().shiftScale(dst, x[:len(dst)], shift, factor)
}

// Scale sets dst_i = factor·x_i.
func Scale[T Float](dst, x []T, factor T) { ShiftScale(dst, x, 0, factor) }

// Subtract sets dst_i = x_i − y_i.
func Subtract[T Float](dst, x, y []T) { tableOf[T]().subtract(dst, x[:len(dst)], y[:len(dst)]) }

// Multiply sets dst_i = x_i·y_i.
func Multiply[T Float](dst, x, y []T) { tableOf[T]().multiply(dst, x[:len(dst)], y[:len(dst)]) }

// MultiplyAdd sets dst_i = x_i·y_i + z_i, in the assembly rounded once.
func MultiplyAdd[T Float](dst, x, y, z []T) {
	tableOf[T]().multiplyAdd(dst, x[:len(dst)], y[:len(dst)], z[:len(dst)])
}

// Combine sets dst_i = a·x_i + (b·y_i + c), in the assembly rounded twice.
func Combine[T Float](dst, x, y []T, a, b, c T) {
	tableOf[T]().combine(dst, x[:len(dst)], y[:len(dst)], a, b, c)
}

// AddShifted adds (x_i − shift)·factor to dst_i.
func AddShifted[T Float](dst, x []T, shift, factor T) {
	tableOf[T]().addShifted(dst, x[:len(dst)], shift, factor)
}

// SoftmaxGrad sets dst_i = p_i·(g_i − dot)·factor. With dot = Σ p_i·g_i and factor 1 this is the gradient of a softmax whose
// result is p; the gradient of attention scores has factor β.
func SoftmaxGrad[T Float](dst, p, g []T, dot, factor T) {
	tableOf[T]().softmaxGrad(dst, p[:len(dst)], g[:len(dst)], dot, factor)
}

// MultiplyExp sets dst_i = x_i·exp(factor·y_i).
func MultiplyExp[T Float](dst, x, y []T, factor T) {
	tableOf[T]().multiplyExp(dst, x[:len(dst)], y[:len(dst)], factor)
}

// AddMultiplyExp sets dst_i = dst_i + a·x_i·y_i·exp(factor·z_i) + b.
func AddMultiplyExp[T Float](dst, x, y, z []T, factor, a, b T) {
	tableOf[T]().addMultiplyExp(dst, x[:len(dst)], y[:len(dst)], z[:len(dst)], factor, a, b)
}

// Drop sets dst_i = 0 where u_i < p, or NaN if x_i is not finite, and x_i·factor elsewhere.
func Drop[T Float](dst, x, u []T, p, factor T) {
	tableOf[T]().drop(dst, x[:len(dst)], u[:len(dst)], p, factor)
}

// Below sets dst_i = 1 where u_i < p_i, NaN where p_i is NaN, and 0 elsewhere.
func Below[T Float](dst, u, p []T) { tableOf[T]().below(dst, u[:len(dst)], p[:len(dst)]) }

// arithmeticKernels are the kernels of a level behind the functions above.
type arithmeticKernels[T Float] struct {
	subtract, multiply func(dst, x, y []T)
	below              func(dst, u, p []T)
	multiplyAdd        func(dst, x, y, z []T)
	shiftScale         func(dst, x []T, shift, factor T)
	addShifted         func(dst, x []T, shift, factor T)
	softmaxGrad        func(dst, p, g []T, dot, factor T)
	drop               func(dst, x, u []T, p, factor T)
	combine            func(dst, x, y []T, a, b, c T)
	multiplyExp        func(dst, x, y []T, factor T)
	addMultiplyExp     func(dst, x, y, z []T, factor, a, b T)
}

func plainArithmetic[T Float]() arithmeticKernels[T] {
	return arithmeticKernels[T]{
		subtract: func(dst, x, y []T) {
			for i := range dst {
				dst[i] = x[i] - y[i]
			}
		},
		multiply: func(dst, x, y []T) {
			for i := range dst {
				dst[i] = x[i] * y[i]
			}
		},
		multiplyAdd: func(dst, x, y, z []T) {
			for i := range dst {
				dst[i] = x[i]*y[i] + z[i]
			}
		},
		shiftScale: func(dst, x []T, shift, factor T) {
			for i := range dst {
				dst[i] = (x[i] - shift) * factor
			}
		},
		addShifted: func(dst, x []T, shift, factor T) {
			for i := range dst {
				dst[i] += (x[i] - shift) * factor
			}
		},
		softmaxGrad: func(dst, p, g []T, dot, factor T) {
			for i := range dst {
				dst[i] = p[i] * (g[i] - dot) * factor
			}
		},
		below: func(dst, u, p []T) {
			for i, v := range p {
				switch {
				case v != v:
					dst[i] = v
				case u[i] < v:
					dst[i] = 1
				default:
					dst[i] = 0
				}
			}
		},
		drop: func(dst, x, u []T, p, factor T) {
			for i, v := range x {
				if u[i] < p {
					dst[i] = v - v
				} else {
					dst[i] = v * factor
				}
			}
		},
		combine: func(dst, x, y []T, a, b, c T) {
			for i := range dst {
				dst[i] = a*x[i] + (b*y[i] + c)
			}
		},
		multiplyExp: func(dst, x, y []T, factor T) {
			for i, v := range x {
				dst[i] = T(float64(v) * math.Exp(float64(factor*y[i])))
			}
		},
		addMultiplyExp: func(dst, x, y, z []T, factor, a, b T) {
			for i := range dst {
				dst[i] += T(float64(a)*float64(x[i])*float64(y[i])*math.Exp(float64(factor*z[i])) + float64(b))
			}
		},
	}
}
