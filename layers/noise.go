package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Dropout zeroes each number with probability Rate and scales the others by 1/(1 − Rate). Its masks are a function of
// (seed, name, step, row, column), each instance being a row, and differ between the dtypes. Under gorgonia.EvalMode() it changes nothing.
//
// Source: Srivastava et al., JMLR 15 (2014).
type Dropout struct {
	name  string
	rate  float64
	seed  uint64
	noise *op.Noise
}

// NewDropout makes a dropout layer, 0 < rate < 1. Errors: ErrConfig.
func NewDropout(name string, rate float64, seed uint64) (*Dropout, error) {
	if err := checkName("layers: Dropout", name); err != nil {
		return nil, err
	}
	if !(rate > 0 && rate < 1) {
		return nil, fmt.Errorf("layers: Dropout %q: rate %g, want more than 0 and less than 1: %w", name, rate, energy.ErrConfig)
	}
	return &Dropout{name, rate, seed, op.NewNoise(seed, "dropout "+name)}, nil
}

// Name returns the layer's name.
func (d *Dropout) Name() string { return d.name }

// Params returns nil.
func (d *Dropout) Params() []*Param { return nil }

// SetStep chooses the masks of the next run; a fresh layer stands at step 0.
func (d *Dropout) SetStep(step uint64) { d.noise.SetStep(step) }

// Forward builds the masked x: (B, n) gives (B, n), and (B, T, n) gives (B, T, n). Gradient flows to x through the same mask.
func (d *Dropout) Forward(x *G.Node) (*G.Node, error) {
	return build(fmt.Sprintf("Dropout %q: Forward", d.name), func() (*G.Node, error) {
		return rowwise(x, func(x *G.Node) (*G.Node, error) { return op.Dropout(x, d.rate, d.noise) })
	}, x)
}

// Spec describes the layer for a file.
func (d *Dropout) Spec() (kind string, config any) { return "dropout", dropoutSpec{d.rate, d.seed} }

type dropoutSpec struct {
	Rate float64 `json:"rate"`
	Seed uint64  `json:"seed"`
}

func decodeDropout(name string, config []byte, _ *modelfile.File) (Layer, error) {
	var spec dropoutSpec
	if err := unmarshal(config, &spec); err != nil {
		return nil, err
	}
	return NewDropout(name, spec.Rate, spec.Seed)
}

// StochasticBernoulli replaces each probability by a draw of 0 or 1. The gradient passes straight through, as if the draw
// were the probability. Under gorgonia.EvalMode() it gives the probability.
//
// Source: Bengio, Léonard, Courville, arXiv:1308.3432.
type StochasticBernoulli struct {
	name  string
	seed  uint64
	noise *op.Noise
}

// NewStochasticBernoulli makes a stochastic binary unit. Errors: ErrConfig.
func NewStochasticBernoulli(name string, seed uint64) (*StochasticBernoulli, error) {
	if err := checkName("layers: StochasticBernoulli", name); err != nil {
		return nil, err
	}
	return &StochasticBernoulli{name, seed, op.NewNoise(seed, "bernoulli "+name)}, nil
}

// Name returns the layer's name.
func (s *StochasticBernoulli) Name() string { return s.name }

// Params returns nil.
func (s *StochasticBernoulli) Params() []*Param { return nil }

// SetStep chooses the draws of the next run; a fresh layer stands at step 0.
func (s *StochasticBernoulli) SetStep(step uint64) { s.noise.SetStep(step) }

// Forward builds the draws: probabilities (B, n) give (B, n), and (B, T, n) give (B, T, n). Gradient: straight through.
func (s *StochasticBernoulli) Forward(p *G.Node) (*G.Node, error) {
	return build(fmt.Sprintf("StochasticBernoulli %q: Forward", s.name), func() (*G.Node, error) {
		return rowwise(p, func(p *G.Node) (*G.Node, error) { return op.Bernoulli(p, s.noise) })
	}, p)
}

// Spec describes the layer for a file.
func (s *StochasticBernoulli) Spec() (kind string, config any) {
	return "stochastic_bernoulli", stochasticSpec{s.seed}
}

type stochasticSpec struct {
	Seed uint64 `json:"seed"`
}

func decodeStochastic(name string, config []byte, _ *modelfile.File) (Layer, error) {
	var spec stochasticSpec
	if err := unmarshal(config, &spec); err != nil {
		return nil, err
	}
	return NewStochasticBernoulli(name, spec.Seed)
}
