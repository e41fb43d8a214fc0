package training_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// Predict runs batches of 500 rows; the numbers of rows stand on both sides of that.
func TestPredictRunsAllRows(t *testing.T) {
	for _, dt := range dtypes {
		net := linear("net", 3, 2, dt)
		w, b := net.Params()[0].Float64s(), []float64{0.5, -0.25}
		require.NoError(t, net.Params()[1].Set(b))
		for _, rows := range []int{1, 499, 500, 501, 1201} {
			x := normals(1, rows, 3)
			y, err := training.Predict(context.Background(), net, x)
			require.NoError(t, err)
			require.Equal(t, tensor.Shape{rows, 2}, y.Shape())
			require.Equal(t, dt, y.Dtype())
			in, out := x.Float64s(), float64s(y)
			for i := range rows {
				for j := range 2 {
					want := b[j]
					for k := range 3 {
						want += in[3*i+k] * w[2*k+j]
					}
					require.InDelta(t, want, out[2*i+j], 5e-6, "row %d", i) // some 5 roundings of 6e-8 of numbers below 10
				}
			}
		}
	}
}

// Sets run as rows do, and give whatever shape the model gives to each.
func TestPredictRunsSets(t *testing.T) {
	for _, dt := range dtypes {
		x := cube(normals(1, 1201, 6), 2)
		net := linear("net", 3, 2, dt)
		y, err := training.Predict(context.Background(), net, x)
		require.NoError(t, err)
		require.Equal(t, tensor.Shape{1201, 2, 2}, y.Shape())
		flat := tensor.New(tensor.WithShape(2402, 3), tensor.WithBacking(x.Data()))
		require.Equal(t, must(training.Predict(context.Background(), net, flat)).Data(), y.Data())
	}
}

// float64s gives the numbers of a tensor of either dtype.
func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}

func TestPredictIsWithoutNoise(t *testing.T) {
	one, two := linear("one", 6, 5, tensor.Float64), linear("two", 5, 3, tensor.Float64)
	noisy := sequential(one, layers.Sigmoid(), must(layers.NewDropout("dropout", 0.5, 1)), must(layers.NewStochasticBernoulli("draw", 1)), two)
	quiet := sequential(one, layers.Sigmoid(), two)
	x := normals(1, 7, 6)
	want, err := training.Predict(context.Background(), quiet, x)
	require.NoError(t, err)
	got, err := training.Predict(context.Background(), noisy, x)
	require.NoError(t, err)
	require.Equal(t, want.Float64s(), got.Float64s())
}

// A model without parameters takes the dtype of the data.
func TestPredictWithoutParameters(t *testing.T) {
	x := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{0, 1, -1, 2}))
	y, err := training.Predict(context.Background(), layers.ReLU(), x)
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 0, 2}, y.Float32s())
}

func TestPredictRefuses(t *testing.T) {
	net := linear("net", 6, 3, tensor.Float64)
	for _, c := range []struct {
		model    layers.Layer
		x        *tensor.Dense
		sentinel error
		want     string
	}{
		{nil, normals(1, 2, 6), energy.ErrConfig, "no model given"},
		{net, nil, energy.ErrShape, `layer "net": rows are no matrix`},
		{net, normals(1, 2, 5), energy.ErrShape, "input has shape (2, 5), want (batch, 6)"},
		{net, tensor.New(tensor.WithShape(2, 6), tensor.WithBacking(make([]int, 12))), energy.ErrDtype, "dtype int"},
		{net, columnView(6), energy.ErrShape, "not contiguous"},
		{net, with(nan), energy.ErrNotFinite, "row 3, column 2 is NaN"},
		{sums{}, normals(1, 2, 6), energy.ErrShape, "output has shape (2), want (2, n)"},
	} {
		y, err := training.Predict(context.Background(), c.model, c.x)
		require.ErrorIs(t, err, c.sentinel)
		require.ErrorContains(t, err, "training: Predict: ")
		require.ErrorContains(t, err, c.want)
		require.Nil(t, y)
	}
}

// sums is a layer whose output is no matrix.
type sums struct{}

func (sums) Name() string                       { return "sums" }
func (sums) Params() []*layers.Param            { return nil }
func (sums) Forward(x *G.Node) (*G.Node, error) { return G.Sum(x, 1) }

func TestPredictEndsWithItsContext(t *testing.T) {
	net := linear("net", 6, 3, tensor.Float64)
	for batches := range 3 {
		_, err := training.Predict(stopAt(batches), net, normals(1, 1201, 6))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, `training: Predict: layer "net"`)
	}
	_, err := training.Predict(stopAt(3), net, normals(1, 1201, 6))
	require.NoError(t, err)
}

func TestClassesAreTheLargestColumns(t *testing.T) {
	require.Equal(t, []int{2, 0, 1}, training.Classes(fromRows([][]float64{{1, 2, 3}, {0, -1, -2}, {5, 5.5, 5}})))
	require.Equal(t, []int{0}, training.Classes(fromRows([][]float64{{4, 4}})), "the first of equal ones")
	labels := []int{2, 0, 1, 1}
	require.Equal(t, labels, training.Classes(must(training.OneHot(labels, 3))))
}
