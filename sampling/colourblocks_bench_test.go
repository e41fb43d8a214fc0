package sampling

import (
	"fmt"
	"testing"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// squareLattice is the edges of a square lattice with periodic borders.
func squareLattice(side int) (edges [][2]int) {
	for r := range side {
		for c := range side {
			edges = append(edges, [2]int{r*side + c, r*side + (c+1)%side}, [2]int{r*side + c, (r+1)%side*side + c})
		}
	}
	return edges
}

func BenchmarkColourBlocks(b *testing.B) {
	const side = 1000
	m := must(layers.NewBoltzmann("lattice", layers.BoltzmannConfig{Visible: energy.Spin(side * side), Edges: squareLattice(side)}))
	w := m.Param("W").Float64s()
	for i := range w {
		w[i] = 1
	}
	check(m.Param("W").Set(w))
	for _, chains := range []int{1, 4} {
		b.Run(fmt.Sprintf("lattice=%d/chains=%d", side, chains), func(b *testing.B) {
			g, s := &ColourBlocks{Model: m, Seed: 1, Temperature: 2.5}, must(RandomBoltzmannState(m, chains, 1))
			check(step(g, s))
			b.ReportAllocs()
			for b.Loop() {
				check(step(g, s))
			}
			b.ReportMetric(float64(b.N)*side*side*float64(chains)/b.Elapsed().Seconds()/1e6, "Mspins/s")
		})
	}
}
