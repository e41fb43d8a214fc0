package bonds

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/fault"
)

func graph(t *testing.T, n int, edges ...[2]int) *Graph {
	g, err := New(n, edges)
	require.NoError(t, err)
	return g
}

func TestGraphListsNeighbours(t *testing.T) {
	g := graph(t, 4, [2]int{0, 2}, [2]int{2, 1}, [2]int{1, 0})
	near := func(i int) []int32 { return g.Near[g.Start[i]:g.Start[i+1]] }
	edge := func(i int) []int32 { return g.Edge[g.Start[i]:g.Start[i+1]] }
	require.Equal(t, []int32{2, 1}, near(0))
	require.Equal(t, []int32{0, 2}, edge(0))
	require.Equal(t, []int32{2, 0}, near(1))
	require.Equal(t, []int32{1, 2}, edge(1))
	require.Equal(t, []int32{0, 1}, near(2))
	require.Empty(t, near(3))
	require.NotEqual(t, g.Name(), graph(t, 4, [2]int{0, 2}, [2]int{1, 2}, [2]int{1, 0}).Name())
	require.NotEqual(t, g.Name(), graph(t, 5, [2]int{0, 2}, [2]int{2, 1}, [2]int{1, 0}).Name())
	require.Equal(t, g.Name(), graph(t, 4, [2]int{0, 2}, [2]int{2, 1}, [2]int{1, 0}).Name())
}

func TestGraphRefuses(t *testing.T) {
	for message, edges := range map[string][][2]int{
		"edge 1 joins units 1 and 3, want units from 0 to 2": {{0, 1}, {1, 3}},
		"edge 0 joins units -1 and 0, want units from":       {{-1, 0}},
		"edge 0 joins unit 2 to itself":                      {{2, 2}},
		"units 0 and 1 are joined by two edges":              {{0, 1}, {1, 0}},
	} {
		_, err := New(3, edges)
		require.ErrorIs(t, err, fault.ErrConfig)
		require.ErrorContains(t, err, message)
	}
}

// Colourings of random graphs are colourings, of no more colours than the most neighbours plus one; and a checkerboard has two.
func TestColouring(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 + r.IntN(30)
		var starts []int32 // units of one to four columns
		for i := 0; i < n; i += 1 + r.IntN(4) {
			starts = append(starts, int32(i))
		}
		if seed%3 == 0 {
			starts = nil
		}
		unit := make([]int, n)
		for i := range unit {
			unit[i] = i
		}
		for k, start := range starts {
			for i := int(start); i < n; i++ {
				unit[i] = k
			}
		}
		var edges [][2]int
		near := map[int]map[int]bool{}
		for i := range n {
			for j := range i {
				if unit[i] != unit[j] && r.IntN(6) == 0 {
					edges = append(edges, [2]int{i, j})
					for _, p := range [][2]int{{unit[i], unit[j]}, {unit[j], unit[i]}} {
						if near[p[0]] == nil {
							near[p[0]] = map[int]bool{}
						}
						near[p[0]][p[1]] = true
					}
				}
			}
		}
		g := graph(t, n, edges...)
		blocks := g.Colouring(starts)
		require.NoError(t, g.CheckColouring(blocks, starts))
		most := 0
		for _, others := range near {
			most = max(most, len(others))
		}
		require.LessOrEqual(t, len(blocks), most+1)
	}
	var edges [][2]int
	for i := range 12 {
		if i%4 < 3 {
			edges = append(edges, [2]int{i, i + 1})
		}
		if i < 8 {
			edges = append(edges, [2]int{i, i + 4})
		}
	}
	require.Equal(t, [][]int32{{0, 2, 5, 7, 8, 10}, {1, 3, 4, 6, 9, 11}}, graph(t, 12, edges...).Colouring(nil))
}

func TestCheckColouring(t *testing.T) {
	g := graph(t, 4, [2]int{0, 1}, [2]int{1, 3})
	starts := []int32{0, 1, 3} // columns 1 and 2 are one unit
	require.NoError(t, g.CheckColouring([][]int32{{0, 3}, {1}}, starts))
	require.NoError(t, g.CheckColouring([][]int32{{0, 2}, {1}, {3}}, nil))
	for message, blocks := range map[string][][]int32{
		"edge 1 joins units 1 and 3 of block 1, want no edge inside a block":               {{0}, {1, 3}},
		"block 0 holds column 2, want 1, the first of its unit, which is drawn as a whole": {{2}, {1}, {0, 3}},
		"unit 3 stands in blocks 0 and 0, want it once":                                    {{0, 3, 3}, {1}},
		"unit 0 stands in no block":                                                        {{3}, {1}},
	} {
		err := g.CheckColouring(blocks, starts)
		require.ErrorIs(t, err, fault.ErrConfig)
		require.ErrorContains(t, err, message)
	}
}
