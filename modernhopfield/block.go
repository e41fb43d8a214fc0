package modernhopfield

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// residual is norm(x + dropout(y)), the end of each part of a transformer block that normalises afterwards.
type residual struct {
	dropout dropout
	norm    normalisation
}

// build builds it on rows, (R, E) each.
func (r residual) build(b *builder, x, y *G.Node) *G.Node {
	return r.norm.build(b, b.do(op.Combine([]float64{1, 1}, x, r.dropout.build(b, y))))
}

// dropout drops numbers with probability rate, a different choice at every place that has one.
type dropout struct {
	rate  float64
	noise *op.Noise // nil for none
}

func newDropout(rate float64, seed uint64, purpose string) dropout {
	if rate == 0 {
		return dropout{}
	}
	return dropout{rate, op.NewNoise(seed, "dropout "+purpose)}
}

func (d dropout) build(b *builder, x *G.Node) *G.Node {
	if d.noise == nil || b.err != nil {
		return x
	}
	return b.do(op.Dropout(x, d.rate, d.noise))
}

func (d dropout) setStep(step uint64) {
	if d.noise != nil {
		d.noise.SetStep(step)
	}
}

// feedforward is the last part of a block: norm(x + dropout(dropout(f(x W_expand + b_expand)) W_contract + b_contract)).
type feedforward struct {
	expand, contract projection
	activation       activation
	inner            dropout
	end              residual
}

// blockConfig is what encoders and decoders have in common.
type blockConfig struct {
	Feedforward int
	Activation  string
	Dropout     float64
	Epsilon     float64
	seed        uint64
}

// check refuses what no block can have.
func (c blockConfig) check() error {
	if c.Feedforward < 0 || c.Feedforward > maxSize {
		return fmt.Errorf("Feedforward is %d, want 1 to 2^30, or 0 for 2048: %w", c.Feedforward, energy.ErrConfig)
	}
	if _, known := activations[c.Activation]; !known {
		return fmt.Errorf("Activation is %q, want relu, tanh, sigmoid or softplus: %w", c.Activation, energy.ErrConfig)
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("Dropout is %g, want at least 0 and less than 1: %w", c.Dropout, energy.ErrConfig)
	}
	if !(c.Epsilon >= 0) || math.IsInf(c.Epsilon, 0) {
		return fmt.Errorf("Epsilon is %g, want a positive number, or 0 for 1e-5: %w", c.Epsilon, energy.ErrConfig)
	}
	return nil
}

// residual makes the parameters name_gain and name_bias (width).
func (c blockConfig) residual(m *maker, layer, name string, width int) residual {
	return residual{newDropout(c.Dropout, c.seed, layer+"."+name), newNormalisation(m, name, AffineNorm, or(c.Epsilon, 1e-5), width)}
}

// feedforward makes W_expand (width, Feedforward), W_contract (Feedforward, width), their biases, and what residual makes. Weights
// start as Glorot & Bengio 2010, equation 12, has them.
func (c blockConfig) feedforward(m *maker, layer string, width int) feedforward {
	hidden := or(c.Feedforward, 2048)
	linear := func(name string, in, out int) (p projection) {
		p.w = m.normals("W_"+name, true, math.Sqrt(2/float64(in+out)), in, out)
		p.b = m.param("b_"+name, true, nil, out)
		return p
	}
	f := feedforward{inner: newDropout(c.Dropout, c.seed, layer+".expand"), activation: activations[c.Activation]}
	if f.activation == nil {
		f.activation = op.ReLU
	}
	f.expand, f.contract = linear("expand", width, hidden), linear("contract", hidden, width)
	f.end = c.residual(m, layer, "feedforward", width)
	return f
}

// build builds it on rows, (R, E).
func (f feedforward) build(b *builder, x *G.Node) *G.Node {
	h := b.do(f.activation(f.expand.build(b, x)))
	return f.end.build(b, x, f.contract.build(b, f.inner.build(b, h)))
}

func (f feedforward) setStep(step uint64) {
	f.inner.setStep(step)
	f.end.dropout.setStep(step)
}

// residualPlan resolves the configuration of an association whose output is added to its states, and whose stored patterns are
// their own values.
func residualPlan(what string, c Config) (plan, error) {
	p, err := c.resolve(c.Dtype)
	if err != nil {
		return p, fmt.Errorf("%s: %w", what, err)
	}
	if p.Input == 0 || p.Output != p.Input {
		return p, fmt.Errorf("%s: Output is %d and Input %d, want one width, since they are added: %w", what, p.Output, p.Input, energy.ErrConfig)
	}
	if p.Projection != p.Stored {
		return p, fmt.Errorf("%s: Projection is %d and Stored %d, want one width, since both come from the same patterns: %w", what, p.Projection, p.Stored, energy.ErrConfig)
	}
	return p, nil
}
