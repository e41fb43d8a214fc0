package matrix

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/fault"
)

func single(x []float32, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
}

func TestOf(t *testing.T) {
	double := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))
	x, columns, err := Of(double, 3)
	require.NoError(t, err)
	require.Equal(t, 3, columns)
	require.Same(t, &double.Float64s()[0], &x[0], "float64 is not copied")
	x, columns, err = Of(single([]float32{1, -0.5}, 2), 0)
	require.NoError(t, err)
	require.Equal(t, 2, columns)
	require.Equal(t, []float64{1, -0.5}, x, "a vector is one row")
}

func TestFamilies(t *testing.T) {
	spins, bits := single([]float32{1, -1, -1, 1}, 2, 2), single([]float32{1, 0, 0, 1}, 2, 2)
	x, _, err := Spins(spins, 2)
	require.NoError(t, err)
	require.Equal(t, []float64{1, -1, -1, 1}, x)
	_, _, err = Spins(bits, 2)
	require.ErrorIs(t, err, fault.ErrRange)
	require.ErrorContains(t, err, "row 0, column 1 is 0, want −1 or 1")
	x, _, err = Bits(bits, 2)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0, 0, 1}, x)
	_, _, err = Bits(spins, 2)
	require.ErrorContains(t, err, "row 0, column 1 is -1, want 0 or 1")
}

func TestCheckRefuses(t *testing.T) {
	turned := single([]float32{1, 2, 3, 4}, 2, 2)
	require.NoError(t, turned.T())
	for name, c := range map[string]struct {
		t    *tensor.Dense
		want error
		text string
	}{
		"nothing":      {nil, fault.ErrShape, "no tensor given"},
		"three axes":   {single([]float32{1, 2}, 1, 1, 2), fault.ErrShape, "shape (1, 1, 2), want (rows, 2)"},
		"columns":      {single([]float32{1, 2, 3}, 1, 3), fault.ErrShape, "shape (1, 3), want (rows, 2)"},
		"a view":       {turned, fault.ErrShape, "not contiguous"},
		"a dtype":      {tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 2})), fault.ErrDtype, "dtype int"},
		"not a number": {single([]float32{1, 2, 3, float32(math.NaN())}, 2, 2), fault.ErrNotFinite, "row 1, column 1 is NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check(c.t, 2)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
		})
	}
}

func TestTensor(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6}
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, Tensor(tensor.Float32, x, 2, 3).Float32s())
	double := Tensor(tensor.Float64, x, 3, 2)
	require.Same(t, &x[0], &double.Float64s()[0])
	require.Equal(t, tensor.Shape{3, 2}, double.Shape())
}
