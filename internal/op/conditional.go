package op

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Choices describes neighbouring visible columns by the values that they can take.
type Choices struct {
	Columns int
	States  int     // of each group of so many columns one is 1 and the others 0; 0 for columns of two values
	Low     float64 // the lower of the two values, the higher being 1
}

// ConditionalInput builds what each visible number feels of all others where the hidden units are summed out: the input at which a
// unit of its family is distributed as it is given them, up to a number that is common to a group. With Γ the cumulant generating
// function of the hidden side, I the inputs of the hidden units and w_i row i of W it is
//
//	ℓ_i = b_i + (Γ(a + w_i) − Γ(a + low·w_i)) / (1 − low),   a = I − v_i w_i,   for a unit of two values
//	ℓ_k = b_k + Γ(a + w_k) − Γ(I),                           a = I − Σ_l v_l w_l over the group, for a group of states
//
// input is I, (B, H), v (B, n), W (n, H), b (n), and logVariance that of the hidden units, (H), or nil; the result is (B, n).
// v need not be states: then I − v_i w_i is what the formula says. Gradient flows to all of them, I and v being taken for independent.
//
// No (B, n, H) tensor is held: forward a row of H numbers at a time, backward a block of columns. Cost: forward Γ of B·n rows of H
// inputs, as the values that units have take no evaluation of their own; backward the means of as many.
func ConditionalInput(hidden units.Kind, choices []Choices, input, v, w, b, logVariance *G.Node) (*G.Node, error) {
	name := fmt.Sprintf("ConditionalInput(%s,%v)", hidden.Name, choices)
	r3, r6 := newConditional[float32](hidden, choices), newConditional[float64](hidden, choices)
	o := &fused{
		name:  name,
		ranks: []int{2, 2, 2, 1}, rank: 2, wrt: []bool{true, true, true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			batch, n, h := in[1][0], in[1][1], in[2][1]
			if in[0][0] != batch || in[0][1] != h || in[2][0] != n || in[3][0] != n || len(in) > 4 && in[4][0] != h {
				return fmt.Errorf("arguments of shapes %v do not fit, want (B, H), (B, n), (n, H), (n) and perhaps (H): %w", in, ErrShape)
			}
			if n != r3.columns {
				return fmt.Errorf("v has shape %v, want (B, %d): %w", in[1], r3.columns, ErrShape)
			}
			copy(out, in[1])
			return nil
		},
		f32: r3.forward, f64: r6.forward,
	}
	args := G.Nodes{input, v, w, b}
	if logVariance != nil {
		o.ranks, o.wrt, args = append(o.ranks, 1), append(o.wrt, true), append(args, logVariance)
	}
	// One op computes the gradient of W and, on the way, the others, which more then take.
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dw, err := (&fused{
			name: name + "GradW", ranks: append(slices.Clone(o.ranks), 2), rank: 2, wrt: none(len(in) + 1), shape: shapedAs(2),
			f32: r3.gradients, f64: r6.gradients,
		}).apply(append(slices.Clone(in), g)...)
		if err != nil {
			return nil, err
		}
		take := func(what string, like *G.Node, f32 kernelFunc[float32], f64 kernelFunc[float64]) (*G.Node, error) {
			return (&fused{
				name: name + what, ranks: []int{like.Dims(), 2}, rank: like.Dims(), wrt: none(2), shape: shapedAs(0), f32: f32, f64: f64,
			}).apply(like, dw)
		}
		di, err := take("GradInput", in[0], r3.inputGrad, r6.inputGrad)
		if err != nil {
			return nil, err
		}
		dv, err := take("GradV", in[1], r3.visibleGrad, r6.visibleGrad)
		if err != nil {
			return nil, err
		}
		db, err := ColSum(g)
		if err != nil || len(in) < 5 {
			return G.Nodes{di, dv, dw, db}, err
		}
		ds, err := take("GradLogVariance", in[4], r3.varianceGrad, r6.varianceGrad)
		return G.Nodes{di, dv, dw, db, ds}, err
	}
	return o.apply(args...)
}

// conditional is what the forward and the gradient ops of one node share, in one precision.
type conditional[T kernel.Float] struct {
	hidden  units.Family[T]
	groups  []choice[T]
	columns int

	in          []operand[T] // I, v, W, b and perhaps log σ²
	dst, g      operand[T]
	logVariance []T
	h           int
	point, base []T // (B, H): where Γ is taken, and I without a group

	conditionalGradient[T]

	inputsOfRows, gradientsOfRows, gradientsOfColumns func(lo, hi int) // methods for kernel.Parallel
}

// choice is one unit of two values, or one group of states.
type choice[T kernel.Float] struct {
	at, width  int
	low, scale T // of a unit of two values: scale is 1/(1 − low)
}

func newConditional[T kernel.Float](hidden units.Kind, choices []Choices) *conditional[T] {
	r := &conditional[T]{hidden: units.In[T](hidden)}
	for _, c := range choices {
		width := max(1, c.States)
		for range c.Columns / width {
			r.groups = append(r.groups, choice[T]{r.columns, width, T(c.Low), T(1 / (1 - c.Low))})
			r.columns += width
		}
	}
	r.inputsOfRows, r.gradientsOfRows, r.gradientsOfColumns = r.inputs, r.rowGradients, r.columnGradients
	return r
}

// bind takes the arguments of the builder.
func (r *conditional[T]) bind(in []operand[T]) {
	r.in, r.h, r.logVariance = in, in[0].cols(), nil
	if len(in) > 4 {
		r.logVariance = in[4].data
	}
	r.point, r.base = sized(r.point, len(in[0].data)), sized(r.base, len(in[0].data))
}

func (r *conditional[T]) forward(dst operand[T], in []operand[T], _, _ int) {
	r.bind(in)
	r.dst = dst
	kernel.Parallel(dst.rows(), 1, r.inputsOfRows) // a row is n·H exponentials
}

// inputs computes rows of the result.
func (r *conditional[T]) inputs(lo, hi int) {
	bias := r.in[3].data
	for i := lo; i < hi; i++ {
		input, v, dst := r.in[0].row(i), r.in[1].row(i), r.dst.row(i)
		here := r.hidden.CGF(input, r.logVariance)
		for _, g := range r.groups {
			if g.width == 1 {
				x := v[g.at]
				dst[g.at] = bias[g.at] + g.scale*(r.cgf(i, input, g.at, 1-x, here)-r.cgf(i, input, g.at, g.low-x, here))
				continue
			}
			active := r.without(i, input, v, g)
			for k := g.at; k < g.at+g.width; k++ {
				dst[k] = bias[k]
				if k != active {
					dst[k] += r.cgf(i, r.base[i*r.h:(i+1)*r.h], k, 1, 0) - here
				}
			}
		}
	}
}

// cgf returns Γ(from + by·w_k), which is known to be here where by is 0.
func (r *conditional[T]) cgf(row int, from []T, k int, by, here T) T {
	if by == 0 {
		return here
	}
	return r.hidden.CGF(r.shifted(row, from, k, by), r.logVariance)
}

// shifted returns from + by·w_k in the row's scratch.
func (r *conditional[T]) shifted(row int, from []T, k int, by T) []T {
	point := r.point[row*r.h : (row+1)*r.h]
	kernel.Combine(point, r.in[2].row(k), from, by, 1, 0)
	return point
}

// without leaves the input without a group in the row's base, and returns the column of the group's state, or −1 where what stands
// there is no state.
func (r *conditional[T]) without(row int, input, v []T, g choice[T]) (active int) {
	base := r.base[row*r.h : (row+1)*r.h]
	copy(base, input)
	active, count := -1, 0
	for k := g.at; k < g.at+g.width; k++ {
		if v[k] == 0 {
			continue
		}
		kernel.Axpy(-v[k], r.in[2].row(k), base)
		count++
		if v[k] == 1 {
			active = k
		}
	}
	if count != 1 {
		return -1
	}
	return active
}
