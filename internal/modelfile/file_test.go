package modelfile

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample has both dtypes, names out of order, and values that a conversion through another precision would change.
func sample() *File {
	return &File{
		Meta: map[string]string{"config": `{"visible":3,"unit":"<ReLU>"}`, "κ": ""},
		Tensors: []Tensor{
			{Name: "rbm0.W", Shape: []int{3, 2}, Data: []float32{1, -2.5, math.MaxFloat32, math.SmallestNonzeroFloat32, 0, float32(math.Copysign(0, -1))}},
			{Name: "beta", Shape: []int{1}, Data: []float64{0.1}},
			{Name: "rbm0.b", Shape: []int{1, 1, 3}, Data: []float64{math.Pi, math.Inf(-1), 1e-300}},
		},
	}
}

func TestFillCopies(t *testing.T) {
	f := sample()
	w := make([]float32, 6)
	require.NoError(t, f.Fill("rbm0.W", []int{3, 2}, w))
	require.Equal(t, f.Tensors[0].Data, w)
	b := make([]float64, 3)
	require.NoError(t, f.Fill("rbm0.b", []int{1, 1, 3}, b))
	require.Equal(t, f.Tensors[2].Data, b)

	w[0], b[0] = 7, 7
	require.Equal(t, sample(), f, "the destination must not share memory with the file")
}

func TestFillRefuses(t *testing.T) {
	f := sample()
	f.Tensors = append(f.Tensors, Tensor{Name: "short", Shape: []int{4}, Data: []float32{1, 2, 3}})
	f32, f64 := []float32{9, 9, 9, 9, 9, 9}, []float64{9, 9, 9, 9, 9, 9}
	for _, c := range []struct {
		name  string
		shape []int
		dst   any
		want  string
	}{
		{"rbm1.W", []int{3, 2}, f32, `modelfile: no tensor "rbm1.W" among the 4 of the file`},
		{"rbm0.W", []int{2, 3}, f32, `modelfile: tensor "rbm0.W": has shape (3, 2), want (2, 3)`},
		{"rbm0.W", []int{6}, f32, `modelfile: tensor "rbm0.W": has shape (3, 2), want (6)`},
		{"rbm0.b", []int{1, 3, 1}, f64[:3], `modelfile: tensor "rbm0.b": has shape (1, 1, 3), want (1, 3, 1)`},
		{"rbm0.W", []int{3, 2}, f64, `modelfile: tensor "rbm0.W": has data []float32, want []float64`},
		{"beta", []int{1}, f32[:1], `modelfile: tensor "beta": has data []float64, want []float32`},
		{"rbm0.W", []int{3, 2}, f32[:5], `modelfile: tensor "rbm0.W": destination has length 5, want 6`},
		{"rbm0.W", []int{3, 2}, &f32, `modelfile: tensor "rbm0.W": destination is *[]float32, want []float32 or []float64`},
		{"rbm0.W", []int{3, 2}, nil, `modelfile: tensor "rbm0.W": destination is <nil>, want []float32 or []float64`},
		{"short", []int{4}, f32[:4], `modelfile: tensor "short": has shape (4) of F32, which takes more than the 12 bytes of data`},
	} {
		require.EqualError(t, f.Fill(c.name, c.shape, c.dst), c.want)
	}
	require.Equal(t, []float32{9, 9, 9, 9, 9, 9}, f32)
	require.Equal(t, []float64{9, 9, 9, 9, 9, 9}, f64)
}

func TestTensorPointsIntoTheFile(t *testing.T) {
	f := sample()
	got, err := f.Tensor("beta")
	require.NoError(t, err)
	require.Same(t, &f.Tensors[1], got)
}
