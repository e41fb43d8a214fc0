package layers

import (
	"encoding/json"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// A Saved layer can be written to a file: its parameters by their names, and a kind and a configuration, which is marshalled
// as JSON and from which the decoder that is registered for the kind makes the layer again.
type Saved interface {
	Layer
	Spec() (kind string, config any)
}

// Decoder makes a layer of a configuration, with parameters from a file.
type Decoder func(name string, config []byte, file *modelfile.File) (Layer, error)

var decoders = map[string]Decoder{}

func init() {
	for _, a := range []func() *Activation{Sigmoid, Tanh, ReLU, Softplus, Softmax} {
		Register(a().kind, func(string, []byte, *modelfile.File) (Layer, error) { return a(), nil })
	}
	Register("flatten", func(string, []byte, *modelfile.File) (Layer, error) { return Flatten{}, nil })
	Register("rbm", DecoderOf(func(name string, c RBMConfig, dtype tensor.Dtype, file *modelfile.File) (Layer, error) {
		c.Dtype = dtype
		return newRBM(name, c, file)
	}))
	Register("linear", DecoderOf(func(name string, c LinearConfig, dtype tensor.Dtype, file *modelfile.File) (Layer, error) {
		c.Dtype = dtype
		return newLinear(name, c, file)
	}))
	Register("layernorm", DecoderOf(func(name string, c LayerNormConfig, dtype tensor.Dtype, file *modelfile.File) (Layer, error) {
		c.Dtype = dtype
		return newLayerNorm(name, c, file)
	}))
	Register("hopfield_mean_field", DecoderOf(func(name string, c HopfieldConfig, dtype tensor.Dtype, file *modelfile.File) (Layer, error) {
		c.Dtype = dtype
		return newHopfield(name, c, file)
	}))
	Register("boltzmann", DecoderOf(func(name string, c BoltzmannConfig, dtype tensor.Dtype, file *modelfile.File) (Layer, error) {
		c.Dtype = dtype
		return newBoltzmann(name, c, file)
	}))
	Register("dropout", decodeDropout)
	Register("stochastic_bernoulli", decodeStochastic)
	Register("sequential", decodeSequential)
}

// Register makes a kind of layer known to Load. The library's packages call it when they are imported.
func Register(kind string, d Decoder) { decoders[kind] = d }

const layerKey = "harmonium.layer"

type spec struct {
	Kind   string          `json:"kind"`
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config"`
}

// Save writes a layer to a file: safetensors, with the configuration in the metadata (docs/format.md). The file appears
// whole or not at all. Parameters that are not finite are refused with ErrNotFinite. Values are read: no solver may be stepping.
func Save(path string, l Layer) error {
	file, err := Encode(l)
	if err != nil {
		return fmt.Errorf("layers: Save: %s: %w", path, err)
	}
	return modelfile.Write(path, file)
}

// Encode returns the content of a layer's file. The tensors share the layer's memory.
func Encode(l Layer) (*modelfile.File, error) {
	raw, err := describe(l)
	if err != nil {
		return nil, err
	}
	if err := checkDepth(raw); err != nil {
		return nil, err
	}
	file := &modelfile.File{Meta: map[string]string{layerKey: string(raw)}}
	for _, p := range l.Params() {
		if !p.Finite() {
			return nil, fmt.Errorf("parameter %q: %w", p.name, energy.ErrNotFinite)
		}
		file.Tensors = append(file.Tensors, modelfile.Tensor{Name: p.name, Shape: p.shape, Data: p.data})
	}
	return file, nil
}

func describe(l Layer) (json.RawMessage, error) {
	s, ok := l.(Saved)
	if !ok {
		return nil, fmt.Errorf("layer %q is a %T, which has no Spec to save: %w", l.Name(), l, energy.ErrConfig)
	}
	kind, config := s.Spec()
	if _, known := decoders[kind]; !known {
		return nil, fmt.Errorf("layer %q is of the kind %q, which no Load could read (Register it): %w", l.Name(), kind, energy.ErrConfig)
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	return json.Marshal(spec{kind, l.Name(), raw})
}

// Specs are layers within a layer: as part of a configuration they are written as their own kinds and configurations, for
// Decode to read.
type Specs []Layer

// MarshalJSON satisfies json.Marshaler.
func (s Specs) MarshalJSON() ([]byte, error) {
	raw := make([]json.RawMessage, len(s))
	for i, l := range s {
		var err error
		if raw[i], err = describe(l); err != nil {
			return nil, err
		}
	}
	return json.Marshal(raw)
}

// Load reads a layer from a file, whatever its kind. It never allocates more than a small multiple of the file's size; every
// error names the file and the reason.
func Load(path string) (Layer, error) {
	file, err := modelfile.Read(path)
	if err != nil {
		return nil, err
	}
	raw, ok := file.Meta[layerKey]
	if !ok {
		return nil, fmt.Errorf("layers: Load: %s: no %q in the metadata: this is no model of a layer: %w", path, layerKey, energy.ErrConfig)
	}
	l, err := Decode([]byte(raw), file)
	if err != nil {
		return nil, fmt.Errorf("layers: Load: %s: %w", path, err)
	}
	if len(l.Params()) != len(file.Tensors) {
		return nil, fmt.Errorf("layers: Load: %s: holds %d tensors, the model has %d: %w", path, len(file.Tensors), len(l.Params()), energy.ErrConfig)
	}
	return l, nil
}

// maxDepth bounds how many brackets may stand open at once in a description: some 30 layers within layers. Decoding recurses.
const maxDepth = 64

// Decode makes the layer that a description in a file stands for.
func Decode(raw []byte, file *modelfile.File) (Layer, error) {
	if err := checkDepth(raw); err != nil {
		return nil, err
	}
	var s spec
	if err := unmarshal(raw, &s); err != nil {
		return nil, err
	}
	d, ok := decoders[s.Kind]
	if !ok {
		return nil, fmt.Errorf("layer %q is of the kind %q, which this program does not know: %w", s.Name, s.Kind, energy.ErrConfig)
	}
	return d(s.Name, s.Config, file)
}

func unmarshal(raw []byte, into any) error {
	if err := modelfile.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("the description of a layer is not of our form: %w: %w", err, energy.ErrConfig)
	}
	return nil
}

// checkDepth counts the brackets that stand open at once. Quoted ones count too, which is harmless: names have none.
func checkDepth(raw []byte) error {
	open, most := 0, 0
	for _, c := range raw {
		switch c {
		case '{', '[':
			open++
			most = max(most, open)
		case '}', ']':
			open--
		}
	}
	if most > maxDepth {
		return fmt.Errorf("the description of the layer is nested %d brackets deep, want at most %d: %w", most, maxDepth, energy.ErrConfig)
	}
	return nil
}
