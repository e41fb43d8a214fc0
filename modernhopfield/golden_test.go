package modernhopfield

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

// The golden numbers were made by the authors' reference implementation, hflayers 1.0.2, under PyTorch 1.13.1 in float64. Gradients
// are those of Σ output·cotangent.

const goldenTolerance = 1e-9

type goldenTensor struct {
	Shape []int
	Dtype string
	Data  []goldenNumber
}

// goldenNumber is a number, a truth value, or an infinity as Python writes it.
type goldenNumber float64

func (x *goldenNumber) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true":
		*x = 1
		return nil
	case "false":
		*x = 0
		return nil
	}
	return json.Unmarshal(raw, (*float64)(x))
}

func (t goldenTensor) numbers() []float64 {
	out := make([]float64, len(t.Data))
	for i, x := range t.Data {
		out[i] = float64(x)
	}
	return out
}

func (t goldenTensor) node(g *G.ExprGraph, name string) *G.Node {
	return given(g, name, tensor.Float64, t.numbers(), t.Shape...)
}

// transposed swaps the first two axes.
func (t goldenTensor) transposed() goldenTensor {
	a, b, inner := t.Shape[0], t.Shape[1], 1
	for _, d := range t.Shape[2:] {
		inner *= d
	}
	out := goldenTensor{Shape: append([]int{b, a}, t.Shape[2:]...), Dtype: t.Dtype}
	for j := range b {
		for i := range a {
			out.Data = append(out.Data, t.Data[(i*b+j)*inner:(i*b+j+1)*inner]...)
		}
	}
	return out
}

// rows is rows lo to hi of a matrix or numbers lo to hi of a vector.
func (t goldenTensor) rows(lo, hi int) goldenTensor {
	inner := len(t.Data) / t.Shape[0]
	return goldenTensor{Shape: append([]int{hi - lo}, t.Shape[1:]...), Data: t.Data[lo*inner : hi*inner]}
}

type goldenCase struct {
	Name, Module   string
	Config         goldenConfig
	Parameters     map[string]goldenTensor
	Inputs         []goldenTensor
	Masks          map[string]goldenTensor
	Output         goldenTensor
	Cotangent      *goldenTensor
	GradParameters map[string]goldenTensor `json:"grad_parameters"`
	GradInputs     []goldenTensor          `json:"grad_inputs"`
}

func readGolden(t *testing.T, path string) []goldenCase {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	text := strings.NewReplacer("-Infinity", "-1e999", "Infinity", "1e999").Replace(string(raw))
	require.NotContains(t, text, "1e999", "%s: infinite numbers are not understood", path)
	var file struct {
		Source, Layout string
		Cases          []goldenCase
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&file), path)
	require.NotEmpty(t, file.Cases, "%s holds no cases", path)
	return file.Cases
}

// TestGolden checks every case of testdata/hopfield_layers.json, and of the file that HARMONIUM_GOLDEN names, if it is set.
func TestGolden(t *testing.T) {
	var cases []goldenCase
	if path := os.Getenv("HARMONIUM_GOLDEN"); path != "" {
		cases = readGolden(t, path) // first: the names of its subtests stay as they are in the file
	}
	ours := readGolden(t, "testdata/hopfield_layers.json")
	require.Len(t, ours, 15)
	for _, c := range append(cases, ours...) {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// A file may have its batch in the second axis, and what a file says that is not known is not passed over.
func TestGoldenForms(t *testing.T) {
	c := readGolden(t, "testdata/hopfield_layers.json")[1]
	second := false
	c.Config.BatchFirst = &second
	for _, all := range [][]goldenTensor{c.Inputs, c.GradInputs} {
		for i := range all {
			all[i] = all[i].transposed()
		}
	}
	turned := c.Cotangent.transposed()
	c.Output, c.Cotangent = c.Output.transposed(), &turned
	c.check(t)

	var config goldenConfig
	require.NoError(t, json.Unmarshal([]byte(`{"update_steps_max": null, "scaling": [1, 2], "num_heads": 2}`), &config))
	require.Equal(t, []float64{-1, -1}, list(t, config.Steps, 2, 0))
	require.Equal(t, []float64{1, 2}, list(t, config.Scaling, 2, 0))
	require.Equal(t, []float64{1e-4}, list(t, config.Epsilon, 1, 1e-4))
	require.Error(t, json.Unmarshal([]byte(`{"num_head": 2}`), &config))
	require.Error(t, json.Unmarshal([]byte(`"Infinity"`), new(goldenNumber)))
}

// The reference's criterion ends the updates of each head by itself.
func TestGoldenSteps(t *testing.T) {
	for _, c := range readGolden(t, "testdata/hopfield_layers.json") {
		if c.Name != "cross_update_steps_3" {
			continue
		}
		layer, _ := c.layer(t)
		require.Equal(t, []int{3, 3}, layer.(*Hopfield).plan.HeadSteps)
		c.Config.Epsilon = json.RawMessage("[1e9, 1e-12]")
		layer, _ = c.layer(t)
		require.Equal(t, []int{1, 3}, layer.(*Hopfield).plan.HeadSteps)
		c.Config.Steps, c.Config.Epsilon = json.RawMessage("null"), json.RawMessage("1e-6")
		layer, _ = c.layer(t)
		for _, n := range layer.(*Hopfield).plan.HeadSteps {
			require.Greater(t, n, 3)
		}
	}
}

// near requires every number to be within the tolerance of the golden one.
func near(t *testing.T, want goldenTensor, got []float64, what string) {
	t.Helper()
	require.Len(t, got, len(want.Data), what)
	for i, w := range want.numbers() {
		require.InDelta(t, w, got[i], goldenTolerance, "number %d of %s", i, what)
	}
}

func (c goldenCase) check(t *testing.T) {
	if c.Config.BatchFirst != nil && !*c.Config.BatchFirst {
		for i := range c.Inputs {
			c.Inputs[i] = c.Inputs[i].transposed()
		}
		for i := range c.GradInputs {
			c.GradInputs[i] = c.GradInputs[i].transposed()
		}
		require.NotEqual(t, "HopfieldPooling", c.Module, "the reference flattens the wrong axis with batch_first=False")
		c.Output = c.Output.transposed()
		if c.Cotangent != nil {
			turned := c.Cotangent.transposed()
			c.Cotangent = &turned
		}
	}
	layer, mapped := c.layer(t)

	t.Run("output", func(t *testing.T) {
		g := G.NewGraph()
		y, _ := c.build(t, g, layer)
		require.Equal(t, tensor.Shape(c.Output.Shape), y.Shape())
		near(t, c.Output, graphtest.Evaluate(t, y)[0], "output")
	})
	if c.Cotangent == nil {
		require.Empty(t, c.GradInputs)
		return
	}
	t.Run("gradients", func(t *testing.T) {
		err := c.compareGradients(t, layer, mapped, c.build)
		if core(layer).plan.updates != nil {
			c.checkDifferences(t, layer)
			if err != nil {
				err = c.compareGradients(t, layer, mapped, c.scrambled)
			}
		}
		require.NoError(t, err)
	})
}

// compareGradients holds every gradient of the file against those of a graph of the layer, and wants no others there.
func (c goldenCase) compareGradients(t *testing.T, layer layers.Layer, mapped func(map[string]goldenTensor) map[string]goldenTensor,
	build func(*testing.T, *G.ExprGraph, layers.Layer) (*G.Node, []*G.Node)) error {
	g := G.NewGraph()
	y, inputs := build(t, g, layer)
	cost := must(G.Sum(must(G.HadamardProd(y, c.Cotangent.node(g, "cotangent")))))
	wrt := append(slices.Clone(inputs), layers.Wrt(cost, layer)...)
	grads, err := G.Grad(cost, wrt...)
	require.NoError(t, err)
	values := graphtest.Evaluate(t, grads...)
	require.Len(t, c.GradInputs, len(inputs), "the file has the gradients of all inputs")
	want, got := mapped(c.GradParameters), map[string][]float64{}
	for i, x := range c.GradInputs {
		want[inputs[i].Name()] = x
	}
	for i, n := range wrt {
		name := strings.TrimPrefix(n.Name(), "golden.")
		got[name] = values[i]
		require.Contains(t, want, name, "the file lacks a gradient")
	}
	for name, w := range want {
		if len(got[name]) == 0 && allZero(w) {
			continue // a parameter that the cost does not reach
		}
		require.Len(t, got[name], len(w.Data), "gradient of %s", name)
		for i, x := range w.numbers() {
			if !(math.Abs(got[name][i]-x) <= goldenTolerance) {
				return fmt.Errorf("gradient of %s at %d: %v, want %v", name, i, got[name][i], x)
			}
		}
	}
	return nil
}

func allZero(t goldenTensor) bool {
	return !slices.ContainsFunc(t.Data, func(x goldenNumber) bool { return x != 0 })
}
