package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/evaluate"
)

// Criterion is what a network must do to hold its patterns.
type Criterion int

const (
	// ErrorFree wants every bit of every pattern to be stable.
	ErrorFree Criterion = iota
	// Recalled wants half of the patterns, or more, to be recalled with an overlap of at least 0.9.
	Recalled
)

// String names the criterion.
func (c Criterion) String() string {
	switch c {
	case ErrorFree:
		return "ErrorFree"
	case Recalled:
		return "Recalled"
	}
	return fmt.Sprintf("Criterion(%d)", int(c))
}

// CapacityConfig says of which networks the capacity is measured.
type CapacityConfig struct {
	Rules []associative.Rule // nil means Hebb{} alone
	// Units are the sizes n, ascending; nil means 50, 100 and 200.
	Units     []int
	Criterion Criterion
	// Noise is the share of bits flipped where recall starts, below one half; for Recalled alone.
	Noise float64
	// Scaling is how the capacity goes to its limit; the zero value looks for no limit.
	Scaling Scaling
	// Most is the largest load tried; 0 means 2.5.
	Most     float64
	Ties     associative.Ties
	Sets     int // of patterns; 0 means 20
	Tried    int // patterns that each network recalls, the first ones; 0 means 50; for Recalled alone
	Seed     uint64
	Progress Progress // nil for none
}

func (c *CapacityConfig) fill() error {
	recall := error(nil)
	if c.Criterion == ErrorFree && (c.Noise != 0 || c.Tried != 0) {
		recall = fmt.Errorf("Noise is %g and Tried %d, but nothing is recalled for ErrorFree: %w", c.Noise, c.Tried, energy.ErrConfig)
	}
	if c.Units == nil {
		c.Units = []int{50, 100, 200}
	}
	set(&c.Most, 2.5)
	set(&c.Sets, 20)
	if c.Criterion == Recalled {
		set(&c.Tried, 50)
		recall = validRange("Tried", c.Tried, 1, maxSets)
	}
	c.Rules, c.Units = rulesOr(c.Rules), slices.Clone(c.Units)
	own := error(nil)
	switch {
	case c.Criterion != ErrorFree && c.Criterion != Recalled:
		own = fmt.Errorf("Criterion: %v is not known: %w", c.Criterion, energy.ErrConfig)
	case !(c.Noise >= 0 && c.Noise < 0.5):
		own = fmt.Errorf("Noise is %v, want a share of at least 0 and below one half: %w", c.Noise, energy.ErrConfig)
	case !(c.Most > 0 && c.Most <= 64):
		own = fmt.Errorf("Most is %v, want a load above 0, of at most 64: %w", c.Most, energy.ErrConfig)
	}
	return cmp.Or(validRules(c.Rules), validAscending("Units", c.Units, 2, maxUnits), own, recall, validTies(c.Ties), c.Scaling.validate(),
		validRange("Sets", c.Sets, 2, maxSets))
}

// CapacityPoint is the capacity of networks of one size.
type CapacityPoint struct {
	Units    int
	Patterns Estimate // the mean over sets of the number that a network holds
	Load     Estimate // the same, over n
	Error    float64  // the standard error of Load
	// Limited is how many sets were held up to the largest load tried.
	Limited int
}

// CapacityCurve is the capacity of a rule.
type CapacityCurve struct {
	Rule   associative.Rule
	Points []CapacityPoint
	// Fit is how the load goes to its limit; nil for one size, and Unscaled.
	Fit *Extrapolation
}

// CapacityTable is a curve for each rule.
type CapacityTable struct {
	CapacityConfig // with everything filled in
	Curves         []CapacityCurve
}

// Capacity measures how many random patterns networks hold, and what load that is in the limit of many units. For each set one pattern
// after the other is stored, until the network holds them no longer: that number is found by doubling and halving, to n/1000
// (where networks hold a number but not a smaller one, it is one of the numbers at which this changes). So each set has a capacity of its own,
// and their mean an interval. A rule that refuses a number of patterns, as Projection does n, does not hold them.
//
// Errors: ErrConfig; those of the rules; context's error when it ends. Cost: some 2·log₂ m networks for each set.
func Capacity(ctx context.Context, c CapacityConfig) (*CapacityTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: Capacity: %w", err)
	}
	t := &CapacityTable{CapacityConfig: c}
	for r, rule := range c.Rules {
		curve := CapacityCurve{Rule: rule}
		for k, n := range c.Units {
			point, err := c.point(ctx, rule, n, c.Progress.part(r*len(c.Units)+k, len(c.Rules)*len(c.Units)))
			if err != nil {
				return nil, fmt.Errorf("experiment: Capacity: %v, %d units: %w", rule, n, err)
			}
			curve.Points = append(curve.Points, point)
		}
		curve.Fit = curve.Extrapolate(c.Scaling)
		t.Curves = append(t.Curves, curve)
	}
	return t, nil
}

func (c *CapacityConfig) point(ctx context.Context, rule associative.Rule, n int, progress Progress) (CapacityPoint, error) {
	most := max(1, int(c.Most*float64(n)))
	held, limited := make([]float64, c.Sets), make([]bool, c.Sets)
	r := newRecaller(c.Seed, n, c.Noise, c.Ties, c.Tried)
	err := eachSet(ctx, c.Sets, progress, func(set int) (err error) {
		held[set], err = capacityOf(n, most, func(m int) (bool, error) {
			patterns := r.patterns.draw(set, m)
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if c.Criterion == ErrorFree {
				ok, err := errorFree(ctx, rule, c.Ties, patterns, n)
				return ok, unlessRefused(err, m)
			}
			overlaps, err := r.overlaps(ctx, rule, set, patterns)
			found := 0
			for _, o := range overlaps {
				if o >= retrieved {
					found++
				}
			}
			return err == nil && 2*found >= len(overlaps), unlessRefused(err, m)
		})
		limited[set] = held[set] == float64(most)
		return err
	})
	p := CapacityPoint{Units: n, Patterns: meanOf(held)}
	p.Load = p.Patterns.scaled(1 / float64(n))
	_, deviation := evaluate.MeanDeviation(held)
	// A number of patterns is whole: it says no more than that even where all sets agree.
	p.Error = math.Hypot(deviation, 1/math.Sqrt(12)) / (float64(n) * math.Sqrt(float64(c.Sets)))
	for _, l := range limited {
		if l {
			p.Limited++
		}
	}
	return p, err
}

// unlessRefused returns an error, unless it says that so many patterns are too many for a rule: a rule that refuses a single one is set wrongly.
func unlessRefused(err error, patterns int) error {
	if patterns > 1 && errors.Is(err, energy.ErrConfig) {
		return nil
	}
	return err
}

// capacityOf finds the number of patterns, of at most so many, beyond which a network no longer holds them.
func capacityOf(n, most int, holds func(m int) (bool, error)) (float64, error) {
	good, bad := 0, most+1
	for m := 1; m < bad; m = min(2*m, most) {
		ok, err := holds(m)
		if err != nil {
			return 0, err
		}
		if !ok {
			bad = m
			break
		}
		if good = m; m == most {
			break
		}
	}
	for bad-good > 1+n/1000 {
		m := good + (bad-good)/2
		ok, err := holds(m)
		if err != nil {
			return 0, err
		}
		if ok {
			good = m
		} else {
			bad = m
		}
	}
	return float64(good+bad-1) / 2, nil
}

// errorFree reports whether all patterns are stable.
func errorFree(ctx context.Context, rule associative.Rule, ties associative.Ties, patterns []float64, n int) (bool, error) {
	h, err := learn(ctx, rule, ties, patterns, n)
	if err != nil {
		return false, err
	}
	stable, err := h.Stable(rows(patterns, n))
	return err == nil && !slices.Contains(stable, false), err
}

// ErrorFreeLaw is n/(4 ln n), up to which Hebb's rule stores random patterns without a wrong bit as n grows.
//
// Source: R. J. McEliece, E. C. Posner, E. R. Rodemich, S. S. Venkatesh, "The capacity of the Hopfield associative memory", IEEE
// Transactions on Information Theory 33 (1987).
func ErrorFreeLaw(n int) float64 { return float64(n) / (4 * math.Log(float64(n))) }

// ErrorFreePatterns is the number of random patterns up to which Hebb's rule has no wrong bit in half of the sets, were bits independent: the
// largest m with n·m·p ≤ ln 2, p being BitErrorProbability. It goes to ErrorFreeLaw as n grows, slowly.
func ErrorFreePatterns(n int, ties associative.Ties) int {
	m := 1
	for float64(n)*float64(m+1)*BitErrorProbability(n, m+1, false, ties) <= math.Ln2 {
		m++
	}
	return m
}

// String is a table with a line for each rule and size.
func (t *CapacityTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s (%d sets, ties %v)\n%-28s%7s  %-28s%-28s", t.what(), t.Sets, t.Ties, "", "n", "patterns", "load m/n")
	if t.Criterion == ErrorFree && slices.ContainsFunc(t.Rules, isHebb) {
		fmt.Fprintf(&s, "%14s%12s", "n/(4 ln n)", "by bits")
	}
	for _, curve := range t.Curves {
		for _, p := range curve.Points {
			fmt.Fprintf(&s, "\n%-28s%7d  %-28s%-28s", name(curve.Rule), p.Units, p.Patterns.format("%.1f", 1), p.Load.format("%.4f", 1))
			if isHebb(curve.Rule) && t.Criterion == ErrorFree {
				fmt.Fprintf(&s, "%14.1f%12d", ErrorFreeLaw(p.Units), ErrorFreePatterns(p.Units, t.Ties))
			}
			if p.Limited > 0 {
				fmt.Fprintf(&s, "  %d sets held all that were tried", p.Limited)
			}
		}
		if curve.Fit != nil {
			fmt.Fprintf(&s, "\n%-28s%7s  %-28s%s", name(curve.Rule), "∞", "", curve.Fit)
		}
	}
	return s.String()
}

func (t *CapacityTable) what() string {
	if t.Criterion == ErrorFree {
		return "patterns stored without a wrong bit"
	}
	from := RetrievalConfig{Noise: t.Noise}
	return fmt.Sprintf("patterns of which half are recalled from %s with an overlap of %g", from.from(), retrieved)
}

// isHebb reports whether the laws of Hebb's rule without a diagonal hold.
func isHebb(rule associative.Rule) bool {
	h, ok := rule.(associative.Hebb)
	return ok && !h.KeepDiagonal && h.Importance == nil
}

// laws are what is known of Hebb's rule without a wrong bit.
func (t *CapacityTable) laws() []chart.Curve {
	bits, law := chart.Curve{Name: "from the bits", Law: true, Hue: 2}, chart.Curve{Name: "1/(4 ln n)", Law: true, Hue: 3}
	for _, n := range t.Units {
		add(&bits, t.Scaling.of(n), known(float64(ErrorFreePatterns(n, t.Ties))/float64(n)))
		add(&law, t.Scaling.of(n), known(ErrorFreeLaw(n)/float64(n)))
	}
	return []chart.Curve{bits, law}
}

// axis names the axis of sizes.
func (t *CapacityTable) axis() string {
	if t.Scaling == Unscaled {
		return "units n"
	}
	return t.Scaling.String()
}

// Plot writes the loads against n, or against the scale of it that is extrapolated in, with dashes to the limit, as a PNG file: whole, or not
// at all. With Hebb's rule alone, ErrorFree has the laws as dashes.
func (t *CapacityTable) Plot(path string) error {
	title := "Capacity without a wrong bit"
	if t.Criterion == Recalled {
		title = "Capacity for recall from " + (&RetrievalConfig{Noise: t.Noise}).from()
	}
	c := chart.Chart{Title: title, X: t.axis(), Y: "load m/n", FromZero: true}
	for r, curved := range t.Curves {
		measured := chart.Curve{Name: name(curved.Rule), Loose: t.Scaling != Unscaled, Hue: r + 1}
		for _, p := range curved.Points {
			add(&measured, t.Scaling.of(p.Units), p.Load)
			c.High = max(c.High, 1.05*p.Load.High)
		}
		c.Curves = append(c.Curves, measured)
		if isHebb(curved.Rule) && t.Criterion == ErrorFree && len(t.Curves) == 1 {
			c.Curves = append(c.Curves, t.laws()...)
		}
		if fit := curved.Fit; fit != nil {
			law := chart.Curve{Name: "fit, " + fit.Limit.String(), Law: true, Hue: r + 1}
			first := t.Scaling.of(curved.Points[0].Units)
			add(&law, 0, known(fit.Limit.Value))
			add(&law, first, known(fit.Limit.Value+fit.Slope*first))
			c.Curves = append(c.Curves, law)
			c.High = max(c.High, 1.05*fit.Limit.High)
		}
	}
	return drawn("CapacityTable", path, chart.Write(path, &c))
}
