package associative

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
)

// Bonds are those between places that differ by one step in one direction, found here by comparing all pairs of places.
func TestLatticeBonds(t *testing.T) {
	for _, c := range []struct {
		sides    []int
		periodic bool
		bonds    int
	}{
		{[]int{1}, false, 0}, {[]int{9}, false, 8}, {[]int{9}, true, 9}, {[]int{2}, true, 2},
		{[]int{4, 4}, true, 32}, {[]int{4, 4}, false, 24}, {[]int{3, 5}, false, 22}, {[]int{3, 5}, true, 30}, {[]int{2, 3}, true, 12},
		{[]int{1, 5}, false, 4}, {[]int{3, 4, 5}, false, 133}, {[]int{3, 4, 5}, true, 180}, {[]int{2, 2, 2}, true, 24}, {[]int{2, 2, 2, 2}, false, 32},
	} {
		l := Lattice{Sides: c.sides, Periodic: c.periodic, J: -0.5, Field: 0.25}
		g, err := l.Ising()
		require.NoError(t, err)
		require.Len(t, g.Bonds(), c.bonds, fmt.Sprint(c))

		place := func(spin int) []int {
			p := make([]int, len(c.sides))
			for k := len(p) - 1; k >= 0; k-- {
				p[k], spin = spin%c.sides[k], spin/c.sides[k]
			}
			return p
		}
		var want []Bond
		for a := range g.Len() {
			for b := range a {
				p, q := place(a), place(b)
				apart, steps := 0, 0
				for k := range p {
					if p[k] == q[k] {
						continue
					}
					apart++
					if d := max(p[k]-q[k], q[k]-p[k]); d == 1 {
						steps++
					} else if c.periodic && d == c.sides[k]-1 {
						steps++
					}
					if c.periodic && c.sides[k] == 2 {
						steps++ // the way round
					}
				}
				if apart == 1 {
					for range steps {
						want = append(want, Bond{b, a, -0.5})
					}
				}
			}
		}
		got := g.Bonds()
		for k, b := range got {
			got[k].A, got[k].B = min(b.A, b.B), max(b.A, b.B)
		}
		require.ElementsMatch(t, want, got, fmt.Sprint(c))
		require.Equal(t, slices.Repeat([]float64{0.25}, g.Len()), g.Field())
	}
	plain, err := Lattice{Sides: []int{2, 3}}.Ising()
	require.NoError(t, err)
	require.Nil(t, plain.Field())
	require.Equal(t, []Bond{{0, 1, 1}, {0, 3, 1}, {1, 2, 1}, {1, 4, 1}, {2, 5, 1}, {3, 4, 1}, {4, 5, 1}}, plain.Bonds())
}

func TestLatticeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		l    Lattice
		want error
		text string
	}{
		"no sides":        {Lattice{}, energy.ErrConfig, "Sides is empty"},
		"side 0":          {Lattice{Sides: []int{3, 0}}, energy.ErrConfig, "side 1 is 0, want at least 1"},
		"periodic side 1": {Lattice{Sides: []int{1, 3}, Periodic: true}, energy.ErrConfig, "side 0 is 1 and Periodic would join each spin to itself"},
		"too many":        {Lattice{Sides: []int{1 << 20, 1 << 20}}, energy.ErrConfig, "are more than 2147483647 spins"},
		"J":               {Lattice{Sides: []int{2}, J: math.NaN()}, energy.ErrNotFinite, "NaN"},
		"field":           {Lattice{Sides: []int{2}, Field: math.Inf(1)}, energy.ErrNotFinite, "+Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.l.Ising()
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "associative: Lattice: ")
			require.ErrorContains(t, err, c.text)
		})
	}
}
