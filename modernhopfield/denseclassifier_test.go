package modernhopfield_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// reals are numbers in [−1, 1].
func reals(seed uint64, n int) []float64 {
	r, x := rand.New(rand.NewPCG(seed, 3)), make([]float64, n)
	for i := range x {
		x[i] = float64(float32(2*r.Float64() - 1))
	}
	return x
}

func classifier(t *testing.T, c modernhopfield.DenseClassifierConfig) *modernhopfield.DenseClassifier {
	l, err := modernhopfield.NewDenseClassifier("net", c)
	require.NoError(t, err)
	return l
}

var classifierInteractions = []energy.Interaction{energy.RectifiedPower(2), energy.RectifiedPower(3), energy.Power(3), energy.Power(4), energy.RectifiedPower(20)}

// The output is the energy difference to first order in the votes: with all label units at 0 and label α a small step to either side,
// Σ_μ F(h_μ + εζ_μα) − F(h_μ − εζ_μα) is ε Tⁿ times what the hyperbolic tangent is taken of.
func TestDenseClassifierIsTheDual(t *testing.T) {
	const b, inputs, k, classes, temperature, eps = 4, 6, 5, 3, 1.5, 1e-5
	for _, f := range classifierInteractions {
		l := classifier(t, modernhopfield.DenseClassifierConfig{
			Inputs: inputs, Classes: classes, Memories: k, Interaction: f, Temperature: temperature, InitDeviation: 0.4, Dtype: tensor.Float64,
		})
		xi, zeta, x := l.Memories().Float64s(), l.Labels().Float64s(), reals(1, b*inputs)
		var want []float64
		for row := range b {
			for alpha := range classes {
				difference := 0.0
				for mu := range k {
					h := 0.0
					for j := range inputs {
						h += xi[mu*inputs+j] * x[row*inputs+j]
					}
					difference += f.At(h+eps*zeta[mu*classes+alpha]) - f.At(h-eps*zeta[mu*classes+alpha])
				}
				want = append(want, math.Tanh(difference/eps/math.Pow(temperature, float64(f.Degree()))))
			}
		}
		graphtest.Run(t, 1e-6, func(g *G.ExprGraph) G.Nodes {
			return G.Nodes{G.Must(l.Forward(graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, x, b, inputs))))}
		}, graphtest.Tensor(tensor.Float64, want, b, classes))
	}
}

func TestDenseClassifierGradient(t *testing.T) {
	const b, inputs, k, classes = 3, 5, 4, 2
	for _, f := range classifierInteractions {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			require.NoError(t, gradcheck.Check(gradcheck.Case{
				Dtype: dtype,
				Inputs: []*tensor.Dense{
					graphtest.Tensor(dtype, reals(1, b*inputs), b, inputs), graphtest.Tensor(dtype, reals(2, k*inputs), k, inputs),
					graphtest.Tensor(dtype, reals(3, k*classes), k, classes),
				},
				Build: func(in []*G.Node) (*G.Node, error) {
					l, err := modernhopfield.NewDenseClassifier("net", modernhopfield.DenseClassifierConfig{
						Inputs: inputs, Classes: classes, Memories: k, Interaction: f, Temperature: 2, Dtype: in[0].Dtype(),
					})
					if err != nil {
						return nil, err
					}
					y, err := l.ForwardWith(in[0], in[1], in[2])
					if err != nil {
						return nil, err
					}
					targets := graphtest.Input(in[0].Graph(), "t", graphtest.Tensor(in[0].Dtype(), []float64{1, 0, 0, 1, 1, 0}, b, classes))
					rows, err := modernhopfield.DenseCost(3)(y, targets)
					if err != nil {
						return nil, err
					}
					return G.Sum(rows)
				},
			}), "%v %v", f, dtype)
		}
	}
}

// At the corners of the box, with all votes for one side, degrees 20 and 30 stay finite in float32, with their gradients.
func TestDenseClassifierDoesNotOverflow(t *testing.T) {
	const inputs, k, classes = 784, 50, 10
	for _, degree := range []int{2, 3, 20, 30} {
		l := classifier(t, modernhopfield.DenseClassifierConfig{
			Inputs: inputs, Classes: classes, Memories: k, Interaction: energy.RectifiedPower(degree), Temperature: 250,
		})
		ones := make([]float64, k*inputs)
		for i := range ones {
			ones[i] = 1
		}
		require.NoError(t, l.Memories().Set(ones))
		require.NoError(t, l.Labels().Set(ones[:k*classes]))
		for _, sign := range []float64{1, -1, 0.2} {
			g := G.NewGraph()
			x := make([]float64, inputs)
			for i := range x {
				x[i] = sign
			}
			in := graphtest.Input(g, "x", graphtest.Tensor(tensor.Float32, x, 1, inputs))
			targets := graphtest.Input(g, "t", graphtest.Tensor(tensor.Float32, []float64{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1, classes))
			votes := G.Must(l.Votes(in))
			cost := G.Must(G.Sum(G.Must(modernhopfield.DenseCost(30)(G.Must(l.Forward(in)), targets))))
			grads, err := G.Grad(G.Must(G.Add(cost, G.Must(G.Sum(votes)))), append(layers.Learnables(g, l), in)...)
			require.NoError(t, err)
			for _, values := range graphtest.Value(t, append(grads, cost, votes)...) {
				for _, v := range values {
					require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "degree %d", degree)
				}
			}
		}
	}
	_, err := modernhopfield.NewDenseClassifier("net", modernhopfield.DenseClassifierConfig{
		Inputs: inputs, Classes: classes, Memories: k, Interaction: energy.RectifiedPower(20), Temperature: 7,
	})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "raise Temperature")
}

// prototypes are noisy copies of one random pattern a class.
func prototypes(rows, inputs, classes int, dtype tensor.Dtype) (x *tensor.Dense, labels []int) {
	patterns, r := randomSpins(8, classes, inputs), rand.New(rand.NewPCG(4, 4))
	var data []float64
	for i := range rows {
		labels = append(labels, i%classes)
		for j := range inputs {
			v := patterns[i%classes*inputs+j]
			if r.Float64() < 0.15 {
				v = -v
			}
			data = append(data, v)
		}
	}
	return graphtest.Tensor(dtype, data, rows, inputs), labels
}

func TestDenseClassifierLearns(t *testing.T) {
	const rows, inputs, classes = 300, 40, 4
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		x, labels := prototypes(rows, inputs, classes, dtype)
		targets, err := training.OneHot(labels, classes)
		require.NoError(t, err)
		for _, c := range []struct {
			degree      int
			temperature float64
			imprint     bool
			rate        float64
		}{{2, 0, false, 0.01}, {3, 0, false, 0.01}, {20, 20, true, 0.01}} {
			l := classifier(t, modernhopfield.DenseClassifierConfig{
				Inputs: inputs, Classes: classes, Memories: 20, Interaction: energy.RectifiedPower(c.degree), Temperature: c.temperature, Dtype: dtype,
			})
			if c.imprint {
				require.NoError(t, l.Imprint(x, labels, modernhopfield.Imprint{Noise: 0.3, Seed: 1}))
			}
			report, err := training.Supervised{
				Solver: training.Box{Solver: training.Adam{Rate: c.rate, Epsilon: 1e-12}, Bound: 1}, Epochs: 30, Batch: 20, Seed: 1, Cost: modernhopfield.DenseCost(2),
				Validation: x, ValidationTargets: targets,
			}.Fit(t.Context(), l, x, targets)
			require.NoError(t, err)
			require.Less(t, report.Last().ValidationError, 0.02, "degree %d in %v", c.degree, dtype)
			for _, p := range l.Params() {
				for _, v := range p.Float64s() {
					require.LessOrEqual(t, math.Abs(v), 1.0)
				}
			}

			path := filepath.Join(t.TempDir(), "net")
			require.NoError(t, layers.Save(path, l))
			back, err := layers.Load(path)
			require.NoError(t, err)
			require.Equal(t, l.Config(), back.(*modernhopfield.DenseClassifier).Config())
			want, err := training.Predict(t.Context(), l, x)
			require.NoError(t, err)
			got, err := training.Predict(t.Context(), back, x)
			require.NoError(t, err)
			require.Equal(t, want.Data(), got.Data())
		}
	}
}

func TestImprint(t *testing.T) {
	x, labels := prototypes(5, 6, 2, tensor.Float64)
	l := classifier(t, modernhopfield.DenseClassifierConfig{Inputs: 6, Classes: 2, Memories: 7})
	require.NoError(t, l.Imprint(x, labels, modernhopfield.Imprint{Scale: 0.25, Vote: 0.5}))
	found, memories, votes := map[int]int{}, l.Memories().Float64s(), l.Labels().Float64s()
	for mu := range 7 {
		for row := range 5 {
			same := true
			for j := range 6 {
				same = same && memories[mu*6+j] == 0.25*x.Float64s()[row*6+j]
			}
			if same && votes[mu*2+labels[row]] == 0.5 && votes[mu*2+1-labels[row]] == -0.5 {
				found[row]++
				break
			}
		}
	}
	require.Len(t, found, 5, "each row is there, two of them twice")
	before := l.Memories().Float64s()
	for i, c := range []struct {
		x      *tensor.Dense
		labels []int
		c      modernhopfield.Imprint
		want   error
	}{
		{nil, labels, modernhopfield.Imprint{}, energy.ErrShape},
		{spinTensor(reals(1, 10), 5), []int{0, 1}, modernhopfield.Imprint{}, energy.ErrShape},
		{x, labels[:4], modernhopfield.Imprint{}, energy.ErrShape},
		{x, []int{0, 1, 2, 0, 1}, modernhopfield.Imprint{}, energy.ErrRange},
		{spinTensor([]float64{0, 0, 0, 0, 0, 2}, 6), []int{0}, modernhopfield.Imprint{}, energy.ErrRange},
		{x, labels, modernhopfield.Imprint{Scale: 2}, energy.ErrConfig},
		{x, labels, modernhopfield.Imprint{Vote: -1}, energy.ErrConfig},
		{x, labels, modernhopfield.Imprint{Noise: math.NaN()}, energy.ErrConfig},
	} {
		require.ErrorIs(t, l.Imprint(c.x, c.labels, c.c), c.want, "%d", i)
		require.Equal(t, before, l.Memories().Float64s())
	}
}

func TestDenseClassifierRefuses(t *testing.T) {
	good := modernhopfield.DenseClassifierConfig{Inputs: 4, Classes: 2, Memories: 3}
	for i, spoil := range []func(c *modernhopfield.DenseClassifierConfig){
		func(c *modernhopfield.DenseClassifierConfig) { c.Inputs = 0 },
		func(c *modernhopfield.DenseClassifierConfig) { c.Classes = -1 },
		func(c *modernhopfield.DenseClassifierConfig) { c.Memories = 1 << 40 },
		func(c *modernhopfield.DenseClassifierConfig) { c.Interaction = energy.Power(1) },
		func(c *modernhopfield.DenseClassifierConfig) { c.Interaction = energy.Exponential() },
		func(c *modernhopfield.DenseClassifierConfig) { c.Temperature = -1 },
		func(c *modernhopfield.DenseClassifierConfig) { c.Temperature = math.NaN() },
		func(c *modernhopfield.DenseClassifierConfig) { c.InitDeviation = math.Inf(1) },
	} {
		c := good
		spoil(&c)
		_, err := modernhopfield.NewDenseClassifier("net", c)
		require.ErrorIs(t, err, energy.ErrConfig, "%d", i)
		require.ErrorContains(t, err, `modernhopfield: DenseClassifier "net": `)
	}
	c := good
	c.Dtype = tensor.Int
	_, err := modernhopfield.NewDenseClassifier("net", c)
	require.ErrorIs(t, err, energy.ErrDtype)
	_, err = modernhopfield.NewDenseClassifier("a b", good)
	require.ErrorIs(t, err, energy.ErrConfig)

	l, g := classifier(t, good), G.NewGraph()
	_, err = l.Forward(nil)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = l.Forward(graphtest.Input(g, "x", graphtest.Tensor(tensor.Float32, reals(1, 6), 2, 3)))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = l.Forward(graphtest.Input(g, "y", graphtest.Tensor(tensor.Float64, reals(1, 8), 2, 4)))
	require.ErrorIs(t, err, energy.ErrDtype)
	y := graphtest.Input(g, "z", graphtest.Tensor(tensor.Float32, reals(1, 8), 2, 4))
	_, err = modernhopfield.DenseCost(0)(y, y)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = modernhopfield.DenseCost(1)(y, nil)
	require.ErrorIs(t, err, energy.ErrShape)
}

// Descriptions in files are believed no further than their tensors, and errors are errors.
func TestDenseClassifierFromBrokenFiles(t *testing.T) {
	for _, config := range []string{
		`{}`, `{"inputs":4,"classes":2,"memories":3,"dtype":"float32"}`, `{"inputs":1073741824,"classes":1073741824,"memories":1073741824,"dtype":"float64"}`,
		`{"inputs":4,"classes":2,"memories":3,"interaction":{"family":"Cubic"},"dtype":"float32"}`, `{"inputs":4,"classes":2,"memories":3,"dtype":"int"}`,
		`{"inputs":4,"classes":2,"memories":3,"dtype":"float32","more":1}`, `{"inputs":-4,"classes":2,"memories":3,"dtype":"float32"}`, `[]`, `{`,
	} {
		_, err := layers.Decode([]byte(`{"kind":"dense_classifier","name":"net","config":`+config+`}`), &modelfile.File{})
		require.Error(t, err, config)
	}
}
