package dataset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// signalsIn counts the instances of a bag that are signals.
func signalsIn(bag, signals []float32, bits int) (n int) {
	for instance := range slices.Chunk(bag, bits) {
		for signal := range slices.Chunk(signals, bits) {
			if slices.Equal(instance, signal) {
				n++
			}
		}
	}
	return n
}

func TestBitPatterns(t *testing.T) {
	for _, c := range []BitPatternConfig{
		{Bags: 2048, Instances: 16, Signals: 8, SignalSeed: 43, Seed: 44},
		{Bags: 101, Instances: 5, Signals: 1, Bits: 3, SignalsPerBag: 5, Positive: 0.25, Seed: 1},
		{Bags: 30, Instances: 4, Signals: 5, Bits: 3, SignalsPerBag: 2, Positive: 1, Seed: 2}, // two patterns are left
	} {
		bags, signals := BitPatterns(c)
		bits, perBag, positive := max(c.Bits, 3), max(c.SignalsPerBag, 1), c.Bags
		if c.Bits == 0 {
			bits = 8
		}
		switch c.Positive {
		case 0:
			positive = c.Bags / 2
		case 0.25:
			positive = 26 // ⌈25.25⌉
		}
		require.Len(t, signals, c.Signals*bits)
		require.Equal(t, c.Bags, bags.Len())
		distinct := map[uint32]bool{}
		for signal := range slices.Chunk(signals, bits) {
			distinct[code(signal)] = true
		}
		require.Len(t, distinct, c.Signals)
		require.NotContains(t, distinct, uint32(0))

		places, drawn := map[int]bool{}, map[uint32]bool{}
		for i := range bags.Len() {
			require.Equal(t, c.Instances, bags.Lengths[i])
			want := 0
			if i < positive {
				want = 1
			}
			require.Equal(t, want, bags.Labels[i])
			require.Equal(t, want*perBag, signalsIn(bags.Bag(i), signals, bits))
			for k, instance := range slices.Collect(slices.Chunk(bags.Bag(i), bits)) {
				require.NotZero(t, code(instance))
				if distinct[code(instance)] {
					places[k] = true
					drawn[code(instance)] = true
				}
			}
		}
		require.Len(t, places, c.Instances, "signals stand everywhere")
		require.Len(t, drawn, c.Signals, "every signal is used")
	}
}

// code reads bits as a number.
func code(bits []float32) (n uint32) {
	for b, x := range bits {
		n |= uint32(x) << b
	}
	return n
}

func TestBitPatternsAreTheSeeds(t *testing.T) {
	c := BitPatternConfig{Bags: 20, Instances: 4, Signals: 3, SignalSeed: 1, Seed: 2}
	bags, signals := BitPatterns(c)
	again, _ := BitPatterns(c)
	require.Equal(t, bags, again)

	c.Seed = 3
	other, same := BitPatterns(c)
	require.Equal(t, signals, same)
	require.NotEqual(t, bags, other)

	c.SignalSeed = 4
	_, different := BitPatterns(c)
	require.NotEqual(t, signals, different)
}

// The patterns that are neither signals nor zero come equally often: 247 of 8 bits. Their χ² has mean 246 and deviation
// √(2·246) = 22.2.
func TestBitPatternsAreUniform(t *testing.T) {
	bags, signals := BitPatterns(BitPatternConfig{Bags: 4000, Instances: 16, Signals: 8, Positive: 1e-9, Seed: 5})
	count := map[uint32]int{}
	for instance := range slices.Chunk(bags.Instances, 8) {
		count[code(instance)]++
	}
	var chi2 float64
	expected := float64(4000*16-1) / 247
	for c := range uint32(255) {
		if !slices.Contains(codes(signals), c+1) {
			d := float64(count[c+1]) - expected
			chi2 += d * d / expected
		}
	}
	require.InDelta(t, 246, chi2, 5*22.2)
}

func codes(patterns []float32) (all []uint32) {
	for p := range slices.Chunk(patterns, 8) {
		all = append(all, code(p))
	}
	return all
}

func TestBitPatternsRefuse(t *testing.T) {
	good := BitPatternConfig{Bags: 1, Instances: 1, Signals: 1}
	for name, spoil := range map[string]func(c *BitPatternConfig){
		"no bags":               func(c *BitPatternConfig) { c.Bags = 0 },
		"no instances":          func(c *BitPatternConfig) { c.Instances = 0 },
		"no signals":            func(c *BitPatternConfig) { c.Signals = 0 },
		"one bit":               func(c *BitPatternConfig) { c.Bits = 1 },
		"only signals are left": func(c *BitPatternConfig) { c.Bits, c.Signals = 2, 3 },
		"more signals than fit": func(c *BitPatternConfig) { c.SignalsPerBag = 2 },
		"a share above one":     func(c *BitPatternConfig) { c.Positive = 1.1 },
		"a negative share":      func(c *BitPatternConfig) { c.Positive = -1 },
	} {
		c := good
		spoil(&c)
		require.Panics(t, func() { BitPatterns(c) }, name)
	}
	require.NotPanics(t, func() { BitPatterns(good) })
}
