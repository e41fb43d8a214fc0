package experiment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// StableCounts are the states of a network that no unit wants to leave.
type StableCounts struct {
	Kept     int // those that are patterns
	Ghosts   int // those that are the negative of a pattern, and not a pattern
	Spurious int // all others
}

// All is how many there are.
func (c StableCounts) All() int { return c.Kept + c.Ghosts + c.Spurious }

// CountStable looks at all 2^n states of a bipolar network, and tells its stable states apart by the patterns, (P, n) of ±1, that
// it is meant to store.
//
// Errors: ErrConfig for more than 22 units and for binary ones; ErrShape, ErrDtype, ErrRange and ErrNotFinite for the patterns; context's
// error when it ends. Cost: n a state.
func CountStable(ctx context.Context, h *associative.Hopfield, patterns *tensor.Dense) (StableCounts, error) {
	if h == nil {
		return StableCounts{}, fmt.Errorf("experiment: CountStable: no network given: %w", energy.ErrConfig)
	}
	if h.Config().Binary {
		return StableCounts{}, fmt.Errorf(
			"experiment: CountStable: the network's units are 0 and 1, want −1 and 1 (Bipolar makes them so): %w", energy.ErrConfig)
	}
	x, _, err := matrix.Spins(patterns, h.Len())
	if err != nil {
		return StableCounts{}, fmt.Errorf("experiment: CountStable: patterns: %w", err)
	}
	counts, err := countStable(ctx, h, x)
	if err != nil {
		return counts, fmt.Errorf("experiment: CountStable: %w", err)
	}
	return counts, nil
}

func countStable(ctx context.Context, h *associative.Hopfield, patterns []float64) (StableCounts, error) {
	var counts StableCounts
	states, err := h.StableStates(ctx)
	if err != nil {
		return counts, err
	}
	codes, all := codesOf(patterns, h.Len()), 1<<h.Len()-1
	for _, x := range states {
		switch code := codesOf(x, h.Len())[0]; {
		case slices.Contains(codes, code):
			counts.Kept++
		case slices.Contains(codes, all^code):
			counts.Ghosts++
		default:
			counts.Spurious++
		}
	}
	return counts, nil
}

// SpuriousConfig says of which networks stable states are counted.
type SpuriousConfig struct {
	Rules []associative.Rule // nil means Hebb{} alone
	Units int                // n, at most 16; 0 means 10
	// Stored are the numbers of patterns, ascending; nil means 2 to 7.
	Stored   []int
	Ties     associative.Ties
	Sets     int // of patterns; 0 means 1000
	Seed     uint64
	Progress Progress // nil for none
}

func (c *SpuriousConfig) fill() error {
	set(&c.Units, 10)
	set(&c.Sets, 1000)
	if c.Stored == nil {
		c.Stored = upTo(2, 7)
	}
	c.Rules, c.Stored = rulesOr(c.Rules), slices.Clone(c.Stored)
	return cmp.Or(validRules(c.Rules), validRange("Units", c.Units, 1, maxEnumerated), validAscending("Stored", c.Stored, 1, 1<<24),
		validTies(c.Ties), validRange("Sets", c.Sets, 2, maxSets))
}

// SpuriousTable is the mean numbers of stable states: [r][k] is of the rule Rules[r] with Stored[k] patterns.
type SpuriousTable struct {
	SpuriousConfig                      // with everything filled in
	Kept, Ghosts, Spurious [][]Estimate // patterns, negatives of patterns, and all others
}

// Spurious counts the stable states of networks that have learned random patterns, by looking at all states: patterns, their negatives
// (ghosts) and those that are neither. Which states are stable goes with Ties: under Keep a state with fields of 0 is, under Minus
// it is only where these units are −1.
//
// Errors: ErrConfig; those of the rules; context's error when it ends. Cost: n·2^n for each network.
func Spurious(ctx context.Context, c SpuriousConfig) (*SpuriousTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: Spurious: %w", err)
	}
	counts := make([][][]StableCounts, len(c.Rules)) // [r][k][s]
	for r := range counts {
		counts[r] = make([][]StableCounts, len(c.Stored))
		for k := range counts[r] {
			counts[r][k] = make([]StableCounts, c.Sets)
		}
	}
	drawn := newSets(c.Seed, "patterns", c.Units, false)
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns := drawn.draw(set, c.Stored[len(c.Stored)-1])
		for r, rule := range c.Rules {
			for k, m := range c.Stored {
				h, err := learn(ctx, rule, c.Ties, patterns[:m*c.Units], c.Units)
				if err == nil {
					counts[r][k][set], err = countStable(ctx, h, patterns[:m*c.Units])
				}
				if err != nil {
					return fmt.Errorf("%v, set %d, %d patterns: %w", rule, set, m, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: Spurious: %w", err)
	}
	mean := func(of func(StableCounts) int) [][]Estimate {
		means := make([][]Estimate, len(c.Rules))
		values := make([]float64, c.Sets)
		for r := range means {
			for k := range c.Stored {
				for s, n := range counts[r][k] {
					values[s] = float64(of(n))
				}
				e := meanOf(values)
				e.Low = max(0, e.Low) // a count
				means[r] = append(means[r], e)
			}
		}
		return means
	}
	return &SpuriousTable{
		SpuriousConfig: c,
		Kept:           mean(func(n StableCounts) int { return n.Kept }),
		Ghosts:         mean(func(n StableCounts) int { return n.Ghosts }),
		Spurious:       mean(func(n StableCounts) int { return n.Spurious }),
	}, nil
}

// String is a table with three lines for each rule and a column for each number of patterns.
func (t *SpuriousTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "stable states of %d units, mean of %d sets and interval of 95 %%, ties %v\n%-28s", t.Units, t.Sets, t.Ties, "m")
	for _, m := range t.Stored {
		fmt.Fprintf(&s, "%15d", m)
	}
	for r, rule := range t.Rules {
		for _, line := range []struct {
			name      string
			estimates []Estimate
		}{{"stored", t.Kept[r]}, {"ghosts", t.Ghosts[r]}, {"spurious", t.Spurious[r]}} {
			fmt.Fprintf(&s, "\n%-28s", fmt.Sprintf("%s: %s", name(rule), line.name))
			for _, e := range line.estimates {
				fmt.Fprintf(&s, "%15s", fmt.Sprintf("%.2f ± %.2f", e.Value, e.High-e.Value))
			}
		}
	}
	return s.String()
}

// Plot writes the numbers of spurious states against that of patterns, a curve for each rule, and of ghosts with dashes, as a PNG file:
// whole, or not at all.
func (t *SpuriousTable) Plot(path string) error {
	c := chart.Chart{
		Title: fmt.Sprintf("States at rest that are no pattern, %d units", t.Units), X: "stored patterns m", Whole: true, Y: "states, mean of sets", Logarithmic: true,
	}
	for r, rule := range t.Rules {
		spurious := chart.Curve{Name: fmt.Sprintf("%s, spurious", name(rule)), Hue: r + 1}
		ghosts := chart.Curve{Name: fmt.Sprintf("%s, ghosts", name(rule)), Hue: r + 1, Law: true}
		for k, m := range t.Stored {
			add(&spurious, float64(m), t.Spurious[r][k])
			add(&ghosts, float64(m), t.Ghosts[r][k])
		}
		c.Curves = append(c.Curves, spurious, ghosts)
	}
	return drawn("SpuriousTable", path, chart.Write(path, &c))
}
