package op

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// ownOp is what fused and the ops that embed it are to a machine.
type ownOp interface {
	G.SDOp
	G.UsePreallocDoer
	checkedShape(in []tensor.Shape) (tensor.Shape, error)
	InPlace() []int
}

// eachOp computes a node by hand, Do by Do, and calls f with each op of this package, its arguments and its result.
func eachOp(t *testing.T, n *G.Node, f func(op ownOp, in []G.Value, out G.Value)) G.Value {
	var in []G.Value
	for it := n.Graph().From(n.ID()); it.Next(); {
		in = append(in, eachOp(t, it.Node().(*G.Node), f))
	}
	if len(in) == 0 {
		return n.Value()
	}
	out, err := n.Op().Do(in...)
	require.NoError(t, err)
	if op, ok := n.Op().(ownOp); ok {
		f(op, in, out)
	}
	return out
}

// withGradients builds the result and, where there are any, the gradients of its weighted sum.
func (b builder) withGradients(t *testing.T, dtype tensor.Dtype, size map[rune]int) G.Nodes {
	g := G.NewGraph()
	in := b.nodes(g, b.tensors(dtype, size))
	out, err := b.apply(in)
	require.NoError(t, err)
	wrt := G.Nodes{}
	for i := range in {
		if b.wrt == nil || slices.Contains(b.wrt, i) {
			wrt = append(wrt, in[i])
		}
	}
	if len(wrt) == 0 {
		return G.Nodes{out}
	}
	cost, err := weighted(out, graphtest.Input(g, "w", weights(dtype, dims(b.out, size))))
	require.NoError(t, err)
	grads, err := G.Grad(cost, wrt...)
	require.NoError(t, err)
	return append(grads, out)
}

// Every op writes into a given tensor what it would have returned, whatever was there, and refuses a wrong one.
func TestUsePreallocDo(t *testing.T) {
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		for _, n := range b.withGradients(t, dtype, size) {
			eachOp(t, n, func(op ownOp, in []G.Value, out G.Value) {
				target := filled(out, 7)
				got, err := op.UsePreallocDo(target, in...)
				require.NoError(t, err)
				require.Same(t, target, got)
				require.Equal(t, out.Data(), target.Data(), "%v", op)

				if out.Shape().Dims() == 0 {
					wrong := map[tensor.Dtype]G.Value{tensor.Float32: new(G.F64), tensor.Float64: new(G.F32)}[dtype]
					for _, wrong := range []G.Value{nil, wrong, tensor.New(tensor.Of(dtype), tensor.WithShape(1))} {
						_, err := op.UsePreallocDo(wrong, in...)
						require.ErrorIs(t, err, ErrShape, "%v: %T", op, wrong)
					}
					return
				}
				other := map[tensor.Dtype]tensor.Dtype{tensor.Float32: tensor.Float64, tensor.Float64: tensor.Float32}[dtype]
				shape := out.Shape()
				wider := shape.Clone()
				wider[len(wider)-1]++
				view, err := tensor.New(tensor.Of(dtype), tensor.WithShape(append(shape.Clone(), 2)...)).Slice(append(make([]tensor.Slice, len(shape)), G.S(0))...)
				require.NoError(t, err)
				for what, wrong := range map[string]G.Value{
					"nil": nil, "a scalar": G.NewF64(1),
					"another dtype": tensor.New(tensor.Of(other), tensor.WithShape(shape...)),
					"another shape": tensor.New(tensor.Of(dtype), tensor.WithShape(wider...)),
					"another rank":  tensor.New(tensor.Of(dtype), tensor.WithShape(append(shape.Clone(), 1)...)),
					"a view":        view,
				} {
					if what == "a view" && shape.TotalSize() == 1 {
						continue
					}
					_, err := op.UsePreallocDo(wrong, in...)
					require.ErrorIs(t, err, ErrShape, "%v: %s", op, what)
				}
			})
		}
	})
}

// filled is a new value of the shape and dtype of another that holds x everywhere.
func filled(like G.Value, x float64) G.Value {
	switch like := like.(type) {
	case *G.F32:
		return G.NewF32(float32(x))
	case *G.F64:
		return G.NewF64(x)
	default:
		return graphtest.Tensor(like.Dtype(), slices.Repeat([]float64{x}, like.Shape().TotalSize()), like.Shape()...)
	}
}

// views are the numbers of a tensor with others between them: each second one, some columns, and axes turned.
func views(t *testing.T, v *tensor.Dense) []*tensor.Dense {
	shape := v.Shape()
	spread := tensor.New(tensor.Of(v.Dtype()), tensor.WithShape(append(shape.Clone(), 2)...))
	index := append(make([]tensor.Slice, len(shape)), G.S(1))
	sliced, err := spread.Slice(index...)
	require.NoError(t, err)
	require.NoError(t, tensor.Copy(sliced, v))
	all := []*tensor.Dense{sliced.(*tensor.Dense)}
	if len(shape) == 2 {
		wide := tensor.New(tensor.Of(v.Dtype()), tensor.WithShape(shape[0], shape[1]+3))
		columns, err := wide.Slice(nil, G.S(2, 2+shape[1]))
		require.NoError(t, err)
		require.NoError(t, tensor.Copy(columns, v))
		turned := v.Clone().(*tensor.Dense)
		require.NoError(t, turned.T())
		require.NoError(t, turned.Transpose())
		require.NoError(t, turned.T()) // lazily back: column major in memory
		all = append(all, columns.(*tensor.Dense), turned)
	}
	return all
}

// A view gives the same bits as its clone, in any argument, through Do and through a machine.
func TestViews(t *testing.T) {
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		for _, n := range b.withGradients(t, dtype, size) {
			eachOp(t, n, func(op ownOp, in []G.Value, out G.Value) {
				for i, v := range in {
					d, ok := v.(*tensor.Dense)
					if !ok {
						continue
					}
					for _, view := range views(t, d) {
						if !slices.Equal(view.Shape(), d.Shape()) {
							continue // tensor drops axes of one
						}
						args := append([]G.Value{}, in...)
						args[i] = view
						got, err := op.Do(args...)
						require.NoError(t, err)
						require.Equal(t, out.Data(), got.Data(), "%v: argument %d with strides %v", op, i, view.Strides())
					}
				}
			})
		}
		values := b.tensors(dtype, size)
		viewed := append([]*tensor.Dense{}, values...)
		for i, v := range values {
			if view := views(t, v)[len(views(t, v))-1]; slices.Equal(view.Shape(), v.Shape()) {
				viewed[i] = view
			}
		}
		run := func(values []*tensor.Dense) [][]float64 {
			return graphtest.Value(t, G.Must(b.apply(b.nodes(G.NewGraph(), values))))
		}
		require.Equal(t, run(values), run(viewed))
	})
}

// Every builder refuses every argument that is missing, of the wrong rank, dtype or shape, by a sentinel and by name.
func TestArgumentErrors(t *testing.T) {
	for _, b := range builders() {
		size := sizes[0]
		for i, v := range b.tensors(tensor.Float32, size) {
			g := G.NewGraph()
			good := b.nodes(g, b.tensors(tensor.Float32, size))
			wider := v.Shape().Clone()
			for d := range wider {
				wider[d] += 3
			}
			input := func(name string, dtype tensor.Dtype, shape ...int) *G.Node {
				return G.NewTensor(g, dtype, len(shape), G.WithShape(shape...), G.WithName(name))
			}
			cases := []struct {
				what  string
				node  *G.Node
				want  error
				apply bool
			}{
				{"nil", nil, ErrShape, !(i == len(good)-1 && strings.HasSuffix(b.name, "with log-variance") || i == 1 && b.name == "AppendRow")}, // there nil means variance 1, or zeros
				{"rank 3", input("rank 3", tensor.Float32, 2, 2, 2), ErrShape, !b.ranks},
				{"rank 0", G.NewScalar(g, tensor.Float32, G.WithName("rank 0")), ErrShape, !b.ranks},
				{"integers", input("integers", tensor.Int, v.Shape()...), ErrDtype, true},
				{"two dtypes", input("two dtypes", tensor.Float64, v.Shape()...), ErrDtype, len(good) > 1 && b.name != "Combine of scalars"},
				{"another size", input("another size", tensor.Float32, wider...), ErrShape, len(good) > 1 && !slices.Contains(b.free, i)},
			}
			for _, c := range cases {
				if !c.apply {
					continue
				}
				args := append(G.Nodes{}, good...)
				args[i] = c.node
				n, err := b.apply(args)
				require.ErrorIs(t, err, c.want, "%s: argument %d: %s", b.name, i, c.what)
				require.Contains(t, err.Error(), "op: ", b.name)
				require.Nil(t, n)
			}
		}
	}
	_, err := Combine([]float64{1, 2}, nil)
	require.Error(t, err)
	_, err = Combine(nil)
	require.Error(t, err)
}

// Values are checked as nodes are: a machine may hold one that does not fit its node.
func TestValueErrors(t *testing.T) {
	for _, b := range builders() {
		for _, n := range b.withGradients(t, tensor.Float32, sizes[0]) {
			eachOp(t, n, func(op ownOp, in []G.Value, _ G.Value) {
				for i, v := range in {
					args := append([]G.Value{}, in...)
					args[i] = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(append(v.Shape().Clone(), 2)...))
					_, err := op.Do(args...)
					require.ErrorIs(t, err, ErrShape, "%v: argument %d", op, i)
					_, err = op.UsePreallocDo(args[i], args...)
					require.ErrorIs(t, err, ErrShape, "%v: argument %d", op, i)
					shapes := make([]G.DimSizer, len(in))
					for k := range in {
						shapes[k] = args[k].Shape()
					}
					_, err = op.InferShape(shapes...)
					require.ErrorIs(t, err, ErrShape, "%v: argument %d", op, i)

					if d, ok := v.(*tensor.Dense); ok {
						args[i] = tensor.New(tensor.Of(tensor.Int), tensor.WithShape(d.Shape()...))
					} else {
						args[i] = G.NewI(1)
					}
					_, err = op.Do(args...)
					require.ErrorIs(t, err, ErrDtype, "%v: argument %d", op, i)
				}
			})
		}
	}
}

// The same expression is one node; any other parameter or argument makes another.
func TestCommonSubexpressions(t *testing.T) {
	b := builder{args: "bn bn n n"}
	in := b.nodes(G.NewGraph(), b.tensors(tensor.Float64, sizes[0]))
	x, y, v, u := in[0], in[1], in[2], in[3]
	quiet, loud := NewNoise(1, "quiet"), NewNoise(1, "loud")
	seen := map[*G.Node]string{}
	for _, c := range []struct {
		name  string
		build func() (*G.Node, error)
	}{
		{"ColSum x", func() (*G.Node, error) { return ColSum(x) }}, {"ColSum y", func() (*G.Node, error) { return ColSum(y) }},
		{"2x", func() (*G.Node, error) { return Combine([]float64{2}, x) }}, {"3x", func() (*G.Node, error) { return Combine([]float64{3}, x) }},
		{"2x + 3y", func() (*G.Node, error) { return Combine([]float64{2, 3}, x, y) }}, {"2y + 3x", func() (*G.Node, error) { return Combine([]float64{2, 3}, y, x) }},
		{"x yᵀ", func() (*G.Node, error) { return Gemm(x, y, false, true) }}, {"xᵀ y", func() (*G.Node, error) { return Gemm(x, y, true, false) }},
		{"LayerNorm", func() (*G.Node, error) { return LayerNorm(x, v, u, 0.1) }}, {"LayerNorm turned", func() (*G.Node, error) { return LayerNorm(x, u, v, 0.1) }},
		{"LayerNorm of another ε", func() (*G.Node, error) { return LayerNorm(x, v, u, 0.2) }},
		{"Pad 1", func() (*G.Node, error) { return Pad(x, 0, 1) }}, {"Pad 2", func() (*G.Node, error) { return Pad(x, 1, 0) }},
		{"(x − 1)²", func() (*G.Node, error) { return SquaredDistance(x, 1) }}, {"(x − 2)²", func() (*G.Node, error) { return SquaredDistance(x, 2) }},
		{"Sigmoid", func() (*G.Node, error) { return Sigmoid(x) }}, {"Tanh", func() (*G.Node, error) { return Tanh(x) }},
		{"Softmax", func() (*G.Node, error) { return Softmax(x) }}, {"StopGradient", func() (*G.Node, error) { return StopGradient(x) }},
		{"CGF Bernoulli", func() (*G.Node, error) { return CGF(bernoulliFamily.kind, x, nil) }}, {"CGF Spin", func() (*G.Node, error) { return CGF(spinFamily.kind, x, nil) }},
		{"CGF Gaussian", func() (*G.Node, error) { return CGF(gaussianFamily.kind, x, nil) }}, {"CGF Gaussian, scaled", func() (*G.Node, error) { return CGF(gaussianFamily.kind, x, v) }},
		{"UnitMean", func() (*G.Node, error) { return UnitMean(gaussianFamily.kind, x, nil) }}, {"UnitVariance", func() (*G.Node, error) { return UnitVariance(gaussianFamily.kind, x, nil) }},
		{"UnitEnergy", func() (*G.Node, error) { return UnitEnergy(gaussianFamily.kind, x, nil) }}, {"LogSumExp", func() (*G.Node, error) { return LogSumExp(x) }},
		{"Softplus", func() (*G.Node, error) { return Softplus(x) }}, {"ReLU", func() (*G.Node, error) { return ReLU(x) }},
		{"AbsoluteSum", func() (*G.Node, error) { return AbsoluteSum(x) }}, {"RowDot", func() (*G.Node, error) { return RowDot(x, y) }},
		{"Multiply", func() (*G.Node, error) { return Multiply(x, y) }},
		{"Dropout", func() (*G.Node, error) { return Dropout(x, 0.5, quiet) }}, {"Dropout of another p", func() (*G.Node, error) { return Dropout(x, 0.4, quiet) }},
		{"Dropout of another noise", func() (*G.Node, error) { return Dropout(x, 0.5, loud) }},
		{"Bernoulli", func() (*G.Node, error) { return Bernoulli(x, quiet) }}, {"Bernoulli of another noise", func() (*G.Node, error) { return Bernoulli(x, loud) }},
	} {
		first, again := G.Must(c.build()), G.Must(c.build())
		require.Same(t, first, again, c.name)
		require.Empty(t, seen[first], "%s is one node with %s", c.name, seen[first])
		seen[first] = c.name
	}
}

// Bits do not depend on how many cores share the work, forward and backward.
func TestBitsDoNotDependOnCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	size := map[rune]int{
		'b': 97, 'n': 128, 'm': 53, 'g': 132, 'j': 3, 'p': 130, 's': 1100, 'i': 1, 't': 5, 'f': 485, 'r': 1000, 'e': 1097, 'q': 2, 'k': 194, 'u': 256,
	}
	for _, b := range builders() {
		if strings.HasSuffix(b.name, "log-variance") && !strings.Contains(b.name, "Gaussian") {
			continue
		}
		var results [2][][]float64
		for i, cores := range []int{1, 2} {
			runtime.GOMAXPROCS(cores)
			results[i] = graphtest.Value(t, b.withGradients(t, tensor.Float32, size)...)
		}
		require.Equal(t, results[0], results[1], b.name)
	}
}

// Two machines on two graphs that share the memory of their parameters run at once; the race detector watches.
func TestSharedParameters(t *testing.T) {
	b := builder{args: "nm m"}
	params := b.tensors(tensor.Float32, sizes[0])
	build := func(rows int) *G.Node {
		g := G.NewGraph()
		x := graphtest.Input(g, "x", graphtest.Tensor(tensor.Float32, make([]float64, rows*4), rows, 4))
		w := graphtest.Input(g, "W", tensor.New(tensor.WithShape(4, 5), tensor.WithBacking(params[0].Data())))
		c := graphtest.Input(g, "c", tensor.New(tensor.WithShape(5), tensor.WithBacking(params[1].Data())))
		cost := G.Must(Mean(G.Must(CGF(bernoulliFamily.kind, G.Must(Affine(x, w, c, false)), nil))))
		_, err := G.Grad(cost, w, c)
		require.NoError(t, err)
		return cost
	}
	want := sum(elementwise(plainSoftplus)([]array{{x: wide(params[1])}}))
	costs := []*G.Node{build(3), build(7)}
	var group sync.WaitGroup
	for _, cost := range costs {
		group.Go(func() {
			vm := G.NewTapeMachine(cost.Graph())
			defer vm.Close()
			for range 50 {
				if err := vm.RunAll(); err != nil {
					t.Error(err)
				}
				vm.Reset()
			}
		})
	}
	group.Wait()
	for _, cost := range costs {
		require.InDelta(t, want, graphtest.Value(t, cost)[0][0], 1e-5)
	}
}

func wide(x *tensor.Dense) (out []float64) {
	for _, v := range x.Float32s() {
		out = append(out, float64(v))
	}
	return out
}
