package op

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// meanFieldRun is what the forward and the gradient ops of one node share, in one precision.
type meanFieldRun[T kernel.Float] struct {
	config MeanFieldConfig
	family units.Family[T]
	beta   T    // 1/T
	keep   bool // there is a gradient

	in      []operand[T] // x, W, b
	n       int
	taken   []int  // updates of each row of the batch
	settled []bool // whether the row has settled
	first   []int  // from which of its updates on a row is kept for the gradient

	// The rows at work, packed, and what each has of its own. One that is done leaves them.
	rows         []int
	field        []T // βb, with βx where it is a field
	state, input []T
	mean         []T // of the input
	move, last   []T // what an update asks for, and what the one before asked for
	step         []T // 1 − d
	done         []bool
	frames       []meanFrame[T] // of every update

	starting, advancing func(lo, hi int) // methods for kernel.Parallel

	meanFieldGradient[T]
}

// meanFrame is what the gradient of an update needs, of the rows that it is kept for.
type meanFrame[T kernel.Float] struct {
	rows         []int
	state, input []T // before the update, and what it made of the state
	step         []T
}

func newMeanFieldRun[T kernel.Float](c MeanFieldConfig) *meanFieldRun[T] {
	r := &meanFieldRun[T]{config: c, family: units.In[T](c.Units), beta: T(1 / c.Temperature)}
	r.starting, r.advancing, r.returning, r.solving = r.start, r.advance, r.goBack, r.solve
	return r
}

func (r *meanFieldRun[T]) forward(dst operand[T], in []operand[T], _, _ int) {
	r.bind(in, dst.rows())
	clear(r.first)
	r.rows = r.rows[:0]
	for i := range r.taken {
		r.rows = append(r.rows, i)
	}
	r.update(dst.data, r.keep && r.config.Steps > 0)
}

// bind takes the arguments of the builder.
func (r *meanFieldRun[T]) bind(in []operand[T], batch int) {
	r.in, r.n = in, in[0].cols()
	r.taken, r.settled, r.first = sized(r.taken, batch), sized(r.settled, batch), sized(r.first, batch)
}

// update updates the rows at work until all are done. Where dst is not nil it takes their means; with keep, frames are kept of
// update first[i] of row i and those behind it.
func (r *meanFieldRun[T]) update(dst []T, keep bool) {
	rows, n := len(r.rows), r.n
	for _, s := range []*[]T{&r.field, &r.state, &r.input, &r.mean, &r.move, &r.last} {
		*s = sized(*s, rows*n)
	}
	r.step, r.done = sized(r.step, rows), sized(r.done, rows)
	kernel.Parallel(rows, kernel.RowGrain(n), r.starting)
	r.frames = r.frames[:0]
	for t := 0; rows > 0; t++ {
		copy(r.input, r.field[:rows*n])
		kernel.Gemm(false, false, rows, n, n, r.beta, r.state, n, r.in[1].data, n, true, r.input, n)
		if keep {
			r.remember(t)
		}
		kernel.Parallel(rows, kernel.RowGrain(n), r.advancing)
		r.move, r.last = r.last, r.move
		rows = r.leave(dst)
	}
}

// part is row k of packed rows.
func (r *meanFieldRun[T]) part(x []T, k int) []T { return x[k*r.n : (k+1)*r.n] }

// start sets the fields and the first states of rows at work.
func (r *meanFieldRun[T]) start(lo, hi int) {
	for k := lo; k < hi; k++ {
		i := r.rows[k]
		r.taken[i], r.settled[i], r.step[k] = 0, false, T(1-r.config.Damping)
		field, state := r.part(r.field, k), r.part(r.state, k)
		r.fieldOf(field, i)
		if r.config.FromState {
			copy(state, r.in[0].row(i))
		} else {
			r.family.Mean(state, field, nil)
		}
	}
}

// fieldOf sets dst to what row i of the batch feels of the outside.
func (r *meanFieldRun[T]) fieldOf(dst []T, i int) {
	b := r.in[2].data
	if r.config.FromState {
		kernel.Scale(dst, b, r.beta)
	} else {
		kernel.Combine(dst, r.in[0].row(i), b, r.beta, r.beta, 0)
	}
}

// advance updates the states of rows at work from their inputs.
func (r *meanFieldRun[T]) advance(lo, hi int) {
	for k := lo; k < hi; k++ {
		i, state, mean := r.rows[k], r.part(r.state, k), r.part(r.mean, k)
		r.family.Mean(mean, r.part(r.input, k), nil)
		r.taken[i]++
		if r.config.Steps > 0 {
			r.done[k] = r.taken[i] == r.config.Steps
		} else {
			r.judge(k, i, mean, state)
		}
		if step := r.step[k]; step == 1 {
			copy(state, mean)
		} else {
			kernel.Combine(state, state, mean, 1-step, step, 0)
		}
	}
}

// turnedBack is how much of its last move a row takes back when it is said to turn back. Oscillations that die away by themselves, faster
// than this, are left alone: damping would slow them down.
const turnedBack = 0.8

// judge says whether a row has settled, and halves the step of one that turns back.
func (r *meanFieldRun[T]) judge(k, i int, mean, state []T) {
	move := r.part(r.move, k)
	kernel.Subtract(move, mean, state)
	moved := float64(max(kernel.Max(move), -kernel.Min(move)))
	r.settled[i] = moved <= r.config.Tolerance
	r.done[k] = r.settled[i] || r.taken[i] == r.config.MaxSteps || moved != moved // what is not a number will never settle
	if last := r.part(r.last, k); r.taken[i] > 1 && kernel.Dot(move, last) < -turnedBack*kernel.Dot(last, last) {
		r.step[k] /= 2
	}
}

// remember keeps update t of the rows at work, in the memory of an earlier run where there is some.
func (r *meanFieldRun[T]) remember(t int) {
	if len(r.frames) < cap(r.frames) {
		r.frames = r.frames[:len(r.frames)+1]
	} else {
		r.frames = append(r.frames, meanFrame[T]{})
	}
	f := &r.frames[t]
	f.rows, f.state, f.input, f.step = f.rows[:0], f.state[:0], f.input[:0], f.step[:0]
	for k, i := range r.rows {
		if t >= r.first[i] {
			f.rows, f.step = append(f.rows, i), append(f.step, r.step[k])
			f.state, f.input = append(f.state, r.part(r.state, k)...), append(f.input, r.part(r.input, k)...)
		}
	}
}

// leave takes the rows that are done from those at work, which it counts.
func (r *meanFieldRun[T]) leave(dst []T) int {
	left := 0
	for k, i := range r.rows {
		if r.done[k] {
			if dst != nil {
				copy(dst[i*r.n:], r.part(r.state, k))
			}
			continue
		}
		if left != k {
			r.rows[left], r.step[left] = i, r.step[k]
			for _, x := range [][]T{r.field, r.state, r.last} {
				copy(r.part(x, left), r.part(x, k))
			}
		}
		left++
	}
	r.rows = r.rows[:left]
	return left
}
