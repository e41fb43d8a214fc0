package sampling

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*SwendsenWang)(nil)

// SwendsenWang is the cluster sampler of ferromagnets, Boltzmann machines of Spin or Bernoulli units with W ≥ 0: neighbours that agree are
// bound with probability 1 − exp(−2J/T), and each cluster of bound spins takes a new sign as a whole,
//
//	J = W between Spin units, W/4 between Bernoulli units, W/2 between the two
//
// so that it moves where single spins hardly do, near and below the critical temperature. Fields bind clusters to a spin that never moves,
// and so do clamped units: such clusters stay. Strong fields leave little to move. p(x) ∝ exp(−E(x)/T) is stationary.
//
// A SwendsenWang keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its
// original.
//
// Source: R. H. Swendsen, J.-S. Wang, "Nonuniversal Critical Dynamics in Monte Carlo Simulations", Physical Review Letters 58 (1987).
type SwendsenWang struct {
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

// Step draws the bonds of every chain anew, and the sign of every cluster; nothing is proposed, so Info is zero. Errors: ErrConfig for a
// sampler that cannot be, among them a coupling below 0 and units that are not of two states; ErrShape and ErrDtype for a state that is not
// the model's; ErrRange for means in place of states; ErrNotFinite. The state is then as it was. Cost: a draw for each edge and two for each
// unit, of every chain; a machine without Edges has n(n−1)/2 of them, which take some 50 bytes each once.
func (k *SwendsenWang) Step(s *State) (Info, error) {
	common := boltzmannKernel{"SwendsenWang", k.Model, k.Temperature, k.VisibleClamp, k.HiddenClamp}
	if err := common.check(s); err != nil {
		return Info{}, err
	}
	if isFloat32(k.Model) {
		return Info{}, swendsenWangStep[float32](k, common, s)
	}
	return Info{}, swendsenWangStep[float64](k, common, s)
}

func swendsenWangStep[T kernel.Float](g *SwendsenWang, common boltzmannKernel, s *State) error {
	k, err := clustersOf[T](g.work, common, s)
	if err != nil {
		return err
	}
	if g.work = k; k.move == nil {
		k.move = func(lo, hi int) {
			for chain := lo; chain < hi; chain++ {
				k.swendsenWang(chain)
			}
		}
	}
	k.edges, k.ties, k.flips = rng.New(g.Seed, "swendsen-wang edges"), rng.New(g.Seed, "swendsen-wang fields"), rng.New(g.Seed, "swendsen-wang flips")
	kernel.Parallel(s.Visible.Shape()[0], 1, k.move)
	scatterAll(s, k.rows, len(k.low))
	s.Step++
	return nil
}

func (k *clusters[T]) swendsenWang(chain int) {
	n := len(k.low)
	x, c, u := k.rows[chain*n:(chain+1)*n], &k.chain[chain], k.buffer(chain)
	for i := range c.parent {
		c.parent[i] = int32(i)
	}
	clear(c.mark)
	up := func(i int) bool { return x[i] == 1 }
	each(k.edges.Row(chain, k.step), u, len(k.bind), func(e int, u T) {
		if i, j := k.graph.Edges[e][0], k.graph.Edges[e][1]; up(i) == up(j) && u < k.bind[e] {
			c.join(int32(i), int32(j))
		}
	})
	each(k.ties.Row(chain, k.step), u, n, func(i int, u T) {
		if up(i) == k.up[i] && u < k.tie[i] || k.clamped(chain, i) {
			c.mark[c.root(int32(i))] = true
		}
	})
	each(k.flips.Row(chain, k.step), u, n, func(i int, u T) { // the number of the root is that of the cluster
		if u < 0.5 && c.parent[i] == int32(i) && !c.mark[i] {
			c.parent[i] = ^int32(i) // to be turned over
		}
	})
	for i := range x {
		root := c.parent[i]
		for at := int32(i); root >= 0 && root != at; root = c.parent[at] {
			at = root
		}
		if root < 0 {
			k.flip(x, i)
		}
	}
}

// each calls f with n uniform numbers of a row of draws, in turn.
func each[T kernel.Float](draws rng.Row, u []T, n int, f func(i int, u T)) {
	size := chunkOf(n)
	for lo := 0; lo < n; lo += size {
		part := u[:min(size, n-lo)]
		rng.Uniform(draws.Part(lo/size), part)
		for i, v := range part {
			f(lo+i, v)
		}
	}
}

// root is the spin that stands for the cluster of another.
func (c *cluster) root(i int32) int32 {
	for c.parent[i] != i {
		c.parent[i] = c.parent[c.parent[i]]
		i = c.parent[i]
	}
	return i
}

// join makes the clusters of two spins one.
func (c *cluster) join(i, j int32) {
	if i, j = c.root(i), c.root(j); i < j {
		c.parent[j] = i
	} else {
		c.parent[i] = j
	}
}

// SetTemperature satisfies Tempered.
func (k *SwendsenWang) SetTemperature(t float64) error {
	return setTemperature(&k.Temperature, t, "SwendsenWang")
}
