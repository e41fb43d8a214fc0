package sampling

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*ColourBlocks)(nil)

// ColourBlocks is Gibbs sampling of a Boltzmann machine with Edges, block by block: units no two of which share an edge are independent of
// each other given the rest, and are drawn at once, over all cores. On a square lattice the blocks are the black and the white fields of a
// checkerboard. p(x) ∝ exp(−E(x)/T) is stationary. For machines without Edges take SingleSite.
//
// A ColourBlocks keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its
// original.
type ColourBlocks struct {
	Model *layers.Boltzmann
	// Colouring are the blocks, each of the columns of its units, those of the hidden units following those of the visible ones; a
	// OneHot unit is drawn as a whole and stands by its first column. What is no colouring is refused: every unit stands in one block, and
	// no two of a block share an edge. nil makes one: two blocks where two are enough, otherwise at most one more than the most
	// neighbours that a unit has.
	Colouring [][]int
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state; nil holds none. A OneHot unit is
	// clamped whole.
	VisibleClamp, HiddenClamp []bool

	work any // *sweepWork of the model's dtype: what is kept between steps, so that they allocate nothing

	blocks   [][]int32         // what is drawn together, by first columns
	coloured *layers.Boltzmann // the machine that blocks are of
	given    [][]int           // the Colouring that they are of
}

// Step draws every unit of every chain once; nothing is proposed, so Info is zero. Errors: ErrConfig for a sampler that cannot be, ErrShape and
// ErrDtype for a state that is not the model's, ErrNotFinite and ErrRange for values that its units cannot take, ErrNotFinite for parameters
// that are not finite; the state is then as it was. Cost: two multiply-adds an edge for each chain.
func (g *ColourBlocks) Step(s *State) (Info, error) {
	common := boltzmannKernel{"ColourBlocks", g.Model, g.Temperature, g.VisibleClamp, g.HiddenClamp}
	if err := common.check(s); err != nil {
		return Info{}, err
	}
	if g.Model.Config().Edges == nil {
		return Info{}, common.fail(fmt.Errorf("the machine has no Edges, every unit would be a block of its own: want SingleSite: %w", energy.ErrConfig))
	}
	if g.Model.Dtype() == tensor.Float32 {
		return Info{}, colourBlocksStep[float32](g, common, s)
	}
	return Info{}, colourBlocksStep[float64](g, common, s)
}

func colourBlocksStep[T kernel.Float](g *ColourBlocks, common boltzmannKernel, s *State) error {
	w, err := workOf[T](g.work, common, s)
	if err != nil {
		return err
	}
	g.work = w
	if g.coloured != g.Model || (g.given == nil) != (g.Colouring == nil) || !slices.EqualFunc(g.given, g.Colouring, slices.Equal[[]int]) {
		if err := g.colour(w.sweeper.Plain.Bonds, w.sweeper.Units()); err != nil {
			return common.fail(fmt.Errorf("Colouring: %w", err))
		}
	}
	w.chains.Draws = rng.New(g.Seed, "colour blocks")
	w.sweeper.Coloured(&w.chains, g.blocks, s.Step)
	scatterAll(s, w.chains.X, w.sweeper.Plain.Len())
	s.Step++
	return nil
}

// colour makes the blocks, or takes over those that are given.
func (g *ColourBlocks) colour(graph *bonds.Graph, units []int32) error {
	var blocks [][]int32
	if g.Colouring == nil {
		blocks = graph.Colouring(units)
	} else {
		for c, block := range g.Colouring {
			b := make([]int32, len(block))
			for k, i := range block {
				if i < 0 || i >= graph.N {
					return fmt.Errorf("block %d holds column %d, want 0 to %d: %w", c, i, graph.N-1, energy.ErrConfig)
				}
				b[k] = int32(i)
			}
			blocks = append(blocks, b)
		}
		if err := graph.CheckColouring(blocks, units); err != nil {
			return err
		}
	}
	g.blocks, g.coloured, g.given = blocks, g.Model, nil
	if g.Colouring != nil {
		g.given = make([][]int, len(g.Colouring))
		for c, block := range g.Colouring {
			g.given[c] = slices.Clone(block)
		}
	}
	return nil
}

// SetTemperature satisfies Tempered.
func (g *ColourBlocks) SetTemperature(t float64) error {
	return setTemperature(&g.Temperature, t, "ColourBlocks")
}
