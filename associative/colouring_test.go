package associative

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColouring(t *testing.T) {
	chequered := func(sides ...int) Lattice { return Lattice{Sides: sides} }
	for name, c := range map[string]struct {
		lattice Lattice
		blocks  int // at most
	}{
		"chain":           {chequered(7), 2},
		"square":          {chequered(5, 7), 2},
		"cube":            {chequered(3, 4, 5), 2},
		"torus":           {Lattice{Sides: []int{4, 6}, Periodic: true}, 2},
		"small torus":     {Lattice{Sides: []int{2, 2}, Periodic: true}, 2},
		"odd ring":        {Lattice{Sides: []int{7}, Periodic: true}, 3},
		"odd torus":       {Lattice{Sides: []int{5, 7}, Periodic: true}, 5},
		"one spin":        {chequered(1), 1},
		"line in a plane": {chequered(1, 4), 2},
	} {
		g, err := c.lattice.Ising()
		require.NoError(t, err)
		blocks := g.Colouring()
		require.LessOrEqual(t, len(blocks), c.blocks, name)
		of := make([]int, g.Len())
		count := 0
		for k, block := range blocks {
			require.True(t, slices.IsSorted(block))
			for _, i := range block {
				of[i] = k
				count++
			}
		}
		require.Equal(t, g.Len(), count, name)
		for _, b := range g.Bonds() {
			require.NotEqual(t, of[b.A], of[b.B], name)
		}
	}
	square, err := chequered(3, 3).Ising()
	require.NoError(t, err)
	require.Equal(t, [][]int{{0, 2, 4, 6, 8}, {1, 3, 5, 7}}, square.Colouring())
	apart, err := NewIsing(4, []Bond{{1, 3, 1}}, nil)
	require.NoError(t, err)
	require.Equal(t, [][]int{{0, 1, 2}, {3}}, apart.Colouring())
}

// Blocks of spins that do not see each other do the same as their spins one after the other: as a network whose units stand in the order
// of the blocks does when it is recalled in order. The twin has two blocks that hold neighbours.
func TestColouringIsAsynchronous(t *testing.T) {
	differs := false
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 24))
		var g *Ising
		if seed%2 == 0 {
			// A spin glass on a torus, with ties.
			side := 4 + int(seed)%3
			lattice, err := Lattice{Sides: []int{side, side}, Periodic: true}.Ising()
			require.NoError(t, err)
			bonds := lattice.Bonds()
			for k := range bonds {
				bonds[k].J = float64(2*r.IntN(2) - 1)
			}
			g, err = NewIsing(side*side, bonds, nil)
			require.NoError(t, err)
		} else {
			g = isingOf(t, r, 20, true)
		}
		blocks := g.Colouring()
		order := slices.Concat(blocks...)
		place := make([]int, g.n)
		for k, i := range order {
			place[i] = k
		}
		bonds := g.Bonds()
		for k, b := range bonds {
			bonds[k] = Bond{place[b.A], place[b.B], b.J}
		}
		var field []float64
		for range g.Field() {
			field = append(field, g.field[order[len(field)]])
		}
		ordered, err := NewIsing(g.n, bonds, field)
		require.NoError(t, err)

		x := spins(r, 10, g.n)
		permuted := func(x []float64) (y []float64) {
			for k := 0; k < len(x); k += g.n {
				for _, i := range order {
					y = append(y, x[k+i])
				}
			}
			return y
		}
		start := permuted(x.Float64s())
		h := g.Hopfield()
		for _, ties := range []Ties{Keep, Minus} {
			t.Run(fmt.Sprint(seed, ties), func(t *testing.T) {
				net, err := h.WithTies(ties)
				require.NoError(t, err)
				orderedNet, err := ordered.Hopfield().WithTies(ties)
				require.NoError(t, err)
				got := recall(t, net, x, Block{Blocks: blocks})
				singly := recall(t, net, x, Block{Blocks: singles(order)})
				inOrder := recall(t, orderedNet, rowsOf(g.n, start...), Asynchronous{InOrder: true})
				require.Equal(t, singly, got)
				require.Equal(t, inOrder.States.Float64s(), permuted(got.States.Float64s()))
				require.Equal(t, inOrder.Trace, got.Trace)
				require.Equal(t, inOrder.Sweeps, got.Sweeps)
				require.Equal(t, inOrder.Cycle, got.Cycle)
				twin := recall(t, net, x, Block{Blocks: [][]int{ascending(g.n)[:g.n/2], ascending(g.n)[g.n/2:]}})
				differs = differs || !slices.Equal(twin.States.Float64s(), got.States.Float64s())
			})
		}
	}
	require.True(t, differs)
}
