package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/chart"
)

// BitErrorProbability is the probability that Hebb's rule with m random patterns of n units has a given bit of a given pattern unstable. It
// is exact: the field that supports the bit is n − 1, or n + m − 1 with the diagonal kept, and the crosstalk a sum of (n−1)(m−1) independent
// signs. At a field of 0 the bit is stable under Keep, and wrong half the time under Minus.
func BitErrorProbability(n, m int, keepDiagonal bool, ties associative.Ties) float64 {
	support := n - 1
	if keepDiagonal {
		support = n + m - 1
	}
	signs := (n - 1) * (m - 1)
	if signs < support {
		return 0
	}
	// With b positive signs the sum is 2b − signs, which is wrong below −support.
	b := distuv.Binomial{N: float64(signs), P: 0.5}
	below := signs - support // of 2b
	p := 0.0
	if most := (below+1)/2 - 1; most >= 0 {
		p = b.CDF(float64(most))
	}
	if ties == associative.Minus && below%2 == 0 {
		p += b.Prob(float64(below/2)) / 2
	}
	return p
}

// GaussianBitError is the approximation of that probability that is in the books, Φ(−√(n/m)): 1 % at m = 0.185 n.
//
// Source: J. Hertz, A. Krogh, R. Palmer, "Introduction to the Theory of Neural Computation" (1991), eq. 2.17 and table 2.1.
func GaussianBitError(n, m float64) float64 { return distuv.UnitNormal.CDF(-math.Sqrt(n / m)) }

// BitErrorConfig says of which networks bits are tried.
type BitErrorConfig struct {
	Units int // n, at least 2; 0 means 100
	// Stored are the numbers of patterns, ascending; nil means 5 % to 50 % of n.
	Stored       []int
	KeepDiagonal bool
	Ties         associative.Ties
	Sets         int // of patterns; 0 means 200
	Seed         uint64
	Progress     Progress // nil for none
}

func (c *BitErrorConfig) fill() error {
	set(&c.Units, 100)
	set(&c.Sets, 200)
	if err := validRange("Units", c.Units, 2, maxUnits); err != nil {
		return err
	}
	if c.Stored == nil {
		for k := 1; k <= 10; k++ {
			c.Stored = append(c.Stored, max(1, k*c.Units/20))
		}
		c.Stored = slices.Compact(c.Stored)
	}
	c.Stored = slices.Clone(c.Stored)
	return cmp.Or(validAscending("Stored", c.Stored, 1, 1<<24), validTies(c.Ties), validRange("Sets", c.Sets, 2, maxSets))
}

// BitErrorTable is shares of unstable bits of stored patterns, with Stored[k] patterns.
type BitErrorTable struct {
	BitErrorConfig            // with everything filled in
	Measured       []Estimate // of all bits of all patterns
	Exact          []float64  // BitErrorProbability
	Gaussian       []float64  // GaussianBitError
	// OnePercent is the number of patterns at which the exact probability first exceeds 1 %.
	OnePercent int
}

// BitErrors measures how many bits of the stored patterns are unstable under Hebb's rule, and sets it beside the exact probability and
// the Gaussian approximation.
//
// Errors: ErrConfig; context's error when it ends. Cost: 2·m·n² for each network.
func BitErrors(ctx context.Context, c BitErrorConfig) (*BitErrorTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: BitErrors: %w", err)
	}
	shares := make([][]float64, len(c.Stored))
	for k := range shares {
		shares[k] = make([]float64, c.Sets)
	}
	drawn := newSets(c.Seed, "patterns", c.Units, false)
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns := drawn.draw(set, c.Stored[len(c.Stored)-1])
		for k, m := range c.Stored {
			stored := patterns[:m*c.Units]
			h, err := learn(ctx, associative.Hebb{KeepDiagonal: c.KeepDiagonal}, c.Ties, stored, c.Units)
			if err != nil {
				return fmt.Errorf("set %d, %d patterns: %w", set, m, err)
			}
			next, err := after(h, stored, 1)
			if err != nil {
				return err
			}
			wrong := 0
			for p, v := range stored {
				if next[p] != v {
					wrong++
				}
			}
			shares[k][set] = float64(wrong) / float64(len(stored))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: BitErrors: %w", err)
	}
	t := &BitErrorTable{BitErrorConfig: c}
	for k, m := range c.Stored {
		t.Measured = append(t.Measured, shareOf(shares[k]))
		t.Exact = append(t.Exact, BitErrorProbability(c.Units, m, c.KeepDiagonal, c.Ties))
		t.Gaussian = append(t.Gaussian, GaussianBitError(float64(c.Units), float64(m)))
	}
	if !c.KeepDiagonal {
		for t.OnePercent = 1; BitErrorProbability(c.Units, t.OnePercent, false, c.Ties) <= 0.01; {
			t.OnePercent++
		}
	}
	return t, nil
}

// String is a table with a line for each number of patterns, in per cent.
func (t *BitErrorTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %d units: %% of bits of stored patterns that are unstable (%d sets, ties %v)\n%6s%8s  %-26s%10s%10s",
		name(associative.Hebb{KeepDiagonal: t.KeepDiagonal}), t.Units, t.Sets, t.Ties, "m", "m/n", "measured", "exact", "Gaussian")
	for k, m := range t.Stored {
		fmt.Fprintf(&s, "\n%6d%8.3f  %-26s%10.4f%10.4f",
			m, float64(m)/float64(t.Units), t.Measured[k].format("%.4f", 100), 100*t.Exact[k], 100*t.Gaussian[k])
	}
	if t.OnePercent > 0 {
		fmt.Fprintf(&s, "\nexactly, more than 1 %% from m = %d = %.3f n; by the Gaussian approximation, from 0.185 n",
			t.OnePercent, float64(t.OnePercent)/float64(t.Units))
	}
	return s.String()
}

// Plot writes the shares against the load as a PNG file: whole, or not at all.
func (t *BitErrorTable) Plot(path string) error {
	measured, exact, gaussian := chart.Curve{Name: "measured", Loose: true}, chart.Curve{Name: "exact", Law: true}, chart.Curve{Name: "Gaussian", Law: true}
	for k, m := range t.Stored {
		load := float64(m) / float64(t.Units)
		add(&measured, load, t.Measured[k].scaled(100))
		add(&exact, load, known(100*t.Exact[k]))
		add(&gaussian, load, known(100*t.Gaussian[k]))
	}
	c := chart.Chart{
		Title: fmt.Sprintf("Unstable bits, %s, %d units", name(associative.Hebb{KeepDiagonal: t.KeepDiagonal}), t.Units),
		X:     "load m/n", Y: "unstable bits, %", Curves: []chart.Curve{measured, exact, gaussian}, Logarithmic: true, FromZero: true,
	}
	return drawn("BitErrorTable", path, chart.Write(path, &c))
}
