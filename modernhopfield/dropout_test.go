package modernhopfield

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// Dropout is a function of seed, name and step, drops weights at its rate, and is gone where a machine evaluates.
func TestAssociationDropout(t *testing.T) {
	const states, stored, rate = 100, 20, 0.3
	// All stored patterns are alike and the values are a basis, so that the output is the weights after dropout, times 20.
	withSeed := func(name string, seed uint64, dt tensor.Dtype) *Hopfield {
		return must(NewHopfield(name, Config{StoredStatic: true, StateStatic: true, ProjectionStatic: true, NoOutput: true, Dropout: rate, Seed: seed, Dtype: dt}))
	}
	run := func(h *Hopfield, step uint64, evaluate bool) []float64 {
		g := G.NewGraph()
		basis := make([]float64, stored*stored)
		for i := range stored {
			basis[i*stored+i] = stored
		}
		h.SetStep(step)
		y := must(h.Associate(given(g, "stored", h.Dtype(), make([]float64, stored*2), stored, 2), random(g, "states", h.Dtype(), 1, states, 2),
			given(g, "values", h.Dtype(), basis, stored, stored), Masks{}))
		if evaluate {
			return graphtest.Evaluate(t, y)[0]
		}
		return graphtest.Value(t, y)[0]
	}
	for _, dt := range dtypes {
		for _, x := range run(withSeed("h", 1, dt), 3, true) {
			require.InDelta(t, 1, x, 1e-5, "nothing is dropped")
		}
		for _, seed := range stattest.Seeds {
			kept := run(withSeed("h", seed, dt), 0, false)
			for i, x := range kept {
				if x != 0 {
					require.InDelta(t, 1/(1-rate), x, 1e-5)
					kept[i] = 1
				}
			}
			sigma := math.Sqrt(rate * (1 - rate))
			require.NoError(t, stattest.Mean(kept, 1-rate, sigma, 1e-6))
			require.Error(t, stattest.Mean(kept, 1-rate-0.07, sigma, 1e-6), "the test sees a rate that is off by 0.07")
		}
		first := run(withSeed("h", 1, dt), 0, false)
		require.Equal(t, first, run(withSeed("h", 1, dt), 0, false))
		require.NotEqual(t, first, run(withSeed("h", 1, dt), 1, false), "another step")
		require.NotEqual(t, first, run(withSeed("h", 2, dt), 0, false), "another seed")
		require.NotEqual(t, first, run(withSeed("other", 1, dt), 0, false), "another name")
	}
}

// The dropouts of a block differ from each other, all move with the step, and none is left where a machine evaluates.
func TestBlockDropout(t *testing.T) {
	encoder := func(dropout float64) layers.Layer {
		e := must(NewEncoder("e", EncoderConfig{Association: Config{Input: 8}, Feedforward: 16, Dropout: dropout}))
		shuffleParams(e, 1)
		return e
	}
	decoder := func(dropout float64) layers.Layer {
		d := must(NewDecoder("d", DecoderConfig{Self: Config{Input: 8, Dropout: dropout}, Cross: Config{Input: 8}, Feedforward: 16, Dropout: dropout}))
		shuffleParams(d, 1)
		return d
	}
	for _, build := range []func(float64) layers.Layer{encoder, decoder} {
		run := func(l layers.Layer, step uint64, evaluate bool) []float64 {
			l.(layers.Stochastic).SetStep(step)
			y := must(l.Forward(random(G.NewGraph(), "x", tensor.Float32, 1, 2, 3, 8)))
			if evaluate {
				return graphtest.Evaluate(t, y)[0]
			}
			return graphtest.Value(t, y)[0]
		}
		quiet := run(build(0), 0, false)
		require.Equal(t, quiet, run(build(0.4), 0, true))
		noisy := run(build(0.4), 0, false)
		differs(t, quiet, noisy)
		require.Equal(t, noisy, run(build(0.4), 0, false))
		differs(t, noisy, run(build(0.4), 1, false))
	}
	e := encoder(0.5).(*Encoder)
	require.NotEqual(t, e.first.dropout.noise, e.feed.inner.noise)
	require.NotEqual(t, e.feed.inner.noise, e.feed.end.dropout.noise)
}
