package sampling

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// clusters is a Boltzmann machine of two-state units as the cluster samplers see it: spins s = ±1 with the energy
//
//	E = −Σ_<ij> J_ij s_i s_j − Σ_i h_i s_i + const        x = s    Spin        x = (1 + s)/2    Bernoulli
//
// With x_i = c_i + d_i s_i that is J_ij = W_ij d_i d_j and h_i = d_i(b_i + Σ_j W_ij c_j). Spins that agree are bound with probability
// 1 − exp(−2J_ij/T), and one that agrees with its field is bound to a spin that never moves, with 1 − exp(−2|h_i|/T): so are fields of either
// sign part of the model.
type clusters[T kernel.Float] struct {
	model *layers.Boltzmann
	graph *bonds.Graph
	rows  []T       // the chains
	low   []T       // of each unit: 0 or −1
	bind  []T       // of each edge
	tie   []T       // of each unit, with its field
	up    []bool    // whether the field is up
	w, b  []T       // the parameters that these are of
	t     float64   // and the temperature
	chain []cluster // scratch of each chain
	clamp []bool
	held  []bool // its memory

	numbers []T // uniform numbers, size a chain
	size    int

	step               uint64
	edges, ties, flips rng.Stream
	move               func(lo, hi int) // made once: a closure a step would be an allocation
}

// cluster is the scratch of a chain.
type cluster struct {
	parent []int32 // of each spin, in its cluster; or the spins of one cluster
	mark   []bool
	word   [1]uint64
	moved  bool
}

// chunkOf is how many of n draws have one address: 4,096, or more where that would be too many addresses.
func chunkOf(n int) int { return max(1<<12, n>>15+1) }

// newClusters reads a machine. It is an ErrConfig for units that are not of two states.
func newClusters[T kernel.Float](m *layers.Boltzmann) (*clusters[T], error) {
	k := &clusters[T]{model: m}
	for _, f := range m.Units().Families() {
		if f != "Spin" && f != "Bernoulli" {
			return nil, fmt.Errorf("the machine has %s units, want Spin or Bernoulli: %w", f, energy.ErrConfig)
		}
	}
	n := m.Units().Len()
	for _, spin := range m.Units().Columns("Spin") {
		if spin {
			k.low = append(k.low, -1)
		} else {
			k.low = append(k.low, 0)
		}
	}
	p, err := layers.PlainBoltzmannOf[T](m)
	if err != nil {
		return nil, err
	}
	if k.graph = p.Bonds; k.graph == nil {
		var pairs [][2]int
		for i := range n {
			for j := i + 1; j < n; j++ {
				pairs = append(pairs, [2]int{i, j})
			}
		}
		if k.graph, err = bonds.New(n, pairs); err != nil {
			return nil, err
		}
	}
	k.bind, k.tie, k.up = make([]T, len(k.graph.Edges)), make([]T, n), make([]bool, n)
	return k, nil
}

// read sets the probabilities of bonds for the parameters and temperature as they are now. Errors: ErrNotFinite, and ErrConfig for a coupling
// below 0, at which spins that disagree would be bound.
func (k *clusters[T]) read(temperature float64) error {
	p, err := layers.PlainBoltzmannOf[T](k.model)
	if err != nil {
		return err
	}
	if k.t == temperature && slices.Equal(k.w, p.W) && slices.Equal(k.b, p.B) {
		return nil
	}
	k.t = 0 // what follows may fail half way
	if !kernel.AllFinite(p.W) || !kernel.AllFinite(p.B) {
		return fmt.Errorf("W or b: %w", energy.ErrNotFinite)
	}
	n := len(k.low)
	scale := func(i int) float64 { return float64(1-k.low[i]) / 2 }  // d
	middle := func(i int) float64 { return float64(1+k.low[i]) / 2 } // c
	field := make([]float64, n)
	for i, b := range p.B {
		field[i] = float64(b)
	}
	for e, pair := range k.graph.Edges {
		i, j := pair[0], pair[1]
		at := e
		if p.Bonds == nil {
			at = i*n + j
		}
		w := float64(p.W[at])
		if w < 0 {
			return fmt.Errorf("units %d and %d are coupled by %g, want no coupling below 0: spins that want to differ make no clusters: %w", i, j, w, energy.ErrConfig)
		}
		k.bind[e] = T(-math.Expm1(-2 * w * scale(i) * scale(j) / temperature))
		field[i] += w * middle(j)
		field[j] += w * middle(i)
	}
	for i, f := range field {
		k.tie[i], k.up[i] = T(-math.Expm1(-2*math.Abs(f)*scale(i)/temperature)), f > 0
	}
	k.w, k.b, k.t = append(k.w[:0], p.W...), append(k.b[:0], p.B...), temperature
	return nil
}

// clustersOf is the kept memory of a sampler, or a new one, ready for a step from a state that was checked.
func clustersOf[T kernel.Float](kept any, common boltzmannKernel, s *State) (*clusters[T], error) {
	k, ok := kept.(*clusters[T])
	if !ok || k.model != common.model {
		var err error
		if k, err = newClusters[T](common.model); err != nil {
			return nil, common.fail(err)
		}
	}
	if err := k.read(orOneTemperature(common.temperature)); err != nil {
		return nil, common.fail(err)
	}
	n, chains := len(k.low), s.Visible.Shape()[0]
	k.rows = gatherAll(k.rows, s, n)
	for at, x := range k.rows {
		if x != 1 && x != k.low[at%n] {
			return nil, common.fail(fmt.Errorf("chain %d, column %d of all units is %v, want a state, no mean: %w", at/n, at%n, x, energy.ErrRange))
		}
	}
	k.clamp, k.held = joinClamps(k.held, common.model, chains, common.visibleClamp, common.hiddenClamp)
	for len(k.chain) < chains {
		k.chain = append(k.chain, cluster{parent: make([]int32, n), mark: make([]bool, n)})
	}
	if k.size = max(chunkOf(n), chunkOf(len(k.bind))); len(k.numbers) < chains*k.size {
		k.numbers = make([]T, chains*k.size)
	}
	k.step = s.Step
	return k, nil
}

func (k *clusters[T]) clamped(chain, i int) bool {
	if len(k.clamp) > len(k.low) {
		i += chain * len(k.low)
	}
	return k.clamp != nil && k.clamp[i]
}

// buffer is a chain's memory for uniform numbers.
func (k *clusters[T]) buffer(chain int) []T { return k.numbers[chain*k.size : (chain+1)*k.size] }

// flip turns a unit over.
func (k *clusters[T]) flip(x []T, i int) { x[i] = 1 + k.low[i] - x[i] }

func isFloat32(m *layers.Boltzmann) bool { return m.Dtype() == tensor.Float32 }
