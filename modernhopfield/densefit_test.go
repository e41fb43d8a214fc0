package modernhopfield_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

func TestDenseFit(t *testing.T) {
	x, labels := prototypes(300, 64, 4, tensor.Float32)
	fresh, truth := prototypes(340, 64, 4, tensor.Float32) // of which the first 300 are those
	for _, degree := range []int{0, 3, 5, 20} {
		var epochs []training.Epoch
		f := modernhopfield.DenseFit{Degree: degree, Memories: 30, Epochs: 12, Batch: 20, Seed: 1, Observe: func(e training.Epoch) error {
			epochs = append(epochs, e)
			return nil
		}}
		net, report, err := f.Fit(t.Context(), "net", x, labels, 4)
		require.NoError(t, err)
		require.Equal(t, energy.RectifiedPower(max(degree, 2)), net.Config().Interaction)
		require.Len(t, epochs, 12)
		require.Equal(t, report.Last().Cost, epochs[11].Cost)
		rate := map[int]float64{0: 0.003, 3: 0.002, 5: 0.008, 20: 0.008}[degree]
		require.InDelta(t, rate/2, epochs[6].Rate, 1e-12, "half a cosine")
		require.InDelta(t, rate*100/144, epochs[0].Rate, 1e-12, "ten of twelve parts, squared, before the first tenth is over")
		outputs, err := training.Predict(t.Context(), net, fresh)
		require.NoError(t, err)
		wrong := 0
		for i, class := range training.Classes(outputs) {
			if i >= 300 && class != truth[i] {
				wrong++
			}
		}
		require.LessOrEqual(t, wrong, 1, "of 40 rows that training did not see, under degree %d", degree)

		again, _, err := f.Fit(t.Context(), "net", x, labels, 4)
		require.NoError(t, err)
		require.Equal(t, net.Memories().Float64s(), again.Memories().Float64s(), "a seed makes a classifier")
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	net, _, err := modernhopfield.DenseFit{Memories: 5}.Fit(ctx, "net", x, labels, 4)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, net)
}

func TestDenseFitRefuses(t *testing.T) {
	x, labels := prototypes(12, 8, 3, tensor.Float64)
	for i, c := range []struct {
		f      modernhopfield.DenseFit
		x      *tensor.Dense
		labels []int
		want   error
	}{
		{modernhopfield.DenseFit{}, nil, labels, energy.ErrShape},
		{modernhopfield.DenseFit{}, x, labels[:5], energy.ErrShape},
		{modernhopfield.DenseFit{Degree: 20}, x, labels[:5], energy.ErrShape},
		{modernhopfield.DenseFit{}, x, make([]int, 0), energy.ErrShape},
		{modernhopfield.DenseFit{}, x, []int{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 3}, energy.ErrRange},
		{modernhopfield.DenseFit{}, spinTensor([]float64{2, 0}, 2), []int{0}, energy.ErrRange},
		{modernhopfield.DenseFit{Degree: 1}, x, labels, energy.ErrConfig},
		{modernhopfield.DenseFit{Memories: -1}, x, labels, energy.ErrConfig},
		{modernhopfield.DenseFit{Epochs: -1}, x, labels, energy.ErrConfig},
		{modernhopfield.DenseFit{Batch: 13}, x, labels, energy.ErrConfig},
		{modernhopfield.DenseFit{Rate: math.NaN()}, x, labels, energy.ErrConfig},
		{modernhopfield.DenseFit{M: -1}, x, labels, energy.ErrConfig},
	} {
		_, _, err := c.f.Fit(t.Context(), "net", c.x, c.labels, 3)
		require.ErrorIs(t, err, c.want, "%d", i)
	}
}
