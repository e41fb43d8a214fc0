package modernhopfield

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
)

// goldenConfig is the arguments of the reference's constructors. What is missing has the default.
type goldenConfig struct {
	Input             *int            `json:"input_size"`
	Hidden            *int            `json:"hidden_size"`
	Output            *int            `json:"output_size"`
	Pattern           *int            `json:"pattern_size"`
	Heads             *int            `json:"num_heads"`
	Scaling           json.RawMessage `json:"scaling"`
	Steps             json.RawMessage `json:"update_steps_max"`
	Epsilon           json.RawMessage `json:"update_steps_eps"`
	StoredNorm        *bool           `json:"normalize_stored_pattern"`
	StoredAffine      *bool           `json:"normalize_stored_pattern_affine"`
	StoredEpsilon     float64         `json:"normalize_stored_pattern_eps"`
	StateNorm         *bool           `json:"normalize_state_pattern"`
	StateAffine       *bool           `json:"normalize_state_pattern_affine"`
	StateEpsilon      float64         `json:"normalize_state_pattern_eps"`
	ProjectionNorm    *bool           `json:"normalize_pattern_projection"`
	ProjectionAffine  *bool           `json:"normalize_pattern_projection_affine"`
	ProjectionEpsilon float64         `json:"normalize_pattern_projection_eps"`
	SpaceNorm         bool            `json:"normalize_hopfield_space"`
	SpaceAffine       bool            `json:"normalize_hopfield_space_affine"`
	SpaceEpsilon      float64         `json:"normalize_hopfield_space_eps"`
	StoredStatic      bool            `json:"stored_pattern_as_static"`
	StateStatic       bool            `json:"state_pattern_as_static"`
	ProjectionStatic  bool            `json:"pattern_projection_as_static"`
	Connected         bool            `json:"pattern_projection_as_connected"`
	Stored            *int            `json:"stored_pattern_size"`
	Projection        *int            `json:"pattern_projection_size"`
	BatchFirst        *bool           `json:"batch_first"`
	Activation        *string         `json:"association_activation"`
	Dropout           float64         `json:"dropout"`
	InputBias         *bool           `json:"input_bias"`
	BiasPattern       bool            `json:"concat_bias_pattern"` // which does nothing in the reference
	NullPattern       bool            `json:"add_zero_association"`
	NoOutput          bool            `json:"disable_out_projection"`

	Quantity         *int  `json:"quantity"`
	Trainable        *bool `json:"trainable"`
	Separated        bool  `json:"lookup_weights_as_separated"`
	TargetsTrainable *bool `json:"lookup_targets_as_trainable"`
}

func (c *goldenConfig) UnmarshalJSON(raw []byte) error {
	type plain goldenConfig
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(c))
}

func orElse[T any](p *T, zero T) T {
	if p == nil {
		return zero
	}
	return *p
}

// list reads a number or one for each head; null is −1.
func list(t *testing.T, raw json.RawMessage, heads int, byDefault float64) []float64 {
	out := make([]float64, heads)
	switch text := strings.TrimSpace(string(raw)); {
	case text == "":
		for h := range out {
			out[h] = byDefault
		}
	case text == "null":
		for h := range out {
			out[h] = -1
		}
	case strings.HasPrefix(text, "{"):
		var x goldenTensor
		require.NoError(t, json.Unmarshal(raw, &x))
		require.Len(t, x.Data, heads)
		copy(out, x.numbers())
	case strings.HasPrefix(text, "["):
		var x []float64
		require.NoError(t, json.Unmarshal(raw, &x))
		require.Len(t, x, heads)
		copy(out, x)
	default:
		var x float64
		require.NoError(t, json.Unmarshal(raw, &x))
		for h := range out {
			out[h] = x
		}
	}
	return out
}

func normOf(normalize *bool, affine *bool, byDefault bool) Norm {
	switch {
	case !orElse(normalize, byDefault):
		return NoNorm
	case orElse(affine, byDefault):
		return AffineNorm
	}
	return PlainNorm
}

// config is the case's configuration as ours, but for the updates.
func (c goldenCase) config(t *testing.T) Config {
	r := c.Config
	heads := orElse(r.Heads, 1)
	o := Config{
		Heads: heads, Dtype: tensor.Float64,
		StoredNorm: normOf(r.StoredNorm, r.StoredAffine, true), StateNorm: normOf(r.StateNorm, r.StateAffine, true),
		ProjectionNorm: normOf(r.ProjectionNorm, r.ProjectionAffine, true), SpaceNorm: normOf(&r.SpaceNorm, &r.SpaceAffine, false),
		StoredStatic: r.StoredStatic, StateStatic: r.StateStatic, ProjectionStatic: r.ProjectionStatic, ProjectionConnected: r.Connected,
		NullPattern: r.NullPattern, NoOutput: r.NoOutput, Dropout: r.Dropout,
	}
	for _, n := range []struct {
		norm      Norm
		from      float64
		to        *float64
		otherwise float64
	}{
		{o.StoredNorm, r.StoredEpsilon, &o.StoredEpsilon, 0}, {o.StateNorm, r.StateEpsilon, &o.StateEpsilon, 0},
		{o.ProjectionNorm, r.ProjectionEpsilon, &o.ProjectionEpsilon, 0}, {o.SpaceNorm, r.SpaceEpsilon, &o.SpaceEpsilon, 0},
	} {
		if n.norm != NoNorm {
			*n.to = n.from
		}
	}
	// Widths: those of static inputs are theirs to say.
	embedded := orElse(r.Input, 0)
	width := func(i int) int { s := c.Inputs[min(i, len(c.Inputs)-1)].Shape; return s[len(s)-1] }
	switch {
	case r.Hidden != nil:
		o.Hidden = *r.Hidden
	case embedded > 0:
		o.Hidden = embedded / heads
	default:
		o.Hidden = width(0)
	}
	if r.StateStatic && r.StoredStatic && c.Module == "Hopfield" {
		o.Hidden = width(0)
	}
	o.Input, o.Stored = embedded, orElse(r.Stored, embedded)
	if r.StateStatic {
		o.Input = 0
	}
	if r.StoredStatic {
		o.Stored = 0
	}
	lookup := c.Module == "HopfieldLayer"
	switch {
	case r.ProjectionStatic && r.Connected:
		o.Projection = orElse(r.Projection, embedded)
	case r.ProjectionStatic && c.Module == "Hopfield":
		o.Projection = width(2)
	case r.ProjectionStatic && c.Module == "HopfieldPooling":
		o.Projection = width(1)
	case lookup && r.Separated:
		s := c.Parameters["target_weights"].Shape
		o.Projection = s[len(s)-1]
	case lookup:
		s := c.Parameters["lookup_weights"].Shape
		o.Projection = s[len(s)-1]
	default:
		o.Projection = orElse(r.Projection, embedded)
	}
	if !r.ProjectionStatic {
		o.Pattern = orElse(r.Pattern, o.Hidden)
	}
	if !r.NoOutput {
		o.Output = orElse(r.Output, embedded)
	}
	projects := !r.StoredStatic || !r.StateStatic || !r.ProjectionStatic || !r.NoOutput
	o.NoBias = projects && !orElse(r.InputBias, true)
	if s := orElse(r.Activation, ""); s != "" {
		require.Contains(t, activations, s, "association_activation")
		o.Activation = s
	}
	if len(r.Scaling) > 0 && string(r.Scaling) != "null" {
		o.Betas = list(t, r.Scaling, heads, 0)
	}
	return o
}

// layer makes the case's layer with its parameters, and returns what brings tensors by the reference's names to ours.
func (c goldenCase) layer(t *testing.T) (layers.Layer, func(map[string]goldenTensor) map[string]goldenTensor) {
	config := c.config(t)
	mapped := func(from map[string]goldenTensor) map[string]goldenTensor { return c.translate(t, config, from) }
	makeOf := func(config Config) (l layers.Layer, err error) {
		r := c.Config
		switch c.Module {
		case "Hopfield":
			l, err = NewHopfield("golden", config)
		case "HopfieldPooling":
			l, err = NewPooling("golden", PoolingConfig{Config: config, Quantity: orElse(r.Quantity, 1), Frozen: !orElse(r.Trainable, true)})
		case "HopfieldLayer":
			l, err = NewLookup("golden", LookupConfig{
				Config: config, Quantity: orElse(r.Quantity, 1), Separated: r.Separated, Frozen: !orElse(r.Trainable, true),
				TargetsFrozen: r.Separated && !orElse(r.TargetsTrainable, true),
			})
		default:
			require.Fail(t, "unknown module", c.Module)
		}
		require.NoError(t, err)
		params := mapped(c.Parameters)
		require.NotEmpty(t, l.Params())
		for _, p := range l.Params() {
			short := strings.TrimPrefix(p.Name(), "golden.")
			if short == "beta" {
				continue // from scaling
			}
			require.Contains(t, params, short, "the file lacks a parameter")
			require.Equal(t, tensor.Shape(params[short].Shape), p.Value().Shape(), short)
			require.NoError(t, p.Set(params[short].numbers()))
			delete(params, short)
		}
		require.Empty(t, params, "parameters of the file that the layer has not")
		return l, err
	}
	config.HeadSteps = c.steps(t, config, makeOf)
	l, _ := makeOf(config)
	return l, mapped
}

// translate brings parameters, or their gradients, to our names and our way to lay out matrices, (in, out).
func (c goldenCase) translate(t *testing.T, o Config, from map[string]goldenTensor) map[string]goldenTensor {
	to := map[string]goldenTensor{}
	p := must(o.resolve(tensor.Float64))
	space, values := p.Heads*p.Hidden, p.Heads*p.Pattern
	for name, x := range from {
		plain := strings.TrimPrefix(name, "hopfield.")
		switch plain {
		case "pooling_weights", "lookup_weights", "target_weights":
			if c.Config.BatchFirst != nil && !*c.Config.BatchFirst {
				x = x.transposed()
			}
			ours := map[string]string{"pooling_weights": "state_patterns", "lookup_weights": "stored_patterns", "target_weights": "targets"}[plain]
			to[ours] = goldenTensor{Shape: x.Shape[1:], Data: x.Data}
		case "association_core.q_proj_weight":
			to["W_query"] = x.transposed()
		case "association_core.k_proj_weight":
			to["W_stored"] = x.transposed()
		case "association_core.v_proj_weight":
			to["W_value"] = x.transposed()
		case "association_core.in_proj_weight", "association_core.in_proj_bias":
			at, bias := 0, plain == "association_core.in_proj_bias"
			for _, block := range []struct {
				name   string
				static bool
				size   int
			}{{"query", o.StateStatic, space}, {"stored", o.StoredStatic, space}, {"value", o.ProjectionStatic, values}} {
				switch {
				case block.static && bias && block.name == "value":
					require.Len(t, x.Data, at+c.valueBias(o, p), "the bias has a part for static values too, which nothing uses")
					at = len(x.Data)
				case block.static:
				case bias:
					to["b_"+block.name] = x.rows(at, at+block.size)
					at += block.size
				default:
					to["W_"+block.name] = x.rows(at, at+block.size).transposed()
					at += block.size
				}
			}
			require.Equal(t, x.Shape[0], at, "%s is made of blocks", name)
		case "association_core.out_proj.weight":
			to["W_output"] = x.transposed()
		case "association_core.out_proj.bias":
			to["b_output"] = x
		case "association_core.p_norm_weight":
			to["space_gain"] = x
		case "association_core.p_norm_bias":
			to["space_bias"] = x
		case "association_core.bias_k", "association_core.bias_v":
			require.True(t, c.Config.BiasPattern, "%s without concat_bias_pattern", name) // and with it the reference never uses them
		default:
			kind, rest, ok := strings.Cut(strings.TrimPrefix(plain, "norm_"), ".")
			ours := map[string]string{"stored_pattern": "stored", "state_pattern": "state", "pattern_projection": "projection"}[kind]
			part := map[string]string{"weight": "gain", "bias": "bias"}[rest]
			require.True(t, ok && ours != "" && part != "" && strings.HasPrefix(plain, "norm_"), "unknown parameter %q", name)
			to[fmt.Sprintf("%s_%s", ours, part)] = x
		}
	}
	return to
}

// valueBias is the length of the part of the reference's bias vector for values.
func (c goldenCase) valueBias(o Config, p plan) int {
	return p.Heads * orElse(c.Config.Pattern, o.Hidden)
}
