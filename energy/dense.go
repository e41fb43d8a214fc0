package energy

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// Dense is the energy of a dense associative memory over nodes that its owner provides:
//
//	E(σ) = −Σ_μ F(s ξ_μ·σ)
//
// with stored patterns ξ_μ and a scale s of the overlaps. States and patterns are meant to be spins ±1; any real numbers will do.
//
// Sources: D. Krotov, J. J. Hopfield, "Dense Associative Memory for Pattern Recognition", NIPS 2016, eq. 2; M. Demircigil et al.,
// "On a Model of Associative Memory with Huge Storage Capacity", J. Stat. Phys. 168 (2017).
type Dense struct {
	Patterns    *G.Node // (K, N)
	Interaction Interaction
	// Scale is s, positive; 0 means 1. To a power it is a unit of energy and no more: with s = 1/N overlaps are within ±1 and no
	// degree overflows. To the exponential it is the inverse temperature β.
	Scale float64
}

// Energy builds E(σ): states (B, N) give (B). Gradient flows to the states and to the patterns. Cost: one (B×N)·(N×K) product and
// B·K powers.
//
// It is what the formula says and so is −Inf where that is beyond the dtype: an exponential of an overlap above 88 in float32 or
// 709 in float64. LogEnergy is the form of the exponential memory that has no such end.
func (e Dense) Energy(x *G.Node) (*G.Node, error) {
	return e.named("Energy", func() (*G.Node, error) {
		overlaps, scale, err := e.overlaps(x)
		if err != nil {
			return nil, err
		}
		var terms *G.Node
		if e.Interaction.Exponential() {
			if terms, err = op.Combine([]float64{scale}, overlaps); err == nil {
				terms, err = op.Exp(terms)
			}
		} else {
			terms, err = op.Power(overlaps, op.Exponent{N: e.Interaction.Degree(), Rectified: e.Interaction.Rectified(), Scale: scale, Factor: 1})
		}
		if err != nil {
			return nil, err
		}
		return op.RowSum(terms, -1)
	})
}

// LogEnergy builds −log(−E) = −log Σ_μ exp(s ξ_μ·σ) of an exponential memory: states (B, N) give (B). It orders states as E does, has
// the same minima and the same flips that lower it, and is finite wherever the overlaps are. With |σ| fixed it is the modern
// continuous network's energy times β = s, but for a constant. Other interactions are an ErrConfig. Gradient and cost are as in Energy.
func (e Dense) LogEnergy(x *G.Node) (*G.Node, error) {
	return e.named("LogEnergy", func() (*G.Node, error) {
		overlaps, scale, err := e.overlaps(x)
		if err != nil {
			return nil, err
		}
		if !e.Interaction.Exponential() {
			return nil, fmt.Errorf("interaction is %v, want Exponential(): a sum of powers may be negative or 0: %w", e.Interaction, ErrConfig)
		}
		if scale != 1 {
			if overlaps, err = op.Combine([]float64{scale}, overlaps); err != nil {
				return nil, err
			}
		}
		sum, err := op.LogSumExp(overlaps)
		if err != nil {
			return nil, err
		}
		return op.Combine([]float64{-1}, sum)
	})
}

// Overlaps builds ξ_μ·σ, not scaled: states (B, N) give (B, K).
func (e Dense) Overlaps(x *G.Node) (*G.Node, error) {
	return e.named("Overlaps", func() (*G.Node, error) {
		overlaps, _, err := e.overlaps(x)
		return overlaps, err
	})
}

func (e Dense) overlaps(x *G.Node) (overlaps *G.Node, scale float64, err error) {
	if err := e.Interaction.Validate(); err != nil {
		return nil, 0, err
	}
	if math.IsNaN(e.Scale) || math.IsInf(e.Scale, 0) || e.Scale < 0 {
		return nil, 0, fmt.Errorf("Scale is %g, want a positive number, or 0 for 1: %w", e.Scale, ErrConfig)
	}
	if e.Patterns == nil || e.Patterns.Dims() != 2 {
		return nil, 0, fmt.Errorf("patterns have %s, want (patterns, units): %w", shapeOf(e.Patterns), ErrShape)
	}
	if units := e.Patterns.Shape()[1]; x == nil || x.Dims() != 2 || x.Shape()[1] != units {
		return nil, 0, fmt.Errorf("states have %s, want (batch, %d): %w", shapeOf(x), units, ErrShape)
	}
	scale = e.Scale
	if scale == 0 {
		scale = 1
	}
	overlaps, err = op.Gemm(x, e.Patterns, false, true)
	return overlaps, scale, err
}

func (e Dense) named(what string, build func() (*G.Node, error)) (*G.Node, error) {
	n, err := build()
	if err != nil {
		return nil, fmt.Errorf("energy: Dense: %s: %w", what, err)
	}
	return n, nil
}
