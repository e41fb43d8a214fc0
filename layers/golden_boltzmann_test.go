package layers

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

type goldenBoltzmann struct {
	Name, Family string
	States       int // of a OneHot unit
	W, B, X      goldenTensor
	Energy       goldenTensor
	Temperatures []struct {
		T                   float64
		LogPartition        *float64 `json:"log_partition"`
		InternalEnergy      *float64 `json:"internal_energy"`
		Entropy             *float64
		HelmholtzFreeEnergy *float64 `json:"helmholtz_free_energy"`
		Mean                goldenTensor
		SecondMoment        goldenTensor `json:"second_moment"`
	}
	Conditional struct {
		Clamped map[string]float64
		T       float64
		Mean    goldenTensor `json:"mean_of_all_units"`
	}
}

func readGoldenBoltzmann(t *testing.T, path string) []goldenBoltzmann {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct{ Boltzmann []goldenBoltzmann }
	require.NoError(t, json.Unmarshal(raw, &file), path)
	require.NotEmpty(t, file.Boltzmann, "%s holds no boltzmann cases", path)
	return file.Boltzmann
}

// TestGoldenBoltzmann checks every machine of testdata/harmoniums.json, and of the file that HARMONIUM_GOLDEN names, if it is set.
func TestGoldenBoltzmann(t *testing.T) {
	var cases []goldenBoltzmann
	if path := os.Getenv("HARMONIUM_GOLDEN"); path != "" {
		cases = readGoldenBoltzmann(t, path) // first: the names of its subtests stay as they are in the file
	}
	ours := readGoldenBoltzmann(t, "testdata/harmoniums.json")
	require.Len(t, ours, 2)
	for _, c := range append(cases, ours...) {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

func (c goldenBoltzmann) check(t *testing.T) {
	n := len(c.B.Data)
	side := goldenSide{Family: c.Family, Units: n, States: c.States}
	if c.States > 0 {
		side.Units = n / c.States
	}
	bm := must(NewBoltzmann("golden", BoltzmannConfig{Visible: side.units(t), Dtype: tensor.Float64}))
	require.NoError(t, bm.Param("W").Set(c.W.Data))
	require.NoError(t, bm.Param("b").Set(c.B.Data))
	x := dense(tensor.Float64, c.X.Shape, c.X.Data...)

	t.Run("energy", func(t *testing.T) {
		require.NotEmpty(t, c.Energy.Data, "the file has no such numbers")
		v := input(G.NewGraph(), "x", x)
		for _, e := range graphtest.Value(t, must(bm.Energy(v, nil)), must(bm.FreeEnergy(v))) {
			near(t, c.Energy.Data, e, 1e-10)
		}
		near(t, c.Energy.Data, must(PlainBoltzmannOf[float64](bm)).Energy(x.Float64s(), c.X.Shape[0]), 1e-10)
	})
	require.NotEmpty(t, c.Temperatures, "the file has no temperatures")
	for _, at := range c.Temperatures {
		e, err := bm.Equilibrium(at.T)
		require.NoError(t, err)
		for name, q := range map[string]struct {
			want *float64
			got  float64
		}{
			"log_partition":         {at.LogPartition, e.LogPartition},
			"internal_energy":       {at.InternalEnergy, e.InternalEnergy},
			"entropy":               {at.Entropy, e.Entropy},
			"helmholtz_free_energy": {at.HelmholtzFreeEnergy, e.HelmholtzFreeEnergy},
		} {
			require.NotNil(t, q.want, "%s at temperature %v is not in the file", name, at.T)
			require.InDelta(t, *q.want, q.got, 1e-10, "%s at temperature %v", name, at.T)
		}
		near(t, at.Mean.Data, e.Mean, 1e-10, "mean at temperature", at.T)
		near(t, at.SecondMoment.Data, e.SecondMoment, 1e-10, "second moment at temperature", at.T)

		logP, err := bm.LogProbability(at.T, x)
		require.NoError(t, err)
		for r, energy := range c.Energy.Data {
			require.InDelta(t, -energy/at.T-*at.LogPartition, logP[r], 1e-10, "row %d at temperature %v", r, at.T)
		}
	}
	t.Run("conditional", func(t *testing.T) {
		require.NotEmpty(t, c.Conditional.Clamped, "the file has no such numbers")
		row, known := make([]float64, n), make([]bool, n)
		for _, key := range slices.Sorted(maps.Keys(c.Conditional.Clamped)) {
			i, err := strconv.Atoi(key)
			require.NoError(t, err)
			row[i], known[i] = c.Conditional.Clamped[key], true
		}
		e, err := bm.Conditional(c.Conditional.T, row, known)
		require.NoError(t, err)
		near(t, c.Conditional.Mean.Data, e.Mean, 1e-10)
	})
}
