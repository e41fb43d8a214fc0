package associative

// Binary returns the network of binary units x that does the same as this one of bipolar units s = 2x − 1,
//
//	W' = 4W        b' = 2b − 2·1ᵀW        h' = 2h        E'(x) = E(s) + shift,    shift = ½ 1ᵀW1 − bᵀ1
//
// so that recall and, at the same temperature, Gibbs go the same way. A network that is asymmetric has no energy to compare. A
// binary network is returned as it is, with 0.
func (h *Hopfield) Binary() (net *Hopfield, shift float64) {
	if h.config.Binary {
		return h, 0
	}
	other, sums := h.as(true, 4)
	for i, sum := range sums {
		shift += sum/2 - h.bias(i)
		other.config.Bias[i] = 2*h.bias(i) - 2*sum
	}
	other.bound()
	return other, shift
}

// Bipolar is Binary the other way: W = W'/4, b = b'/2 + ¼ 1ᵀW', and E(s) = E'(x) + shift with the shift of Binary taken back.
func (h *Hopfield) Bipolar() (net *Hopfield, shift float64) {
	if !h.config.Binary {
		return h, 0
	}
	other, sums := h.as(false, 0.25)
	for i, sum := range sums {
		b := h.bias(i)/2 + sum/4
		shift += b - sum/8
		other.config.Bias[i] = b
	}
	other.bound()
	return other, shift
}

// as returns a copy with the other kind of units, whose biases are to be set, and what each unit receives where all are 1.
func (h *Hopfield) as(binary bool, factor float64) (other *Hopfield, sums []float64) {
	copied := *h
	copied.scale *= factor
	copied.m, copied.remembers = h.weights(), nil
	copied.config.Binary = binary
	copied.config.Bias = make([]float64, h.n)
	sums = make([]float64, h.n)
	for k, v := range h.weights() {
		sums[k%h.n] += v
	}
	for i := range sums {
		sums[i] *= h.scale
	}
	return &copied, sums
}

func (h *Hopfield) bias(i int) float64 {
	if h.config.Bias == nil {
		return 0
	}
	return h.config.Bias[i]
}
