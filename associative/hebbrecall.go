package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// remembered is a network of Hebb's couplings that keeps the patterns, a bit a unit, and makes the couplings when something needs them.
type remembered struct {
	net *PackedHopfield
	m   made[[]float64] // M = Σ_μ ξ_μ ξ_μᵀ
}

func (r *remembered) weights() []float64 { return r.m.by(r.net.couplings) }

// couplings are whole numbers, and exact.
func (h *PackedHopfield) couplings() []float64 {
	x, m := make([]float64, h.p*h.n), make([]float64, h.n*h.n)
	unpack(x, &PackedSpins{h.p, h.n, h.words, h.rows})
	kernel.Gemm(true, false, h.n, h.n, h.p, 1, x, h.n, x, h.n, false, m, h.n)
	if !h.config.KeepDiagonal {
		clearDiagonal(m, h.n)
	}
	return m
}

// cached is up to how many units couplings are read fast, one by one: 12 MB of them.
const cached = 1200

// throughPatterns reports whether a recall is faster by the patterns that the network remembers than by its couplings; its end is the same
// in every bit. A sweep of all units at once costs 2nP by the one and n² by the other. One by one, every unit looked at costs P by the
// one, and every flip n by the other: most units do not flip, but rows of couplings that fit into a cache are the faster for it.
func (h *Hopfield) throughPatterns(d Dynamics) bool {
	if h.remembers == nil {
		return false
	}
	switch d.(type) {
	case Synchronous:
		return 2*h.remembers.net.p < h.n
	case Asynchronous:
		return 8*h.remembers.net.p < h.n && h.n > cached
	}
	return false
}

// recallPatterns is Recall through overlaps.
func (h *Hopfield) recallPatterns(states *tensor.Dense, d Dynamics) (*Recalled, error) {
	x, err := packSpins(states, h.n)
	if err != nil {
		return nil, fmt.Errorf("associative: Hopfield: Recall: states: %w", err)
	}
	if err := d.validate(h.n); err != nil {
		return nil, fmt.Errorf("associative: Hopfield: Recall: %T: %w", d, err)
	}
	net := *h.remembers.net
	net.config.Ties = h.config.Ties
	out := net.recall(x, d)
	return &Recalled{States: out.States.tensor(states.Dtype()), Sweeps: out.Sweeps, Cycle: out.Cycle, Energy: out.Energy, Trace: out.Trace}, nil
}
