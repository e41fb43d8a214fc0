package training_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// The offsets move to the means of what is asked for.
func TestOffsetsFollowTheirMeans(t *testing.T) {
	units := energy.Bernoulli(5)
	rows := states(units, 7)
	for offsets, share := range map[training.Offsets]float64{training.DataOffsets: 0, training.ModelOffsets: 1, training.AverageOffsets: 0.5} {
		m := machine(units, energy.Spin(4), true)
		mu, lambda := m.Param("visible_offset").Float64s(), m.Param("hidden_offset").Float64s()
		o := oracle(m)
		model := must(o.Moments())
		_, _, _, v, h := centeredGradient(o, rows, mu, lambda)
		exactStep(t, m, rows, func(c *training.Contrastive) { c.Offsets, c.OffsetRate = offsets, 0.25 })
		for i, x := range m.Param("visible_offset").Float64s() {
			require.InDelta(t, mu[i]+0.25*((1-share)*v[i]+share*model.V[i]-mu[i]), x, 1e-12, "%v", offsets)
		}
		for j, x := range m.Param("hidden_offset").Float64s() {
			require.InDelta(t, lambda[j]+0.25*((1-share)*h[j]+share*model.H[j]-lambda[j]), x, 1e-12, "%v", offsets)
		}
	}
}

// With offsets at the averages of data and model the step is the enhanced gradient's of Cho, Raiko and Ilin, equations 6 to 8:
//
//	ΔW = Cov_data(v,h) − Cov_model(v,h)    Δb = ⟨v⟩data − ⟨v⟩model − ΔW·½(⟨h⟩data + ⟨h⟩model)    Δc likewise
func TestAverageOffsetsMakeTheEnhancedGradientStep(t *testing.T) {
	const n, k = 5, 4
	rows := states(energy.Bernoulli(n), 7)
	enhanced := func(offsets training.Offsets) (off float64) {
		m := machine(energy.Bernoulli(n), energy.Bernoulli(k), true)
		before := oracle(m)
		model := must(before.Moments())
		zero := make([]float64, n)
		second, _, _, v, h := centeredGradient(before, rows, zero, make([]float64, k)) // ⟨vhᵀ⟩data − ⟨vhᵀ⟩model
		average := func(a, b []float64) *tensor.Dense {
			x := make([]float64, len(a))
			for i := range x {
				x[i] = (a[i] + b[i]) / 2
			}
			return tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))
		}
		mu, lambda := average(v, model.V), average(h, model.H)
		require.NoError(t, m.MoveOffsets(mu, lambda, 1))
		exactStep(t, m, rows, func(c *training.Contrastive) { c.Offsets, c.OffsetRate = offsets, 1 })
		after := oracle(m)

		w, b, c := make([]float64, n*k), make([]float64, n), make([]float64, k)
		for i := range n {
			b[i] = v[i] - model.V[i]
		}
		for j := range k {
			c[j] = h[j] - model.H[j]
		}
		for i := range n {
			for j := range k {
				w[i*k+j] = second[i*k+j] - v[i]*h[j] + model.V[i]*model.H[j]
				b[i] -= w[i*k+j] * lambda.Float64s()[j]
				c[j] -= w[i*k+j] * mu.Float64s()[i]
			}
		}
		require.InDeltaSlice(t, w, moved(after.W, before.W), 1e-12)
		require.InDeltaSlice(t, b, moved(after.B, before.B), 1e-12)
		require.InDeltaSlice(t, c, moved(after.C, before.C), 1e-12)
		return distance(m.Param("visible_offset").Float64s(), mu.Float64s())
	}
	require.Less(t, enhanced(training.AverageOffsets), 1e-12, "the offsets stay, for the means have not been measured again")
	require.Greater(t, enhanced(training.DataOffsets), 0.01, "and leave the averages where they are not to follow them")
}

// The means of a phase that knows them are taken as they are.
func TestOffsetsOfMeans(t *testing.T) {
	rows := states(energy.Bernoulli(5), 7)
	m := machine(energy.Bernoulli(5), energy.Bernoulli(4), true)
	phase := must(sampling.TAP{Chains: 3}.Start(m, 1))
	_, _, err := phase.Next(nil, nil, 0)
	require.NoError(t, err)
	exactStep(t, m, rows, func(c *training.Contrastive) {
		c.Negative, c.Offsets, c.OffsetRate = started{sampling.TAP{Chains: 3}}, training.ModelOffsets, 1
	})
	hidden := phase.(sampling.Means).HiddenMeans().Float64s()
	for j, x := range m.Param("hidden_offset").Float64s() {
		require.InDelta(t, (hidden[j]+hidden[4+j]+hidden[8+j])/3, x, 1e-12)
	}
}

// started is a negative phase of a seed of its own, not of the fit's.
type started struct{ sampling.Negative }

func (s started) Start(m *layers.RBM, _ uint64) (sampling.Phase, error) {
	return s.Negative.Start(m, 1)
}

func TestOffsetsNames(t *testing.T) {
	require.Equal(t, "data", training.DataOffsets.String())
	require.Equal(t, "model", training.ModelOffsets.String())
	require.Equal(t, "average", training.AverageOffsets.String())
	require.Equal(t, "Offsets(7)", training.Offsets(7).String())
}

// A run with other offsets is another run.
func TestCheckpointKnowsTheOffsets(t *testing.T) {
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	in.centered, in.Offsets, in.Epochs, in.Batch, in.Resume = true, training.AverageOffsets, 4, 4, true
	_, err := in.Fit(stopAt(3), machine(in.visible, in.hidden, true), in.data)
	require.ErrorIs(t, err, context.Canceled)
	in.Offsets = training.DataOffsets
	_, err = in.Fit(context.Background(), machine(in.visible, in.hidden, true), in.data)
	require.ErrorContains(t, err, "it is of another run")
	require.ErrorContains(t, err, "offsets 0.01 of average")
	require.ErrorContains(t, err, "offsets 0.01 of data")
}
