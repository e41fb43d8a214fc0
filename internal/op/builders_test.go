package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/units"
)

// builder is one case of a builder: how it is applied, and the same thing in plain loops over float64.
type builder struct {
	name string
	// args has a word for each argument: its dimensions in sizes, + where it must be positive, # where it is lengths of bags.
	args  string
	apply func(in []*G.Node) (*G.Node, error)
	plain func(in []array) []float64
	out   string // the dimensions of the result
	wrt   []int  // arguments that get a gradient; nil means all
	ranks bool   // takes nodes of every rank
	free  []int  // arguments that fit the others whatever their size
	kept  bool   // gradients want what the forward run on the same arguments has kept
}

// sizes are batches of several rows and columns, of one row, of one column, of one number: b rows, n and m columns, g those
// of whole groups of three, j those of joined units, p those of n columns padded with two, s stored patterns, i one number, t
// instances of a sample and f of all, r rows in bags and e with one more in each bag, q = 2 rows repeated, k once a
// sample, u joined.
var sizes = []map[rune]int{
	{'b': 3, 'n': 4, 'm': 5, 'g': 6, 'j': 3, 'p': 6, 's': 7, 'i': 1, 't': 2, 'f': 6, 'r': 5, 'e': 8, 'q': 2, 'k': 6, 'u': 8},
	{'b': 1, 'n': 4, 'm': 3, 'g': 6, 'j': 3, 'p': 6, 's': 2, 'i': 1, 't': 3, 'f': 3, 'r': 2, 'e': 3, 'q': 2, 'k': 2, 'u': 8},
	{'b': 5, 'n': 1, 'm': 1, 'g': 3, 'j': 3, 'p': 3, 's': 1, 'i': 1, 't': 1, 'f': 5, 'r': 4, 'e': 9, 'q': 2, 'k': 10, 'u': 2},
	{'b': 1, 'n': 1, 'm': 1, 'g': 3, 'j': 3, 'p': 3, 's': 1, 'i': 1, 't': 1, 'f': 1, 'r': 1, 'e': 2, 'q': 2, 'k': 2, 'u': 2},
}

func dims(word string, size map[rune]int) (shape []int) {
	for _, d := range strings.TrimRight(word, "+#") {
		shape = append(shape, size[d])
	}
	return shape
}

// tensors are random arguments in [−2, 2], none nearer than 0.05 to a kink at 0 and none below 0.05 where it is to be positive.
func (b builder) tensors(dtype tensor.Dtype, size map[rune]int) (all []*tensor.Dense) {
	r := rand.New(rand.NewPCG(5, 6))
	for word := range strings.FieldsSeq(b.args) {
		shape := dims(word, size)
		x := make([]float64, tensor.Shape(shape).TotalSize())
		if strings.HasSuffix(word, "#") {
			for range size['r'] {
				x[r.IntN((len(x)+1)/2)*2]++ // every other bag is empty
			}
			all = append(all, graphtest.Tensor(dtype, x, shape...))
			continue
		}
		for i := range x {
			x[i] = float64(float32(0.05 + 1.95*r.Float64()))
			if !strings.HasSuffix(word, "+") && r.IntN(2) == 0 {
				x[i] = -x[i]
			}
		}
		all = append(all, graphtest.Tensor(dtype, x, shape...))
	}
	return all
}

func (b builder) nodes(g *G.ExprGraph, values []*tensor.Dense) (in G.Nodes) {
	for i, v := range values {
		in = append(in, graphtest.Input(g, fmt.Sprintf("x%d", i), v))
	}
	return in
}

// want is the plain result on float64 arguments, in a dtype.
func (b builder) want(dtype tensor.Dtype, values []*tensor.Dense, size map[rune]int) *tensor.Dense {
	in := make([]array, len(values))
	for i, v := range values {
		in[i] = array{v.Float64s(), v.Shape()[v.Dims()-1]}
	}
	return graphtest.Tensor(dtype, b.plain(in), dims(b.out, size)...)
}

func one(f func(x *G.Node) (*G.Node, error)) func([]*G.Node) (*G.Node, error) {
	return func(in []*G.Node) (*G.Node, error) { return f(in[0]) }
}

func two(f func(x, y *G.Node) (*G.Node, error)) func([]*G.Node) (*G.Node, error) {
	return func(in []*G.Node) (*G.Node, error) { return f(in[0], in[1]) }
}

// builders lists every builder of the package but the random ones.
func builders() (all []builder) {
	for _, c := range []struct {
		transA, transB bool
		args           string
	}{{false, false, "bn nm"}, {true, false, "nb nm"}, {false, true, "bn mn"}, {true, true, "nb mn"}} {
		all = append(all, builder{name: fmt.Sprintf("Gemm(%v,%v)", c.transA, c.transB), args: c.args, out: "bm",
			apply: two(func(a, b *G.Node) (*G.Node, error) { return Gemm(a, b, c.transA, c.transB) }),
			plain: func(in []array) []float64 {
				a, b := in[0], in[1]
				if c.transA {
					a = a.turned()
				}
				if c.transB {
					b = b.turned()
				}
				return product(a, b)
			}})
	}
	for _, trans := range []bool{false, true} {
		all = append(all, builder{name: fmt.Sprintf("Affine(%v)", trans), args: map[bool]string{false: "bn nm m", true: "bn mn m"}[trans], out: "bm",
			apply: func(in []*G.Node) (*G.Node, error) { return Affine(in[0], in[1], in[2], trans) },
			plain: func(in []array) []float64 {
				w := in[1]
				if trans {
					w = w.turned()
				}
				out := product(in[0], w)
				for i := range out {
					out[i] += in[2].x[i%len(in[2].x)]
				}
				return out
			}})
	}
	all = append(all, []builder{
		{name: "MatVec", args: "bn n", out: "b", apply: two(MatVec), plain: func(in []array) []float64 {
			return each(func(x []float64) []float64 { return []float64{dot(x, in[1].x)} })(in)
		}},
		{name: "RowDot", args: "bn bn", out: "b", apply: two(RowDot), plain: func(in []array) (out []float64) {
			for i := range in[0].rows() {
				out = append(out, dot(in[0].row(i), in[1].row(i)))
			}
			return out
		}},
		{name: "Multiply", args: "bn bn", out: "bn", apply: two(Multiply), plain: func(in []array) []float64 {
			out := slices.Clone(in[0].x)
			for i, v := range in[1].x {
				out[i] *= v
			}
			return out
		}},
		{name: "Multiply of one node", args: "bn", out: "bn", apply: one(func(x *G.Node) (*G.Node, error) { return Multiply(x, x) }),
			plain: func(in []array) []float64 {
				out := slices.Clone(in[0].x)
				for i, v := range out {
					out[i] = v * v
				}
				return out
			}},
		{name: "RowDot of one node", args: "bn", out: "b", apply: one(func(x *G.Node) (*G.Node, error) { return RowDot(x, x) }),
			plain: each(func(x []float64) []float64 { return []float64{dot(x, x)} })},
		{name: "ColSum", args: "bn", out: "n", apply: one(ColSum), plain: func(in []array) []float64 { return columns(in, sum) }},
		{name: "ShiftRows", args: "bn n", out: "bn", apply: two(ShiftRows), plain: func(in []array) (out []float64) {
			for i, x := range in[0].x {
				out = append(out, x-in[1].x[i%in[0].cols])
			}
			return out
		}},
		{name: "Combine of matrices", args: "bn bn bn", out: "bn", plain: combined,
			apply: func(in []*G.Node) (*G.Node, error) { return Combine(coefficients[:], in...) }},
		{name: "Combine of vectors", args: "n n n", out: "n", plain: combined,
			apply: func(in []*G.Node) (*G.Node, error) { return Combine(coefficients[:], in...) }},
		{name: "Combine of scalars", args: "n m", out: "", free: []int{0, 1}, plain: func(in []array) []float64 { return []float64{2*mean(in[0].x) - 0.5*mean(in[1].x)} },
			apply: two(func(x, y *G.Node) (*G.Node, error) {
				mx, err := Mean(x)
				if err != nil {
					return nil, err
				}
				my, err := Mean(y)
				if err != nil {
					return nil, err
				}
				return Combine([]float64{2, -0.5}, mx, my)
			})},
		{name: "WeightedMean", args: "b b+", out: "", apply: two(WeightedMean), wrt: []int{0},
			plain: func(in []array) []float64 { return []float64{dot(in[0].x, in[1].x) / sum(in[1].x)} }},
		{name: "Mean", args: "b", out: "", apply: one(Mean), plain: func(in []array) []float64 { return []float64{mean(in[0].x)} }},
		{name: "Sigmoid", args: "bn", out: "bn", apply: one(Sigmoid), plain: elementwise(plainSigmoid), ranks: true},
		{name: "Softplus", args: "bn", out: "bn", apply: one(Softplus), plain: elementwise(plainSoftplus), ranks: true},
		{name: "Tanh", args: "bn", out: "bn", apply: one(Tanh), plain: elementwise(math.Tanh), ranks: true},
		{name: "ReLU", args: "bn", out: "bn", apply: one(ReLU), plain: elementwise(func(x float64) float64 { return max(x, 0) }), ranks: true},
		{name: "Exp", args: "bn", out: "bn", apply: one(Exp), plain: elementwise(math.Exp), ranks: true},
		{name: "AddConstant", args: "bn", out: "bn", plain: elementwise(func(x float64) float64 { return x + 0.3 }), ranks: true,
			apply: one(func(x *G.Node) (*G.Node, error) { return AddConstant(x, 0.3) })},
		{name: "Sigmoid of a vector", args: "n", out: "n", apply: one(Sigmoid), plain: elementwise(plainSigmoid), ranks: true},
		{name: "LogSumExp", args: "bn", out: "b", apply: one(LogSumExp), plain: each(func(x []float64) []float64 { return []float64{logSum(x)} })},
		{name: "Softmax", args: "bn", out: "bn", apply: one(Softmax), plain: each(shares)},
		{name: "CrossEntropy", args: "bn bn+", out: "b", apply: two(CrossEntropy), wrt: []int{0}, plain: func(in []array) (out []float64) {
			for i := range in[0].rows() {
				lse, total := logSum(in[0].row(i)), 0.0
				for j, x := range in[0].row(i) {
					total += in[1].at(i, j) * (lse - x)
				}
				out = append(out, total)
			}
			return out
		}},
		{name: "LayerNorm", args: "bn n n", out: "bn", plain: func(in []array) []float64 {
			return each(func(x []float64) []float64 {
				m, out, v := mean(x), make([]float64, len(x)), 0.0
				for _, xi := range x {
					v += (xi - m) * (xi - m) / float64(len(x))
				}
				for j, xj := range x {
					out[j] = in[1].x[j]*(xj-m)/math.Sqrt(v+0.01) + in[2].x[j]
				}
				return out
			})(in)
		}, apply: func(in []*G.Node) (*G.Node, error) { return LayerNorm(in[0], in[1], in[2], 0.01) }},
		{name: "Pad", args: "bn", out: "bp", plain: each(func(x []float64) []float64 { return append(slices.Clone(x), 0, 0) }),
			apply: one(func(x *G.Node) (*G.Node, error) { return Pad(x, 0, 2) })},
		{name: "Pad before", args: "bn", out: "bp", plain: each(func(x []float64) []float64 { return slices.Concat([]float64{0}, x, []float64{0}) }),
			apply: one(func(x *G.Node) (*G.Node, error) { return Pad(x, 1, 1) })},
		{name: "Cut", args: "bp", out: "bn", plain: each(func(x []float64) []float64 { return x[1 : len(x)-1] }),
			apply: one(func(x *G.Node) (*G.Node, error) { return Cut(x, 1, 1) })},
		{name: "Cut before", args: "bp", out: "bn", plain: each(func(x []float64) []float64 { return x[2:] }),
			apply: one(func(x *G.Node) (*G.Node, error) { return Cut(x, 2, 0) })},
		{name: "EdgeFields", args: "bg j", out: "bg", free: []int{0}, plain: plainEdgeFields,
			apply: two(func(x, w *G.Node) (*G.Node, error) {
				n := 3
				if x != nil && x.Dims() == 2 {
					n = x.Shape()[1]
				}
				return EdgeFields(triangle(n), x, w)
			})},
		{name: "RowSum", args: "bn", out: "b", apply: one(func(x *G.Node) (*G.Node, error) { return RowSum(x, -0.5) }),
			plain: each(func(x []float64) []float64 { return []float64{-0.5 * sum(x)} })},
		{name: "PowerError", args: "bn bn", out: "b", apply: two(func(c, y *G.Node) (*G.Node, error) { return PowerError(c, y, 3) }), wrt: []int{0},
			plain: func(in []array) (out []float64) {
				for i := range in[0].rows() {
					total := 0.0
					for j, c := range in[0].row(i) {
						total += math.Pow((c+1)/2-in[1].at(i, j), 6)
					}
					out = append(out, total)
				}
				return out
			}},
		{name: "SquaredDistance", args: "bn", out: "", ranks: true, plain: func(in []array) (out []float64) {
			total := 0.0
			for _, x := range in[0].x {
				total += (x - 0.3) * (x - 0.3)
			}
			return []float64{total}
		}, apply: one(func(x *G.Node) (*G.Node, error) { return SquaredDistance(x, 0.3) })},
		{name: "AbsoluteSum", args: "n", out: "", apply: one(AbsoluteSum), ranks: true,
			plain: func(in []array) []float64 { return []float64{sum(elementwise(math.Abs)(in))} }},
		{name: "Associate", args: "bn sn sm i", out: "bm", plain: associated,
			apply: func(in []*G.Node) (*G.Node, error) { return Associate(in[0], in[1], in[2], in[3]) }},
		{name: "Associate of one node", args: "bn sn i", out: "bn",
			plain: func(in []array) []float64 { return associated([]array{in[0], in[1], in[1], in[2]}) },
			apply: func(in []*G.Node) (*G.Node, error) { return Associate(in[0], in[1], in[1], in[2]) }},
		{name: "AssociationConjugate", args: "bn sn i", out: "bi",
			plain: func(in []array) []float64 {
				return each(func(row []float64) []float64 { return []float64{logSum(row)} })([]array{associationScores(in)})
			},
			apply: func(in []*G.Node) (*G.Node, error) {
				return AssociationConjugate(AssociationConfig{}, AssociationNodes{Q: in[0], K: in[1], Beta: in[2]})
			}},
	}...)
	all = append(all, couplingBuilders()...)
	all = append(all, conditionalBuilders()...)
	all = append(all, flipRatesBuilders()...)
	all = append(all, bagBuilders...)
	all = append(all, headBuilders...)
	for _, n := range []int{1, 2, 3, 6, 19} {
		for _, rectified := range []bool{false, true} {
			all = append(all, builder{name: fmt.Sprintf("Power(%d,%v)", n, rectified), args: "bn", out: "bn",
				apply: one(func(x *G.Node) (*G.Node, error) { return Power(x, Exponent{n, rectified, 0.5, -2}) }),
				plain: elementwise(func(x float64) float64 {
					if rectified {
						x = max(x, 0)
					}
					return -2 * math.Pow(0.5*x, float64(n))
				})})
		}
	}
	for _, f := range families {
		all = append(all, f.builders(false)...)
		all = append(all, f.builders(true)...)
	}
	return all
}

// builders are the unit ops of a family, with a log-variance or without.
func (f family) builders(scaled bool) (all []builder) {
	batch, name := "b"+f.cols, f.kind.Name
	args := batch
	if scaled {
		args, name = batch+" "+f.cols, name+" with log-variance"
	}
	states := args
	if !f.signed {
		states = strings.Replace(args, batch, batch+"+", 1)
	}
	with := func(op func(units.Kind, *G.Node, *G.Node) (*G.Node, error)) func([]*G.Node) (*G.Node, error) {
		return func(in []*G.Node) (*G.Node, error) {
			if scaled {
				return op(f.kind, in[0], in[1])
			}
			return op(f.kind, in[0], nil)
		}
	}
	plain := func(op func(x, s []float64) []float64) func([]array) []float64 {
		return func(in []array) []float64 {
			s := make([]float64, in[0].cols)
			if scaled {
				s = in[1].x
			}
			return each(func(x []float64) []float64 { return op(x, s) })(in)
		}
	}
	scalar := func(op func(x, s []float64) float64) func([]array) []float64 {
		return plain(func(x, s []float64) []float64 { return []float64{op(x, s)} })
	}
	return []builder{
		{name: "CGF of " + name, args: args, out: "b", apply: with(CGF), plain: scalar(f.cgf)},
		{name: "UnitMean of " + name, args: args, out: batch, apply: with(UnitMean), plain: plain(f.mean)},
		{name: "UnitEnergy of " + name, args: states, out: "b", apply: with(UnitEnergy), plain: scalar(f.energy)},
		{name: "UnitVariance of " + name, args: args, out: batch, apply: with(UnitVariance), wrt: []int{}, plain: plain(func(x, s []float64) []float64 {
			out := make([]float64, len(x))
			f.kind.F64.Variance(out, x, s) // internal/units tests it
			return out
		})},
	}
}

// forEach runs f for every builder in both dtypes and all sizes.
func forEach(t *testing.T, f func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int)) {
	for _, b := range builders() {
		t.Run(b.name, func(t *testing.T) {
			for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				for _, size := range sizes {
					f(t, b, dtype, size)
				}
			}
		})
	}
}
