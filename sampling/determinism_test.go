package sampling

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// wide is a machine large enough for every path of the matrix kernels and for several goroutines.
func wide(dtype tensor.Dtype) machine {
	return newMachine(joined("visible", bernoulli(20), gaussian(7), oneHot(5, 3)), joined("hidden", spin(33), bernoulli(30)), dtype, 1)
}

var dtypes = []tensor.Dtype{tensor.Float64, tensor.Float32}

// after returns where n chains of a sampler stand after 5 steps from states that do not depend on n.
func after(t *testing.T, g Gibbs, n int) *State {
	s := must(RandomState(g.Model, n, 9))
	require.NoError(t, runs(context.Background(), &g, s, 5))
	return s
}

func first(x *tensor.Dense, n int) []float64 { return numbers(x)[:n*x.Shape()[1]] }

// The first rows of many chains go as they would without the others, for any number of them.
func TestChainsDoNotMeetOthers(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		clamp := make([]bool, m.rbm.Visible().Len())
		clamp[3], clamp[21] = true, true
		for _, g := range []Gibbs{{Model: m.rbm, Seed: 4}, {Model: m.rbm, Seed: 4, Temperature: 2, VisibleClamp: clamp}} {
			all := after(t, g, 100)
			for _, n := range []int{1, 2, 7, 8, 9, 33, 64} {
				some := after(t, g, n)
				require.Equal(t, first(all.Visible, n), numbers(some.Visible), "%v, %d chains", dtype, n)
				require.Equal(t, first(all.Hidden, n), numbers(some.Hidden), "%v, %d chains", dtype, n)
			}
		}
	}
}

// Rows draw differently: equal chains part.
func TestRowsDrawDifferently(t *testing.T) {
	m := wide(tensor.Float64)
	row := numbers(must(RandomState(m.rbm, 1, 9)).Visible)
	s := must(NewState(m.rbm, dense(tensor.Float64, tensor.Shape{2, len(row)}, append(row, row...)...)))
	require.NoError(t, step(&Gibbs{Model: m.rbm, Seed: 4}, s))
	require.NotEqual(t, numbers(s.Visible)[:len(row)], numbers(s.Visible)[len(row):])
}

func TestSeedsAndProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, dtype := range dtypes {
		m := wide(dtype)
		runtime.GOMAXPROCS(1)
		want := after(t, Gibbs{Model: m.rbm, Seed: 4}, 100)
		for _, n := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(n)
			got := after(t, Gibbs{Model: m.rbm, Seed: 4}, 100)
			require.Equal(t, want.Visible.Data(), got.Visible.Data(), "GOMAXPROCS %d", n)
			require.Equal(t, want.Hidden.Data(), got.Hidden.Data(), "GOMAXPROCS %d", n)
		}
		other := after(t, Gibbs{Model: m.rbm, Seed: 5}, 100)
		require.NotEqual(t, want.Visible.Data(), other.Visible.Data())
		require.NotEqual(t, numbers(must(RandomState(m.rbm, 100, 1)).Visible), numbers(must(RandomState(m.rbm, 100, 2)).Visible))
	}
}

// The state is all there is to save: units and step. A sampler that has stepped fewer or more chains before is as good as new.
func TestResume(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		whole := must(RandomState(m.rbm, 40, 1))
		g := &Gibbs{Model: m.rbm, Seed: 4}
		require.NoError(t, runs(context.Background(), g, whole, 3))
		saved := copyOf(whole)
		require.NoError(t, runs(context.Background(), g, whole, 4))

		used := &Gibbs{Model: m.rbm, Seed: 4}
		require.NoError(t, step(used, must(RandomState(m.rbm, 3, 2))))
		require.NoError(t, step(used, must(RandomState(m.rbm, 50, 2))))
		require.NoError(t, runs(context.Background(), used, saved, 4))
		require.Equal(t, whole.Visible.Data(), saved.Visible.Data())
		require.Equal(t, whole.Hidden.Data(), saved.Hidden.Data())
		require.EqualValues(t, 7, saved.Step)

		saved.Step = 3 // without its step a state is another one
		again := copyOf(saved)
		again.Step = 4
		require.NoError(t, step(g, saved))
		require.NoError(t, step(g, again))
		require.NotEqual(t, again.Visible.Data(), saved.Visible.Data())
	}
}

// The hidden units of a state are drawn before they are used.
func TestHiddenUnitsAreNoState(t *testing.T) {
	m := wide(tensor.Float32)
	a := must(RandomState(m.rbm, 10, 1))
	b := copyOf(a)
	require.NoError(t, b.Hidden.Memset(float32(-1)))
	g := &Gibbs{Model: m.rbm, Seed: 4}
	require.NoError(t, step(g, a))
	require.NoError(t, step(g, b))
	require.Equal(t, a.Visible.Data(), b.Visible.Data())
	require.Equal(t, a.Hidden.Data(), b.Hidden.Data())
}

// Samplers of their own may share a model, also under the race detector.
func TestSamplersShareAModel(t *testing.T) {
	m := wide(tensor.Float32)
	want := after(t, Gibbs{Model: m.rbm, Seed: 4}, 40)
	got := make([]*State, 2)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			s, err := RandomState(m.rbm, 40, 9)
			if err == nil && runs(context.Background(), &Gibbs{Model: m.rbm, Seed: 4}, s, 5) == nil {
				got[i] = s
			}
		})
	}
	wg.Wait()
	for _, s := range got {
		require.NotNil(t, s)
		require.Equal(t, want.Visible.Data(), s.Visible.Data())
	}
}

// Chains start at draws from the biases alone.
func TestRandomState(t *testing.T) {
	for _, visible := range sides {
		for i, dtype := range dtypes {
			m := newMachine(visible, spin(3), dtype, 6)
			alone := m
			alone.a = make([][]float64, len(m.k))
			for i := range alone.a {
				alone.a[i] = make([]float64, len(m.k))
				alone.a[i][i] = m.a[i][i]
			}
			free := make([]bool, len(m.k))
			for j := range visible.units.Len() {
				free[j] = true
			}
			l := alone.newLaw(1, make([]float64, len(m.k)), free)
			s := must(RandomState(m.rbm, chains, uint64(i)))
			require.NoError(t, l.check(rows(s)), "%s: hidden units are 0", visible.name)
			require.Zero(t, s.Step)
			require.NoError(t, step(&Gibbs{Model: m.rbm}, s))
			require.NoError(t, s.Hidden.Memset(zero(dtype)))
			require.Error(t, l.check(rows(s)), "%s: with couplings", visible.name)
		}
	}
}

func zero(dtype tensor.Dtype) any {
	if dtype == tensor.Float32 {
		return float32(0)
	}
	return float64(0)
}

func TestNewStateCopies(t *testing.T) {
	m := newMachine(bernoulli(2), spin(3), tensor.Float64, 1)
	data := dense(tensor.Float64, tensor.Shape{2, 2}, 0, 1, 0.5, 1)
	s := must(NewState(m.rbm, data))
	require.Equal(t, []float64{0, 1, 0.5, 1}, numbers(s.Visible), "means are taken too")
	require.Equal(t, make([]float64, 6), numbers(s.Hidden))
	require.NoError(t, step(&Gibbs{Model: m.rbm}, s))
	require.Equal(t, []float64{0, 1, 0.5, 1}, numbers(data))
}
