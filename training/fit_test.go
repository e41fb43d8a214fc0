package training_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// must is for what a test only prepares; it panics, so that a child process without a testing.T can use it.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// matrix is a tensor of a dtype whose number (i, j) is f(i, j).
func matrix(dtype tensor.Dtype, rows, columns int, f func(i, j int) float64) *tensor.Dense {
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(rows, columns))
	for i := range rows {
		for j := range columns {
			switch data := t.Data().(type) {
			case []float32:
				data[i*columns+j] = float32(f(i, j))
			case []float64:
				data[i*columns+j] = f(i, j)
			}
		}
	}
	return t
}

// fromRows is the tensor of rows.
func fromRows(rows [][]float64) *tensor.Dense {
	return matrix(tensor.Float64, len(rows), len(rows[0]), func(i, j int) float64 { return rows[i][j] })
}

// bits, greys and normals are random rows: 0 or 1, in [0, 1), and standard normal.
func bits(seed uint64, rows, columns int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 1))
	return matrix(tensor.Float64, rows, columns, func(int, int) float64 { return float64(r.IntN(2)) })
}

func greys(seed uint64, rows, columns int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 2))
	return matrix(tensor.Float64, rows, columns, func(int, int) float64 { return r.Float64() })
}

func normals(seed uint64, rows, columns int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 3))
	return matrix(tensor.Float64, rows, columns, func(int, int) float64 { return r.NormFloat64() })
}

// options are what the tests vary about one and the same run.
type options struct {
	ctx        context.Context // nil for one that never ends
	epochs     int             // 0 means 3
	checkpoint string
	every      int
	resume     bool
	observe    func(training.Epoch) error
	progress   io.Writer
	scramble   bool // start from other parameters, which a resumed run must replace
}

// fitCase is a small run with everything fixed but options: a new model each time, as in a new process.
type fitCase struct {
	name  string
	dtype tensor.Dtype
	run   func(o options) (*training.Report, layers.Layer, error)
}

func (o options) withDefaults() options {
	if o.ctx == nil {
		o.ctx = context.Background()
	}
	if o.epochs == 0 {
		o.epochs = 3
	}
	return o
}

func scramble(l layers.Layer) {
	for _, p := range l.Params() {
		x := p.Float64s()
		for i := range x {
			if x[i] != 0 || !strings.HasSuffix(p.Name(), ".W") { // the diagonal of couplings stays 0
				x[i] = x[i]/2 + 0.01
			}
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}

func contrastiveCase(name string, config layers.RBMConfig, fit training.Contrastive, data *tensor.Dense) fitCase {
	return fitCase{fmt.Sprintf("%s/%v", name, config.Dtype), config.Dtype, func(o options) (*training.Report, layers.Layer, error) {
		o = o.withDefaults()
		config.Seed = 3
		if config.InitDeviation == 0 {
			config.InitDeviation = 0.3
		}
		m := must(layers.NewRBM("rbm", config))
		if o.scramble {
			scramble(m)
		}
		fit := fit
		fit.Seed, fit.Epochs, fit.Checkpoint, fit.CheckpointEvery, fit.Resume = 5, o.epochs, o.checkpoint, o.every, o.resume
		fit.Observe, fit.Progress = o.observe, o.progress
		if fit.Batch == 0 {
			fit.Batch = 5
		}
		report, err := fit.Fit(o.ctx, m, data)
		return report, m, err
	}}
}

func supervisedCase(name string, dtype tensor.Dtype, model func() layers.Layer, fit training.Supervised, x, y *tensor.Dense) fitCase {
	return fitCase{fmt.Sprintf("%s/%v", name, dtype), dtype, func(o options) (*training.Report, layers.Layer, error) {
		o = o.withDefaults()
		m := model()
		if o.scramble {
			scramble(m)
		}
		fit := fit
		fit.Seed, fit.Epochs, fit.Checkpoint, fit.CheckpointEvery, fit.Resume = 5, o.epochs, o.checkpoint, o.every, o.resume
		fit.Observe, fit.Progress = o.observe, o.progress
		if fit.Batch == 0 {
			fit.Batch = 5
		}
		report, err := fit.Fit(o.ctx, m, x, y)
		return report, m, err
	}}
}

func bagsCase(name string, dtype tensor.Dtype, model func() layers.BagLayer, fit training.Supervised, x training.Bags, y *tensor.Dense) fitCase {
	return fitCase{fmt.Sprintf("%s/%v", name, dtype), dtype, func(o options) (*training.Report, layers.Layer, error) {
		o = o.withDefaults()
		m := model()
		if o.scramble {
			scramble(m)
		}
		fit := fit
		fit.Seed, fit.Epochs, fit.Checkpoint, fit.CheckpointEvery, fit.Resume = 5, o.epochs, o.checkpoint, o.every, o.resume
		fit.Observe, fit.Progress, fit.Batch = o.observe, o.progress, 5
		report, err := fit.FitBags(o.ctx, m, x, y)
		return report, m, err
	}}
}

func objectiveCase(name string, dtype tensor.Dtype, layer func() objectiveLayer, fit training.Objective, data *tensor.Dense) fitCase {
	return fitCase{fmt.Sprintf("%s/%v", name, dtype), dtype, func(o options) (*training.Report, layers.Layer, error) {
		o = o.withDefaults()
		m := layer()
		if o.scramble {
			scramble(m)
		}
		fit := fit
		fit.Of = m.ProbabilityFlow
		if fit.Maximize {
			fit.Of = m.PseudoLikelihood
		}
		fit.Seed, fit.Epochs, fit.Checkpoint, fit.CheckpointEvery, fit.Resume = 5, o.epochs, o.checkpoint, o.every, o.resume
		fit.Observe, fit.Progress, fit.Batch = o.observe, o.progress, 5
		report, err := fit.Fit(o.ctx, m, data)
		return report, m, err
	}}
}

type objectiveLayer interface {
	layers.Layer
	PseudoLikelihood(v *G.Node) (*G.Node, error)
	ProbabilityFlow(v *G.Node) (*G.Node, error)
}

func linear(name string, in, out int, dtype tensor.Dtype) layers.Layer {
	return must(layers.NewLinear(name, layers.LinearConfig{In: in, Out: out, Seed: 1, Dtype: dtype}))
}

func sequential(all ...layers.Layer) layers.Layer { return must(layers.NewSequential("net", all...)) }

// weightsOf are row weights with zeros and a fraction among them.
func weightsOf(rows int) []float64 {
	w := make([]float64, rows)
	for i := range w {
		w[i] = []float64{1, 2, 0, 0.5}[i%4]
	}
	return w
}

// fitCases are one run or more of every setting that a resumed run could get wrong. Each has 22 rows in batches of 5.
func fitCases() []fitCase {
	var all []fitCase
	const n = 22
	halfwayUp := training.Steps(map[int]float64{0: 0.5, 1: 0.9})
	for _, dt := range dtypes {
		binary := layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5), Dtype: dt}
		centered := binary
		centered.Centered = true
		all = append(all,
			contrastiveCase("CD, momentum", binary, training.Contrastive{
				Negative: sampling.CD{Steps: 2}, Solver: training.SGD{Rate: 0.1, Momentum: 0.5}, Momentum: halfwayUp, L2: 0.01,
			}, bits(1, n, 6)),
			contrastiveCase("CD, Nesterov, centered, stochastic, weights", centered, training.Contrastive{
				Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1, Momentum: 0.5, Nesterov: true}, Convention: training.Stochastic,
				Weights: weightsOf(n), OffsetRate: 0.1,
			}, greys(1, n, 6)),
			contrastiveCase("PCD, Adam, centered, schedules", centered, training.Contrastive{
				Negative: sampling.PCD{Chains: 7}, Solver: training.Adam{Rate: 0.05}, Rate: training.Linear(0.05, 0, 4),
				Steps: training.Steps(map[int]float64{0: 1, 1: 3}), InitBias: true,
			}, bits(2, n, 6)),
			contrastiveCase("PCD, AdamW, Spin, sparsity, L1", layers.RBMConfig{Visible: energy.Spin(6), Hidden: energy.Bernoulli(5), Dtype: dt}, training.Contrastive{
				Negative: sampling.PCD{Steps: 2, Chains: 4}, Solver: training.AdamW{Rate: 0.05, Decay: 0.1}, L1: 0.01, SparsityTarget: 0.1, SparsityCost: 0.5,
			}, bits(3, n, 6)),
			contrastiveCase("PCD, measured mixing times", binary, training.Contrastive{
				Negative: sampling.PCD{Chains: 12}, Solver: training.SGD{Rate: 0.1}, Steps: training.Steps(map[int]float64{0: 100, 1: 230}),
			}, bits(6, n, 6)),
			contrastiveCase("Exact, SGD, OneHot", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.OneHot(2, 3), Dtype: dt}, training.Contrastive{
				Negative: sampling.Exact{}, Solver: training.SGD{Rate: 0.1}, Rate: training.Exponential(0.1, 0.5),
			}, bits(4, n, 6)),
			contrastiveCase("Exact, Adam, centered", centered, training.Contrastive{
				Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.05}, Weights: weightsOf(n), SparsityTarget: 0.2, SparsityCost: 0.1,
			}, bits(5, n, 6)),
			contrastiveCase("CD, Adam, learned variance", layers.RBMConfig{Visible: energy.LearnedGaussian(6, 1), Hidden: energy.Bernoulli(5), Dtype: dt}, training.Contrastive{
				Negative: sampling.CD{Steps: 3}, Solver: training.Adam{Rate: 0.02}, Validation: normals(9, 4, 6),
			}, normals(1, n, 6)),
			contrastiveCase("PCD, joined units", layers.RBMConfig{
				Visible: energy.Join(energy.Bernoulli(3), energy.LearnedGaussian(3, 1)), Hidden: energy.Spin(4), Dtype: dt, Centered: true,
			}, training.Contrastive{
				Negative: sampling.PCD{Chains: 3}, Solver: training.SGD{Rate: 0.02, Momentum: 0.8}, Convention: training.Threshold,
			}, greys(6, n, 6)),
			contrastiveCase("PCD, Adam, missing values, stochastic", centered, training.Contrastive{
				Negative: sampling.PCD{Chains: 4}, Solver: training.Adam{Rate: 0.05}, Convention: training.Stochastic, InitBias: true,
				Missing: true, MissingSteps: 2, Weights: weightsOf(n), Validation: holed(3, greys(8, 4, 6), 0.2),
			}, holed(2, greys(9, n, 6), 0.3)),
			contrastiveCase("CD, SGD, missing values, joined units", layers.RBMConfig{
				Visible: energy.Join(energy.Spin(3), energy.LearnedGaussian(3, 1)), Hidden: energy.Bernoulli(4), Dtype: dt,
			}, training.Contrastive{
				Negative: sampling.CD{Steps: 2}, Solver: training.SGD{Rate: 0.02, Momentum: 0.5}, Missing: true,
			}, holed(4, greys(10, n, 6), 0.3)),
			supervisedCase("dropout, Adam, weights", dt, func() layers.Layer {
				return sequential(linear("one", 6, 7, dt), layers.ReLU(), must(layers.NewDropout("dropout", 0.5, 1)), linear("two", 7, 3, dt))
			}, training.Supervised{
				Solver: training.Adam{Rate: 0.02}, Weights: weightsOf(n), Validation: normals(8, 6, 6), ValidationTargets: classes(6, 3),
			}, normals(7, n, 6), classes(n, 3)),
			supervisedCase("stochastic units after an RBM, Nesterov, penalties", dt, func() layers.Layer {
				rbm := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5), Seed: 1, Dtype: dt, Centered: true}))
				return sequential(rbm, must(layers.NewStochasticBernoulli("draw", 2)), linear("head", 5, 3, dt))
			}, training.Supervised{
				Solver: training.SGD{Rate: 0.1, Momentum: 0.5, Nesterov: true}, Momentum: halfwayUp, Rate: training.Linear(0.1, 0, 4), L1: 0.001, L2: 0.01,
			}, bits(7, n, 6), classes(n, 3)),
			supervisedCase("squared error, AdamW", dt, func() layers.Layer {
				return sequential(linear("one", 6, 4, dt), must(layers.NewLayerNorm("norm", layers.LayerNormConfig{Size: 4, Dtype: dt})), layers.Tanh(), linear("two", 4, 2, dt))
			}, training.Supervised{
				Solver: training.AdamW{Rate: 0.01, Decay: 0.1}, Cost: layers.SquaredErrorRows,
			}, normals(11, n, 6), normals(12, n, 2)),
			bagsCase("bags, Adam, clipped, weights", dt, func() layers.BagLayer {
				return bagNet(linear("one", 6, 7, dt), layers.ReLU(), must(layers.NewDropout("dropout", 0.5, 1)), meanPool{}, linear("two", 7, 3, dt))
			}, training.Supervised{
				Solver: training.Adam{Rate: 0.02}, Weights: weightsOf(n), ClipNorm: 0.2, ValidationBags: bagsOf(8, 6, 6), ValidationTargets: classes(6, 3),
			}, bagsOf(7, n, 6), classes(n, 3)),
			bagsCase("bags, SGD", dt, func() layers.BagLayer {
				return bagNet(linear("one", 6, 4, dt), must(layers.NewLayerNorm("norm", layers.LayerNormConfig{Size: 4, Dtype: dt})), meanPool{}, linear("two", 4, 3, dt))
			}, training.Supervised{Solver: training.SGD{Rate: 0.1}, L2: 0.01}, bagsOf(9, n, 6), classes(n, 3)),
			supervisedCase("sets of instances, SGD, clipped", dt, func() layers.Layer {
				return bagNet(linear("one", 3, 4, dt), layers.Tanh(), meanPool{}, linear("two", 4, 3, dt))
			}, training.Supervised{
				Solver: training.SGD{Rate: 0.1}, ClipNorm: 0.1, Validation: cube(normals(8, 6, 6), 2), ValidationTargets: classes(6, 3),
			}, cube(normals(7, n, 6), 2), classes(n, 3)),
			objectiveCase("pseudo-likelihood, Adam, centered, stochastic, weights", dt, func() objectiveLayer {
				return must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5), Seed: 1, InitDeviation: 0.3, Dtype: dt, Centered: true}))
			}, training.Objective{
				Maximize: true, Solver: training.Adam{Rate: 0.02}, Weights: weightsOf(n), Convention: training.Stochastic, L2: 0.01, Validation: greys(8, 6, 6),
			}, greys(7, n, 6)),
			objectiveCase("probability flow, momentum, clipped", dt, func() objectiveLayer {
				return must(layers.NewHopfield("net", layers.HopfieldConfig{Units: energy.Bernoulli(6), Seed: 1, Dtype: dt}))
			}, training.Objective{
				Solver: training.SGD{Rate: 0.1, Momentum: 0.5}, Momentum: halfwayUp, Rate: training.Linear(0.1, 0, 4), ClipNorm: 0.5,
			}, bits(9, n, 6)),
		)
	}
	return all
}

// classes are one-hot rows of the classes 0, 1, 2, … in turn.
func classes(rows, count int) *tensor.Dense {
	labels := make([]int, rows)
	for i := range labels {
		labels[i] = i % count
	}
	return must(training.OneHot(labels, count))
}

// values copies the parameters of a layer, exactly: float32 fits into float64.
func values(l layers.Layer) [][]float64 {
	var all [][]float64
	for _, p := range l.Params() {
		all = append(all, p.Float64s())
	}
	return all
}

// stopAfter is a context that ends after so many looks at it. Training looks once before each step.
type stopAfter struct {
	context.Context
	left int
}

func (s *stopAfter) Err() error {
	if s.left == 0 {
		return context.Canceled
	}
	s.left--
	return nil
}

func stopAt(steps int) context.Context { return &stopAfter{context.Background(), steps} }

// state is the whole content of a checkpoint, bit for bit, as text: parameters, solver, chains, history, position, fingerprint.
// Only the time that epochs took is left out.
func state(path string) string {
	file := must(modelfile.Read(path))
	var b strings.Builder
	for _, t := range file.Tensors {
		fmt.Fprintf(&b, "%s %v", t.Name, t.Shape)
		switch data := t.Data.(type) {
		case []float32:
			for _, x := range data {
				fmt.Fprintf(&b, " %08x", math.Float32bits(x))
			}
		case []float64:
			for i, x := range data {
				if columns := t.Shape[len(t.Shape)-1]; t.Name == "history" && i%columns == columns-1 {
					continue
				}
				fmt.Fprintf(&b, " %016x", math.Float64bits(x))
			}
		}
		b.WriteByte('\n')
	}
	b.Write(must(json.Marshal(file.Meta)))
	return b.String()
}

// untimed is a report's history without the time that epochs took, as text, in which NaN equals NaN.
func untimed(r *training.Report) string {
	var b strings.Builder
	for _, e := range r.Epochs {
		e.Elapsed = 0
		fmt.Fprintf(&b, "%+v\n", e)
	}
	return b.String()
}

func TestCasesDiffer(t *testing.T) {
	names := map[string]bool{}
	for _, c := range fitCases() {
		require.False(t, names[c.name], c.name)
		names[c.name] = true
	}
}
