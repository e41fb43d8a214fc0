package sampling

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// halfMissing is a row of a machine's visible side of which the first group is observed, and its law given that: p(v_missing | v_observed), the hidden units
// summed out by looking at the visible columns only.
func halfMissing(m machine, seed uint64) (row []float64, l *law) {
	l, _ = m.partClamped(seed, 1)
	nv := m.sides[0].units.Len()
	for i := range l.free { // the hidden side is free, too
		if i >= nv {
			l.free[i] = true
		}
	}
	at := numbers(dense(m.rbm.Dtype(), tensor.Shape{len(l.at)}, l.at...))
	l = m.newLaw(1, at, l.free)
	row = slices.Clone(at[:nv])
	for j := range row {
		if l.free[j] {
			row[j] = math.NaN()
		}
	}
	return row, l
}

func TestCompletionMeans(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for _, dtype := range dtypes {
			m := newMachine(visible, hidden, dtype, 2)
			row, l := halfMissing(m, 2)
			want, second := l.moments()
			x := dense(dtype, tensor.Shape{2, len(row)}, append(slices.Clone(row), l.states[0][:len(row)]...)...) // and a whole row
			for _, sampled := range []bool{false, true} {
				got, err := Completion{Model: m.rbm, Seed: 3, Sampled: sampled, Chains: 40, Schedule: Schedule{BurnIn: 60, Samples: 50}}.Means(context.Background(), x)
				require.NoError(t, err)
				open := !slices.Contains(hidden.units.Families(), "Gaussian") || !missesReals(visible.units, row)
				require.Equal(t, []bool{open && !sampled, !sampled}, got.Exact)
				means, errors := numbers(got.Mean), numbers(got.StandardError)
				require.Equal(t, numbers(x)[len(row):], means[len(row):], "a whole row stays")
				for j, v := range row {
					switch {
					case !math.IsNaN(v):
						require.Equal(t, numbers(x)[j], means[j])
						require.Zero(t, errors[j])
					case got.Exact[0]:
						require.InDelta(t, want[j], means[j], 1e-5)
						require.Zero(t, errors[j])
					default:
						require.InDelta(t, want[j], means[j], 6*errors[j]+1e-3, "column %d ± %v", j, errors[j])
						limit := 0.2
						if second[j][j]-want[j]*want[j] > 2 {
							limit = 1 // a real unit with two modes, between which so short chains hardly move: what they differ by is their error
						}
						require.Less(t, errors[j], limit)
					}
				}
			}
		}
	})
}

func missesReals(u energy.Units, row []float64) bool {
	for j, real := range u.Columns("Gaussian") {
		if real && math.IsNaN(row[j]) {
			return true
		}
	}
	return false
}

// Draws have the law of what is missing, exactly or after the chains' burn-in; draws given something else have not.
func TestCompletionDraws(t *testing.T) {
	visible, hidden := joined("", bernoulli(1), oneHot(1, 3), spin(1)), bernoulli(4)
	m := newMachine(visible, hidden, tensor.Float64, 2)
	row, l := halfMissing(m, 2)
	wide := newMachine(joined("", bernoulli(1), gaussian(1), oneHot(1, 3)), bernoulli(3), tensor.Float64, 2) // over the hidden states
	wideRow, wideLaw := halfMissing(wide, 2)
	for _, c := range []struct {
		m   machine
		row []float64
		l   *law
	}{{m, row, l}, {wide, wideRow, wideLaw}} {
		draw := func(row []float64, sampled bool) error {
			x := dense(tensor.Float64, tensor.Shape{chains, len(row)}, slices.Repeat(row, chains)...)
			got, err := Completion{Model: c.m.rbm, Seed: 3, Sampled: sampled}.Draw(context.Background(), x)
			require.NoError(t, err)
			s := must(NewState(c.m.rbm, got))
			clamp := &Gibbs{Model: c.m.rbm, Seed: 9, VisibleClamp: slices.Repeat([]bool{true}, len(row))}
			require.NoError(t, step(clamp, s)) // hidden units given them, so that the law's check sees whole rows
			return c.l.check(rows(s))
		}
		other := slices.Clone(c.row)
		other[0] = 1 - other[0]
		for _, sampled := range []bool{false, true} {
			require.NoError(t, draw(c.row, sampled))
			require.Error(t, draw(other, sampled))
		}
	}
}

// A row is answered as it would be without those behind it, and equal seeds answer alike.
func TestCompletionOfManyRows(t *testing.T) {
	m := newMachine(bernoulli(20), bernoulli(20), tensor.Float32, 1)
	x := slices.Repeat([]float64{math.NaN()}, 250*20)
	for i := range x {
		if i%7 < 3 {
			x[i] = float64(i % 2)
		}
	}
	c := Completion{Model: m.rbm, Seed: 1, Chains: 3, Sampled: true, Schedule: Schedule{BurnIn: 2, Samples: 3, Thin: 2}}
	all, err := c.Means(context.Background(), dense(tensor.Float32, tensor.Shape{250, 20}, x...))
	require.NoError(t, err)
	for _, n := range []int{1, 99, 101, 250} {
		some, err := c.Means(context.Background(), dense(tensor.Float32, tensor.Shape{n, 20}, x[:20*n]...))
		require.NoError(t, err)
		require.Equal(t, first(all.Mean, n), numbers(some.Mean))
		require.Equal(t, first(all.StandardError, n), numbers(some.StandardError))
	}
	require.NotEqual(t, numbers(all.Mean)[:20], numbers(all.Mean)[100*20:101*20], "blocks draw differently")
}

func TestCompletionRefuses(t *testing.T) {
	m := newMachine(joined("", bernoulli(2), oneHot(1, 3)), spin(2), tensor.Float32, 1)
	nan := math.NaN()
	row := func(x ...float64) *tensor.Dense { return dense(tensor.Float32, tensor.Shape{1, len(x)}, x...) }
	good := row(1, nan, 0, 1, 0)
	means := func(c Completion, x *tensor.Dense) func() error {
		return func() error { _, err := c.Means(context.Background(), x); return err }
	}
	draw := func(c Completion, x *tensor.Dense) func() error {
		return func() error { _, err := c.Draw(context.Background(), x); return err }
	}
	of := func(change func(c *Completion)) Completion {
		c := Completion{Model: m.rbm}
		change(&c)
		return c
	}
	for _, make := range []func(Completion, *tensor.Dense) func() error{means, draw} {
		for _, r := range []refused{
			{`sampling: Completion: no model given`, energy.ErrConfig, make(Completion{}, good)},
			{`sampling: Completion of RBM "rbm": no tensor given, want shape (rows, 5)`, energy.ErrShape, make(Completion{Model: m.rbm}, nil)},
			{`rows of float64, want float32`, energy.ErrDtype, make(Completion{Model: m.rbm}, dense(tensor.Float64, tensor.Shape{1, 5}, 1, nan, 0, 1, 0))},
			{`row 0: of the OneHot group at column 2 a part is missing`, energy.ErrRange, make(Completion{Model: m.rbm}, row(1, 0, nan, 0, 1))},
			{`row 0, column 0 is 3`, energy.ErrRange, make(Completion{Model: m.rbm}, row(3, nan, 0, 1, 0))},
			{`Chains is 1, want at least 2, or 0 for 10`, energy.ErrConfig, make(of(func(c *Completion) { c.Chains = 1 }), good)},
			{`Chains is -1, want`, energy.ErrConfig, make(of(func(c *Completion) { c.Chains = -1 }), good)},
			{`BurnIn is -1`, energy.ErrConfig, make(of(func(c *Completion) { c.Schedule.BurnIn = -1 }), good)},
		} {
			r.check(t)
		}
	}
	refused{`Draw: Chains, Samples and Thin cannot take effect`, energy.ErrConfig, draw(of(func(c *Completion) { c.Chains = 4 }), good)}.check(t)
	refused{`Denoise by RBM "rbm": 0 steps, want at least 1`, energy.ErrConfig, func() error {
		_, err := Denoise(context.Background(), m.rbm, row(1, 0, 0, 1, 0), 0, 1)
		return err
	}}.check(t)
	refused{`NewState: row 0, column 1 is NaN`, energy.ErrNotFinite, func() error {
		_, err := Denoise(context.Background(), m.rbm, good, 1, 1)
		return err
	}}.check(t)

	stopped := &ends{context.Background(), 3}
	_, err := Completion{Model: m.rbm, Sampled: true}.Means(stopped, good)
	require.ErrorIs(t, err, context.Canceled)
}

// A machine that knows two opposite patterns turns a row with three bits of 20 flipped back.
func TestDenoise(t *testing.T) {
	r := must(layers.NewRBM("pair", layers.RBMConfig{Visible: energy.Bernoulli(20), Hidden: energy.Spin(1)}))
	w, row := make([]float64, 20), make([]float64, 20)
	for i := range w {
		w[i] = float64(4 * (i%2*2 - 1))
		row[i] = float64(i % 2)
	}
	check(r.Param("W").Set(w))
	noisy := slices.Clone(row)
	for _, i := range []int{2, 7, 11} {
		noisy[i] = 1 - noisy[i]
	}
	got, err := Denoise(context.Background(), r, dense(tensor.Float32, tensor.Shape{1, 20}, noisy...), 1, 1)
	require.NoError(t, err)
	require.InDeltaSlice(t, row, numbers(got), 0.02)
}
