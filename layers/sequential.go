package layers

import (
	"encoding/json"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// Sequential applies layers one after the other.
type Sequential struct {
	name   string
	layers []Layer
}

// NewSequential makes a chain of at least one layer. Two different layers that own parameters or draw random numbers must
// not share a name. Errors: ErrConfig.
func NewSequential(name string, layers ...Layer) (*Sequential, error) {
	if err := checkName("Sequential", name); err != nil {
		return nil, err
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("layers: Sequential %q: no layers given: %w", name, energy.ErrConfig)
	}
	owners := map[string]Layer{}
	for i, l := range layers {
		if l == nil {
			return nil, fmt.Errorf("layers: Sequential %q: layer %d is nil: %w", name, i, energy.ErrConfig)
		}
		if _, noisy := l.(Stochastic); !noisy && len(l.Params()) == 0 {
			continue
		}
		if other, taken := owners[l.Name()]; taken && other != l {
			return nil, fmt.Errorf("layers: Sequential %q: two layers are called %q: %w", name, l.Name(), energy.ErrConfig)
		}
		owners[l.Name()] = l
	}
	return &Sequential{name, layers}, nil
}

// Name returns the chain's name.
func (s *Sequential) Name() string { return s.name }

// Layers returns the layers in order.
func (s *Sequential) Layers() []Layer { return append([]Layer(nil), s.layers...) }

// Params lists the parameters of all layers, each once.
func (s *Sequential) Params() []*Param {
	var all []*Param
	seen := map[*Param]bool{}
	for _, l := range s.layers {
		for _, p := range l.Params() {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	return all
}

// SetStep passes a step to every layer that draws random numbers.
func (s *Sequential) SetStep(step uint64) {
	for _, l := range s.layers {
		if l, ok := l.(Stochastic); ok {
			l.SetStep(step)
		}
	}
}

// Forward builds the layers on x in order.
func (s *Sequential) Forward(x *G.Node) (*G.Node, error) {
	for _, l := range s.layers {
		var err error
		if x, err = l.Forward(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// Spec describes the chain for a file.
func (s *Sequential) Spec() (kind string, config any) { return "sequential", s.layers }

// Save writes the chain to a file; see Save.
func (s *Sequential) Save(path string) error { return Save(path, s) }

func decodeSequential(name string, config []byte, file *modelfile.File) (Layer, error) {
	var specs []json.RawMessage
	if err := json.Unmarshal(config, &specs); err != nil {
		return nil, err
	}
	byName := map[string]Layer{} // a layer that stands twice in the chain is one layer
	var layers []Layer
	for _, spec := range specs {
		l, err := Decode(spec, file)
		if err != nil {
			return nil, err
		}
		if known, ok := byName[l.Name()]; ok && len(l.Params()) > 0 {
			l = known
		}
		byName[l.Name()] = l
		layers = append(layers, l)
	}
	return NewSequential(name, layers...)
}
