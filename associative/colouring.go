package associative

import "github.com/harmonium-go/harmonium/internal/bonds"

// Colouring shares the spins out over blocks in which no two have a bond, for Block updates of the Hopfield network and for
// sampling.ColourBlocks: the spins of a block do not see each other, so that a block updated at once is the same as its spins one by one.
// Where the bonds allow two blocks, as on a lattice with free borders or even sides (the checkerboard), there are two; otherwise at most one
// more than the most neighbours that a spin has. Spins stand in ascending order. Cost: the bonds times the blocks.
func (g *Ising) Colouring() [][]int {
	pairs, _ := g.pairs()
	graph, err := bonds.New(g.n, pairs)
	if err != nil {
		panic(err) // NewIsing has refused what is no graph
	}
	var blocks [][]int
	for _, block := range graph.Colouring(nil) {
		spins := make([]int, len(block))
		for k, i := range block {
			spins[k] = int(i)
		}
		blocks = append(blocks, spins)
	}
	return blocks
}
