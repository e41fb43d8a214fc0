package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/chart"
)

// attractionDistance is where the sum of the index of attraction ends.
const attractionDistance = 5

// AttractionConfig says of which networks the index of attraction is measured.
type AttractionConfig struct {
	Rules []associative.Rule // nil means Hebb{} alone
	Units int                // n, at least 5; 0 means 10
	// Stored are the numbers of patterns, ascending; nil means 1 to 10.
	Stored []int
	// Steps are the synchronous updates that are made with feedback; 0 means 5. Without it, it is one.
	Steps int
	Ties  associative.Ties
	Sets  int // of patterns; 0 means 1000
	// Samples are the vectors drawn at each distance from each pattern. 0 means all vectors there are, for up to 16 units.
	Samples  int
	Seed     uint64
	Progress Progress // nil for none
}

// AttractionTable is indices of attraction: [r][k] is of the rule Rules[r] with Stored[k] patterns.
type AttractionTable struct {
	AttractionConfig              // with everything filled in
	Once, Fed        [][]Estimate // without and with feedback
}

// Attraction measures the index of attraction
//
//	I = Σ_{h=0..5} h·p_h
//
// where p_h is the share of the vectors at Hamming distance h from a stored pattern that are this pattern after one synchronous update, or
// with feedback after several: see Basins. It is at most 15.
//
// Errors: those of Basins. Cost: that of Basins, twice for each rule.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), section 12.2.
func Attraction(ctx context.Context, c AttractionConfig) (*AttractionTable, error) {
	set(&c.Steps, 5)
	c.Rules = rulesOr(c.Rules)
	if err := cmp.Or(validRules(c.Rules), validRange("Steps", c.Steps, 2, 1<<20)); err != nil {
		return nil, fmt.Errorf("experiment: Attraction: %w", err)
	}
	t := &AttractionTable{AttractionConfig: c}
	runs := 2 * len(c.Rules)
	for r, rule := range c.Rules {
		for f, steps := range []int{1, c.Steps} {
			b := BasinConfig{
				Rule: rule, Units: c.Units, Stored: c.Stored, Distance: attractionDistance, Steps: steps, Ties: c.Ties,
				Sets: c.Sets, Samples: c.Samples, Seed: c.Seed, Progress: c.Progress.part(2*r+f, runs),
			}
			got, err := Basins(ctx, b)
			if err != nil {
				return nil, fmt.Errorf("experiment: Attraction: %v: %w", rule, err)
			}
			if steps == 1 {
				t.Once = append(t.Once, got.Index)
			} else {
				t.Fed = append(t.Fed, got.Index)
			}
			t.Units, t.Stored, t.Sets = got.Units, got.Stored, got.Sets
		}
	}
	return t, nil
}

// String is a table with two lines for each rule and a column for each number of patterns, and below it the largest half-width of an
// interval.
func (t *AttractionTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "index of attraction, %d units (%d sets, ties %v)\n%-32s", t.Units, t.Sets, t.Ties, "m")
	for _, m := range t.Stored {
		fmt.Fprintf(&s, "%7d", m)
	}
	widest := 0.0
	for r, rule := range t.Rules {
		for f, estimates := range [][]Estimate{t.Once[r], t.Fed[r]} {
			fmt.Fprintf(&s, "\n%-32s", t.name(rule, f))
			for _, e := range estimates {
				fmt.Fprintf(&s, "%7.2f", e.Value)
				widest = max(widest, e.High-e.Value)
			}
		}
	}
	fmt.Fprintf(&s, "\nintervals of 95 %%: at most ± %.2f", widest)
	return s.String()
}

// name is that of a curve.
func (t *AttractionTable) name(rule associative.Rule, fed int) string {
	if fed == 0 {
		return fmt.Sprintf("%s, one step", name(rule))
	}
	return fmt.Sprintf("%s, %d steps", name(rule), t.Steps)
}

// Plot writes the indices against the number of patterns as a PNG file: whole, or not at all.
func (t *AttractionTable) Plot(path string) error {
	c := chart.Chart{Title: fmt.Sprintf("Index of attraction, %d units", t.Units), X: "stored patterns m", Whole: true, Y: "I = Σ h·p(h), h = 0 to 5"}
	highest := 0.0
	for r, rule := range t.Rules {
		for f, estimates := range [][]Estimate{t.Once[r], t.Fed[r]} {
			curve := chart.Curve{Name: t.name(rule, f)}
			for k, m := range t.Stored {
				highest = max(highest, estimates[k].High)
				add(&curve, float64(m), estimates[k])
			}
			c.Curves = append(c.Curves, curve)
		}
	}
	c.High = math.Ceil(highest)
	return drawn("AttractionTable", path, chart.Write(path, &c))
}
