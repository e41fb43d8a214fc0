package modernhopfield

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

var memoryDtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// rowsIn is rows in a dtype.
func rowsIn(dtype tensor.Dtype, x [][]float64) *tensor.Dense {
	t := denseRows(x)
	if dtype == tensor.Float64 {
		return t
	}
	single := make([]float32, t.DataSize())
	for i, v := range t.Float64s() {
		single[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(t.Shape()...), tensor.WithBacking(single))
}

func randomRows(r *rand.Rand, n, d int) [][]float64 {
	x := make([][]float64, n)
	for i := range x {
		x[i] = normalVector(r, d)
	}
	return x
}

func newMemory(t testing.TB, patterns *tensor.Dense, config MemoryConfig) *Memory {
	m, err := NewMemory(patterns, config)
	require.NoError(t, err)
	return m
}

func retrieve(t testing.TB, m *Memory, states *tensor.Dense) *Retrieval {
	r, err := m.Retrieve(states)
	require.NoError(t, err)
	return r
}

// memoryRules are separation functions of every kind.
var memoryRules = []energy.Separation{
	energy.Softmax(), energy.Sparsemax(), energy.Entmax(1.5), energy.Entmax(1.2), energy.Entmax(3), energy.Normmax(2), energy.Normmax(5),
	energy.TopK(1), energy.TopK(3), energy.Subsets(1), energy.Subsets(2),
}

var memorySimilarities = []energy.Similarity{energy.Dot, energy.Cosine, energy.Euclidean, energy.Manhattan}

func TestMemoryFollowsTheFormulas(t *testing.T) {
	for _, dtype := range memoryDtypes {
		tolerance := map[tensor.Dtype]float64{tensor.Float32: 2e-6, tensor.Float64: 1e-13}[dtype]
		r := rand.New(rand.NewPCG(1, 1))
		for range 50 {
			net := drawNetwork(r, 1, 40, 1, 20, 0.1, 20)
			states := randomRows(r, 3, net.dim())
			m := newMemory(t, rowsIn(dtype, net.x), MemoryConfig{Beta: net.beta, Steps: 1})
			require.Equal(t, net.size(), m.Len())
			require.Equal(t, net.dim(), m.Dim())
			got := retrieve(t, m, rowsIn(dtype, states))
			p, err := m.Association(rowsIn(dtype, states))
			require.NoError(t, err)
			require.Equal(t, tensor.Shape{3, net.size()}, p.Shape())
			energies, err := m.Energy(rowsIn(dtype, states))
			require.NoError(t, err)
			for i, xi := range states {
				// An error of the scores, of the size of their rounding, is one of the weights.
				near := tolerance * (1 + net.beta*net.largest()*math.Sqrt(dot(xi, xi))) * (1 + net.largest())
				require.InDeltaSlice(t, net.plainUpdate(xi), numbersOf(got.States)[i*net.dim():(i+1)*net.dim()], near)
				require.InDeltaSlice(t, net.plainWeights(xi), numbersOf(p)[i*net.size():(i+1)*net.size()], near)
				require.InDelta(t, net.plainEnergy(xi), energies[i], near*(1+1/net.beta+dot(xi, xi)))
				require.InDelta(t, distance(net.plainUpdate(xi), xi), got.Residual[i], near)
			}
			require.Equal(t, []int{1, 1, 1}, got.Steps)
		}
	}
}

// The trace of three values of β, computed apart from the library.
func TestTrace(t *testing.T) {
	patterns := [][]float64{{1, 0, 1}, {0, 2, 0}, {-1, 1, 0.5}, {0.5, -1, 1.5}}
	start := [][]float64{{0.9, 0.1, 0.8}}
	delta, err := Separation(denseRows(patterns))
	require.NoError(t, err)
	require.Equal(t, []float64{0, 2, 0.25, 1.5}, delta)

	for _, c := range []struct {
		beta     float64
		energies []float64
		first    []float64 // the state after one update
		weights  []float64
		third    []float64
	}{
		{1, []float64{1.62497992, 1.46873605, 1.41092964, 1.38476930}, []float64{0.59280278, -0.13234463, 1.06617231}, []float64{.45324864, .10113344, .05550321, .39011472}, nil},
		{8, []float64{1.17037589, 0.85872687, 0.42585597, 0.42328603}, []float64{0.88425814, -0.23146463, 1.11573232}, nil, []float64{0.5000062, -0.9999876, 1.4999938}},
		{0.1, []float64{1.92814166, 1.59076291, 1.58530839, 1.58514472}, nil, nil, nil},
	} {
		for _, dtype := range memoryDtypes {
			m := newMemory(t, rowsIn(dtype, patterns), MemoryConfig{Beta: c.beta, Steps: 1})
			digits := map[tensor.Dtype]float64{tensor.Float32: 1e-6, tensor.Float64: 5.1e-9}[dtype]
			require.Equal(t, 2.0, m.store.largest())
			state := rowsIn(dtype, start)
			if c.weights != nil {
				p, err := m.Association(state)
				require.NoError(t, err)
				require.InDeltaSlice(t, c.weights, numbersOf(p), digits)
			}
			for step, want := range c.energies {
				e, err := m.Energy(state)
				require.NoError(t, err)
				require.InDelta(t, want, e[0], digits, "β = %g, step %d", c.beta, step)
				switch {
				case step == 1 && c.first != nil:
					require.InDeltaSlice(t, c.first, numbersOf(state), digits)
				case step == 3 && c.third != nil:
					require.InDeltaSlice(t, c.third, numbersOf(state), max(digits, 5.1e-8))
				}
				state = retrieve(t, m, state).States
			}
		}
	}
}

// T12: with β = 1/√d, one update, and values that are the patterns times a matrix, retrieval is the attention of a transformer.
func TestOneUpdateIsAttention(t *testing.T) {
	c := &claim{t: t, name: "T12: one update is attention, twin β = 1/d"}
	for _, seed := range []uint64{1, 2, 3, 4} {
		r := rand.New(rand.NewPCG(seed, 4))
		for range 100 {
			n, d, out := integer(r, 1, 12), integer(r, 2, 16), integer(r, 1, 8)
			keys, queries, projection := randomRows(r, n, d), randomRows(r, 3, d), randomRows(r, d, out)
			values := make([][]float64, n)
			for j, k := range keys {
				values[j] = combine(k, projection)
			}
			want := make([][]float64, len(queries))
			for i, q := range queries {
				scores, sum := make([]float64, n), 0.0
				for j, k := range keys {
					scores[j] = math.Exp(dot(q, k) / math.Sqrt(float64(d)))
					sum += scores[j]
				}
				want[i] = make([]float64, out)
				for j := range keys {
					want[i] = along(want[i], scores[j]/sum, values[j])
				}
			}
			gap := func(beta float64) (gap float64) {
				m := newMemory(t, denseRows(keys), MemoryConfig{Beta: beta, Steps: 1, Values: denseRows(values)})
				got := retrieve(t, m, denseRows(queries)).Values
				require.Equal(t, tensor.Shape{3, out}, got.Shape())
				for i := range want {
					gap = max(gap, distance(got.Float64s()[i*out:(i+1)*out], want[i]))
				}
				return gap
			}
			c.holds(true, gap(0) < 1e-12*float64(d), gap(1/float64(d)) < 1e-6)
		}
	}
	c.done()
}

// Whatever stands beside it, a state takes its own way: the same bits, steps and bounds.
func TestRowsDoNotDependOnTheirBatch(t *testing.T) {
	for _, dtype := range memoryDtypes {
		for _, rule := range memoryRules {
			for _, similarity := range memorySimilarities {
				r := rand.New(rand.NewPCG(2, 2))
				if similarity != energy.Dot && rule != energy.Softmax() && rule != energy.Sparsemax() {
					continue
				}
				const n, d, rows = 300, 9, 75
				patterns, labels := randomRows(r, n, d), make([]int, n)
				for i := range labels {
					labels[i] = i % 7
				}
				m := newMemory(t, rowsIn(dtype, patterns), MemoryConfig{
					Beta: 0.7, Separation: rule, Similarity: similarity, Steps: 6, Tolerance: 0.01,
					Values: rowsIn(dtype, randomRows(r, n, 3)), Labels: labels,
				})
				states := randomRows(r, rows, d)
				for i := range states {
					if i%3 == 0 { // starts near a pattern, and settles early
						states[i] = along(patterns[i], 0.05, states[i])
					}
				}
				all := retrieve(t, m, rowsIn(dtype, states))
				classes, err := m.Classify(rowsIn(dtype, states))
				require.NoError(t, err)
				regimes, err := m.Regimes(rowsIn(dtype, states))
				require.NoError(t, err)
				p, err := m.Association(rowsIn(dtype, states))
				require.NoError(t, err)
				var energies []float64
				if similarity == energy.Dot || similarity == energy.Euclidean && rule != energy.Subsets(2) {
					energies, err = m.Energy(rowsIn(dtype, states))
					require.NoError(t, err)
				}
				fromWeights, err := Regimes(p)
				require.NoError(t, err)
				require.Equal(t, fromWeights, regimes)
				steps := map[int]bool{}
				for i := range states {
					if steps[all.Steps[i]] && i%25 > 0 { // a few, and some of every number of steps
						continue
					}
					steps[all.Steps[i]] = true
					one := retrieve(t, m, rowsIn(dtype, states[i:i+1]))
					what := fmt.Sprintf("%v %v %v, row %d", dtype, rule, similarity, i)
					require.Equal(t, numbersOf(one.States), numbersOf(all.States)[i*d:(i+1)*d], what)
					require.Equal(t, numbersOf(one.Values), numbersOf(all.Values)[i*3:(i+1)*3], what)
					require.Equal(t, one.Steps[0], all.Steps[i], what)
					require.Equal(t, one.Residual[0], all.Residual[i], what)
					require.Equal(t, one.ErrorBound[0], all.ErrorBound[i], what)
					require.Equal(t, one.Settled[0], all.Settled[i], what)
					class, err := m.Classify(rowsIn(dtype, states[i:i+1]))
					require.NoError(t, err)
					require.Equal(t, class[0], classes[i], what)
					weights, err := m.Association(rowsIn(dtype, states[i:i+1]))
					require.NoError(t, err)
					require.Equal(t, numbersOf(weights), numbersOf(p)[i*n:(i+1)*n], what)
					if energies != nil {
						e, err := m.Energy(rowsIn(dtype, states[i:i+1]))
						require.NoError(t, err)
						require.Equal(t, e[0], energies[i], what)
					}
				}
				if similarity == energy.Dot && rule == energy.Softmax() {
					require.Greater(t, len(steps), 1, "states that settle at different steps")
				}
			}
		}
	}
}

func TestMemoryStopsOnTheState(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	x := randomRows(r, 20, 30)
	near := [][]float64{along(x[4], 0.3, normalVector(r, 30)), along(x[5], 0.01, normalVector(r, 30)), x[6]}
	for _, dtype := range memoryDtypes {
		m := newMemory(t, rowsIn(dtype, x), MemoryConfig{Beta: 2})
		got := retrieve(t, m, rowsIn(dtype, near))
		for i := range near {
			require.True(t, got.Settled[i])
			require.Less(t, distance(numbersOf(got.States)[i*30:(i+1)*30], x[4+i]), 1e-4)
			require.Less(t, got.Steps[i], 5)
			require.Less(t, got.ErrorBound[i], 1e-5)
		}
		one := retrieve(t, newMemory(t, rowsIn(dtype, x), MemoryConfig{Beta: 2, Steps: 1}), rowsIn(dtype, near))
		require.Equal(t, []int{1, 1, 1}, one.Steps)
		require.Equal(t, []bool{false, false, true}, one.Settled)
		wide := retrieve(t, newMemory(t, rowsIn(dtype, x), MemoryConfig{Beta: 2, Tolerance: 100}), rowsIn(dtype, near))
		require.Equal(t, []int{1, 1, 1}, wide.Steps)
		require.Equal(t, []bool{true, true, true}, wide.Settled)
	}
	// Patterns that are all 0 are where every state ends.
	nought := newMemory(t, denseRows([][]float64{{0, 0}, {0, 0}}), MemoryConfig{})
	none := retrieve(t, nought, denseRows([][]float64{{3, 4}, {0, 0}}))
	require.Equal(t, []int{2, 1}, none.Steps)
	require.Equal(t, []float64{0, 0}, none.ErrorBound)
	// Where the fixed point is about to split in two, updates creep: the cap ends them.
	slow := newMemory(t, denseRows([][]float64{{1}, {-1}}), MemoryConfig{Beta: 1})
	got := retrieve(t, slow, denseRows([][]float64{{0.9}}))
	require.Equal(t, []int{MostSteps}, got.Steps)
	require.Equal(t, []bool{false}, got.Settled)
	require.Equal(t, []float64{math.Inf(1)}, got.ErrorBound)
}

// Every edit gives the memory that would have been made at once.
func TestEdits(t *testing.T) {
	for _, dtype := range memoryDtypes {
		r := rand.New(rand.NewPCG(4, 4))
		x, v, labels := randomRows(r, 6, 5), randomRows(r, 6, 2), []int{3, -1, 4, 1, 5, 9}
		states := rowsIn(dtype, randomRows(r, 8, 5))
		pick := func(at ...int) (e Entries) {
			var px, pv [][]float64
			for _, i := range at {
				px, pv, e.Labels = append(px, x[i]), append(pv, v[i]), append(e.Labels, labels[i])
			}
			e.Patterns, e.Values = rowsIn(dtype, px), rowsIn(dtype, pv)
			return e
		}
		build := func(at ...int) *Memory {
			e := pick(at...)
			return newMemory(t, e.Patterns, MemoryConfig{Beta: 1.5, Values: e.Values, Labels: e.Labels})
		}
		same := func(want, got *Memory) {
			t.Helper()
			require.Equal(t, want.Len(), got.Len())
			require.Equal(t, want.Labels(), got.Labels())
			require.Equal(t, numbersOf(want.Patterns()), numbersOf(got.Patterns()))
			require.Equal(t, numbersOf(want.Values()), numbersOf(got.Values()))
			a, b := retrieve(t, want, states), retrieve(t, got, states)
			require.Equal(t, numbersOf(a.States), numbersOf(b.States))
			require.Equal(t, numbersOf(a.Values), numbersOf(b.Values))
			require.Equal(t, a.ErrorBound, b.ErrorBound)
			ca, err := want.Classify(states)
			require.NoError(t, err)
			cb, err := got.Classify(states)
			require.NoError(t, err)
			require.Equal(t, ca, cb)
		}
		m := build(0, 1)
		require.NoError(t, m.Store(pick(2)))
		require.NoError(t, m.Store(pick(3, 4, 5)))
		same(build(0, 1, 2, 3, 4, 5), m)
		require.NoError(t, m.Forget(4, 0))
		same(build(1, 2, 3, 5), m)
		require.NoError(t, m.Replace([]int{3, 0}, pick(0, 4)))
		same(build(4, 2, 3, 0), m)
		require.NoError(t, m.Forget(0, 1, 2, 3))
		require.Zero(t, m.Len())
		require.Nil(t, m.Patterns())
		_, err := m.Retrieve(states)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "modernhopfield: Memory: Retrieve: nothing is stored")
		require.NoError(t, m.Store(pick(5, 1)))
		same(build(5, 1), m)

		// What a caller does to its tensors, or to those that it is given, does not reach the memory.
		e := pick(0, 1, 2)
		m = newMemory(t, e.Patterns, MemoryConfig{Beta: 1.5, Values: e.Values, Labels: e.Labels})
		given := m.Patterns()
		e.Patterns.Zero()
		e.Values.Zero()
		e.Labels[0] = 100
		given.Zero()
		m.Values().Zero()
		m.Labels()[0] = 100
		same(build(0, 1, 2), m)
	}
}

// Reading is safe for many goroutines.
func TestConcurrentRetrieval(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	m := newMemory(t, denseRows(randomRows(r, 50, 8)), MemoryConfig{Beta: 1})
	states := denseRows(randomRows(r, 20, 8))
	want := retrieve(t, m, states).States.Float64s()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				got, err := m.Retrieve(states)
				if err != nil || !equalFloats(got.States.Float64s(), want) {
					t.Error("a concurrent retrieval differs")
				}
			}
		})
	}
	group.Wait()
}

func equalFloats(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestClassify(t *testing.T) {
	// Two patterns of class 7 share the weight that one of class 2 has more of than either of them.
	x := [][]float64{{1, 0}, {0.9, 0.1}, {0.9, -0.1}, {-1, 0}}
	m := newMemory(t, denseRows(x), MemoryConfig{Beta: 1, Steps: 1, Labels: []int{2, 7, 7, -3}})
	got, err := m.Classify(denseRows([][]float64{{1, 0}, {-5, 0}, {0, 0}}))
	require.NoError(t, err)
	require.Equal(t, []int{7, -3, 7}, got)

	tie := newMemory(t, denseRows([][]float64{{1, 0}, {0, 1}}), MemoryConfig{Labels: []int{5, 4}, Steps: 1})
	got, err = tie.Classify(denseRows([][]float64{{0, 0}}))
	require.NoError(t, err)
	require.Equal(t, []int{4}, got, "the smallest of equal ones")
}

// Where all patterns are one, and the state is what they retrieve, the energy is 0: its constants are the least that keep it from
// being negative.
func TestTheLeastEnergyIsZero(t *testing.T) {
	x := [][]float64{{1, 2, -2}, {1, 2, -2}, {1, 2, -2}, {1, 2, -2}}
	for _, similarity := range []energy.Similarity{energy.Dot, energy.Euclidean} {
		for _, rule := range memoryRules {
			if similarity == energy.Euclidean && rule == energy.Subsets(2) {
				continue
			}
			m := newMemory(t, denseRows(x), MemoryConfig{Beta: 0.3, Separation: rule, Similarity: similarity, Steps: 1})
			e, err := m.Energy(retrieve(t, m, denseRows(x[:1])).States)
			require.NoError(t, err)
			require.InDelta(t, 0, e[0], 1e-12, "%v %v", similarity, rule)
		}
	}
}

// The energy is at least 0 and no update raises it, for every separation function under the dot product and for the mean shift.
func TestEveryEnergyDescends(t *testing.T) {
	for _, similarity := range []energy.Similarity{energy.Dot, energy.Euclidean} {
		for _, rule := range memoryRules {
			if similarity == energy.Euclidean && rule == energy.Subsets(2) {
				continue
			}
			c := &claim{t: t, name: fmt.Sprintf("%v %v: an update lowers E ≥ 0, twin 2.5 updates in one step", similarity, rule)}
			r := rand.New(rand.NewPCG(6, 6))
			for range 100 {
				net := drawNetwork(r, 2, 8, 2, 5, 0.1, 20)
				m := net.memory(MemoryConfig{Separation: rule, Similarity: similarity, Steps: 1})
				e := func(xi []float64) float64 {
					e, err := m.Energy(denseRows([][]float64{xi}))
					require.NoError(t, err)
					return e[0]
				}
				xi := along(make([]float64, net.dim()), net.largest(), normalVector(r, net.dim()))
				next := retrieve(t, m, denseRows([][]float64{xi})).States.Float64s()
				over := along(xi, 2.5, along(next, -1, xi))
				before, after := e(xi), e(next)
				tiny := 1e-9 * (1 + before)
				c.holds(distance(xi, next) > 1e-6, after > -tiny && after <= before+tiny, e(over) <= before+tiny)
			}
			c.done()
		}
	}
}
