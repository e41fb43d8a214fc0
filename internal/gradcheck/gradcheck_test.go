package gradcheck

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chewxy/hm"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var dtypes = []tensor.Dtype{tensor.Float64, tensor.Float32}

// dense is a tensor of float64 normal numbers, which are no float32 numbers.
func dense(seed uint64, shape ...int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, tensor.Shape(shape).TotalSize())
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
}

func TestBuiltInOps(t *testing.T) {
	type nodes = []*G.Node
	for name, c := range map[string]Case{
		"matrix product": {
			Inputs: []*tensor.Dense{dense(1, 3, 4), dense(2, 4, 2)},
			Build: func(in nodes) (*G.Node, error) {
				return G.Sum(G.Must(G.Tanh(G.Must(G.Mul(in[0], in[1])))))
			},
		},
		"quadratic form": {
			Inputs: []*tensor.Dense{dense(3, 3), dense(4, 3, 2), dense(5, 2)},
			Build: func(in nodes) (*G.Node, error) {
				return G.Mul(G.Must(G.Mul(in[0], in[1])), in[2])
			},
		},
		"large values": {
			Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1e3, -2e4}))},
			Build:  func(in nodes) (*G.Node, error) { return G.Sum(G.Must(G.Square(in[0]))) },
		},
		"one number": {
			Inputs: []*tensor.Dense{dense(6, 1)},
			Build:  func(in nodes) (*G.Node, error) { return G.Sum(G.Must(G.Exp(in[0]))) },
		},
		"a row broadcast": {
			Inputs: []*tensor.Dense{dense(7, 3, 4), dense(8, 4)},
			Build: func(in nodes) (*G.Node, error) {
				return G.Mean(G.Must(G.Softplus(G.Must(G.BroadcastAdd(in[0], in[1], nil, []byte{0})))))
			},
		},
		"equal inputs": {
			Inputs: []*tensor.Dense{dense(9, 2, 2), dense(9, 2, 2)},
			Build: func(in nodes) (*G.Node, error) {
				return G.Sum(G.Must(G.HadamardProd(in[0], G.Must(G.Sub(in[0], in[1])))))
			},
		},
		"one input of two": {
			Inputs: []*tensor.Dense{dense(10, 3), dense(11, 3)},
			Wrt:    []int{1},
			Build:  func(in nodes) (*G.Node, error) { return G.Mul(G.Must(G.Abs(in[0])), in[1]) },
		},
	} {
		for _, dt := range dtypes {
			t.Run(fmt.Sprintf("%s/%v", name, dt), func(t *testing.T) {
				c.Dtype = dt
				var before [][]float64
				for _, in := range c.Inputs {
					before = append(before, slices.Clone(in.Float64s()))
				}
				require.NoError(t, Check(c))
				for i, in := range c.Inputs {
					require.Equal(t, before[i], in.Float64s(), "the inputs are left as they are")
				}
			})
		}
	}
}

// cube is x³ on a vector; its gradient is 3x²·grad, times wrong.
type cube struct {
	wrong float64
	shape bool // give a gradient of the wrong shape instead
}

func (c cube) Arity() int { return 1 }

func (c cube) Type() hm.Type {
	v := G.TensorType{Dims: 1, Of: hm.TypeVariable('a')}
	return hm.NewFnType(v, v)
}

func (c cube) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	return in[0].(tensor.Shape).Clone(), nil
}

func (c cube) Do(in ...G.Value) (G.Value, error) {
	return tensor.Pow(in[0], map[tensor.Dtype]any{tensor.Float64: 3., tensor.Float32: float32(3)}[in[0].Dtype()])
}

func (c cube) ReturnsPtr() bool      { return false }
func (c cube) CallsExtern() bool     { return false }
func (c cube) OverwritesInput() int  { return -1 }
func (c cube) WriteHash(h hash.Hash) { fmt.Fprint(h, c.String()) }
func (c cube) String() string        { return fmt.Sprintf("cube%v%v", c.wrong, c.shape) }
func (c cube) DiffWRT(int) []bool    { return []bool{true} }

func (c cube) Hashcode() uint32 {
	h := fnv.New32a()
	c.WriteHash(h)
	return h.Sum32()
}

func (c cube) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	var factor any = 3 * c.wrong
	if in[0].Dtype() == tensor.Float32 {
		factor = float32(3 * c.wrong)
	}
	g := G.Must(G.HadamardProd(grad, G.Must(G.Mul(G.NewConstant(factor), G.Must(G.Square(in[0]))))))
	if c.shape {
		g = G.Must(G.Slice(g, G.S(0, 2)))
	}
	return G.Nodes{g}, nil
}

func (c cube) sum(in []*G.Node) (*G.Node, error) {
	out, err := G.ApplyOp(c, in[0])
	if err != nil {
		return nil, err
	}
	return G.Sum(out)
}

func TestWrongGradientIsCaught(t *testing.T) {
	at := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{0.5, -2, 1}))
	for _, dt := range dtypes {
		require.NoError(t, Check(Case{Dtype: dt, Inputs: []*tensor.Dense{at}, Build: cube{wrong: 1}.sum}))
		for _, factor := range []float64{-1, 0, 1.001, 2, math.NaN(), math.Inf(1)} {
			err := Check(Case{Dtype: dt, Inputs: []*tensor.Dense{at}, Build: cube{wrong: factor}.sum})
			require.ErrorIs(t, err, ErrGradient, "factor %v in %v", factor, dt)
		}
		err := Check(Case{Dtype: dt, Inputs: []*tensor.Dense{at}, Build: cube{wrong: 2}.sum})
		require.ErrorContains(t, err, "6 of 6 components miss by more than")
		require.ErrorContains(t, err, "input 0 at [1]: Grad on the tape machine gives 24, differences give 12.0")

		err = Check(Case{Dtype: dt, Inputs: []*tensor.Dense{at}, Build: cube{wrong: 1, shape: true}.sum})
		require.ErrorIs(t, err, ErrGradient)
		require.ErrorContains(t, err, "has shape (2)")
	}
}

// A gradient of Gorgonia's own that is known to be wrong.
func TestKnownWrongGradientIsCaught(t *testing.T) {
	x := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{0.5, 2}))
	build := func(in []*G.Node) (*G.Node, error) { return G.Sum(G.Must(G.InverseSqrt(in[0]))) }
	for _, dt := range dtypes {
		require.ErrorIs(t, Check(Case{Dtype: dt, Inputs: []*tensor.Dense{x}, Build: build}), ErrGradient)
	}
}

func TestStepAndTolerance(t *testing.T) {
	c := Case{Dtype: tensor.Float64, Inputs: []*tensor.Dense{dense(12, 3)}, Build: cube{wrong: 1}.sum}
	// The central difference of x³ is 3x² + h², so that a step of 0.1 misses by 0.01.
	c.Step = 0.1
	require.ErrorIs(t, Check(c), ErrGradient)
	c.Tolerance = 0.05
	require.NoError(t, Check(c))
	c.Step, c.Tolerance = 0, 1e-14
	require.ErrorIs(t, Check(c), ErrGradient)
}

func TestRefusals(t *testing.T) {
	vector := func() []*tensor.Dense { return []*tensor.Dense{dense(13, 3)} }
	sum := func(in []*G.Node) (*G.Node, error) { return G.Sum(in[0]) }
	transposed := dense(14, 2, 3)
	require.NoError(t, transposed.T())
	for name, c := range map[string]Case{
		"dtype is":                          {Inputs: vector(), Build: sum},
		"dtype is int":                      {Dtype: tensor.Int, Inputs: vector(), Build: sum},
		"no Build function":                 {Dtype: tensor.Float64, Inputs: vector()},
		"input 0 has shape ()":              {Dtype: tensor.Float64, Inputs: []*tensor.Dense{tensor.New(tensor.FromScalar(1.))}, Build: sum},
		"dtype int":                         {Dtype: tensor.Float64, Inputs: []*tensor.Dense{tensor.New(tensor.WithBacking([]int{1, 2}))}, Build: sum},
		"input 0 is a view":                 {Dtype: tensor.Float64, Inputs: []*tensor.Dense{transposed}, Build: sum},
		"wrt names input 1 of 1":            {Dtype: tensor.Float64, Inputs: vector(), Build: sum, Wrt: []int{1}},
		"no inputs to differentiate":        {Dtype: tensor.Float64, Inputs: vector(), Build: sum, Wrt: []int{}},
		"want positive numbers":             {Dtype: tensor.Float64, Inputs: vector(), Build: sum, Step: -1},
		"cost has shape (3)":                {Dtype: tensor.Float64, Inputs: vector(), Build: func(in []*G.Node) (*G.Node, error) { return G.Exp(in[0]) }},
		"the built cost is no node":         {Dtype: tensor.Float64, Inputs: vector(), Build: func([]*G.Node) (*G.Node, error) { return nil, nil }},
		"building in float64: out of paper": {Dtype: tensor.Float64, Inputs: vector(), Build: func([]*G.Node) (*G.Node, error) { return nil, errors.New("out of paper") }},
		"differentiating: ":                 {Dtype: tensor.Float64, Inputs: append(vector(), dense(15, 2)), Build: sum},
	} {
		err := Check(c)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "gradcheck: Check: ")
		require.NotErrorIs(t, err, ErrGradient)
	}
}
