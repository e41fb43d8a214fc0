package associative

import "gorgonia.org/tensor"

// throughPatterns reports whether a recall is faster by the patterns that the network remembers than by its couplings; its end is the same
// in every bit. A sweep of all units at once costs 2nP by the one and n² by the other. One by one, every unit looked at costs P by the
// one, and every flip n by the other: most units do not flip.
func (h *Hopfield) throughPatterns(d Dynamics) bool {
	if h.patterns == nil || h.config.Bias != nil || h.config.Binary {
		return false
	}
	switch d.(type) {
	case Synchronous:
		return 2*h.patterns.p < h.n
	case Asynchronous:
		return 8*h.patterns.p < h.n
	}
	return false
}

// recallPatterns carries the states x to their end through overlaps.
func (h *Hopfield) recallPatterns(x []float64, dtype tensor.Dtype, d Dynamics) *Recalled {
	net := *h.patterns
	net.config.Ties = h.config.Ties
	states := &PackedSpins{len(x) / h.n, h.n, net.words, make([]uint64, len(x)/h.n*net.words)}
	states.pack(x)
	out := net.recall(states, d)
	return &Recalled{States: out.States.tensor(dtype), Sweeps: out.Sweeps, Cycle: out.Cycle, Energy: out.Energy, Trace: out.Trace}
}
