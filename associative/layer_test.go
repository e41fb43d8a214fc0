package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

func layerOf(t *testing.T, h *Hopfield, config layers.HopfieldConfig) *layers.Hopfield {
	l, err := h.Layer("recall", config)
	require.NoError(t, err)
	return l
}

// A network and its layer are one thing: there and back nothing changes, to the bit, and energies are the same numbers.
func TestLayerAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	hebb := learn(t, Hebb{}, spins(r, 5, 9)) // its scale is 1/9, which is not exact
	binary, _ := smallNetwork(t, r, 6).Binary()
	for _, h := range []*Hopfield{hebb, binary, smallNetwork(t, r, 4)} {
		l := layerOf(t, h, layers.HopfieldConfig{Temperature: 0.3})
		require.Equal(t, tensor.Float64, l.Config().Dtype)
		require.Equal(t, h.Couplings().Float64s(), l.Param("W").Float64s())
		back, err := FromLayer(l)
		require.NoError(t, err)
		require.Equal(t, h.Couplings().Float64s(), back.Couplings().Float64s())
		require.Equal(t, h.config, back.config)
		require.Equal(t, l.Param("W").Float64s(), layerOf(t, back, layers.HopfieldConfig{}).Param("W").Float64s())

		states := spins(r, 7, h.n)
		if h.config.Binary {
			for k, v := range states.Float64s() {
				states.Float64s()[k] = (v + 1) / 2
			}
		}
		want, err := h.Energy(states)
		require.NoError(t, err)
		g := G.NewGraph()
		got := graphtest.Value(t, G.Must(l.Energy(graphtest.Input(g, "x", states))))
		require.InDeltaSlice(t, want, got[0], 1e-12)
	}
	// What the layer learns is the network's from then on, and not before.
	l := layerOf(t, hebb, layers.HopfieldConfig{})
	require.NoError(t, l.Param("b").Set([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}))
	back, err := FromLayer(l)
	require.NoError(t, err)
	require.Equal(t, 9.0, back.config.Bias[8])
	require.Nil(t, hebb.config.Bias)
}

// Far below the size of the fields, steps of the layer are the synchronous sweeps of the network.
func TestColdLayerIsSynchronousRecall(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 2))
		bias := make([]float64, 12)
		for i := range bias {
			bias[i] = 0.5 // no ties with whole couplings
		}
		h := network(t, r, 12, HopfieldConfig{Bias: bias})
		binary, _ := h.Binary()
		for _, sweeps := range []int{1, 2, 3} {
			x := spins(r, 6, 12)
			want := recall(t, h, x, Synchronous{MaxSweeps: sweeps}).States.Float64s()
			if sweeps > 1 {
				want = plainSynchronous(h, x.Float64s(), sweeps)
			}
			g := G.NewGraph()
			l := layerOf(t, h, layers.HopfieldConfig{Temperature: 1e-4, InputIsState: true, Steps: sweeps})
			require.Equal(t, want, graphtest.Value(t, G.Must(l.Forward(graphtest.Input(g, "x", x))))[0])

			for k := range want {
				want[k] = (want[k] + 1) / 2
				x.Float64s()[k] = (x.Float64s()[k] + 1) / 2
			}
			g = G.NewGraph()
			l = layerOf(t, binary, layers.HopfieldConfig{Temperature: 1e-4, InputIsState: true, Steps: sweeps})
			require.Equal(t, want, graphtest.Value(t, G.Must(l.Forward(graphtest.Input(g, "x", x))))[0])
		}
	}
}

// plainSynchronous makes so many sweeps, also after a cycle has closed.
func plainSynchronous(h *Hopfield, x []float64, sweeps int) []float64 {
	out := make([]float64, 0, len(x))
	for at := 0; at < len(x); at += h.n {
		row := append([]float64(nil), x[at:at+h.n]...)
		for range sweeps {
			plainSweep(h, row, [][]int{ascending(h.n)})
		}
		out = append(out, row...)
	}
	return out
}

func TestLayerRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	h := smallNetwork(t, r, 3)
	self, err := NewHopfield(tensorOf([]float64{1, 0}, []float64{0, 0}), HopfieldConfig{SelfCoupling: true})
	require.NoError(t, err)
	askew, err := NewHopfield(tensorOf([]float64{0, 1}, []float64{-1, 0}), HopfieldConfig{Asymmetric: true})
	require.NoError(t, err)
	huge, err := NewHopfield(tensorOf([]float64{0, 1e300}, []float64{1e300, 0}), HopfieldConfig{})
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		h      *Hopfield
		config layers.HopfieldConfig
		err    error
		text   string
	}{
		{"units", h, layers.HopfieldConfig{Units: energy.Spin(3)}, energy.ErrConfig, "want none of these"},
		{"seed", h, layers.HopfieldConfig{Seed: 1}, energy.ErrConfig, "Seed 1"},
		{"deviation", h, layers.HopfieldConfig{InitDeviation: 1}, energy.ErrConfig, "InitDeviation 1"},
		{"state without steps", h, layers.HopfieldConfig{InputIsState: true}, energy.ErrConfig, "InputIsState wants Steps"},
		{"integers", h, layers.HopfieldConfig{Dtype: tensor.Int}, energy.ErrDtype, "int"},
		{"self-coupling", self, layers.HopfieldConfig{}, energy.ErrConfig, "diagonal"},
		{"asymmetric", askew, layers.HopfieldConfig{}, energy.ErrConfig, "symmetric"},
		{"too large for float32", huge, layers.HopfieldConfig{Dtype: tensor.Float32}, energy.ErrNotFinite, "finite"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := c.h.Layer("recall", c.config)
			require.Nil(t, l)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, `associative: Hopfield: Layer "recall": `)
			require.ErrorContains(t, err, c.text)
		})
	}
	_, err = FromLayer(nil)
	require.ErrorIs(t, err, energy.ErrConfig)
	l := layerOf(t, h, layers.HopfieldConfig{})
	l.Param("b").Value().Float64s()[1] = math.NaN()
	_, err = FromLayer(l)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, `associative: FromLayer: layer "recall": recall.b has a number`)
}
