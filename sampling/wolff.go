package sampling

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*Wolff)(nil)

// Wolff is the single-cluster sampler of ferromagnets, Boltzmann machines of Spin or Bernoulli units with W ≥ 0: a cluster grows from a unit
// drawn at random, over neighbours that agree, each with probability 1 − exp(−2J/T), with J as for SwendsenWang; then it is turned over as a
// whole. It prefers large clusters, and takes no work for the others. A cluster that is bound to its field or holds a clamped unit
// stays: the move is refused, which strong fields make frequent. p(x) ∝ exp(−E(x)/T) is stationary.
//
// A Wolff keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its original.
//
// Source: U. Wolff, "Collective Monte Carlo Updating for Spin Systems", Physical Review Letters 62 (1989).
type Wolff struct {
	Model *layers.Boltzmann
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state: one mark a column for all chains, or
	// chains × columns, row by row, for a clamp of each chain. nil holds none.
	VisibleClamp, HiddenClamp []bool

	work any // *clusters of the model's dtype: what is kept between steps, so that they allocate nothing
}

// Step grows one cluster in every chain: Proposed counts the chains, Accepted those whose cluster was turned over. Errors: ErrConfig for a
// sampler that cannot be, among them a coupling below 0 and units that are not of two states; ErrShape and ErrDtype for a state that is not
// the model's; ErrRange for means in place of states; ErrNotFinite. The state is then as it was. Cost: a draw for each edge of the cluster,
// and a look at all units; a machine without Edges has n(n−1)/2 of them, which take some 50 bytes each once.
func (k *Wolff) Step(s *State) (Info, error) {
	common := boltzmannKernel{"Wolff", k.Model, k.Temperature, k.VisibleClamp, k.HiddenClamp}
	if err := common.check(s); err != nil {
		return Info{}, err
	}
	if isFloat32(k.Model) {
		return wolffStep[float32](k, common, s)
	}
	return wolffStep[float64](k, common, s)
}

func wolffStep[T kernel.Float](g *Wolff, common boltzmannKernel, s *State) (Info, error) {
	k, err := clustersOf[T](g.work, common, s)
	if err != nil {
		return Info{}, err
	}
	if g.work = k; k.move == nil {
		k.move = func(lo, hi int) {
			for chain := lo; chain < hi; chain++ {
				k.wolff(chain)
			}
		}
	}
	k.edges, k.flips = rng.New(g.Seed, "wolff bonds"), rng.New(g.Seed, "wolff start")
	info := Info{Proposed: s.Visible.Shape()[0]}
	kernel.Parallel(info.Proposed, 1, k.move)
	for chain := range info.Proposed {
		if k.chain[chain].moved {
			info.Accepted++
		}
	}
	scatterAll(s, k.rows, len(k.low))
	s.Step++
	return info, nil
}

func (k *clusters[T]) wolff(chain int) {
	n := len(k.low)
	x, c := k.rows[chain*n:(chain+1)*n], &k.chain[chain]
	draw := drawer[T]{row: k.edges.Row(chain, k.step), numbers: k.buffer(chain)}
	rng.Words(k.flips.Row(chain, k.step), c.word[:])
	start := int32(c.word[0] >> 32 * uint64(n) >> 32)
	found := c.parent[:1]
	found[0] = start
	c.mark[start] = true
	c.moved = true
	for at := 0; at < len(found) && c.moved; at++ {
		i := found[at]
		up := x[i] == 1
		if k.clamped(chain, int(i)) || up == k.up[i] && draw.next() < k.tie[i] {
			c.moved = false
			break
		}
		for place := k.graph.Start[i]; place < k.graph.Start[i+1]; place++ {
			j := k.graph.Near[place]
			if !c.mark[j] && (x[j] == 1) == up && draw.next() < k.bind[k.graph.Edge[place]] {
				c.mark[j] = true
				found = append(found, j)
			}
		}
	}
	for _, i := range found {
		c.mark[i] = false
		if c.moved {
			k.flip(x, int(i))
		}
	}
}

// drawer hands out the uniform numbers of a row, made in portions that grow.
type drawer[T kernel.Float] struct {
	row         rng.Row
	numbers     []T
	made, given int
	portion     int
}

func (d *drawer[T]) next() T {
	if d.given == d.made {
		d.made, d.given = min(16<<min(d.portion, 16), len(d.numbers)), 0
		rng.Uniform(d.row.Part(d.portion), d.numbers[:d.made])
		d.portion++
	}
	d.given++
	return d.numbers[d.given-1]
}

// SetTemperature satisfies Tempered.
func (k *Wolff) SetTemperature(t float64) error { return setTemperature(&k.Temperature, t, "Wolff") }
