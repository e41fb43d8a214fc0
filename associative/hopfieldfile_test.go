package associative

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

func TestHopfieldRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 15))
	hebb := must(Hebb{KeepDiagonal: true}.Learn(t.Context(), spins(r, 3, 7)))(t)
	binary, _ := hebb.Binary()
	for name, h := range map[string]*Hopfield{
		"Hebb": hebb, "binary": binary, "biased": network(t, r, 5, HopfieldConfig{Bias: []float64{1, 2, 3, 4, 5}, Ties: Minus}),
		"asymmetric": must(NewHopfield(tensorOf([]float64{0, 1}, []float64{-1, 0}), HopfieldConfig{Asymmetric: true}))(t),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
			require.NoError(t, h.Save(first))
			got, err := LoadHopfield(first)
			require.NoError(t, err)
			require.Equal(t, h.Config(), got.Config())
			require.Equal(t, h.Couplings().Float64s(), got.Couplings().Float64s())
			require.NoError(t, got.Save(second))
			require.Equal(t, must(os.ReadFile(first))(t), must(os.ReadFile(second))(t))
		})
	}
}

func TestLoadHopfieldRefuses(t *testing.T) {
	w := modelfile.Tensor{Name: "couplings", Shape: []int{2, 2}, Data: []float64{0, 1, 1, 0}}
	with := func(data any, shape ...int) []modelfile.Tensor {
		return []modelfile.Tensor{{Name: "couplings", Shape: shape, Data: data}}
	}
	for name, c := range map[string]struct {
		spec    string
		tensors []modelfile.Tensor
		want    error
		text    string
	}{
		"no spec":        {"", []modelfile.Tensor{w}, energy.ErrConfig, "this is no Hopfield network"},
		"unknown field":  {`{"units": 2, "scale": 1, "colour": 3}`, []modelfile.Tensor{w}, energy.ErrConfig, `unknown field "colour"`},
		"no units":       {`{"units": 0, "scale": 1}`, []modelfile.Tensor{w}, energy.ErrConfig, "0 units"},
		"no scale":       {`{"units": 2}`, []modelfile.Tensor{w}, energy.ErrConfig, "a scale of 0"},
		"no couplings":   {`{"units": 2, "scale": 1}`, nil, energy.ErrConfig, "couplings"},
		"another shape":  {`{"units": 3, "scale": 1}`, []modelfile.Tensor{w}, energy.ErrShape, "couplings has shape"},
		"another dtype":  {`{"units": 2, "scale": 1}`, with([]float32{0, 1, 1, 0}, 2, 2), energy.ErrDtype, "float64"},
		"asymmetric":     {`{"units": 2, "scale": 1}`, with([]float64{0, 1, 2, 0}, 2, 2), energy.ErrConfig, "Asymmetric permits it"},
		"a diagonal":     {`{"units": 2, "scale": 1}`, with([]float64{1, 1, 1, 0}, 2, 2), energy.ErrConfig, "SelfCoupling permits it"},
		"not a number":   {`{"units": 2, "scale": 1}`, with([]float64{0, math.Inf(1), 1, 0}, 2, 2), energy.ErrNotFinite, "number 1 is +Inf"},
		"no bias":        {`{"units": 2, "scale": 1, "bias": true}`, []modelfile.Tensor{w}, energy.ErrConfig, "bias"},
		"a needless one": {`{"units": 2, "scale": 1}`, []modelfile.Tensor{w, {Name: "x", Shape: []int{1}, Data: []float64{1}}}, energy.ErrConfig, "2 tensors, the network has 1"},
		"unknown ties":   {`{"units": 2, "scale": 1, "ties": 7}`, []modelfile.Tensor{w}, energy.ErrConfig, "Ties(7)"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "net")
			file := &modelfile.File{Meta: map[string]string{}, Tensors: c.tensors}
			if c.spec != "" {
				file.Meta[hopfieldKey] = c.spec
			}
			require.NoError(t, modelfile.Write(path, file))
			_, err := LoadHopfield(path)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "associative: LoadHopfield: "+path)
			require.ErrorContains(t, err, c.text)
		})
	}
	_, err := LoadHopfield(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
