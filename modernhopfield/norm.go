package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Norm says whether and how rows are normalised: (x − mean)/√(variance + ε), with the mean and the biased variance of the row. Its
// text, as it stands in model files, is the name of its constant without Norm, in small letters.
type Norm int

const (
	// DefaultNorm, the zero value, is AffineNorm for an input that is projected, and NoNorm for a static one and in the Hopfield
	// space.
	DefaultNorm Norm = iota
	NoNorm           // rows are left as they are
	PlainNorm        // rows are normalised
	AffineNorm       // rows are normalised, and multiplied by a learned gain and shifted by a learned bias of every column
)

var norms = [...]string{"default", "no", "plain", "affine"}

// String is the name in small letters.
func (n Norm) String() string {
	if n < 0 || int(n) >= len(norms) {
		return fmt.Sprintf("Norm(%d)", int(n))
	}
	return norms[n]
}

// MarshalText writes the name.
func (n Norm) MarshalText() ([]byte, error) {
	if n < 0 || int(n) >= len(norms) {
		return nil, fmt.Errorf("%v is no norm: %w", n, energy.ErrConfig)
	}
	return []byte(n.String()), nil
}

// UnmarshalText reads a name.
func (n *Norm) UnmarshalText(text []byte) error {
	for i, name := range norms {
		if name == string(text) {
			*n = Norm(i)
			return nil
		}
	}
	return fmt.Errorf("norm %q, want one of %v: %w", text, norms, energy.ErrConfig)
}

// normalisation is a norm with its parameters, which only AffineNorm has.
type normalisation struct {
	norm       Norm // never DefaultNorm
	epsilon    float64
	gain, bias *layers.Param
}

// newNormalisation makes the parameters name_gain, which starts at 1, and name_bias, which starts at 0.
func newNormalisation(m *maker, name string, norm Norm, epsilon float64, width int) normalisation {
	n := normalisation{norm: norm, epsilon: epsilon}
	if norm == AffineNorm {
		n.gain = m.param(name+"_gain", true, func(int) float64 { return 1 }, width)
		n.bias = m.param(name+"_bias", true, nil, width)
	}
	return n
}

// build builds the normalised rows of x, (R, F).
func (n normalisation) build(b *builder, x *G.Node) *G.Node {
	switch n.norm {
	case PlainNorm:
		return b.do(op.Standardize(x, n.epsilon))
	case AffineNorm:
		return b.do(op.LayerNorm(x, b.param(n.gain), b.param(n.bias), n.epsilon))
	}
	return x
}
