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

// End is what a recall ends in.
type End int

const (
	EndStored   End = iota // a stored pattern
	EndGhost               // the negative of one
	EndSpurious            // another state at rest
	EndRestless            // no state at rest: a cycle, or sweeps that were too few
	numberOfEnds
)

// String names the end.
func (e End) String() string {
	if e < 0 || e >= numberOfEnds {
		return fmt.Sprintf("End(%d)", int(e))
	}
	return [numberOfEnds]string{"stored", "ghost", "spurious", "restless"}[e]
}

// endOf tells what a state is, that has come to rest or not, and the first pattern that it is or is the negative of.
func endOf(state []float64, cycle int, patterns []float64) (end End, pattern int) {
	if cycle != 1 {
		return EndRestless, 0
	}
	n := len(state)
	ghost := -1
	for mu := range len(patterns) / n {
		p := patterns[mu*n : (mu+1)*n]
		if slices.Equal(p, state) {
			return EndStored, mu
		}
		if ghost < 0 && negatives(p, state) {
			ghost = mu
		}
	}
	if ghost >= 0 {
		return EndGhost, ghost
	}
	return EndSpurious, 0
}

func negatives(x, y []float64) bool {
	for i, v := range x {
		if v != -y[i] {
			return false
		}
	}
	return true
}

// EndingConfig says which networks are started at random.
type EndingConfig struct {
	Rules []associative.Rule // nil means Hebb{} alone
	Units int                // n; 0 means 100
	// Stored are the numbers of patterns, ascending; nil means 2, 4, … 20.
	Stored   []int
	Ties     associative.Ties
	Sets     int // of patterns; 0 means 50
	Starts   int // random states recalled by each network; 0 means 200
	Seed     uint64
	Progress Progress // nil for none
}

func (c *EndingConfig) fill() error {
	set(&c.Units, 100)
	set(&c.Sets, 50)
	set(&c.Starts, 200)
	if c.Stored == nil {
		for m := 2; m <= 20; m += 2 {
			c.Stored = append(c.Stored, m)
		}
	}
	c.Rules, c.Stored = rulesOr(c.Rules), slices.Clone(c.Stored)
	return cmp.Or(validRules(c.Rules), validRange("Units", c.Units, 1, maxUnits), validAscending("Stored", c.Stored, 1, 1<<24),
		validTies(c.Ties), validRange("Sets", c.Sets, 2, maxSets), validRange("Starts", c.Starts, 1, maxSets))
}

// EndingTable is where random states end.
type EndingTable struct {
	EndingConfig // with everything filled in
	// Shares[r][k][e] is the share of random starts that ended in e, with the rule Rules[r] and Stored[k] patterns.
	Shares [][][]Estimate
}

// Endings lets random states fall: each is recalled asynchronously, in random orders, until it is at rest. It tells how much of the
// space belongs to the stored patterns, where there are too many states to look at all.
//
// Errors: ErrConfig; those of the rules; context's error when it ends. Cost: a recall for each start, and m·n to see what it is.
func Endings(ctx context.Context, c EndingConfig) (*EndingTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: Endings: %w", err)
	}
	shares := make([][][][]float64, len(c.Rules)) // [r][k][e][s]
	for r := range shares {
		shares[r] = make([][][]float64, len(c.Stored))
		for k := range shares[r] {
			shares[r][k] = make([][]float64, numberOfEnds)
			for e := range shares[r][k] {
				shares[r][k][e] = make([]float64, c.Sets)
			}
		}
	}
	drawn, from := newSets(c.Seed, "patterns", c.Units, false), newSets(c.Seed, "starts", c.Units, false)
	orders := rng.New(c.Seed, "experiment orders")
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns, starts := drawn.draw(set, c.Stored[len(c.Stored)-1]), from.draw(set, c.Starts)
		for r, rule := range c.Rules {
			for k, m := range c.Stored {
				stored := patterns[:m*c.Units]
				h, err := learn(ctx, rule, c.Ties, stored, c.Units)
				if err != nil {
					return fmt.Errorf("%v, set %d, %d patterns: %w", rule, set, m, err)
				}
				got, err := h.Recall(rows(starts, c.Units), associative.Asynchronous{Seed: orders.Uint64(uint64(set))})
				if err != nil {
					return err
				}
				x := got.States.Float64s()
				for s, cycle := range got.Cycle {
					end, _ := endOf(x[s*c.Units:(s+1)*c.Units], cycle, stored)
					shares[r][k][end][set]++
				}
				for e := range shares[r][k] {
					shares[r][k][e][set] /= float64(c.Starts)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: Endings: %w", err)
	}
	t := &EndingTable{EndingConfig: c, Shares: make([][][]Estimate, len(c.Rules))}
	for r := range shares {
		for k := range shares[r] {
			var of []Estimate
			for e := range shares[r][k] {
				of = append(of, shareOf(shares[r][k][e]))
			}
			t.Shares[r] = append(t.Shares[r], of)
		}
	}
	return t, nil
}

// String is a table with a line for each end and a column for each number of patterns, in per cent.
func (t *EndingTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%% of random starts of %d units that end in each kind of state (%d sets, %d starts each, ties %v)\n%-28s",
		t.Units, t.Sets, t.Starts, t.Ties, "m")
	for _, m := range t.Stored {
		fmt.Fprintf(&s, "%7d", m)
	}
	widest := 0.0
	for r, rule := range t.Rules {
		for e := range numberOfEnds {
			fmt.Fprintf(&s, "\n%-28s", fmt.Sprintf("%s: %v", name(rule), e))
			for k := range t.Stored {
				share := t.Shares[r][k][e]
				fmt.Fprintf(&s, "%7.1f", 100*share.Value)
				widest = max(widest, share.High-share.Value, share.Value-share.Low)
			}
		}
	}
	fmt.Fprintf(&s, "\nintervals of 95 %%: at most ± %.1f", 100*widest)
	return s.String()
}

// Plot writes the shares of starts that end in a stored pattern or the negative of one, and of those that end elsewhere, against the number
// of patterns, as a PNG file: whole, or not at all.
func (t *EndingTable) Plot(path string) error {
	c := chart.Chart{
		Title: fmt.Sprintf("Where random starts of %d units end", t.Units), X: "stored patterns m", Whole: true, Y: "random starts, %", Low: 0, High: 100,
	}
	for r, rule := range t.Rules {
		for _, e := range []End{EndStored, EndGhost, EndSpurious} {
			curve := chart.Curve{Name: fmt.Sprintf("%s, %v", name(rule), e)}
			for k, m := range t.Stored {
				add(&curve, float64(m), t.Shares[r][k][e].scaled(100))
			}
			c.Curves = append(c.Curves, curve)
		}
	}
	return drawn("EndingTable", path, chart.Write(path, &c))
}
