package layers

import (
	"encoding/json"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// Sequential applies layers one after the other.
type Sequential struct {
	name   string
	layers []Layer
}

// NewSequential makes a chain of at least one layer. One layer may stand in it several times; two different ones that own
// parameters or draw random numbers must not share a name. Errors: ErrConfig.
func NewSequential(name string, layers ...Layer) (*Sequential, error) {
	if err := checkName("layers: Sequential", name); err != nil {
		return nil, err
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("layers: Sequential %q: no layers given: %w", name, energy.ErrConfig)
	}
	owners, params := map[string]Layer{}, map[string]*Param{}
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
		for _, p := range l.Params() { // of layers within layers too
			if other, taken := params[p.name]; taken && first(other.data) != first(p.data) {
				return nil, fmt.Errorf("layers: Sequential %q: two parameters are called %q: %w", name, p.name, energy.ErrConfig)
			}
			params[p.name] = p
		}
	}
	return &Sequential{name, slices.Clone(layers)}, nil
}

// Name returns the chain's name.
func (s *Sequential) Name() string { return s.name }

// Layers returns the layers in order.
func (s *Sequential) Layers() []Layer { return append([]Layer(nil), s.layers...) }

// Params lists the parameters of all layers, each once.
func (s *Sequential) Params() []*Param {
	var all []*Param
	seen := map[string]bool{}
	for _, l := range s.layers {
		for _, p := range l.Params() {
			if !seen[p.name] {
				seen[p.name] = true
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
func (s *Sequential) Spec() (kind string, config any) { return "sequential", Specs(s.layers) }

// Save writes the chain to a file; see Save.
func (s *Sequential) Save(path string) error { return Save(path, s) }

func decodeSequential(name string, config []byte, file *modelfile.File) (Layer, error) {
	var specs []json.RawMessage
	if err := unmarshal(config, &specs); err != nil {
		return nil, err
	}
	known := map[string]Layer{} // equal descriptions are of one layer that stands in the chain twice
	var layers []Layer
	for _, spec := range specs {
		l, ok := known[string(spec)]
		if !ok {
			var err error
			if l, err = Decode(spec, file); err != nil {
				return nil, err
			}
			known[string(spec)] = l
		}
		layers = append(layers, l)
	}
	return NewSequential(name, layers...)
}
