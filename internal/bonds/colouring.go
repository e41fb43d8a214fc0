package bonds

import (
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/internal/fault"
)

// Colouring shares the units out over blocks in which no two have an edge. starts are the first columns of units of several columns each, in
// ascending order from 0 on, and the blocks are of such; nil stands for units of one column. Where two blocks are enough there are two,
// otherwise at most one more than the most neighbours that a unit has. Blocks are in ascending order. Cost: the edges times the blocks.
//
// Each unit gets the first colour that none of its neighbours has, in an order in which units are reached from their neighbours: where two
// colours are enough, the neighbours that are already coloured then have one and the same.
func (g *Graph) Colouring(starts []int32) [][]int32 {
	ends := g.ends(starts)
	colours, reached := make([]int32, g.N), make([]bool, g.N) // of a column, those of its unit
	for i := range colours {
		colours[i] = -1
	}
	first := g.firsts(ends)
	var blocks [][]int32
	for start := int32(0); int(start) < g.N; start = ends[start] {
		if reached[start] {
			continue
		}
		reached[start] = true
		for queue := []int32{start}; len(queue) > 0; queue = queue[1:] {
			i, colour := queue[0], int32(0)
			near := g.Near[g.Start[i]:g.Start[ends[i]]] // of all columns of the unit
			for slices.ContainsFunc(near, func(j int32) bool { return colours[j] == colour }) {
				colour++
			}
			for j := i; j < ends[i]; j++ {
				colours[j] = colour
			}
			if int(colour) == len(blocks) {
				blocks = append(blocks, nil)
			}
			blocks[colour] = append(blocks[colour], i)
			for _, j := range near {
				if f := first[j]; !reached[f] {
					reached[f] = true
					queue = append(queue, f)
				}
			}
		}
	}
	for _, block := range blocks {
		slices.Sort(block)
	}
	return blocks
}

// ends is for the first column of each unit the column after its last.
func (g *Graph) ends(starts []int32) []int32 {
	ends := make([]int32, g.N)
	for i := range ends {
		ends[i] = int32(i + 1)
	}
	for k, start := range starts {
		if ends[start] = int32(g.N); k+1 < len(starts) {
			ends[start] = starts[k+1]
		}
	}
	return ends
}

// firsts is for each column the first of its unit.
func (g *Graph) firsts(ends []int32) []int32 {
	firsts := make([]int32, g.N)
	for i := int32(0); int(i) < g.N; i = ends[i] {
		for j := i; j < ends[i]; j++ {
			firsts[j] = i
		}
	}
	return firsts
}

// CheckColouring returns an ErrConfig that says why blocks are no colouring of the units, which are as for Colouring: every unit stands
// in one block, by its first column, which must be one of the graph, and no edge joins two units of one block.
func (g *Graph) CheckColouring(blocks [][]int32, starts []int32) error {
	ends := g.ends(starts)
	colours := make([]int, g.N)
	for i := range colours {
		colours[i] = -1
	}
	first := g.firsts(ends)
	for c, block := range blocks {
		for _, i := range block {
			switch {
			case first[i] != i:
				return fmt.Errorf("block %d holds column %d, want %d, the first of its unit, which is drawn as a whole: %w", c, i, first[i], fault.ErrConfig)
			case colours[i] >= 0:
				return fmt.Errorf("unit %d stands in blocks %d and %d, want it once: %w", i, colours[i], c, fault.ErrConfig)
			}
			for j := i; j < ends[i]; j++ {
				colours[j] = c
			}
		}
	}
	for i, c := range colours {
		if c < 0 {
			return fmt.Errorf("unit %d stands in no block: %w", i, fault.ErrConfig)
		}
	}
	for k, e := range g.Edges {
		if colours[e[0]] == colours[e[1]] {
			return fmt.Errorf("edge %d joins units %d and %d of block %d, want no edge inside a block: %w", k, e[0], e[1], colours[e[0]], fault.ErrConfig)
		}
	}
	return nil
}
