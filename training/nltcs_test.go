package training

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// TestNLTCS reports exact log-likelihoods of the 16 binary variables of the national long term care survey, by machines that are trained exactly:
// there is nothing to estimate. It wants HARMONIUM_NLTCS to name a folder with debd_nltcs.train.csv.gz and its companions valid and test, which are
// not part of the repository.
func TestNLTCS(t *testing.T) {
	dir := os.Getenv("HARMONIUM_NLTCS")
	if dir == "" {
		t.Skip("HARMONIUM_NLTCS names no folder")
	}
	read := func(part string) *tensor.Dense {
		file, err := os.Open(filepath.Join(dir, "debd_nltcs."+part+".csv.gz"))
		require.NoError(t, err)
		defer file.Close()
		unpacked, err := gzip.NewReader(file)
		require.NoError(t, err)
		lines, err := csv.NewReader(unpacked).ReadAll()
		require.NoError(t, err)
		var x []float32
		for _, line := range lines {
			for _, cell := range line {
				x = append(x, oneIf[float32](cell == "1"))
			}
		}
		return tensor.New(tensor.WithShape(len(lines), 16), tensor.WithBacking(x))
	}
	train, valid, test := read("train"), read("valid"), read("test")
	rows, weights := distinct(train)
	for _, c := range []layers.BoltzmannConfig{
		{Visible: energy.Bernoulli(16)},
		{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(4), SemiRestricted: true, InitDeviation: 0.1},
		{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(8), SemiRestricted: true, InitDeviation: 0.1},
		{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(4), InitDeviation: 0.1},
	} {
		c.Seed = 1
		m := boltzmann(t, c)
		start := time.Now()
		_, err := Boltzmann{
			Negative: sampling.Exact{}, Solver: Adam{Rate: 0.05}, Rate: Linear(0.05, 0.001, 600), Epochs: 600, Batch: len(weights), Weights: weights,
			InitBias: true, Seed: 1,
		}.Fit(context.Background(), m, rows)
		require.NoError(t, err)
		report(t, fmt.Sprintf("%v with %v, semi-restricted %v", c.Visible, c.Hidden, c.SemiRestricted), time.Since(start), func(x *tensor.Dense) float64 {
			logP, err := m.LogProbability(1, x)
			require.NoError(t, err)
			return mean(logP)
		}, train, valid, test)
	}
	for _, hidden := range []int{8, 16, 32} {
		r, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(hidden), Seed: 1, InitDeviation: 0.1, Centered: true})
		require.NoError(t, err)
		start := time.Now()
		_, err = Contrastive{
			Negative: sampling.Exact{}, Solver: Adam{Rate: 0.05}, Rate: Linear(0.05, 0.001, 600), Epochs: 600, Batch: len(weights), Weights: weights,
			InitBias: true, Seed: 1,
		}.Fit(context.Background(), r, rows)
		require.NoError(t, err)
		p, err := layers.PlainOf[float32](r)
		require.NoError(t, err)
		states, err := r.Visible().States(tensor.Float32)
		require.NoError(t, err)
		logZ := logSumOfFreeEnergies(p.FreeEnergy(states.Float32s(), 1<<16))
		report(t, fmt.Sprintf("RBM 16-%d", hidden), time.Since(start), func(x *tensor.Dense) float64 {
			return -mean(p.FreeEnergy(x.Float32s(), x.Shape()[0])) - logZ
		}, train, valid, test)
	}
}

// distinct are the different rows, and how often each is there.
func distinct(x *tensor.Dense) (rows *tensor.Dense, counts []float64) {
	at, n := map[string]int{}, x.Shape()[1]
	var data []float32
	for lo := 0; lo < len(x.Float32s()); lo += n {
		row := x.Float32s()[lo : lo+n]
		key := fmt.Sprint(row)
		k, ok := at[key]
		if !ok {
			k = len(counts)
			at[key], counts, data = k, append(counts, 0), append(data, row...)
		}
		counts[k]++
	}
	return tensor.New(tensor.WithShape(len(counts), n), tensor.WithBacking(data)), counts
}

func logSumOfFreeEnergies(f []float64) float64 {
	sum := 0.0
	for _, x := range f {
		sum += math.Exp(f[0] - x)
	}
	return math.Log(sum) - f[0]
}

func report(t *testing.T, model string, elapsed time.Duration, meanLogP func(*tensor.Dense) float64, train, valid, test *tensor.Dense) {
	t.Helper()
	got := meanLogP(test)
	t.Logf("%s: train %.4f, valid %.4f, test %.4f nats a row, %v", model, meanLogP(train), meanLogP(valid), got, elapsed.Round(100*time.Millisecond))
	require.Greater(t, got, -6.5)
}
