package sampling

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/sweep"
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
	// Sweeps are made in a step; 0 means 1. What a step does but once, such as checks of the state, counts less with many. The draws of
	// sweep k of step s are those of sweep s·Sweeps + k.
	Sweeps int
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state: one mark a column for all chains, or
	// chains × columns, row by row, for a clamp of each chain. nil holds none. A OneHot unit is clamped whole.
	VisibleClamp, HiddenClamp []bool

	work   any // *sweepWork of the model's dtype: what is kept between steps, so that they allocate nothing
	layout any // *sweep.Layout of the model's dtype

	coloured *layers.Boltzmann // the machine that layout is of
	given    [][]int           // the Colouring that it is of
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
	if g.Sweeps < 0 {
		return Info{}, common.fail(fmt.Errorf("Sweeps is %d, want at least 1, or 0 for 1: %w", g.Sweeps, energy.ErrConfig))
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
		blocks, err := g.blocks(w.sweeper.Plain.Bonds, w.sweeper.Units())
		if err != nil {
			return common.fail(fmt.Errorf("Colouring: %w", err))
		}
		g.layout, g.coloured, g.given = sweep.NewLayout(w.sweeper, blocks), g.Model, nil
		if g.Colouring != nil {
			g.given = make([][]int, len(g.Colouring))
			for c, block := range g.Colouring {
				g.given[c] = slices.Clone(block)
			}
		}
	}
	w.chains.Draws = rng.New(g.Seed, "colour blocks")
	sweeps := max(1, g.Sweeps)
	w.sweeper.Coloured(&w.chains, g.layout.(*sweep.Layout[T]), sweeps, s.Step*uint64(sweeps))
	scatterAll(s, w.chains.X, w.sweeper.Plain.Len())
	s.Step++
	return nil
}

// blocks are those that are given, or made.
func (g *ColourBlocks) blocks(graph *bonds.Graph, units []int32) ([][]int32, error) {
	if g.Colouring == nil {
		return graph.Colouring(units), nil
	}
	blocks := make([][]int32, len(g.Colouring))
	for c, block := range g.Colouring {
		for _, i := range block {
			if i < 0 || i >= graph.N {
				return nil, fmt.Errorf("block %d holds column %d, want 0 to %d: %w", c, i, graph.N-1, energy.ErrConfig)
			}
			blocks[c] = append(blocks[c], int32(i))
		}
	}
	return blocks, graph.CheckColouring(blocks, units)
}

// SetTemperature satisfies Tempered.
func (g *ColourBlocks) SetTemperature(t float64) error {
	return setTemperature(&g.Temperature, t, "ColourBlocks")
}
