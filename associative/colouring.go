package associative

import "slices"

// Colouring shares the spins out over blocks in which no two have a bond, for Block updates of the Hopfield network: the spins of a block do
// not see each other, so that a block updated at once is the same as its spins one by one. Where the bonds allow two blocks, as on a
// lattice with free borders or even sides (the checkerboard), there are two; otherwise at most one more than the most neighbours that a
// spin has. Spins stand in ascending order. Cost: the bonds times the blocks.
//
// Each spin gets the first colour that none of its neighbours has, in an order in which spins are reached from their neighbours: where two
// colours are enough, the neighbours that are already coloured then have one and the same.
func (g *Ising) Colouring() [][]int {
	near := g.neighbours()
	colours, reached := make([]int, g.n), make([]bool, g.n)
	for i := range colours {
		colours[i] = -1
	}
	var blocks [][]int
	for start := range g.n {
		if reached[start] {
			continue
		}
		reached[start] = true
		for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
			i, colour := queue[0], 0
			for slices.ContainsFunc(near[i], func(b neighbour) bool { return colours[b.spin] == colour }) {
				colour++
			}
			colours[i] = colour
			if colour == len(blocks) {
				blocks = append(blocks, nil)
			}
			blocks[colour] = append(blocks[colour], i)
			for _, b := range near[i] {
				if !reached[b.spin] {
					reached[b.spin] = true
					queue = append(queue, b.spin)
				}
			}
		}
	}
	for _, block := range blocks {
		slices.Sort(block)
	}
	return blocks
}
