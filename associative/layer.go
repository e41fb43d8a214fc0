package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// Layer makes a differentiable layer of the network: its couplings and biases as parameters, and its units, whose means follow
//
//	m ← tanh((Wm + b + x)/T)        bipolar        σ((Wm + b + x)/T)        binary
//
// At temperatures far below the size of the fields these are the updates of Synchronous, but for means of 0 (½ for binary units) where
// fields are 0. The configuration says the rest: the Temperature, and whether x is a field or, with InputIsState and Steps, the state
// that recall starts from. Its Units and its initial couplings are those of the network, so Units, Seed and InitDeviation must not be
// given; its zero Dtype means Float64 here, in which the numbers are kept to the bit. FromLayer is the way back.
//
// Errors: ErrConfig for those, for what layers.NewHopfield refuses, and for networks that are Asymmetric or coupled to themselves;
// ErrNotFinite for couplings beyond the range of float32.
func (h *Hopfield) Layer(name string, config layers.HopfieldConfig) (*layers.Hopfield, error) {
	fail := func(err error) (*layers.Hopfield, error) {
		return nil, fmt.Errorf("associative: Hopfield: Layer %q: %w", name, err)
	}
	if config.Units.Len() != 0 || config.Seed != 0 || config.InitDeviation != 0 {
		return fail(fmt.Errorf("Units %v, Seed %d and InitDeviation %g: units and couplings are the network's, want none of these: %w",
			config.Units, config.Seed, config.InitDeviation, energy.ErrConfig))
	}
	config.Units = energy.Spin(h.n)
	if h.config.Binary {
		config.Units = energy.Bernoulli(h.n)
	}
	if config.Dtype == (tensor.Dtype{}) {
		config.Dtype = tensor.Float64
	}
	l, err := layers.NewHopfield(name, config)
	if err != nil {
		return fail(err)
	}
	if err := l.Param("W").Set(h.Couplings().Float64s()); err != nil {
		return fail(err)
	}
	if h.config.Bias != nil {
		if err := l.Param("b").Set(h.config.Bias); err != nil {
			return fail(err)
		}
	}
	return l, nil
}

// FromLayer makes the network of a layer's couplings and biases as they are now, to the bit, with binary units where the layer's are
// Bernoulli, and Ties Keep. What of the layer is not the network's, its temperature and how often it updates, is left behind.
// Errors: ErrConfig for a nil layer; ErrNotFinite for parameters that training has made so.
func FromLayer(l *layers.Hopfield) (*Hopfield, error) {
	if l == nil {
		return nil, fmt.Errorf("associative: FromLayer: no layer given: %w", energy.ErrConfig)
	}
	fail := func(err error) (*Hopfield, error) {
		return nil, fmt.Errorf("associative: FromLayer: layer %q: %w", l.Name(), err)
	}
	for _, p := range l.Params() {
		if !p.Finite() {
			return fail(fmt.Errorf("%s has a number that is not finite: %w", p.Name(), energy.ErrNotFinite))
		}
	}
	units := l.Config().Units
	config := HopfieldConfig{Binary: units.Families()[0] == "Bernoulli"}
	for _, b := range l.Param("b").Float64s() {
		if b != 0 {
			config.Bias = l.Param("b").Float64s()
			break
		}
	}
	h, err := newHopfield(l.Param("W").Float64s(), units.Len(), 1, config)
	if err != nil {
		return fail(err)
	}
	return h, nil
}
