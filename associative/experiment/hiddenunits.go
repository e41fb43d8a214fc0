package experiment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// HiddenConfig says which networks with hidden units are measured.
type HiddenConfig struct {
	Rule associative.Rule // nil means Hebb{}
	// Paddings are the ways of choosing the hidden values that are compared; nil means RandomPaddings and Decorrelated.
	Paddings []associative.Paddings
	Copies   int // paddings of each pattern, see associative.Padded; 0 means 1
	Units    int // N, those that are visible; 0 means 50
	Stored   int // patterns; 0 means 20
	// Hidden are the numbers K of hidden units, ascending; nil means 0, 10, 25, 50, 75, 100, 150, 200.
	Hidden   []int
	Sets     int // of patterns; 0 means 50
	Seed     uint64
	Progress Progress // nil for none
}

func (c *HiddenConfig) fill() error {
	set(&c.Copies, 1)
	set(&c.Rule, associative.Rule(associative.Hebb{}))
	set(&c.Units, 50)
	set(&c.Stored, 20)
	set(&c.Sets, 50)
	if c.Paddings == nil {
		c.Paddings = []associative.Paddings{associative.RandomPaddings, associative.Decorrelated}
	}
	if c.Hidden == nil {
		c.Hidden = []int{0, 10, 25, 50, 75, 100, 150, 200}
	}
	c.Paddings, c.Hidden = slices.Clone(c.Paddings), slices.Clone(c.Hidden)
	return cmp.Or(validRange("Copies", c.Copies, 1, 1<<10), validRange("Units", c.Units, 1, maxUnits),
		validRange("Stored", c.Stored, 1, 1<<20), validAscending("Hidden", c.Hidden, 0, maxUnits-c.Units), validRange("Sets", c.Sets, 2, maxSets))
}

// HiddenTable is how well patterns are kept in networks with hidden units, of which only the visible ones are judged.
type HiddenTable struct {
	HiddenConfig // with everything filled in
	// Stay[w][k] is the share of stored states, with Paddings[w] of Hidden[k] units, whose visible units come to rest as they were.
	Stay [][]Estimate
	// Found[w][k] is the share of patterns that are found from their visible units, with hidden ones that start at random and follow them.
	Found [][]Estimate
}

// HiddenUnits measures what hidden units are worth that nobody cares about: patterns of N units are stored in networks of N + K, see
// associative.Padded, and recalled asynchronously, both from what was stored and from the visible units alone.
//
// Errors: ErrConfig; those of the rule; context's error when it ends. Cost: for each set and K, the rule's and two recalls.
func HiddenUnits(ctx context.Context, c HiddenConfig) (*HiddenTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: HiddenUnits: %w", err)
	}
	shares := func() [][][]float64 { // [w][k][s]
		x := make([][][]float64, len(c.Paddings))
		for w := range x {
			x[w] = make([][]float64, len(c.Hidden))
			for k := range x[w] {
				x[w][k] = make([]float64, c.Sets)
			}
		}
		return x
	}
	stay, found := shares(), shares()
	drawn, seeds := newSets(c.Seed, "patterns", c.Units, false), rng.New(c.Seed, "experiment paddings")
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns := rows(drawn.draw(set, c.Stored), c.Units)
		for w, paddings := range c.Paddings {
			for k, hidden := range c.Hidden {
				padded := associative.Padded{Rule: c.Rule, Hidden: hidden, Copies: c.Copies, Paddings: paddings, Seed: seeds.Uint64(uint64(set))}
				h, err := padded.Learn(ctx, patterns)
				if err != nil {
					return fmt.Errorf("set %d: %w", set, err)
				}
				stored, err := padded.Extend(ctx, patterns)
				if err != nil {
					return err
				}
				start, err := padded.Start(h, patterns)
				if err != nil {
					return err
				}
				recall := associative.Asynchronous{Seed: padded.Seed}
				stays, err := padded.Success(h, stored, patterns, recall)
				if err != nil {
					return err
				}
				finds, err := padded.Success(h, start, patterns, recall)
				if err != nil {
					return err
				}
				stay[w][k][set], found[w][k][set] = shareTrue(stays), shareTrue(finds)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: HiddenUnits: %w", err)
	}
	t := &HiddenTable{HiddenConfig: c}
	for w := range c.Paddings {
		var stays, finds []Estimate
		for k := range c.Hidden {
			stays, finds = append(stays, shareOf(stay[w][k])), append(finds, shareOf(found[w][k]))
		}
		t.Stay, t.Found = append(t.Stay, stays), append(t.Found, finds)
	}
	return t, nil
}

func shareTrue(marks []bool) float64 {
	count := 0
	for _, marked := range marks {
		if marked {
			count++
		}
	}
	return float64(count) / float64(len(marks))
}

// String is a table with two lines for each way of padding and a column for each number of hidden units, in per cent.
func (t *HiddenTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%v, %d patterns of %d visible units: %% that stay, and that are found by their visible units (%d sets)\n%-28s",
		name(t.Rule), t.Stored, t.Units, t.Sets, "visible and hidden units")
	for _, hidden := range t.Hidden {
		fmt.Fprintf(&s, "%7d", t.Units+hidden)
	}
	widest := 0.0
	for w, paddings := range t.Paddings {
		for what, shares := range [][]Estimate{t.Stay[w], t.Found[w]} {
			fmt.Fprintf(&s, "\n%-28s", fmt.Sprintf("%v: %s", paddings, [...]string{"stay", "found"}[what]))
			for _, share := range shares {
				fmt.Fprintf(&s, "%7.1f", 100*share.Value)
				widest = max(widest, share.High-share.Value, share.Value-share.Low)
			}
		}
	}
	fmt.Fprintf(&s, "\nintervals of 95 %%: at most ± %.1f", 100*widest)
	return s.String()
}

// Plot writes the shares against the number of all units, as a PNG file: whole, or not at all.
func (t *HiddenTable) Plot(path string) error {
	c := chart.Chart{
		Title: fmt.Sprintf("%v, %d patterns of %d visible units", name(t.Rule), t.Stored, t.Units),
		X:     "visible and hidden units N + K", Y: "patterns, %", Low: 0, High: 100,
	}
	for w, paddings := range t.Paddings {
		for what, shares := range [][]Estimate{t.Stay[w], t.Found[w]} {
			curve := chart.Curve{Name: fmt.Sprintf("%v, %s", paddings, [...]string{"stay", "found"}[what])}
			for k, hidden := range t.Hidden {
				add(&curve, float64(t.Units+hidden), shares[k].scaled(100))
			}
			c.Curves = append(c.Curves, curve)
		}
	}
	return drawn("HiddenTable", path, chart.Write(path, &c))
}
