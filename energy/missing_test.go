package energy

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

func TestMissing(t *testing.T) {
	nan := math.NaN()
	u := Join(Bernoulli(2), OneHot(1, 4), Spin(1), Gaussian(1))
	x := tensor.New(tensor.WithShape(2, 8), tensor.WithBacking([]float64{
		1, nan, 0, 1, 0, 0, nan, 2.5,
		nan, 0, nan, nan, nan, nan, -1, nan,
	}))
	filled, missing, err := u.Missing(x)
	require.NoError(t, err)
	require.Equal(t, []float64{
		1, 0.5, 0, 1, 0, 0, 0, 2.5,
		0.5, 0, 0.25, 0.25, 0.25, 0.25, -1, 0,
	}, filled.Data())
	require.True(t, math.IsNaN(x.Float64s()[1]), "the rows stay as they were")
	for i, is := range missing {
		require.Equal(t, math.IsNaN(x.Float64s()[i]), is)
	}

	require.Equal(t, "Join(Bernoulli(1), OneHot(1, 4), Gaussian(1))", u.Select([]bool{false, true, true, true, true, true, false, true}).String())
	require.Zero(t, u.Select(make([]bool, 8)).Len())
	require.Equal(t, "OneHot(1, 3)", OneHot(2, 3).Select([]bool{false, false, false, true, true, true}).String())
}

func TestMissingRefuses(t *testing.T) {
	nan := math.NaN()
	u := Join(Bernoulli(1), OneHot(1, 2))
	row := func(x ...float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, len(x)), tensor.WithBacking(x))
	}
	for _, c := range []struct {
		message  string
		sentinel error
		u        Units
		x        *tensor.Dense
	}{
		{"no units given", ErrConfig, Units{}, row(1)},
		{"no tensor given, want shape (rows, 3)", ErrShape, u, nil},
		{"shape (1, 2), want (rows, 3)", ErrShape, u, row(1, 0)},
		{"dtype int, want", ErrDtype, u, tensor.New(tensor.Of(tensor.Int), tensor.WithShape(1, 3))},
		{"row 0: of the OneHot group at column 1 a part is missing", ErrRange, u, row(nan, nan, 1)},
		{"row 0, column 0 is 2, want what", ErrRange, u, row(2, nan, nan)},
		{"row 0, column 0 is -Inf, want a finite number", ErrNotFinite, u, row(math.Inf(-1), nan, nan)},
	} {
		_, _, err := c.u.Missing(c.x)
		require.ErrorIs(t, err, c.sentinel, c.message)
		require.ErrorContains(t, err, c.message)
	}
}
