package associative

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// BAM is a bidirectional associative memory: n bipolar units x and k bipolar units y, coupled across by one matrix W (n, k) that
// works in both directions, and not among themselves:
//
//	E(x, y) = −xWyᵀ − b·x − c·y
//
// y follows xW + c and x follows yWᵀ + b, each by the signs. It is the Hopfield network of n + k units whose couplings are the blocks
// 0, W, Wᵀ and 0; without biases (x, y) and (−x, −y) have the same energy.
//
// W comes from a rule for pairs of patterns by Linear.BAM: Correlation is Kosko's, Bidirectional stores more pairs.
//
// A BAM does not change once it is made: it may be used by many goroutines.
//
// Source: B. Kosko, "Bidirectional Associative Memories", IEEE Trans. Systems, Man, and Cybernetics 18 (1988), whose memory has no
// biases.
type BAM struct {
	n, k           int
	w, back        []float64 // W (n, k), and Wᵀ (k, n)
	biasX, biasY   []float64
	reachX, reachY []float64 // how far from 0 rounding can bring a field that is 0
}

// BAMConfig is what a BAM has beside its couplings. The zero value has no biases.
type BAMConfig struct {
	BiasX []float64 // b, one number a unit of x; nil is none. A threshold θ is the bias −θ.
	BiasY []float64 // c, one number a unit of y; nil is none
}

// NewBAM makes a bidirectional memory of couplings w, a contiguous (n, k) tensor of float32 or float64, which is copied.
// Errors: ErrShape, ErrDtype, ErrNotFinite.
func NewBAM(w *tensor.Dense, config BAMConfig) (*BAM, error) {
	numbers, k, err := matrix.Of(w, 0)
	if err != nil {
		return nil, fmt.Errorf("associative: NewBAM: w: %w", err)
	}
	return newLinear(slices.Clone(numbers), len(numbers)/k, k).BAM(config)
}

// BAM makes a bidirectional memory of the associator's W. Errors: ErrShape for biases of another length, ErrNotFinite.
func (l *Linear) BAM(config BAMConfig) (*BAM, error) {
	m := &BAM{n: l.n, k: l.k, w: l.w, back: make([]float64, len(l.w))}
	for i := range l.n {
		for j := range l.k {
			m.back[j*l.n+i] = l.w[i*l.k+j]
		}
	}
	for _, bias := range []struct {
		name   string
		values []float64
		units  int
		to     *[]float64
	}{{"BiasX", config.BiasX, l.n, &m.biasX}, {"BiasY", config.BiasY, l.k, &m.biasY}} {
		switch {
		case bias.values == nil:
			*bias.to = make([]float64, bias.units)
		case len(bias.values) != bias.units:
			return nil, fmt.Errorf("associative: BAM: %s has %d numbers, want %d: %w", bias.name, len(bias.values), bias.units, energy.ErrShape)
		case !kernel.AllFinite(bias.values):
			return nil, fmt.Errorf("associative: BAM: %s holds a number that is not finite: %w", bias.name, energy.ErrNotFinite)
		default:
			*bias.to = slices.Clone(bias.values)
		}
	}
	m.reachX, m.reachY = reachOf(m.back, m.n, 1, m.biasX), reachOf(m.w, m.k, 1, m.biasY)
	if math.IsInf(kernel.Sum(m.reachX)*0x1p46+kernel.Sum(m.reachY)*0x1p46, 1) {
		return nil, fmt.Errorf("associative: BAM: the couplings are so large that energies are too large for float64: %w", energy.ErrNotFinite)
	}
	return m, nil
}

// Couplings returns a copy of W, (n, k), in float64.
func (m *BAM) Couplings() *tensor.Dense {
	return matrix.Tensor(tensor.Float64, slices.Clone(m.w), m.n, m.k)
}

// Energy returns E(x, y) of each pair of rows, x (B, n) and y (B, k) of ±1, in nats and float64: exactly, where couplings and
// biases are whole numbers. Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: one product.
func (m *BAM) Energy(x, y *tensor.Dense) ([]float64, error) {
	xs, ys, _, _, err := pairsOf(x, y, m.n, m.k, matrix.Spins, matrix.Spins)
	if err != nil {
		return nil, fmt.Errorf("associative: BAM: Energy: %w", err)
	}
	return m.energies(xs, ys), nil
}

func (m *BAM) energies(xs, ys []float64) []float64 {
	fields, out := m.forward(xs), make([]float64, len(xs)/m.n)
	for i := range out {
		out[i] = -kernel.Dot(ys[i*m.k:(i+1)*m.k], fields[i*m.k:(i+1)*m.k]) - kernel.Dot(xs[i*m.n:(i+1)*m.n], m.biasX)
	}
	return out
}

// forward is xW + c, backward yWᵀ + b, of packed rows.
func (m *BAM) forward(xs []float64) []float64 {
	out := make([]float64, len(xs)/m.n*m.k)
	kernel.Affine(false, len(xs)/m.n, m.k, m.n, xs, m.w, m.biasY, out)
	return out
}

func (m *BAM) backward(ys []float64) []float64 {
	out := make([]float64, len(ys)/m.k*m.n)
	kernel.Affine(false, len(ys)/m.k, m.n, m.k, ys, m.back, m.biasX, out)
	return out
}
