package training_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// holed is a copy of rows in which each number is missing with a probability.
func holed(seed uint64, x *tensor.Dense, probability float64) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 8))
	out := x.Clone().(*tensor.Dense)
	for i := range out.Float64s() {
		if r.Float64() < probability {
			out.Float64s()[i] = math.NaN()
		}
	}
	return out
}

func rowsOf(x *tensor.Dense) (rows [][]float64) {
	for row := range slices.Chunk(x.Float64s(), x.Shape()[1]) {
		rows = append(rows, row)
	}
	return rows
}

// zeroed is what the marginalisation is held against.
func zeroed(x *tensor.Dense) *tensor.Dense {
	out := x.Clone().(*tensor.Dense)
	for i, v := range out.Float64s() {
		if v != v {
			out.Float64s()[i] = 0
		}
	}
	return out
}

// One exact step with rate 1 goes along the gradient of −log p(v_observed): the chains' draws average to the enumeration, within
// what a mean over the rows of numbers in [−1, 1] can be off. Zeros instead of draws go elsewhere.
func TestMissingGradientIsThatOfTheObserved(t *testing.T) {
	const copies = 6000
	for _, visible := range []energy.Units{energy.Bernoulli(4), energy.Spin(4), energy.OneHot(2, 3)} {
		row := slices.Clone(states(visible, 3)[2])
		row[0], row[1], row[2] = nan, nan, nan // also a whole group
		data := matrix(tensor.Float64, copies, len(row), func(_, j int) float64 { return row[j] })
		step := func(x *tensor.Dense, missing bool) (got, want [][]float64) {
			m := machine(visible, energy.Bernoulli(3), false)
			g := must(oracle(m).ObservedGradient([][]float64{row}, nil))
			before := values(m)
			fit := training.Contrastive{Negative: sampling.Exact{}, Solver: training.SGD{Rate: 1}, Epochs: 1, Batch: copies, Seed: 3, Missing: missing}
			if missing {
				fit.MissingSteps = 20
			}
			_, err := fit.Fit(context.Background(), m, x)
			require.NoError(t, err)
			for i, after := range values(m) {
				got = append(got, moved(before[i], after))
			}
			return got, [][]float64{g.W, g.B, g.C}
		}
		got, want := step(data, true)
		const tolerance = 6.0 / 77 // six deviations of a mean over 6,000 numbers of deviation at most 1
		for i := range want {
			require.InDeltaSlice(t, want[i], got[i], tolerance, "%v, parameter %d", visible, i)
		}
		if visible.Families()[0] == "OneHot" { // a group of zeros is no state
			continue
		}
		got, want = step(zeroed(data), false)
		off := 0.0
		for i := range want {
			for j := range want[i] {
				off = max(off, math.Abs(want[i][j]-got[i][j]))
			}
		}
		require.Greater(t, off, 2*tolerance, "zeros are found out")
	}
}

// A tiny machine fitted by exact negative phases to rows of which 40 % is missing reaches the optimum of the marginal likelihood, found by
// descending the enumerated gradient. With zeros in the holes it settles at another machine, which is worse by far.
func TestMissingReachesTheMarginalOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	whole := matrix(tensor.Float64, 300, 3, func(_, j int) float64 { return 0 })
	for _, row := range rowsOf(whole) { // the three bits are nearly always equal
		bit := float64(r.IntN(2))
		for j := range row {
			row[j] = bit
			if r.Float64() < 0.08 {
				row[j] = 1 - bit
			}
		}
	}
	data := holed(5, whole, 0.4)
	var rows [][]float64 // each once, and how often it is there
	var counts []float64
	for _, row := range rowsOf(data) {
		at := slices.IndexFunc(rows, func(other []float64) bool {
			return slices.EqualFunc(row, other, func(a, b float64) bool { return a == b || a != a && b != b })
		})
		if at < 0 {
			at = len(rows)
			rows, counts = append(rows, row), append(counts, 0)
		}
		counts[at]++
	}
	fit := func(x *tensor.Dense, missing bool) float64 {
		m := machine(energy.Bernoulli(3), energy.Bernoulli(2), false)
		_, err := training.Contrastive{
			Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.05}, Rate: training.Linear(0.05, 0.001, 600),
			Epochs: 600, Batch: 300, Seed: 1, Missing: missing,
		}.Fit(context.Background(), m, x)
		require.NoError(t, err)
		return must(oracle(m).ObservedLogLikelihood(rows, counts))
	}
	best := oracle(machine(energy.Bernoulli(3), energy.Bernoulli(2), false))
	for range 3000 {
		g := must(best.ObservedGradient(rows, counts))
		for i := range best.W {
			best.W[i] -= 0.5 * g.W[i]
		}
		for i := range best.B {
			best.B[i] -= 0.5 * g.B[i]
		}
		for i := range best.C {
			best.C[i] -= 0.5 * g.C[i]
		}
	}
	optimum := must(best.ObservedLogLikelihood(rows, counts))
	marginalised, zeros := fit(data, true), fit(zeroed(data), false)
	t.Logf("log p(v_observed), nats a row: optimum %.4f, fitted %.4f, with zeros %.4f", optimum, marginalised, zeros)
	require.Less(t, optimum-marginalised, 0.01)
	require.Greater(t, optimum-zeros, 0.1)
}

// Rows without holes are fitted bit for bit as without the setting.
func TestMissingChangesNothingWithoutHoles(t *testing.T) {
	for _, negative := range []sampling.Negative{sampling.CD{}, sampling.PCD{Chains: 4}} {
		run := func(missing bool) (string, [][]float64) {
			m := machine(energy.Bernoulli(6), energy.Bernoulli(4), true)
			report, err := training.Contrastive{
				Negative: negative, Solver: training.Adam{Rate: 0.05}, Epochs: 3, Batch: 5, InitBias: true,
				Convention: training.Stochastic, Validation: greys(2, 4, 6), Missing: missing,
			}.Fit(context.Background(), m, greys(1, 22, 6))
			require.NoError(t, err)
			return untimed(report), values(m)
		}
		withReport, withValues := run(true)
		report, plain := run(false)
		require.Equal(t, report, withReport)
		require.Equal(t, plain, withValues)
	}
}

// Threshold and Stochastic leave holes as they are: what is fitted then is bits and draws, never a hole taken for a 0.
func TestConventionsLeaveHoles(t *testing.T) {
	grey := holed(1, greys(1, 22, 6), 0.3)
	binary := grey.Clone().(*tensor.Dense)
	for i, v := range binary.Float64s() {
		switch {
		case v > 0.5:
			binary.Float64s()[i] = 1
		case v <= 0.5:
			binary.Float64s()[i] = 0
		}
	}
	run := func(x *tensor.Dense, c training.Convention) [][]float64 {
		m := machine(energy.Bernoulli(6), energy.Bernoulli(4), false)
		_, err := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 2, Missing: true, Convention: c}.Fit(context.Background(), m, x)
		require.NoError(t, err)
		return values(m)
	}
	want := run(binary, training.AsIs)
	require.Equal(t, want, run(grey, training.Threshold))
	require.Equal(t, want, run(binary, training.Stochastic), "of bits every draw is the bit")
	require.NotEqual(t, want, run(grey, training.Stochastic))
}

// InitBias is that of the column means over what is observed.
func TestInitBiasOfHoles(t *testing.T) {
	x := fromRows([][]float64{{1, nan, 0, nan}, {nan, 0, 0, nan}, {0, 1, nan, nan}, {1, nan, 1, nan}})
	m := machine(energy.Bernoulli(4), energy.Bernoulli(2), false)
	_, err := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 1e-300}, Epochs: 1, InitBias: true, Missing: true}.Fit(context.Background(), m, x)
	require.NoError(t, err)
	for j, mean := range []float64{2.0 / 3, 0.5, 1.0 / 3, 0.5} {
		require.InDelta(t, math.Log(mean/(1-mean)), m.Param("b").Float64s()[j], 1e-12)
	}
}

// The monitors are about what is observed.
func TestMonitorsOfHoles(t *testing.T) {
	m := machine(energy.Bernoulli(5), energy.Bernoulli(4), false)
	rows := []float64{1, nan, 0, nan, 1}
	data, held := fromRows([][]float64{rows, rows}), []float64{nan, 1, 0, nan, nan}
	e := measure(t, m, data, func(c *training.Contrastive) { c.Missing, c.Validation = true, fromRows([][]float64{held}) })
	o := oracle(m)
	f := must(o.ObservedFreeEnergy(rows))
	require.InDelta(t, must(o.ObservedFreeEnergy(held))-f, e.FreeEnergyGap, 1e-12)
	conditional := func(bit int) float64 {
		flipped := slices.Clone(rows)
		flipped[bit] = 1 - flipped[bit]
		return -math.Log1p(math.Exp(f - must(o.ObservedFreeEnergy(flipped))))
	}
	found := false // the mean over two rows of 3·log p(v_i | the other observed ones), with a bit i of three each
	for _, i := range []int{0, 2, 4} {
		for _, j := range []int{0, 2, 4} {
			found = found || math.Abs(e.PseudoLikelihood-1.5*(conditional(i)+conditional(j))) < 1e-12
		}
	}
	require.True(t, found)
	var errors []float64 // of whatever the missing bits were
	for fill := range 4 {
		v := slices.Clone(rows)
		v[1], v[3] = float64(fill%2), float64(fill/2)
		back, total := must(o.MeanVisible(must(o.MeanHidden(v)))), 0.0
		for _, j := range []int{0, 2, 4} {
			total += (v[j] - back[j]) * (v[j] - back[j])
		}
		errors = append(errors, total)
	}
	require.GreaterOrEqual(t, e.ReconstructionError, slices.Min(errors)-1e-12)
	require.LessOrEqual(t, e.ReconstructionError, slices.Max(errors)+1e-12)

	wide := make([]float64, 20)
	for i := range wide {
		wide[i] = nan
	}
	e = measure(t, machine(energy.Bernoulli(20), energy.Bernoulli(9), false), fromRows([][]float64{wide}), func(c *training.Contrastive) { c.Missing = true })
	require.True(t, math.IsNaN(e.PseudoLikelihood), "more than 256 terms are not summed")
	require.Zero(t, e.ReconstructionError, "nothing is observed")
}

// holedRows is a source of one's own with missing values.
type holedRows struct{ x *tensor.Dense }

func (s holedRows) Len() int   { return s.x.Shape()[0] }
func (s holedRows) Width() int { return s.x.Shape()[1] }
func (s holedRows) Read(dst *tensor.Dense, rows []int, _ int) error {
	n := s.Width()
	for i, r := range rows {
		copy(dst.Float64s()[i*n:(i+1)*n], s.x.Float64s()[r*n:(r+1)*n])
	}
	return nil
}

func TestMissingFromASource(t *testing.T) {
	x := holed(1, bits(1, 22, 6), 0.3)
	fit := training.Contrastive{Negative: sampling.PCD{Chains: 4}, Solver: training.SGD{Rate: 0.1}, Epochs: 3, Batch: 5, Missing: true, MissingSteps: 2}
	a, b := machine(energy.Bernoulli(6), energy.Bernoulli(4), false), machine(energy.Bernoulli(6), energy.Bernoulli(4), false)
	_, err := fit.Fit(context.Background(), a, x)
	require.NoError(t, err)
	_, err = fit.FitSource(context.Background(), b, holedRows{x})
	require.NoError(t, err)
	require.Equal(t, values(a), values(b))

	m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Join(energy.Bernoulli(3), energy.OneHot(1, 3)), Hidden: energy.Bernoulli(2), Dtype: tensor.Float64}))
	part := fromRows([][]float64{{1, 0, nan, 0, 1, 0}, {0, 0, 1, nan, 0, 1}})
	_, err = fit.FitSource(context.Background(), m, holedRows{part})
	require.Error(t, err, "5 rows a batch of 2")
	fit.Batch = 2
	_, err = fit.FitSource(context.Background(), m, holedRows{part})
	require.ErrorIs(t, err, energy.ErrRange)
	require.ErrorContains(t, err, "row 1 of the data: of the OneHot group at column 3 a part is missing")
	require.False(t, errors.Is(err, energy.ErrNotFinite))
}
