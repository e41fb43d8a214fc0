package exact

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The golden numbers come from an independent enumeration in NumPy; its log-variance gradients are differences, good to 1e-7.

type goldenTensor struct {
	Shape []int
	Data  []float64
}

func (g goldenTensor) row(k int) []float64 {
	n := g.Shape[1]
	return g.Data[k*n : (k+1)*n]
}

type goldenSide struct {
	Family        string
	Units, States int
	Variance      []float64
}

type goldenRBM struct {
	Name            string
	Visible, Hidden goldenSide
	W, B, C, V, H   goldenTensor
	Energy          goldenTensor
	FreeEnergyV     goldenTensor `json:"free_energy_v"`
	FreeEnergyH     goldenTensor `json:"free_energy_h"`
	MeanH           goldenTensor `json:"mean_h_given_v"`
	MeanV           goldenTensor `json:"mean_v_given_h"`
	LogPartition    float64      `json:"log_partition"`
	LogLikelihood   float64      `json:"mean_log_likelihood"`
	Gradient        struct {
		W, B, C            goldenTensor
		LogVarianceVisible goldenTensor `json:"log_variance_visible"`
		LogVarianceHidden  goldenTensor `json:"log_variance_hidden"`
	} `json:"grad_nll"`
}

type goldenBoltzmann struct {
	Name, Family    string
	W, B, X, Energy goldenTensor
	Temperatures    []struct {
		T              float64
		LogPartition   float64 `json:"log_partition"`
		InternalEnergy float64 `json:"internal_energy"`
		Entropy        float64
		FreeEnergy     float64 `json:"helmholtz_free_energy"`
		Mean           goldenTensor
		SecondMoment   goldenTensor `json:"second_moment"`
	}
	Conditional struct {
		Clamped map[string]float64
		T       float64
		Mean    goldenTensor `json:"mean_of_all_units"`
	}
}

func golden(t *testing.T) (g struct {
	RBM       []goldenRBM
	Boltzmann []goldenBoltzmann
}) {
	raw, err := os.ReadFile("../../layers/testdata/harmoniums.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &g))
	return g
}

func family(t *testing.T, name string) Family {
	for f := Bernoulli; f <= Poisson; f++ {
		if f.String() == name {
			return f
		}
	}
	require.Fail(t, "unknown family", name)
	return 0
}

func (g goldenSide) side(t *testing.T) Side {
	s := Side{Family: family(t, g.Family), Units: g.Units}
	if s.Family == OneHot {
		s.Units, s.States = g.Units*g.States, g.States
	}
	for _, v := range g.Variance {
		s.LogVariance = append(s.LogVariance, math.Log(v))
	}
	return s
}

func TestGoldenHarmoniums(t *testing.T) {
	cases := golden(t).RBM
	require.Len(t, cases, 16)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			m := &Harmonium{Visible: c.Visible.side(t), Hidden: c.Hidden.side(t), W: c.W.Data, B: c.B.Data, C: c.C.Data}
			var data [][]float64
			for k := range c.V.Shape[0] {
				v, h := c.V.row(k), c.H.row(k)
				data = append(data, v)
				require.InDelta(t, c.Energy.Data[k], m.Energy(v, h), 1e-12)
				f, err := m.FreeEnergy(v)
				require.NoError(t, err)
				require.InDelta(t, c.FreeEnergyV.Data[k], f, 1e-12)
				f, err = m.HiddenFreeEnergy(h)
				require.NoError(t, err)
				require.InDelta(t, c.FreeEnergyH.Data[k], f, 1e-12)
				mean, err := m.MeanHidden(v)
				require.NoError(t, err)
				near(t, c.MeanH.row(k), mean, 1e-12, "mean hidden")
				mean, err = m.MeanVisible(h)
				require.NoError(t, err)
				near(t, c.MeanV.row(k), mean, 1e-12, "mean visible")
			}
			logZ, err := m.LogPartition()
			require.NoError(t, err)
			require.InDelta(t, c.LogPartition, logZ, 1e-12)
			l, err := m.LogLikelihood(data, nil)
			require.NoError(t, err)
			require.InDelta(t, c.LogLikelihood, l, 1e-12)
			g, err := m.Gradient(data, nil)
			require.NoError(t, err)
			near(t, c.Gradient.W.Data, g.W, 1e-10, "W")
			near(t, c.Gradient.B.Data, g.B, 1e-10, "b")
			near(t, c.Gradient.C.Data, g.C, 1e-10, "c")
			near(t, c.Gradient.LogVarianceVisible.Data, g.LogVarianceVisible, 1e-7, "visible log variance")
			near(t, c.Gradient.LogVarianceHidden.Data, g.LogVarianceHidden, 1e-7, "hidden log variance")
		})
	}
}

func TestGoldenBoltzmannMachines(t *testing.T) {
	cases := golden(t).Boltzmann
	require.NotEmpty(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			q := &Quadratic{Units: Side{Family: family(t, c.Family), Units: len(c.B.Data)}, W: c.W.Data, B: c.B.Data}
			for k := range c.X.Shape[0] {
				require.InDelta(t, c.Energy.Data[k], q.Energy(c.X.row(k)), 1e-12)
			}
			require.Len(t, c.Temperatures, 3)
			for _, at := range c.Temperatures {
				logZ, err := q.LogPartition(at.T)
				require.NoError(t, err)
				require.InDelta(t, at.LogPartition, logZ, 1e-12)
				require.InDelta(t, at.FreeEnergy, -at.T*logZ, 1e-12)
				u, err := q.InternalEnergy(at.T)
				require.NoError(t, err)
				require.InDelta(t, at.InternalEnergy, u, 1e-12)
				h, err := q.Entropy(at.T)
				require.NoError(t, err)
				require.InDelta(t, at.Entropy, h, 1e-12)
				mean, second, err := q.Moments(at.T)
				require.NoError(t, err)
				near(t, at.Mean.Data, mean, 1e-12, "mean")
				near(t, at.SecondMoment.Data, second, 1e-12, "second moment")
			}
			clamped := map[int]float64{}
			for unit, value := range c.Conditional.Clamped {
				i, err := strconv.Atoi(unit)
				require.NoError(t, err)
				clamped[i] = value
			}
			mean, err := q.ConditionalMean(c.Conditional.T, clamped)
			require.NoError(t, err)
			near(t, c.Conditional.Mean.Data, mean, 1e-12, "conditional mean")
		})
	}
}
