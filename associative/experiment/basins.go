package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/chart"
)

// maxEnumerated is the most units of which all states are run through.
const maxEnumerated = 16

// BasinConfig says which basins are measured.
type BasinConfig struct {
	Rule  associative.Rule // nil means Hebb{}
	Units int              // n; 0 means 10
	// Stored are the numbers of patterns, ascending; nil means 1 to 10.
	Stored []int
	// Distance is the largest Hamming distance from a pattern; 0 means 4.
	Distance int
	// Steps are the synchronous updates after which a vector must be the pattern; 0 means 1, recall in one step.
	Steps int
	Ties  associative.Ties
	Sets  int // of patterns; 0 means 1000
	// Samples are the vectors drawn at each distance from each pattern. 0 means all vectors there are, for up to 16 units.
	Samples int
	// Distinct draws sets without equal patterns. Otherwise each pattern is drawn independently.
	Distinct bool
	Seed     uint64
	Progress Progress // nil for none
}

func (c *BasinConfig) fill() error {
	set(&c.Units, 10)
	set(&c.Distance, 4)
	set(&c.Steps, 1)
	set(&c.Rule, associative.Rule(associative.Hebb{}))
	set(&c.Sets, 1000)
	if c.Stored == nil {
		c.Stored = upTo(1, 10)
	}
	c.Stored = slices.Clone(c.Stored)
	most := 1 << 24
	if c.Distinct && c.Units < 24 {
		most = 1 << max(0, c.Units)
	}
	enumerated := error(nil)
	if c.Samples == 0 && c.Units > maxEnumerated {
		enumerated = fmt.Errorf("Samples is 0 and Units %d, want vectors to be sampled where there are more than %d units: %w",
			c.Units, maxEnumerated, energy.ErrConfig)
	}
	return cmp.Or(validRange("Units", c.Units, 1, maxUnits), validAscending("Stored", c.Stored, 1, most),
		validRange("Distance", c.Distance, 1, c.Units), validRange("Steps", c.Steps, 1, 1<<20), validTies(c.Ties),
		validRange("Sets", c.Sets, 2, maxSets), validRange("Samples", c.Samples, 0, maxSets), enumerated)
}

// upTo lists whole numbers.
func upTo(from, to int) []int {
	list := make([]int, 0, to-from+1)
	for k := from; k <= to; k++ {
		list = append(list, k)
	}
	return list
}

// BasinTable is how many vectors near to stored patterns are recalled as these.
type BasinTable struct {
	BasinConfig // with everything filled in
	// Shares[k][h] is the share of the vectors at Hamming distance h from one of Stored[k] patterns that are this pattern after Steps
	// updates. At distance 0 it is the share of patterns that stay or come back.
	Shares [][]Estimate
	// Index[k] is the index of attraction I = Σ_h h·p_h of these shares. In the literature it goes to Distance 5.
	Index []Estimate
}

// Basins measures, for sets of random patterns, which share of the vectors at each Hamming distance from a stored pattern becomes that
// pattern under synchronous updates: f^Steps(v) = ξ. The distances to the other patterns do not count.
//
// The classical tables are of 10 units, with the diagonal kept and with units that stay as they are at a field of 0 (Ties Keep).
//
// Errors: ErrConfig; those of the rule; context's error when it ends.
// Cost: where all vectors are looked at, one update of all 2^n states for each network; else Steps·n² or less for each sample.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 12.
func Basins(ctx context.Context, c BasinConfig) (*BasinTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: Basins: %w", err)
	}
	// of[k][h][s] is the share in set s.
	of, index := make([][][]float64, len(c.Stored)), make([][]float64, len(c.Stored))
	for k := range of {
		index[k] = make([]float64, c.Sets)
		of[k] = make([][]float64, c.Distance+1)
		for h := range of[k] {
			of[k][h] = make([]float64, c.Sets)
		}
	}
	drawn := newSets(c.Seed, "patterns", c.Units, c.Distinct)
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns := drawn.draw(set, c.Stored[len(c.Stored)-1])
		for k, m := range c.Stored {
			p, err := c.shares(ctx, set, patterns[:m*c.Units])
			if err != nil {
				return fmt.Errorf("set %d, %d patterns: %w", set, m, err)
			}
			for h, share := range p {
				of[k][h][set] = share
				index[k][set] += float64(h) * share
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: Basins: %w", err)
	}
	t := &BasinTable{BasinConfig: c}
	for k := range of {
		t.Index = append(t.Index, meanOf(index[k]))
		shares := make([]Estimate, c.Distance+1)
		for h := range shares {
			shares[h] = shareOf(of[k][h])
		}
		t.Shares = append(t.Shares, shares)
	}
	return t, nil
}

// shares returns the share of each distance in one network.
func (c *BasinConfig) shares(ctx context.Context, set int, patterns []float64) ([]float64, error) {
	h, err := learn(ctx, c.Rule, c.Ties, patterns, c.Units)
	if err != nil {
		return nil, err
	}
	if c.Samples > 0 {
		return c.sampled(ctx, h, set, patterns)
	}
	return c.enumerated(h, patterns)
}

// enumerated looks at all states.
func (c *BasinConfig) enumerated(h *associative.Hopfield, patterns []float64) ([]float64, error) {
	next, err := stepTable(h)
	if err != nil {
		return nil, err
	}
	hits, tried := make([]int, c.Distance+1), make([]int, c.Distance+1)
	codes := codesOf(patterns, c.Units)
	for v := range next {
		end := v
		for range c.Steps {
			if next[end] == end {
				break
			}
			end = next[end]
		}
		for _, code := range codes {
			if d := bits.OnesCount(uint(v ^ code)); d <= c.Distance {
				tried[d]++
				if end == code {
					hits[d]++
				}
			}
		}
	}
	return ratios(hits, tried), nil
}

// stepTable returns the state that each of the 2^n states becomes at once, states being numbers whose bit i is unit i.
func stepTable(h *associative.Hopfield) ([]int, error) {
	n := h.Len()
	states := make([]float64, n<<n)
	for code := range 1 << n {
		decode(code, states[code*n:(code+1)*n])
	}
	got, err := h.Recall(rows(states, n), associative.Synchronous{MaxSweeps: 1})
	if err != nil {
		return nil, err
	}
	return codesOf(got.States.Float64s(), n), nil
}

// codesOf returns the numbers of states.
func codesOf(states []float64, n int) []int {
	codes := make([]int, len(states)/n)
	for k, v := range states {
		if v == 1 {
			codes[k/n] |= 1 << (k % n)
		}
	}
	return codes
}

// decode writes the state of a number.
func decode(code int, x []float64) {
	for i := range x {
		x[i] = float64(2*(code>>i&1) - 1)
	}
}

// sampled looks at vectors drawn at each distance.
func (c *BasinConfig) sampled(ctx context.Context, net *associative.Hopfield, set int, patterns []float64) ([]float64, error) {
	n, drawn := c.Units, newFlips(c.Seed, c.Units)
	hits, tried := make([]int, c.Distance+1), make([]int, c.Distance+1)
	starts := make([]float64, 0, (c.Distance+1)*c.Samples*n)
	for mu := range len(patterns) / n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pattern := patterns[mu*n : (mu+1)*n]
		starts = starts[:0]
		for h := range c.Distance + 1 {
			for s := range c.Samples {
				starts = append(starts, pattern...)
				drawn.draw(set, uint64((mu*(c.Distance+1)+h)*c.Samples+s), starts[len(starts)-n:], h)
			}
		}
		ends, err := after(net, starts, c.Steps)
		if err != nil {
			return nil, err
		}
		for k := range len(ends) / n {
			h := k / c.Samples
			tried[h]++
			if slices.Equal(ends[k*n:(k+1)*n], pattern) {
				hits[h]++
			}
		}
	}
	return ratios(hits, tried), nil
}

// after returns what states are after so many synchronous updates. Recall stops where it sees a cycle; what is left of a turn is made up.
func after(h *associative.Hopfield, states []float64, steps int) ([]float64, error) {
	n := h.Len()
	got, err := h.Recall(rows(states, n), associative.Synchronous{MaxSweeps: steps})
	if err != nil {
		return nil, err
	}
	ends := got.States.Float64s()
	for k, cycle := range got.Cycle {
		if cycle == 0 {
			continue
		}
		if left := (steps - got.Sweeps[k]) % cycle; left > 0 {
			end := ends[k*n : (k+1)*n]
			more, err := after(h, end, left)
			if err != nil {
				return nil, err
			}
			copy(end, more)
		}
	}
	return ends, nil
}

func ratios(hits, tried []int) []float64 {
	p := make([]float64, len(hits))
	for k := range p {
		p[k] = float64(hits[k]) / float64(tried[k])
	}
	return p
}

// steps names what is done with a vector.
func (c BasinConfig) steps() string {
	if c.Steps == 1 {
		return "in one step"
	}
	return fmt.Sprintf("after %d steps", c.Steps)
}

// around names the vectors.
func (c BasinConfig) around() string {
	if c.Samples > 0 {
		return fmt.Sprintf("%d vectors sampled at each distance", c.Samples)
	}
	return "all vectors"
}

// String is a table with a line for each distance and a column for each number of patterns, in per cent, and below it the largest
// half-width of an interval.
func (t *BasinTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %d units: %% of vectors that are the stored pattern %s (%d sets, %s, ties %v)\n%4s",
		name(t.Rule), t.Units, t.steps(), t.Sets, t.around(), t.Ties, "H\\m")
	for _, m := range t.Stored {
		fmt.Fprintf(&s, "%7d", m)
	}
	widest := 0.0
	for h := range t.Distance + 1 {
		fmt.Fprintf(&s, "\n%4d", h)
		for k := range t.Stored {
			e := t.Shares[k][h]
			fmt.Fprintf(&s, "%7.1f", 100*e.Value)
			widest = max(widest, e.High-e.Value, e.Value-e.Low)
		}
	}
	fmt.Fprintf(&s, "\n%4s", "I")
	for _, e := range t.Index {
		fmt.Fprintf(&s, "%7.2f", e.Value)
	}
	fmt.Fprintf(&s, "\nintervals of 95 %%: at most ± %.1f", 100*widest)
	return s.String()
}

// Plot writes the shares against the number of patterns, a curve for each distance, as a PNG file: whole, or not at all.
func (t *BasinTable) Plot(path string) error {
	c := chart.Chart{
		Title: fmt.Sprintf("%s, %d units, %s", name(t.Rule), t.Units, t.steps()), X: "stored patterns m", Whole: true, Y: "vectors that become the pattern, %",
		Legend: "distance", Low: 0, High: 100,
	}
	for h := range t.Distance + 1 {
		curve := chart.Curve{Name: fmt.Sprint(h)}
		for k, m := range t.Stored {
			add(&curve, float64(m), t.Shares[k][h].scaled(100))
		}
		c.Curves = append(c.Curves, curve)
	}
	return drawn("BasinTable", path, chart.Write(path, &c))
}
