package modernhopfield

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

func init() {
	layers.Register("hopfield", layers.DecoderOf(func(name string, c Config, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Dtype = dtype
		return newHopfield(name, c, file)
	}))
	layers.Register("hopfield_pooling", layers.DecoderOf(func(name string, c PoolingConfig, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Dtype = dtype
		return newPooling(name, c, file)
	}))
	layers.Register("hopfield_lookup", layers.DecoderOf(func(name string, c LookupConfig, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Dtype = dtype
		return newLookup(name, c, file)
	}))
	layers.Register("hopfield_encoder", layers.DecoderOf(func(name string, c EncoderConfig, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Association.Dtype = dtype
		return newEncoder(name, c, file)
	}))
	layers.Register("hopfield_decoder", layers.DecoderOf(func(name string, c DecoderConfig, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Self.Dtype, c.Cross.Dtype = dtype, dtype
		return newDecoder(name, c, file)
	}))
}

// Spec describes the layer for a file.
func (h *Hopfield) Spec() (kind string, config any) {
	return "hopfield", layers.Typed[Config]{Config: h.config, Dtype: h.config.Dtype}
}

// Spec describes the layer for a file.
func (p *Pooling) Spec() (kind string, config any) {
	return "hopfield_pooling", layers.Typed[PoolingConfig]{Config: p.config, Dtype: p.config.Dtype}
}

// Spec describes the layer for a file.
func (l *Lookup) Spec() (kind string, config any) {
	return "hopfield_lookup", layers.Typed[LookupConfig]{Config: l.config, Dtype: l.config.Dtype}
}

// Spec describes the block for a file.
func (e *Encoder) Spec() (kind string, config any) {
	return "hopfield_encoder", layers.Typed[EncoderConfig]{Config: e.config, Dtype: e.Dtype()}
}

// Spec describes the block for a file.
func (d *Decoder) Spec() (kind string, config any) {
	return "hopfield_decoder", layers.Typed[DecoderConfig]{Config: d.config, Dtype: d.Dtype()}
}

// LoadHopfield reads a file that holds a Hopfield layer.
func LoadHopfield(path string) (*Hopfield, error) { return load[*Hopfield](path) }

// LoadPooling reads a file that holds a Pooling layer.
func LoadPooling(path string) (*Pooling, error) { return load[*Pooling](path) }

// LoadLookup reads a file that holds a Lookup layer.
func LoadLookup(path string) (*Lookup, error) { return load[*Lookup](path) }

// LoadEncoder reads a file that holds an Encoder block.
func LoadEncoder(path string) (*Encoder, error) { return load[*Encoder](path) }

// LoadDecoder reads a file that holds a Decoder block.
func LoadDecoder(path string) (*Decoder, error) { return load[*Decoder](path) }

func load[L layers.Layer](path string) (l L, err error) {
	read, err := layers.Load(path)
	if err != nil {
		return l, err
	}
	l, ok := read.(L)
	if !ok {
		return l, fmt.Errorf("modernhopfield: %s: holds a %T, want a %T: %w", path, read, l, energy.ErrConfig)
	}
	return l, nil
}
