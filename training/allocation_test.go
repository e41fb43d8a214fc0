package training

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// mallocs counts the allocations of many runs on two cores. (testing.AllocsPerRun runs on one.)
func mallocs(t *testing.T, runs int, f func()) int {
	if race.Enabled {
		t.Skip("sync.Pool leaks under the race detector")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for range runs {                                 // until each core's pools hold scratch memory of the largest size
		f()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return int(after.Mallocs - before.Mallocs)
}

// few are allocations of the runtime's own, and of a worker that borrows scratch memory for the first time.
const few = 30

// Once the first steps have made the buffers, a step of training allocates nothing. The machine is large enough for its
// products to be shared out.
func TestContrastiveStepAllocatesNothing(t *testing.T) {
	const rows, batch, visible, hidden = 300, 100, 64, 80
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		x := tensor.New(tensor.Of(dtype), tensor.WithShape(rows, visible))
		setFloats(x, randomBits(rows*visible))
		for _, c := range []Contrastive{
			{Negative: sampling.CD{}, Solver: SGD{Rate: 0.1}},
			{Negative: sampling.CD{Steps: 3}, Solver: SGD{Rate: 0.1, Momentum: 0.5}, L1: 1e-4, L2: 1e-4},
			{Negative: sampling.PCD{Chains: 10}, Solver: Adam{Rate: 0.01}, SparsityTarget: 0.1, SparsityCost: 0.1, Convention: Stochastic},
		} {
			for _, centered := range []bool{false, true} {
				m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(visible), Hidden: energy.Bernoulli(hidden), Dtype: dtype, Centered: centered, Seed: 1})
				require.NoError(t, err)
				source, err := newTensorSource(x, m.Visible(), c.Convention, 1)
				require.NoError(t, err)
				f := &contrastiveFit{Contrastive: c, model: m, source: source, offsetRate: 0.01, plans: map[[2]int]*contrastivePlan{}}
				require.NoError(t, f.startPhase())
				stepper, err := c.Solver.New()
				require.NoError(t, err)
				order, step := between(0, rows), uint64(0)
				update := func() {
					at := int(step) * batch % rows
					_, err := f.update(stepper, order[at:at+batch], 0, step)
					require.NoError(t, err)
					step++
				}
				require.Less(t, mallocs(t, 200, update), few, "%v, %v, %v, centered %v", dtype, c.Negative, c.Solver, centered)
			}
		}
	}
}

func TestSupervisedStepAllocatesNothing(t *testing.T) {
	const rows, batch, in, hidden = 300, 100, 64, 80
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		x, targets := tensor.New(tensor.Of(dtype), tensor.WithShape(rows, in)), tensor.New(tensor.Of(dtype), tensor.WithShape(rows, 1))
		setFloats(x, randomBits(rows*in))
		setFloats(targets, randomBits(rows))
		for _, solver := range []Solver{SGD{Rate: 0.1}, SGD{Rate: 0.1, Momentum: 0.5, Nesterov: true}, AdamW{Rate: 0.01, Decay: 0.1}} {
			first, err := layers.NewLinear("first", layers.LinearConfig{In: in, Out: hidden, Dtype: dtype, Seed: 1})
			require.NoError(t, err)
			last, err := layers.NewLinear("last", layers.LinearConfig{In: hidden, Out: 1, Dtype: dtype, Seed: 2})
			require.NoError(t, err)
			drop, err := layers.NewDropout("drop", 0.2, 3)
			require.NoError(t, err)
			model, err := layers.NewSequential("net", first, layers.Sigmoid(), drop, last)
			require.NoError(t, err)
			xs, err := newRows(model, x)
			require.NoError(t, err)
			ts, err := targetsOf(xs, targets)
			require.NoError(t, err)
			f := &supervisedFit{Supervised: Supervised{Cost: layers.SquaredErrorRows, Solver: solver}, model: model, dtype: dtype, samples: xs, targets: ts}
			stepper, err := solver.New()
			require.NoError(t, err)
			order, step := between(0, rows), uint64(0)
			update := func() {
				at := int(step) * batch % rows
				_, err := f.update(stepper, order[at:at+batch], 0, step)
				require.NoError(t, err)
				step++
			}
			require.Less(t, mallocs(t, 200, update), few, "%v, %v", dtype, solver)
		}
	}
}

// pool is the mean over each bag.
type pool struct{ layers.Layer }

func (pool) ForwardBags(x, lengths *G.Node) (*G.Node, bool, error) {
	y, err := graphtest.BagMean(x, lengths)
	return y, true, err
}

// Steps on bags of ever other numbers of instances allocate no more and no more, and hold on to nothing.
func TestBagStepsDoNotGrow(t *testing.T) {
	const bags, batch, in, hidden = 300, 10, 16, 24
	for _, solver := range []Solver{SGD{Rate: 0.01}, Adam{Rate: 0.01}} {
		first, err := layers.NewLinear("first", layers.LinearConfig{In: in, Out: hidden, Seed: 1})
		require.NoError(t, err)
		last, err := layers.NewLinear("last", layers.LinearConfig{In: hidden, Out: 1, Seed: 2})
		require.NoError(t, err)
		model, err := layers.NewSequential("net", first, layers.ReLU(), pool{layers.ReLU()}, last)
		require.NoError(t, err)
		b, rows := Bags{Lengths: make([]int, bags)}, 0
		for i := range b.Lengths {
			b.Lengths[i] = i * i % 37
			rows += b.Lengths[i]
		}
		b.Rows = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(rows, in))
		setFloats(b.Rows, randomBits(rows*in))
		s, err := newBags(model, b)
		require.NoError(t, err)
		ts, err := targetsOf(s, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(bags, 1)))
		require.NoError(t, err)
		f := &supervisedFit{Supervised: Supervised{Cost: layers.SquaredErrorRows, Solver: solver, ClipNorm: 1}, model: model, dtype: tensor.Float32, samples: s, targets: ts}
		stepper, err := solver.New()
		require.NoError(t, err)
		draws, step, sizes := rng.New(1, "bags"), uint64(0), map[int]bool{}
		update := func() {
			chosen := draws.Perm(bags, step)[:batch]
			sizes[s.instances(chosen)] = true
			_, err := f.update(stepper, chosen, 0, step)
			require.NoError(t, err)
			step++
		}
		held := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		for range 200 {
			update()
		}
		before := held()
		for range 800 {
			update()
		}
		require.Greater(t, len(sizes), 100)
		require.Less(t, held(), before+1<<20, "%v", solver)
		require.Len(t, f.plans.all, 1, "one graph for all")
	}
}

func randomBits(n int) []float64 {
	bits := make([]float64, n)
	rng.Uniform(rng.New(1, "bits").Row(0, 0), bits)
	for i, u := range bits {
		bits[i] = float64(int(2 * u))
	}
	return bits
}

func TestObjectiveStepAllocatesNothing(t *testing.T) {
	const rows, batch, in = 60, 20, 24
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		x := tensor.New(tensor.Of(dtype), tensor.WithShape(rows, in))
		setFloats(x, randomBits(rows*in))
		for _, solver := range []Solver{SGD{Rate: 0.01}, Adam{Rate: 0.01}} {
			m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(in), Hidden: energy.LearnedGaussian(30, 1), Dtype: dtype, Seed: 1})
			require.NoError(t, err)
			f := &objectiveFit{Objective: Objective{Of: m.PseudoLikelihood, Maximize: true, Solver: solver, ClipNorm: 10}, layer: m, dtype: dtype}
			f.source, err = f.sourceOf(x, 1)
			require.NoError(t, err)
			stepper, err := solver.New()
			require.NoError(t, err)
			order, step := between(0, rows), uint64(0)
			require.Less(t, mallocs(t, 100, func() {
				at := int(step) * batch % rows
				_, err := f.update(stepper, order[at:at+batch], 0, step)
				require.NoError(t, err)
				step++
			}), few, "%v, %v", dtype, solver)
		}
	}
}
