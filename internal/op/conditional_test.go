package op

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/units"
)

// conditionalBuilders are each kind of visible units with some hidden family, and each hidden family with some kind of visible units.
func conditionalBuilders() (all []builder) {
	for i, visible := range []struct {
		name, cols string
		choices    func(n int) []Choices
	}{
		{"Bernoulli", "n", func(n int) []Choices { return []Choices{{Columns: n}} }},
		{"Spin", "n", func(n int) []Choices { return []Choices{{Columns: n, Low: -1}} }},
		{"OneHot", "g", func(n int) []Choices { return []Choices{{Columns: n, States: 3}} }},
		{"all of them", "p", func(n int) []Choices { return []Choices{{Columns: n - 2, Low: -1}, {Columns: 2, States: 2}} }},
		{"two of them", "u", func(n int) []Choices { return []Choices{{Columns: n - 1}, {Columns: 1, Low: -1}} }},
	} {
		for j, f := range families {
			for _, scaled := range []bool{false, true} {
				if scaled != (f.kind.Name == "Gaussian") || !scaled && i != j {
					continue
				}
				suffix := ""
				args := fmt.Sprintf("b%[2]s b%[1]s %[1]s%[2]s %[1]s", visible.cols, f.cols)
				if scaled {
					args += " " + f.cols
					suffix = " with log-variance"
				}
				all = append(all, builder{
					name: fmt.Sprintf("ConditionalInput of %s given %s%s", visible.name, f.kind.Name, suffix), args: args, out: "b" + visible.cols,
					apply: func(in []*G.Node) (*G.Node, error) {
						n := 1
						if in[1] != nil && in[1].Dims() == 2 {
							n = in[1].Shape()[1]
						}
						in = append(slices.Clone(in), nil)
						return ConditionalInput(f.kind, visible.choices(n), in[0], in[1], in[2], in[3], in[4])
					},
					plain: func(in []array) []float64 { return plainConditional(f, visible.choices(in[1].cols), in) },
				})
			}
		}
	}
	return all
}

// plainConditional is the formula, number by number.
func plainConditional(f family, choices []Choices, in []array) (out []float64) {
	s := make([]float64, in[0].cols)
	if len(in) > 4 {
		s = in[4].x
	}
	for i := range in[0].rows() {
		input, v := in[0].row(i), in[1].row(i)
		at := func(point []float64, k int, x float64) float64 { // Γ with a multiple of row k of W added
			return f.cgf(added(point, in[2].row(k), x), s)
		}
		lo := 0
		for _, c := range choices {
			for k := lo; k < lo+c.Columns; k++ {
				if c.States == 0 {
					high, low := at(input, k, 1-v[k]), at(input, k, c.Low-v[k])
					out = append(out, in[3].x[k]+(high-low)/(1-c.Low))
					continue
				}
				first, without := k-(k-lo)%c.States, input
				for l := first; l < first+c.States; l++ {
					without = added(without, in[2].row(l), -v[l])
				}
				out = append(out, in[3].x[k]+at(without, k, 1)-f.cgf(input, s))
			}
			lo += c.Columns
		}
	}
	return out
}

func added(x, y []float64, factor float64) []float64 {
	out := slices.Clone(x)
	for j := range out {
		out[j] += factor * y[j]
	}
	return out
}

// Values that units have take a shorter way than others, and blocks of columns are put together: both are as the formula says, and
// so are the gradients.
func TestConditionalInputOfStates(t *testing.T) {
	choices := []Choices{{Columns: 2}, {Columns: 2, Low: -1}, {Columns: 6, States: 3}}
	v := []float64{
		1, 0, -1, 1, 0, 1, 0, 1, 0, 0,
		0, 0, 1, 1, 0, 0, 1, 0, 1, 0,
		0.5, 1, 0, -1, 0.2, 0.8, 0, 0, 0, 0, // no states, the last not even means
	}
	for _, f := range families {
		h := map[string]int{"n": 4, "g": 6, "j": 3}[f.cols]
		b := builder{args: "bn nm n m"}
		size := map[rune]int{'b': 3, 'n': 10, 'm': h}
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			rest := b.tensors(dtype, size)
			input := builder{args: "bm"}.tensors(dtype, size)[0]
			args := []*tensor.Dense{input, graphtest.Tensor(dtype, v, 3, 10), rest[1], rest[2], rest[3]}
			exact := builder{args: "bn nm n m"}.tensors(tensor.Float64, size)
			arrays := []array{{builder{args: "bm"}.tensors(tensor.Float64, size)[0].Float64s(), h}, {v, 10}, {exact[1].Float64s(), h}, {exact[2].Float64s(), 10}, {exact[3].Float64s(), h}}
			if dtype == tensor.Float32 {
				for i, x := range v { // 0.2 and 0.8 as they are rounded
					arrays[1].x = slices.Clone(arrays[1].x)
					arrays[1].x[i] = float64(float32(x))
				}
			}
			want := plainConditional(f, choices, arrays)
			build := func(in []*G.Node) (*G.Node, error) {
				return ConditionalInput(f.kind, choices, in[0], in[1], in[2], in[3], in[4])
			}
			graphtest.Run(t, map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12}[dtype], func(g *G.ExprGraph) G.Nodes {
				return G.Nodes{G.Must(build(b.nodes(g, args)))}
			}, graphtest.Tensor(dtype, want, 3, 10))
			require.NoError(t, gradcheck.Check(gradcheck.Case{
				Dtype: dtype, Inputs: append(args, weights(dtype, []int{3, 10})),
				Wrt: []int{0, 1, 2, 3, 4},
				Build: func(in []*G.Node) (*G.Node, error) {
					out, err := build(in[:5])
					if err != nil {
						return nil, err
					}
					return weighted(out, in[5])
				},
			}), f.kind.Name)
		}
	}
}

// Many columns go through several blocks: the gradients of the rows of W are those that their columns have alone.
func TestConditionalInputInBlocks(t *testing.T) {
	const n, h, batch = 37, 1000, 100 // a block holds 10 columns, or 9 in groups of three
	require.Less(t, blockNumbers/(batch*h), n/3)
	size := map[rune]int{'b': batch, 'n': n, 'm': h}
	args := builder{args: "bm bn nm n"}.tensors(tensor.Float32, size)
	gradients := func(from, to int, choices []Choices) (w, input []float64) {
		g := G.NewGraph()
		part := func(x *tensor.Dense, rows bool) *tensor.Dense {
			if rows {
				return must(x.Slice(tensor.S(from, to))).(*tensor.Dense).Materialize().(*tensor.Dense)
			}
			return must(x.Slice(nil, tensor.S(from, to))).(*tensor.Dense).Materialize().(*tensor.Dense)
		}
		in := builder{}.nodes(g, []*tensor.Dense{args[0], part(args[1], false), part(args[2], true), part(args[3], true)})
		out := G.Must(ConditionalInput(units.Bernoulli, choices, in[0], in[1], in[2], in[3], nil))
		grads, err := G.Grad(G.Must(G.Sum(out)), in[2], in[0])
		require.NoError(t, err)
		values := graphtest.Value(t, grads...)
		return values[0], values[1]
	}
	all, input := gradients(0, n, []Choices{{Columns: 31}, {Columns: 6, States: 3}})
	sum := make([]float64, len(input))
	for _, c := range []struct {
		from, to int
		choices  []Choices
	}{{0, 6, []Choices{{Columns: 6}}}, {6, 31, []Choices{{Columns: 25}}}, {31, 37, []Choices{{Columns: 6, States: 3}}}} {
		w, in := gradients(c.from, c.to, c.choices)
		require.Equal(t, w, all[c.from*h:c.to*h])
		for i, x := range in {
			sum[i] += x
		}
	}
	require.InDeltaSlice(t, sum, input, 1e-4)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestConditionalInputRefuses(t *testing.T) {
	g := G.NewGraph()
	node := func(name string, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithName(name), G.WithShape(shape...))
	}
	input, v, w, b := node("I", 2, 4), node("v", 2, 3), node("W", 3, 4), node("b", 3)
	for _, c := range []struct {
		text                        string
		choices                     int
		input, v, w, b, logVariance *G.Node
	}{
		{"do not fit", 3, node("I3", 3, 4), v, w, b, nil},
		{"do not fit", 3, node("I5", 2, 5), v, w, b, nil},
		{"do not fit", 3, input, node("v4", 2, 4), w, b, nil},
		{"do not fit", 3, input, v, node("W5", 3, 5), b, nil},
		{"do not fit", 3, input, v, w, node("b4", 4), nil},
		{"do not fit", 3, input, v, w, b, node("s3", 3)},
		{"want (B, 2)", 2, input, v, w, b, nil},
		{"argument 1 is nil", 3, input, nil, w, b, nil},
	} {
		_, err := ConditionalInput(units.Bernoulli, []Choices{{Columns: c.choices}}, c.input, c.v, c.w, c.b, c.logVariance)
		require.ErrorIs(t, err, ErrShape)
		require.True(t, strings.Contains(err.Error(), c.text), err)
	}
}
