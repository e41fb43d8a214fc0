package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/op"
)

// ModernHopfield is the energy of a continuous Hopfield network, whose minima retrieve stored patterns:
//
//	E(ξ) = −β⁻¹ Ω*(β X ξ) + ½ ξᵀξ
//
// where Ω* is the conjugate of the separation function, the log-sum-exp for the softmax. Its update f(ξ) = Xᵀ separation(β X ξ),
// attention for the softmax, is the step ξ − ∂E/∂ξ and never raises it. The published energy has in addition the constant
// −β⁻¹ Ω(1/N, …) + ½ max_i |x_i|², for the softmax β⁻¹ log N + ½ max_i |x_i|², which makes it at least 0. For the softmax βE is the free
// energy of a harmonium of Gaussian units of variance 1/β and one hidden unit of N states.
//
// Under Euclidean similarity, −|ξ − x|², it is E(ξ) = −β⁻¹ Ω*, and the update, a mean shift, is the step ξ − ½ ∂E/∂ξ for weights that sum
// to 1 (all but those of Subsets). The other similarities have no such energy and are an ErrConfig.
//
// Sources: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, eq. 2; S. dos Santos et al., "Sparse and Structured
// Hopfield Networks", ICML 2024, eq. 9.
type ModernHopfield struct {
	Patterns   *G.Node // (N, d), the stored patterns x_i as rows
	Beta       *G.Node // (1), the inverse temperature, above 0
	Separation Separation
	Similarity Similarity
}

// Energy builds E: states (B, d) give (B). Gradient flows to the states, the patterns and β. Errors: ErrShape, ErrDtype, ErrConfig.
// Cost: one (B×d)·(d×N) product whose result is never held, see Update.
func (e ModernHopfield) Energy(x *G.Node) (*G.Node, error) {
	return e.build("Energy", x, func(c op.AssociationConfig, n op.AssociationNodes) (*G.Node, error) {
		conjugate, err := op.AssociationConjugate(c, n)
		if err != nil {
			return nil, err
		}
		factor := 0.5
		if e.Similarity == Euclidean {
			factor = 0
		}
		energies, err := op.HeadEnergies(x, conjugate, e.Beta, factor)
		if err != nil {
			return nil, err
		}
		return op.RowSum(energies, 1)
	})
}

// Update builds f(ξ), one update of the states: (B, d) gives (B, d). Gradient flows to the states, the patterns and β. The (B, N)
// matrix of scores is never held, forward or backward.
func (e ModernHopfield) Update(x *G.Node) (*G.Node, error) {
	return e.build("Update", x, func(c op.AssociationConfig, n op.AssociationNodes) (*G.Node, error) {
		n.V = n.K
		return op.AssociateBags(c, n)
	})
}

func (e ModernHopfield) build(what string, x *G.Node, f func(op.AssociationConfig, op.AssociationNodes) (*G.Node, error)) (*G.Node, error) {
	n, err := func() (*G.Node, error) {
		if err := e.Separation.Validate(); err != nil {
			return nil, err
		}
		if e.Separation.Learned() {
			return nil, fmt.Errorf("%v has an α to learn, want one that is fixed: %w", e.Separation, ErrConfig)
		}
		if e.Similarity != Dot && e.Similarity != Euclidean {
			return nil, fmt.Errorf("similarity is %v, want dot or euclidean: %w", e.Similarity, ErrConfig)
		}
		if e.Patterns == nil || e.Patterns.Dims() != 2 || x == nil || x.Dims() != 2 || x.Shape()[1] != e.Patterns.Shape()[1] {
			return nil, fmt.Errorf("states have %s and patterns %s, want (batch, d) and (N, d): %w", shapeOf(x), shapeOf(e.Patterns), ErrShape)
		}
		return f(op.AssociationConfig{Similarity: association.Similarity(e.Similarity), Rule: e.Separation.Rule()},
			op.AssociationNodes{Q: x, K: e.Patterns, Beta: e.Beta})
	}()
	if err != nil {
		return nil, fmt.Errorf("energy: ModernHopfield: %s: %w", what, err)
	}
	return n, nil
}
