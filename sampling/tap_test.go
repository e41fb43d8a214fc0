package sampling

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
)

// weak is a machine whose couplings are small; it has biases, without which odd orders vanish.
func weak(visible, hidden side, size float64, seed uint64) machine {
	m := newMachine(visible, hidden, tensor.Float64, seed)
	w := m.rbm.Param("W").Float64s()
	for i := range w {
		w[i] *= size
	}
	return m.with(w, m.rbm.Param("b").Float64s(), m.rbm.Param("c").Float64s())
}

// moments are what a phase that has settled says of E[v], E[h] and E[v·hᵀ].
func moments(m machine, phase Phase) exact.Moments {
	rows, weights, err := phase.Next(nil, nil, 0)
	check(err)
	nv, nh := m.sides[0].units.Len(), m.sides[1].units.Len()
	v, total := numbers(rows), sum(weights)
	hidden, covariances := []float64(nil), make([]float64, nv*nh)
	if means, ok := phase.(Means); ok {
		hidden, covariances = numbers(means.HiddenMeans()), numbers(means.Covariances())
	} else {
		for i := range weights {
			hidden = append(hidden, must(m.exact(1).MeanHidden(v[i*nv:(i+1)*nv]))...)
		}
	}
	x := exact.Moments{V: make([]float64, nv), H: make([]float64, nh), VH: covariances}
	for i, weight := range weights {
		for j := range nv {
			x.V[j] += weight / total * v[i*nv+j]
			for k := range nh {
				x.VH[j*nh+k] += weight / total * v[i*nv+j] * hidden[i*nh+k]
			}
		}
		for k := range nh {
			x.H[k] += weight / total * hidden[i*nh+k]
		}
	}
	return x
}

// errorsOf are the largest errors of the biases' gradients and of the couplings'.
func errorsOf(m machine, phase Phase) (biases, couplings float64) {
	got, want := moments(m, phase), must(m.exact(1).Moments())
	for _, pair := range [][2][]float64{{got.V, want.V}, {got.H, want.H}} {
		for i := range pair[0] {
			biases = max(biases, math.Abs(pair[0][i]-pair[1][i]))
		}
	}
	for i := range got.VH {
		couplings = max(couplings, math.Abs(got.VH[i]-want.VH[i]))
	}
	return biases, couplings
}

// With couplings of half the size the errors are 2^order times smaller: in the gradients of the biases and the free energy order 2 for naive
// mean-field theory, 3 for TAP2 and 4 for TAP3, in that of the couplings one less.
func TestMeanFieldsAreOfTheirOrder(t *testing.T) {
	mixed := joined("mixed", bernoulli(2), spin(2))
	for _, c := range []struct {
		negative Negative
		order    float64
	}{
		{MeanField{Iterations: 300, Chains: 2}, 2},
		{TAP{Iterations: 300, Chains: 2}, 3},
		{TAP{Order: 3, Iterations: 300, Chains: 2}, 4},
	} {
		for _, pair := range [][2]side{{bernoulli(4), bernoulli(3)}, {spin(3), spin(4)}, {bernoulli(3), spin(3)}, {spin(3), bernoulli(4)}, {mixed, spin(2)}} {
			if pair[0].whole == nil && c.order == 2 {
				continue // the oracle does not know joined families, nor what MeanField leaves to the cost
			}
			at := func(size float64) (biases, couplings, free float64) {
				for seed := range uint64(4) { // of one machine alone a term could be near 0
					m := weak(pair[0], pair[1], size, seed)
					errors := errorsOf
					if pair[0].whole == nil {
						errors = errorsOfJoined
					}
					b, w := errors(m, must(c.negative.Start(m.rbm, 1)))
					biases, couplings = biases+b, couplings+w
					if tap, ok := c.negative.(TAP); ok && pair[0].whole != nil {
						f := must(tap.FreeEnergy(m.rbm, must(RandomState(m.rbm, 1, 1)).Visible))
						free += math.Abs(f[0] + must(m.exact(1).LogPartition()))
					}
				}
				return biases, couplings, free
			}
			const size = 0.08
			b1, w1, f1 := at(size)
			b2, w2, f2 := at(size / 2)
			what := fmt.Sprintf("%v, %s×%s", c.negative, pair[0].name, pair[1].name)
			require.InDelta(t, c.order, math.Log2(b1/b2), 0.35, "%s: biases, %g", what, b1)
			require.InDelta(t, c.order-1, math.Log2(w1/w2), 0.35, "%s: couplings, %g", what, w1)
			if f1 != 0 {
				require.InDelta(t, c.order, math.Log2(f1/f2), 0.35, "%s: free energy, %g", what, f1)
			}
		}
	}
}

// errorsOfJoined are errorsOf for a side of two families, by the law of its states.
func errorsOfJoined(m machine, phase Phase) (biases, couplings float64) {
	first, second := m.newLaw(1, nil, nil).moments()
	got := moments(m, phase)
	nv, nh := m.sides[0].units.Len(), m.sides[1].units.Len()
	for i, x := range slices.Concat(got.V, got.H) {
		biases = max(biases, math.Abs(x-first[i]))
	}
	for i, x := range got.VH {
		couplings = max(couplings, math.Abs(x-second[i/nh][nv+i%nh]))
	}
	return biases, couplings
}

// At a solution F_TAP is stationary in the means, so that its derivatives by the parameters are the moments that the phase gives: also where
// couplings are not weak and the moments are not right.
func TestTAPGivesTheGradientOfItsFreeEnergy(t *testing.T) {
	for _, order := range []int{2, 3} {
		for _, pair := range [][2]side{{bernoulli(3), bernoulli(4)}, {spin(3), bernoulli(2)}, {joined("", bernoulli(2), spin(2)), spin(3)}} {
			m := weak(pair[0], pair[1], 0.4, 5)
			tap := TAP{Order: order, Iterations: 3000, Chains: 1}
			start := must(RandomState(m.rbm, 1, 1)).Visible
			got := moments(m, must(tap.Start(m.rbm, 1)))
			f := func() float64 { return must(tap.FreeEnergy(m.rbm, start))[0] }
			for name, want := range map[string][]float64{"W": got.VH, "b": got.V, "c": got.H} {
				p := m.rbm.Param(name)
				x := p.Float64s()
				for i := range x {
					const h = 1e-5
					moved := slices.Clone(x)
					moved[i] += h
					check(p.Set(moved))
					up := f()
					moved[i] -= 2 * h
					check(p.Set(moved))
					require.InDelta(t, want[i], -(up-f())/(2*h), 1e-8, "order %d, %s", order, name)
				}
				check(p.Set(x))
			}
			// The twin: without the covariances it is another gradient.
			phase := must(tap.Start(m.rbm, 1)).(*tapPhase)
			_, _, err := phase.Next(nil, nil, 0)
			require.NoError(t, err)
			require.Greater(t, slices.Max(numbers(phase.Covariances())), 1e-3)
		}
	}
}

// Without couplings every order is exact, in both precisions.
func TestTAPWithoutCouplings(t *testing.T) {
	for _, dtype := range dtypes {
		m := newMachine(spin(3), bernoulli(3), dtype, 2)
		m = m.with(make([]float64, 9), m.rbm.Param("b").Float64s(), m.rbm.Param("c").Float64s())
		f := must(TAP{Iterations: 60}.FreeEnergy(m.rbm, must(RandomState(m.rbm, 3, 1)).Visible))
		require.InDeltaSlice(t, slices.Repeat([]float64{-must(m.exact(1).LogPartition())}, 3), f, 1e-5)
		b, w := errorsOf(m, must(TAP{Order: 3, Iterations: 60}.Start(m.rbm, 1)))
		require.Less(t, max(b, w), 1e-6)
	}
}

func TestTAPPhase(t *testing.T) {
	m := small(tensor.Float32)
	phase := must(TAP{Chains: 20}.Start(m.rbm, 3))
	for _, batch := range []int{1, 500} {
		require.Equal(t, 20, phase.Rows(batch))
		rows, weights, err := phase.Next(repeated(tensor.Float32, []float64{0, 1, 1}, batch), ones(batch), 0)
		require.NoError(t, err)
		require.Equal(t, tensor.Shape{20, 3}, rows.Shape())
		require.Equal(t, ones(20), weights)
	}
	require.Equal(t, "TAP2 with 100 chains, 3 iterations damped by 0.5", TAP{}.String())
	require.Equal(t, "TAP3 with 5 chains, 2 iterations damped by 0.1", TAP{Order: 3, Chains: 5, Iterations: 2, Damping: 0.1}.String())
	require.Equal(t, "mean field, 10 rounds from the data", MeanField{}.String())
	require.Equal(t, "mean field, 2 rounds, with 7 chains", MeanField{Iterations: 2, Chains: 7}.String())

	for _, negative := range []Negative{TAP{Chains: 9}, MeanField{Chains: 9, Iterations: 1}} { // written back, it goes on with the same bits
		run := func(p Phase, n int) []float64 {
			var rows *tensor.Dense
			for range n {
				rows, _, _ = p.Next(nil, nil, 0)
			}
			return numbers(rows)
		}
		whole := must(negative.Start(m.rbm, 3))
		run(whole, 2)
		saved := whole.Chains().Clone().(*tensor.Dense)
		want := run(whole, 1)
		resumed := must(negative.Start(m.rbm, 3))
		require.NoError(t, tensor.Copy(resumed.Chains(), saved))
		require.Equal(t, want, run(resumed, 1))
		require.NotEqual(t, want, run(must(negative.Start(m.rbm, 3)), 1))
	}
}

// From the data, mean-field rounds are E[v | E[h | v]] of each row, again and again, with the data's weights.
func TestMeanFieldFromTheData(t *testing.T) {
	m := newMachine(oneHot(2, 3), spin(3), tensor.Float64, 2)
	phase := must(MeanField{Iterations: 2}.Start(m.rbm, 1))
	require.Equal(t, 7, phase.Rows(7))
	require.Nil(t, phase.Chains())
	data := dense(tensor.Float64, tensor.Shape{2, 6}, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1)
	rows, weights, err := phase.Next(data, []float64{1, 3}, 0)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 3}, weights)
	require.Equal(t, 1.0, data.Float64s()[0], "the data stay as they are")
	for i := range 2 {
		v := numbers(data)[i*6 : (i+1)*6]
		for range 2 {
			v = must(m.exact(1).MeanVisible(must(m.exact(1).MeanHidden(v))))
		}
		require.InDeltaSlice(t, v, numbers(rows)[i*6:(i+1)*6], 1e-12)
	}
	_, _, err = phase.Next(dense(tensor.Float64, tensor.Shape{1, 6}, 1, 0, 0, 0, 1, 0), ones(1), 0)
	require.NoError(t, err, "the short last batch")
}

func TestMeanFieldsRefuse(t *testing.T) {
	m := small(tensor.Float32)
	real := newMachine(gaussian(2), bernoulli(2), tensor.Float32, 1)
	start := func(c Negative, m machine) func() error {
		return func() error { _, err := c.Start(m.rbm, 1); return err }
	}
	for _, c := range []refused{
		{`sampling: TAP: no model given`, energy.ErrConfig, func() error { _, err := TAP{}.Start(nil, 1); return err }},
		{`sampling: TAP: Order is 1, want 2 or 3, or 0 for 2`, energy.ErrConfig, start(TAP{Order: 1}, m)},
		{`sampling: TAP: Iterations is -1 and Chains 0, want none below 0`, energy.ErrConfig, start(TAP{Iterations: -1}, m)},
		{`sampling: TAP: Damping is 1, want between 0 and 1, or 0 for 0.5`, energy.ErrConfig, start(TAP{Damping: 1}, m)},
		{`Damping is NaN`, energy.ErrConfig, start(TAP{Damping: math.NaN()}, m)},
		{`sampling: TAP: RBM "rbm" has LearnedGaussian(2, 1) units, want Bernoulli or Spin`, energy.ErrConfig, start(TAP{}, real)},
		{`sampling: TAP: FreeEnergy: Order is 4`, energy.ErrConfig, func() error { _, err := TAP{Order: 4}.FreeEnergy(m.rbm, nil); return err }},
		{`sampling: TAP: FreeEnergy: sampling: RBM "rbm": NewState: `, energy.ErrShape, func() error {
			_, err := TAP{}.FreeEnergy(m.rbm, dense(tensor.Float32, tensor.Shape{1, 2}, 0, 0))
			return err
		}},
		{`sampling: MeanField: no model given`, energy.ErrConfig, func() error { _, err := MeanField{}.Start(nil, 1); return err }},
		{`sampling: MeanField: Iterations is 0 and Chains -1`, energy.ErrConfig, start(MeanField{Chains: -1}, m)},
		{`the visible units LearnedGaussian(2, 1) learn their variance`, energy.ErrConfig, start(MeanField{}, real)},
		{`sampling: MeanField of RBM "rbm": Next: data: shape (1, 2), want (rows, 3)`, energy.ErrShape, func() error {
			_, _, err := must(MeanField{}.Start(m.rbm, 1)).Next(dense(tensor.Float32, tensor.Shape{1, 2}, 0, 0), ones(1), 0)
			return err
		}},
		{`Next: 2 weights, want one a row (1)`, energy.ErrShape, func() error {
			_, _, err := must(MeanField{}.Start(m.rbm, 1)).Next(dense(tensor.Float32, tensor.Shape{1, 3}, 0, 0, 0), ones(2), 0)
			return err
		}},
	} {
		c.check(t)
	}
	for _, c := range []Negative{TAP{Chains: 2}, MeanField{Chains: 2}} {
		phase := must(c.Start(m.rbm, 1))
		phase.Chains().Float32s()[0] = 2
		_, _, err := phase.Next(nil, nil, 0)
		require.ErrorIs(t, err, energy.ErrRange)
		require.ErrorContains(t, err, "chains: row 0, column 0 is 2")
	}
}
