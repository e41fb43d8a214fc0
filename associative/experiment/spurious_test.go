package experiment

import (
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// plainCounts looks at all states in plain loops over integers.
func plainCounts(patterns []float64, n int, keepDiagonal bool, ties associative.Ties) (c StableCounts) {
	for code := range 1 << n {
		x := make([]float64, n)
		decode(code, x)
		stationary := true
		for i := range n {
			field := 0.0
			for j := range n {
				for mu := range len(patterns) / n {
					if i != j || keepDiagonal {
						field += patterns[mu*n+i] * patterns[mu*n+j] * x[j]
					}
				}
			}
			wrong := field*x[i] < 0 || field == 0 && ties == associative.Minus && x[i] == 1
			stationary = stationary && !wrong
		}
		if !stationary {
			continue
		}
		stored, ghost := false, false
		for mu := range len(patterns) / n {
			stored = stored || slices.Equal(patterns[mu*n:(mu+1)*n], x)
			ghost = ghost || negatives(patterns[mu*n:(mu+1)*n], x)
		}
		switch {
		case stored:
			c.Kept++
		case ghost:
			c.Ghosts++
		default:
			c.Spurious++
		}
	}
	return c
}

func TestSpuriousAgainstPlainLoops(t *testing.T) {
	for _, ties := range []associative.Ties{associative.Keep, associative.Minus} {
		c := SpuriousConfig{Rules: []associative.Rule{associative.Hebb{}, associative.Hebb{KeepDiagonal: true}}, Units: 8, Stored: []int{1, 3, 6}, Sets: 4, Ties: ties, Seed: 2}
		got, err := Spurious(t.Context(), c)
		require.NoError(t, err)
		drawn := newSets(c.Seed, "patterns", c.Units, false)
		for r := range c.Rules {
			for k, m := range c.Stored {
				var stored, ghosts, spurious float64
				for s := range c.Sets {
					patterns := drawn.draw(s, m)
					want := plainCounts(patterns, c.Units, r == 1, ties)
					stored, ghosts, spurious = stored+float64(want.Kept), ghosts+float64(want.Ghosts), spurious+float64(want.Spurious)
				}
				require.Equal(t, stored/4, got.Kept[r][k].Value)
				require.Equal(t, ghosts/4, got.Ghosts[r][k].Value)
				require.Equal(t, spurious/4, got.Spurious[r][k].Value)
			}
		}
	}
}

// hadamard is Sylvester's matrix: n orthogonal rows of signs, n a power of two.
func hadamard(n int) []float64 {
	rows := make([]float64, n*n)
	for i := range n {
		for j := range n {
			rows[i*n+j] = 1
			for b := i & j; b > 0; b &= b - 1 {
				rows[i*n+j] *= -1
			}
		}
	}
	return rows
}

// With the n rows of a Hadamard matrix and the diagonal kept, W = I: every state is at rest.
func TestEveryStateIsStationaryWithHadamardPatterns(t *testing.T) {
	const n = 8
	patterns := matrix.Tensor(tensor.Float32, hadamard(n), n, n)
	h, err := associative.Hebb{KeepDiagonal: true}.Learn(t.Context(), patterns)
	require.NoError(t, err)
	got, err := CountStable(t.Context(), h, patterns)
	require.NoError(t, err)
	require.Equal(t, StableCounts{Kept: n, Ghosts: n, Spurious: 1<<n - 2*n}, got)
	require.Equal(t, 1<<n, got.All())
	// Three rows, the twin: no longer so.
	fewer := matrix.Tensor(tensor.Float64, hadamard(n)[:3*n], 3, n)
	h, err = associative.Hebb{KeepDiagonal: true}.Learn(t.Context(), fewer)
	require.NoError(t, err)
	got, err = CountStable(t.Context(), h, fewer)
	require.NoError(t, err)
	require.Less(t, got.All(), 1<<n)
}

// A state that is a pattern and the negative of another counts as stored.
func TestPatternAndItsNegative(t *testing.T) {
	patterns := matrix.Tensor(tensor.Float64, []float64{1, 1, -1, 1, -1, -1, 1, -1}, 2, 4)
	h, err := associative.Hebb{}.Learn(t.Context(), patterns)
	require.NoError(t, err)
	got, err := CountStable(t.Context(), h, patterns)
	require.NoError(t, err)
	require.Equal(t, StableCounts{Kept: 2}, got)
}

func TestCountStableRefuses(t *testing.T) {
	patterns := matrix.Tensor(tensor.Float64, []float64{1, 1, -1, 1}, 1, 4)
	h, err := associative.Hebb{}.Learn(t.Context(), patterns)
	require.NoError(t, err)
	binary, _ := h.Binary()
	_, err = CountStable(t.Context(), binary, patterns)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = CountStable(t.Context(), h, matrix.Tensor(tensor.Float64, []float64{1, 1, -1}, 1, 3))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = CountStable(t.Context(), h, matrix.Tensor(tensor.Float64, []float64{1, 1, -1, 0}, 1, 4))
	require.ErrorIs(t, err, energy.ErrRange)
	require.ErrorContains(t, err, "experiment: CountStable: patterns: ")
	_, err = Spurious(t.Context(), SpuriousConfig{Rules: []associative.Rule{associative.Hebb{}}, Units: 17})
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = Spurious(t.Context(), SpuriousConfig{Rules: []associative.Rule{nil}})
	require.ErrorContains(t, err, "experiment: Spurious: Rules 0 is nil")
}

// Where random states of few units end, counted by hand from the same starts; and nothing depends on the number of processors.
func TestEndings(t *testing.T) {
	c := EndingConfig{Rules: []associative.Rule{associative.Hebb{}}, Units: 12, Stored: []int{1, 4}, Sets: 30, Starts: 20}
	got, err := Endings(t.Context(), c)
	require.NoError(t, err)
	for k := range c.Stored {
		sum := 0.0
		for e := range numberOfEnds {
			sum += got.Shares[0][k][e].Value
		}
		require.InDelta(t, 1, sum, 1e-12)
		require.Zero(t, got.Shares[0][k][EndRestless].Value, "a symmetric network comes to rest")
	}
	// A single pattern draws every state of the nearer side: pattern and negative share the starts, but for those in the middle.
	require.Zero(t, got.Shares[0][0][EndSpurious].Value)
	require.Positive(t, got.Shares[0][1][EndSpurious].Value)
	drawn, starts := newSets(0, "patterns", 12, false), newSets(0, "starts", 12, false)
	near, far := 0, 0
	for s := range c.Sets {
		pattern, from := drawn.draw(s, 1), starts.draw(s, c.Starts)
		for k := range c.Starts {
			overlap := 0.0
			for i, v := range pattern {
				overlap += v * from[k*12+i]
			}
			switch {
			case overlap > 1: // without the unit's own part still above 0
				near++
			case overlap < -1:
				far++
			}
		}
	}
	starters := float64(c.Sets * c.Starts)
	require.GreaterOrEqual(t, got.Shares[0][0][EndStored].Value, float64(near)/starters-1e-12)
	require.GreaterOrEqual(t, got.Shares[0][0][EndGhost].Value, float64(far)/starters-1e-12)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := Endings(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, got, again)
}

func TestEndOf(t *testing.T) {
	patterns := []float64{1, 1, 1, -1, -1, 1}
	for _, c := range []struct {
		state   []float64
		cycle   int
		end     End
		pattern int
	}{
		{[]float64{1, 1, 1}, 1, EndStored, 0},
		{[]float64{-1, -1, 1}, 1, EndStored, 1},
		{[]float64{1, 1, -1}, 1, EndGhost, 1},
		{[]float64{1, -1, 1}, 1, EndSpurious, 0},
		{[]float64{1, 1, 1}, 2, EndRestless, 0},
		{[]float64{1, 1, 1}, 0, EndRestless, 0},
	} {
		end, pattern := endOf(c.state, c.cycle, patterns)
		require.Equal(t, c.end, end, "%v", c)
		require.Equal(t, c.pattern, pattern)
	}
	require.Equal(t, "spurious", EndSpurious.String())
	require.Equal(t, "End(9)", End(9).String())
}

// Without rules it is Hebb's that an experiment is about.
func TestHebbIsTheRule(t *testing.T) {
	hebb := associative.Hebb{}
	basins, err := Basins(t.Context(), BasinConfig{Units: 6, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	require.Equal(t, hebb, basins.Rule)
	counts, err := Spurious(t.Context(), SpuriousConfig{Units: 6, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	require.Equal(t, []associative.Rule{hebb}, counts.Rules)
	indices, err := Attraction(t.Context(), AttractionConfig{Units: 6, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	require.Equal(t, []associative.Rule{hebb}, indices.Rules)
	hidden, err := HiddenUnits(t.Context(), HiddenConfig{Units: 6, Stored: 1, Hidden: []int{0}, Sets: 2})
	require.NoError(t, err)
	require.Equal(t, hebb, hidden.Rule)
}
