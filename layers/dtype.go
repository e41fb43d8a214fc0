package layers

import (
	"encoding/json"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// Typed is the configuration of a layer and the dtype of its parameters, as they stand side by side in a file: what a Spec
// returns for a layer that DecoderOf reads.
type Typed[C any] struct {
	Config C
	Dtype  tensor.Dtype
}

// MarshalJSON puts the dtype behind the fields of the configuration.
func (t Typed[C]) MarshalJSON() ([]byte, error) {
	raw, err := json.Marshal(t.Config)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(raw[:len(raw)-1], `,"dtype":%q}`, dtypeName(t.Dtype)), nil
}

// UnmarshalJSON takes the dtype out and reads the rest as the configuration.
func (t *Typed[C]) UnmarshalJSON(raw []byte) error {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	var name string
	if given, ok := fields["dtype"]; ok {
		if err := json.Unmarshal(given, &name); err != nil {
			return err
		}
	}
	var err error
	if t.Dtype, err = dtypeOf(name); err != nil {
		return err
	}
	delete(fields, "dtype")
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return unmarshal(rest, &t.Config)
}

// DecoderOf makes the decoder of a layer out of what makes it from its configuration and dtype.
func DecoderOf[C any](build func(name string, config C, dtype tensor.Dtype, file *modelfile.File) (Layer, error)) Decoder {
	return func(name string, config []byte, file *modelfile.File) (Layer, error) {
		var t Typed[C]
		if err := unmarshal(config, &t); err != nil {
			return nil, err
		}
		return build(name, t.Config, t.Dtype, file)
	}
}

func dtypeName(dt tensor.Dtype) string {
	if dt == tensor.Float64 {
		return "float64"
	}
	return "float32"
}

func dtypeOf(name string) (tensor.Dtype, error) {
	switch name {
	case "float32":
		return tensor.Float32, nil
	case "float64":
		return tensor.Float64, nil
	}
	return tensor.Dtype{}, fmt.Errorf("dtype %q, want float32 or float64: %w", name, energy.ErrDtype)
}
