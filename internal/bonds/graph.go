// Package bonds holds undirected graphs of couplings: which units of a sparse model see each other.
package bonds

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/internal/fault"
)

// Graph is an undirected graph without loops or double edges. The neighbours of unit i are Near[Start[i]:Start[i+1]], and the edges
// to them are the numbers at the same places of Edge.
type Graph struct {
	N     int
	Edges [][2]int

	Start, Near, Edge []int32

	name string
}

// New makes the graph of n units with these edges, which it keeps. It is an ErrConfig for an edge that joins a unit to itself or one that
// there is not, or that stands twice. Cost: n plus the edges.
func New(n int, edges [][2]int) (*Graph, error) {
	if len(edges) > math.MaxInt32/2 || n > math.MaxInt32-1 {
		return nil, fmt.Errorf("%d units and %d edges, want fewer than 2^30 edges: %w", n, len(edges), fault.ErrConfig)
	}
	g := &Graph{N: n, Edges: edges, Start: make([]int32, n+1), Near: make([]int32, 2*len(edges)), Edge: make([]int32, 2*len(edges))}
	for k, e := range edges {
		for _, i := range e {
			if i < 0 || i >= n {
				return nil, fmt.Errorf("edge %d joins units %d and %d, want units from 0 to %d: %w", k, e[0], e[1], n-1, fault.ErrConfig)
			}
			g.Start[i+1]++
		}
		if e[0] == e[1] {
			return nil, fmt.Errorf("edge %d joins unit %d to itself: %w", k, e[0], fault.ErrConfig)
		}
	}
	for i := range n {
		g.Start[i+1] += g.Start[i]
	}
	next := append([]int32(nil), g.Start...)
	put := func(i, j, k int) {
		g.Near[next[i]], g.Edge[next[i]] = int32(j), int32(k)
		next[i]++
	}
	for k, e := range edges {
		put(e[0], e[1], k)
		put(e[1], e[0], k)
	}
	seen := make([]int32, n) // the unit, plus one, whose neighbours were looked at last when this one was among them
	for i := range n {
		for at := g.Start[i]; at < g.Start[i+1]; at++ {
			j := g.Near[at]
			if seen[j] == int32(i+1) {
				return nil, fmt.Errorf("units %d and %d are joined by two edges, want one: %w", i, j, fault.ErrConfig)
			}
			seen[j] = int32(i + 1)
		}
	}
	h := sha256.New()
	numbers := make([]byte, 16)
	for _, e := range edges {
		binary.LittleEndian.PutUint64(numbers, uint64(e[0]))
		binary.LittleEndian.PutUint64(numbers[8:], uint64(e[1]))
		h.Write(numbers)
	}
	g.name = fmt.Sprintf("%d/%d/%s", n, len(edges), hex.EncodeToString(h.Sum(nil)))
	return g, nil
}

// Name tells the graph from every other.
func (g *Graph) Name() string { return g.name }

// AddFields adds Σ_{j near i} w_ij x_j to each number of a row, w having one number an edge. Cost: two multiply-adds an edge.
func AddFields[T float32 | float64](g *Graph, dst, x, w []T) {
	for i, sum := range dst {
		for at := g.Start[i]; at < g.Start[i+1]; at++ {
			sum += w[g.Edge[at]] * x[g.Near[at]]
		}
		dst[i] = sum
	}
}
