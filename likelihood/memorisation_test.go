package likelihood

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

func TestMemorisationTellsCopiesFromNewRows(t *testing.T) {
	const n, width = 400, 5
	for _, dtype := range dtypes {
		rows := func(seed uint64, shift float64) *tensor.Dense {
			x := normals(seed, n*width, 1)
			for i := range x {
				x[i] += shift
			}
			return dense(dtype, n, x)
		}
		training, held := rows(1, 0), rows(2, 0)

		alike := must(Memorise(context.Background(), rows(3, 0), training, held, 1))
		require.InDelta(t, 0.5, alike.Training.Accuracy, limit*alike.Training.Deviation)
		require.InDelta(t, 0.5, alike.HeldOut.Accuracy, limit*alike.HeldOut.Deviation)
		require.InDelta(t, 0, alike.PrivacyLoss, limit*alike.Deviation)
		require.Less(t, alike.Deviation, 0.05, "the test sees little")

		copied := numbers(training)
		for i, x := range normals(4, n*width, 0.01) {
			copied[i] += x
		}
		copies := must(Memorise(context.Background(), dense(dtype, n, copied), training, held, 1))
		require.Less(t, copies.Training.Accuracy, 0.02)
		require.InDelta(t, 0.5, copies.HeldOut.Accuracy, limit*copies.HeldOut.Deviation)
		require.Greater(t, copies.PrivacyLoss, 0.4)

		apart := must(Memorise(context.Background(), rows(5, 10), training, held, 1))
		require.Equal(t, 1.0, apart.Training.Accuracy)
		require.Equal(t, 1.0, apart.Training.Rows)
		require.Equal(t, 1.0, apart.Training.Samples)
		require.Zero(t, apart.PrivacyLoss)

		one := must(Memorise(context.Background(), dense(dtype, n, make([]float64, n*width)), training, held, 1))
		require.Equal(t, 1.0, one.Training.Samples, "samples that are all alike are nearest to each other")
	}
}

// Distances from the definition, on rows whose distances tie.
func TestMemorisationIsTheFormula(t *testing.T) {
	s := [][]float64{{0, 0}, {1, 0}, {4, 4}}
	x := [][]float64{{0, 1}, {1, 1}, {4, 4}}
	distance := func(a, b []float64) float64 { return math.Hypot(a[0]-b[0], a[1]-b[1]) }
	nearest := func(p []float64, others [][]float64, but int) float64 {
		least := math.Inf(1)
		for j, o := range others {
			if j != but {
				least = min(least, distance(p, o))
			}
		}
		return least
	}
	vote := func(across, inside float64) float64 {
		switch {
		case across > inside:
			return 1
		case across == inside:
			return 0.5
		}
		return 0
	}
	rows, samples := 0.0, 0.0
	for i := range s {
		rows += vote(nearest(x[i], s, -1), nearest(x[i], x, i)) / 3
		samples += vote(nearest(s[i], x, -1), nearest(s[i], s, i)) / 3
	}
	flat := func(p [][]float64) *tensor.Dense {
		return dense(tensor.Float64, 3, append(append(append([]float64(nil), p[0]...), p[1]...), p[2]...))
	}
	got := must(Memorise(context.Background(), flat(s), flat(x), flat(x), 9))
	require.InDelta(t, rows, got.Training.Rows, 1e-12)
	require.InDelta(t, samples, got.Training.Samples, 1e-12)
	require.InDelta(t, (rows+samples)/2, got.Training.Accuracy, 1e-12)
	require.Equal(t, got.Training, got.HeldOut)
	require.Equal(t, 3, got.Points)
	require.Contains(t, got.String(), "privacy loss 0.000")
}

func TestMemorisationTakesAsManyOfEach(t *testing.T) {
	a, b, c := dense(tensor.Float32, 300, normals(1, 600, 1)), dense(tensor.Float32, 50, normals(2, 100, 1)), dense(tensor.Float32, 500, normals(3, 1000, 1))
	got := must(Memorise(context.Background(), a, b, c, 1))
	require.Equal(t, 50, got.Points)
	require.Equal(t, got, must(Memorise(context.Background(), a, b, c, 1)))
	require.NotEqual(t, got, must(Memorise(context.Background(), a, b, c, 2)))
}

func TestMemorisationRefuses(t *testing.T) {
	good := dense(tensor.Float64, 3, normals(1, 6, 1))
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		bad  *tensor.Dense
		want error
	}{
		{nil, energy.ErrConfig},
		{dense(tensor.Float64, 1, []float64{1, 2}), energy.ErrShape},
		{dense(tensor.Float64, 2, normals(1, 6, 1)), energy.ErrShape},
		{tensor.New(tensor.WithShape(6), tensor.WithBacking(normals(1, 6, 1))), energy.ErrShape},
		{dense(tensor.Float32, 3, normals(1, 6, 1)), energy.ErrDtype},
		{dense(tensor.Float64, 3, []float64{1, 2, 3, 4, 5, math.NaN()}), energy.ErrNotFinite},
	} {
		_, err := Memorise(context.Background(), good, good, test.bad, 1)
		require.ErrorIs(t, err, test.want)
		require.ErrorContains(t, err, "likelihood: Memorise: held-out rows: ")
	}
	_, err := Memorise(context.Background(), nil, good, good, 1)
	require.ErrorContains(t, err, "samples: none given")
	_, err = Memorise(context.Background(), tensor.New(tensor.WithShape(6), tensor.WithBacking(normals(1, 6, 1))), good, good, 1)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = Memorise(ended, good, good, good, 1)
	require.ErrorIs(t, err, context.Canceled)
}
