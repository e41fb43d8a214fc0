package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// retrieved is the overlap from which a pattern counts as recalled: one wrong bit in twenty.
const retrieved = 0.9

// RetrievalConfig says of which networks recall is measured.
type RetrievalConfig struct {
	Rules []associative.Rule // nil means Hebb{} alone
	// Units are the sizes n, ascending; nil means 100, 200 and 400.
	Units []int
	// Loads are α = m/n, ascending; m is rounded, and at least 1. nil means 0.02, 0.04, … 0.3.
	Loads []float64
	// Noise is the share of bits flipped where recall starts, below one half; 0 starts from the pattern itself.
	Noise    float64
	Ties     associative.Ties
	Sets     int // of patterns; 0 means 20
	Tried    int // patterns that each network recalls, the first ones; 0 means 50
	Seed     uint64
	Progress Progress // nil for none
}

func (c *RetrievalConfig) fill() error {
	if c.Units == nil {
		c.Units = []int{100, 200, 400}
	}
	if c.Loads == nil {
		for k := 1; k <= 15; k++ {
			c.Loads = append(c.Loads, float64(k)/50)
		}
	}
	set(&c.Sets, 20)
	set(&c.Tried, 50)
	c.Rules, c.Units, c.Loads = rulesOr(c.Rules), slices.Clone(c.Units), slices.Clone(c.Loads)
	noise := error(nil)
	if !(c.Noise >= 0 && c.Noise < 0.5) {
		noise = fmt.Errorf("Noise is %v, want a share of at least 0 and below one half: %w", c.Noise, energy.ErrConfig)
	}
	return cmp.Or(validRules(c.Rules), validAscending("Units", c.Units, 1, maxUnits), validAscending("Loads", c.Loads, 0, 64), noise,
		validTies(c.Ties), validRange("Sets", c.Sets, 2, maxSets), validRange("Tried", c.Tried, 1, maxSets))
}

// RetrievalCurve is how a rule recalls in networks of one size. Index k belongs to the load Loads[k]. It ends before the first load of which
// the rule refuses a set, as Projection refuses n independent patterns.
type RetrievalCurve struct {
	Rule      associative.Rule
	Units     int
	Stored    []int
	Overlap   []Estimate // the mean overlap ξ·x/n of what recall ends in
	Retrieved []Estimate // the share of patterns whose overlap is at least 0.9
}

// RetrievalTable is a curve for each rule and size.
type RetrievalTable struct {
	RetrievalConfig // with everything filled in
	Curves          []RetrievalCurve
}

// Retrieval measures how well patterns are recalled from themselves, or from a copy with noise: asynchronously, in random orders, until
// the network is at rest. Of Hebb's rule the overlap breaks down at the load 0.138, the more sharply the more units there are.
//
// Errors: ErrConfig; those of the rules; context's error when it ends. Cost: learning, then n² for each start and n a flip.
//
// Source: D. J. Amit, H. Gutfreund, H. Sompolinsky, "Statistical mechanics of neural networks near saturation", Annals of Physics 173 (1987).
func Retrieval(ctx context.Context, c RetrievalConfig) (*RetrievalTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: Retrieval: %w", err)
	}
	t := &RetrievalTable{RetrievalConfig: c}
	for _, rule := range c.Rules {
		for _, n := range c.Units {
			curve, err := c.curve(ctx, rule, n, c.part(len(t.Curves)))
			if err != nil {
				return nil, fmt.Errorf("experiment: Retrieval: %v, %d units: %w", rule, n, err)
			}
			t.Curves = append(t.Curves, curve)
		}
	}
	return t, nil
}

// part is the progress of one curve.
func (c *RetrievalConfig) part(k int) Progress {
	return c.Progress.part(k, len(c.Rules)*len(c.Units))
}

func (c *RetrievalConfig) curve(ctx context.Context, rule associative.Rule, n int, progress Progress) (RetrievalCurve, error) {
	curve := RetrievalCurve{Rule: rule, Units: n}
	overlap, found := make([][]float64, len(c.Loads)), make([][]float64, len(c.Loads))
	refused := make([]int, c.Sets) // the first load that the rule refuses
	for k, load := range c.Loads {
		curve.Stored = append(curve.Stored, max(1, int(math.Round(load*float64(n)))))
		overlap[k], found[k] = make([]float64, c.Sets), make([]float64, c.Sets)
	}
	r := newRecaller(c.Seed, n, c.Noise, c.Ties, c.Tried)
	err := eachSet(ctx, c.Sets, progress, func(set int) error {
		patterns := r.patterns.draw(set, curve.Stored[len(c.Loads)-1])
		refused[set] = len(c.Loads)
		for k, m := range curve.Stored {
			overlaps, err := r.overlaps(ctx, rule, set, patterns[:m*n])
			if err != nil && unlessRefused(err, m) == nil {
				refused[set] = k
				break
			}
			if err != nil {
				return fmt.Errorf("set %d, %d patterns: %w", set, m, err)
			}
			for _, o := range overlaps {
				overlap[k][set] += o
				if o >= retrieved {
					found[k][set]++
				}
			}
			overlap[k][set] /= float64(len(overlaps))
			found[k][set] /= float64(len(overlaps))
		}
		return nil
	})
	curve.Stored = curve.Stored[:slices.Min(refused)]
	for k := range curve.Stored {
		curve.Overlap = append(curve.Overlap, meanOf(overlap[k]))
		curve.Retrieved = append(curve.Retrieved, shareOf(found[k]))
	}
	return curve, err
}

// recaller recalls patterns from noise.
type recaller struct {
	patterns sets
	orders   rng.Stream
	seed     uint64
	n, flips int
	ties     associative.Ties
	tried    int
}

func newRecaller(seed uint64, n int, noise float64, ties associative.Ties, tried int) *recaller {
	return &recaller{
		patterns: newSets(seed, "patterns", n, false), orders: rng.New(seed, "experiment orders"), seed: seed,
		n: n, flips: int(math.Round(noise * float64(n))), ties: ties, tried: tried,
	}
}

// overlaps learns patterns, and returns the overlaps with which the first of them are recalled.
func (r *recaller) overlaps(ctx context.Context, rule associative.Rule, set int, patterns []float64) ([]float64, error) {
	h, err := learn(ctx, rule, r.ties, patterns, r.n)
	if err != nil {
		return nil, err
	}
	starts := slices.Clone(patterns[:min(len(patterns), r.tried*r.n)])
	drawn := newFlips(r.seed, r.n)
	for mu := range len(starts) / r.n {
		drawn.draw(set, uint64(mu), starts[mu*r.n:(mu+1)*r.n], r.flips)
	}
	got, err := h.Recall(rows(starts, r.n), associative.Asynchronous{Seed: r.orders.Uint64(uint64(set))})
	if err != nil {
		return nil, err
	}
	overlaps, x := make([]float64, len(starts)/r.n), got.States.Float64s()
	for mu := range overlaps {
		overlaps[mu] = kernel.Dot(patterns[mu*r.n:(mu+1)*r.n], x[mu*r.n:(mu+1)*r.n]) / float64(r.n)
	}
	return overlaps, nil
}

// String is a table with two lines for each curve and a column for each load.
func (t *RetrievalTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "recall from %s (%d sets, ties %v)\n%-40s", t.from(), t.Sets, t.Ties, "load m/n")
	for _, load := range t.Loads {
		fmt.Fprintf(&s, "%7.3f", load)
	}
	widest := 0.0
	for _, curve := range t.Curves {
		for _, line := range []struct {
			name      string
			estimates []Estimate
		}{{"overlap", curve.Overlap}, {"share recalled", curve.Retrieved}} {
			fmt.Fprintf(&s, "\n%-40s", fmt.Sprintf("%s, n = %d: %s", name(curve.Rule), curve.Units, line.name))
			for _, e := range line.estimates {
				fmt.Fprintf(&s, "%7.3f", e.Value)
				widest = max(widest, e.High-e.Value, e.Value-e.Low)
			}
		}
	}
	fmt.Fprintf(&s, "\nrecalled: overlap of %g or more; intervals of 95 %%: at most ± %.3f", retrieved, widest)
	return s.String()
}

// from names the start.
func (c *RetrievalConfig) from() string {
	if c.Noise == 0 {
		return "the pattern itself"
	}
	return fmt.Sprintf("%g %% flipped bits", 100*c.Noise)
}

// Plot writes the overlaps against the load, a curve for each rule and size, as a PNG file: whole, or not at all.
func (t *RetrievalTable) Plot(path string) error {
	c := chart.Chart{Title: "Recall from " + t.from(), X: "load m/n", Y: "overlap after recall", Low: 0, High: 1}
	for _, curved := range t.Curves {
		curve := chart.Curve{Name: fmt.Sprintf("%s, n = %d", name(curved.Rule), curved.Units)}
		for k, m := range curved.Stored {
			add(&curve, float64(m)/float64(curved.Units), curved.Overlap[k])
			c.Low = min(c.Low, curved.Overlap[k].Low)
		}
		c.Curves = append(c.Curves, curve)
	}
	return drawn("RetrievalTable", path, chart.Write(path, &c))
}
