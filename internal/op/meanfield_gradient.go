package op

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// longest is how many updates of a row the gradient goes back through where the row is at no fixed point that has one of its own.
const longest = 100

// meanFieldGradient is what the gradient ops work with.
type meanFieldGradient[T kernel.Float] struct {
	dfield, dstate     []T // gradients with regard to b + x, without x where it is no field, and to the states that are reached
	grad, delta, back  []T // rows of a frame
	frame              *meanFrame[T]
	returning, solving func(lo, hi int)

	// the conjugate gradients of all rows
	root, z, residual []T // D^½; the solution; what is left
	direction, image  []T
	norm, goal        []float64 // |residual|², and how small it shall be
	running, failed   []bool
}

// gradients computes the gradient of W, into dst, and the others for the methods below to take.
func (r *meanFieldRun[T]) gradients(dst operand[T], in []operand[T], _, _ int) {
	out, g := in[3], in[4]
	batch, n := out.rows(), out.cols()
	r.bind(in, batch)
	r.dfield, r.dstate = sized(r.dfield, batch*n), sized(r.dstate, batch*n)
	clear(r.dfield)
	copy(r.dstate, g.data)
	clear(dst.data)
	if r.config.Steps == 0 {
		r.implicit(out)
		kernel.Gemm(true, false, n, n, batch, 1, out.data, n, r.dfield, n, false, dst.data, n)
		if len(r.rows) == 0 {
			return
		}
		for _, i := range r.rows {
			r.first[i] = r.taken[i] - longest
		}
		r.update(nil, true)
	}
	r.unroll(dst.data)
}

func (r *meanFieldRun[T]) inputGrad(dst operand[T], _ []operand[T], _, _ int) {
	if r.config.FromState {
		copy(dst.data, r.dstate)
	} else {
		copy(dst.data, r.dfield)
	}
}

func (r *meanFieldRun[T]) biasGrad(dst operand[T], _ []operand[T], _, _ int) {
	kernel.ColSum(dst.data, r.dfield, len(r.dfield)/r.n, r.n)
}

// unroll goes back through the frames. A row whose first update is among them goes back to what it started from.
func (r *meanFieldRun[T]) unroll(dw []T) {
	n := r.n
	for t := len(r.frames) - 1; t >= 0; t-- {
		f := &r.frames[t]
		rows := len(f.rows)
		if rows == 0 {
			continue
		}
		r.frame = f
		r.grad, r.delta, r.back = sized(r.grad, rows*n), sized(r.delta, rows*n), sized(r.back, rows*n)
		kernel.Parallel(rows, kernel.RowGrain(n), r.returning)
		kernel.Gemm(true, false, n, n, rows, 1, f.state, n, r.delta, n, true, dw, n)
		kernel.Gemm(false, true, rows, n, n, 1, r.delta, n, r.in[1].data, n, false, r.back, n)
		for k, i := range f.rows {
			state, back := r.part(r.dstate, i), r.part(r.back, k)
			if step := f.step[k]; step == 1 {
				copy(state, back)
			} else {
				kernel.Combine(state, state, back, 1-step, 1, 0)
			}
		}
	}
	if r.config.FromState {
		return
	}
	for k, i := range r.frames[0].rows {
		field, delta := r.part(r.back, k), r.part(r.delta, k)
		r.fieldOf(field, i)
		r.family.MeanGrad(delta, field, nil, r.part(r.dstate, i))
		kernel.Axpy(r.beta, delta, r.part(r.dfield, i))
	}
}

// goBack computes the gradients with regard to the fields of some rows of an update.
func (r *meanFieldRun[T]) goBack(lo, hi int) {
	for k := lo; k < hi; k++ {
		i, delta := r.frame.rows[k], r.part(r.delta, k)
		r.family.MeanGrad(delta, r.part(r.frame.input, k), nil, r.part(r.dstate, i))
		kernel.Scale(delta, delta, r.frame.step[k]*r.beta)
		kernel.Axpy(1, delta, r.part(r.dfield, i))
	}
}

// implicit solves for the gradient with regard to the field of each row that has settled, by conjugate gradients. The other rows, and
// those whose matrix is seen to have a direction in which it is below 0.001, are the rows at work afterwards.
func (r *meanFieldRun[T]) implicit(out operand[T]) {
	batch, n := out.rows(), r.n
	for _, s := range []*[]T{&r.input, &r.root, &r.z, &r.residual, &r.direction, &r.image} {
		*s = sized(*s, batch*n)
	}
	r.norm, r.goal = sized(r.norm, batch), sized(r.goal, batch)
	r.running, r.failed = sized(r.running, batch), sized(r.failed, batch)

	for i := range batch {
		r.fieldOf(r.part(r.input, i), i)
	}
	kernel.Gemm(false, false, batch, n, n, r.beta, out.data, n, r.in[1].data, n, true, r.input, n)
	left := r.prepare()
	for range n + 10 { // in exact arithmetic n are enough
		if left == 0 {
			break
		}
		kernel.Gemm(false, false, batch, n, n, 1, r.back, n, r.in[1].data, n, false, r.image, n)
		kernel.Parallel(batch, kernel.RowGrain(n), r.solving)
		left = 0
		for _, running := range r.running {
			if running {
				left++
			}
		}
	}
	r.rows = r.rows[:0]
	for i, failed := range r.failed {
		if failed {
			r.rows = append(r.rows, i)
			continue
		}
		kernel.Multiply(r.part(r.dfield, i), r.part(r.root, i), r.part(r.z, i))
		clear(r.part(r.dstate, i))
	}
}

// prepare sets D^½ and the first direction D^½g of every row, and returns how many rows there are to solve.
func (r *meanFieldRun[T]) prepare() (left int) {
	precision := 1e-6
	if _, double := any(r.beta).(float64); double {
		precision = 1e-12
	}
	r.back = sized(r.back, len(r.dstate))
	clear(r.z)
	for i := range r.norm {
		root, residual := r.part(r.root, i), r.part(r.residual, i)
		r.family.Variance(root, r.part(r.input, i), nil)
		for j, v := range root {
			root[j] = T(math.Sqrt(float64(r.beta * v)))
		}
		kernel.Multiply(residual, root, r.part(r.dstate, i))
		r.norm[i] = kernel.Dot(residual, residual)
		r.goal[i] = r.norm[i] * precision * precision
		r.failed[i] = !r.settled[i] || math.IsNaN(r.norm[i])
		r.running[i] = !r.failed[i] && r.norm[i] > 0
		direction := r.part(r.direction, i)
		if r.running[i] {
			copy(direction, residual)
			left++
		} else {
			clear(direction)
		}
		kernel.Multiply(r.part(r.back, i), root, direction)
	}
	return left
}

// solve takes one step of the conjugate gradients of some rows, from WD^½p of each direction p.
func (r *meanFieldRun[T]) solve(lo, hi int) {
	for i := lo; i < hi; i++ {
		if !r.running[i] {
			continue
		}
		root, p, image, residual := r.part(r.root, i), r.part(r.direction, i), r.part(r.image, i), r.part(r.residual, i)
		kernel.Multiply(image, image, root)
		kernel.Subtract(image, p, image)
		length, curvature := kernel.Dot(p, p), kernel.Dot(p, image)
		if !(curvature > 1e-3*length) {
			r.failed[i] = true
		} else {
			alpha := r.norm[i] / curvature
			kernel.Axpy(T(alpha), p, r.part(r.z, i))
			kernel.Axpy(T(-alpha), image, residual)
			norm := kernel.Dot(residual, residual)
			ratio := norm / r.norm[i]
			r.norm[i] = norm
			if norm > r.goal[i] {
				kernel.Combine(p, p, residual, T(ratio), 1, 0)
				kernel.Multiply(r.part(r.back, i), root, p)
				continue
			}
		}
		r.running[i] = false
		clear(r.part(r.back, i))
	}
}
