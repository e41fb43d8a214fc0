package modernhopfield

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// CapacityTrials says how a capacity is measured.
type CapacityTrials struct {
	Seed       uint64
	Trials     int               // sets of patterns drawn of each number of patterns; 0 means 100
	Separation energy.Separation // the zero value is the softmax
	Steps      int               // updates of a state at most; 0 means until it has settled
	Noise      float64           // how far from its pattern a state starts, as a share of M: in a random direction
	Error      float64           // how far from its pattern a state may end, as a share of M; 0 means 0.1
	Limit      int               // the most patterns tried; 0 means 10,000
	Confidence float64           // of the intervals; 0 means 0.95
}

// CapacityPoint is what was seen with one number of patterns.
type CapacityPoint struct {
	Patterns, Trials, Failures int
	Low, High                  float64 // the interval of Clopper and Pearson for the probability of a failure
}

// Rate is the share of failures.
func (p CapacityPoint) Rate() float64 { return float64(p.Failures) / float64(p.Trials) }

// MeasuredCapacity is how many random patterns a memory was seen to store.
type MeasuredCapacity struct {
	// Patterns is the largest number tried whose rate of failures, and that of all smaller numbers tried, is at most Failure.
	Patterns int
	// Low is the largest number tried with which failures are, at the confidence, no more probable than Failure, and High the smallest
	// with which they are more probable. Low is at least 1, since one pattern is always stored; High is 0 where Limit was in the way.
	Low, High int
	Points    []CapacityPoint // what was tried, ascending
}

// String gives the number and its interval: "110 patterns (64 to 128)".
func (m *MeasuredCapacity) String() string {
	if m.High == 0 {
		return fmt.Sprintf("%d patterns (%d or more)", m.Patterns, m.Low)
	}
	return fmt.Sprintf("%d patterns (%d to %d)", m.Patterns, m.Low, m.High)
}

// MeasureCapacity measures how many random patterns a memory stores all together, except with the probability r.Failure. A trial draws
// that many patterns and fails unless, of states that start at Noise·M from each of them, every one ends within Error·M of its own.
// Numbers of patterns are doubled until failures are surely too many, and then the interval in between is halved down to a
// sixteenth.
//
// To say anything for sure about a small Failure takes some 4/Failure trials. When ctx ends, what was found so far is returned with
// the error. Cost: some 20 numbers of patterns; at each of them, Trials·N²·d·2 multiply-adds a step, fewer where trials fail.
func MeasureCapacity(ctx context.Context, r RandomPatterns, c CapacityTrials) (*MeasuredCapacity, error) {
	fail := func(err error) (*MeasuredCapacity, error) {
		return nil, fmt.Errorf("modernhopfield: MeasureCapacity: %w", err)
	}
	if err := r.check(); err != nil {
		return fail(err)
	}
	if err := c.fill(); err != nil {
		return fail(err)
	}
	m := &capacityMeasurement{RandomPatterns: r, CapacityTrials: c, found: &MeasuredCapacity{Patterns: 1, Low: 1}}
	if err := m.search(ctx); err != nil {
		return m.found, fmt.Errorf("modernhopfield: MeasureCapacity: %w", err)
	}
	return m.found, nil
}

// fill puts in what 0 means, and validates.
func (c *CapacityTrials) fill() error {
	set(&c.Trials, 100)
	set(&c.Error, 0.1)
	set(&c.Limit, 10_000)
	set(&c.Confidence, 0.95)
	switch {
	case c.Trials < 1 || c.Trials > 1<<24:
		return fmt.Errorf("Trials is %d, want 1 to 2^24: %w", c.Trials, energy.ErrConfig)
	case c.Steps < 0:
		return fmt.Errorf("Steps is %d, want at least 0: %w", c.Steps, energy.ErrConfig)
	case !(c.Noise >= 0) || math.IsInf(c.Noise, 0):
		return fmt.Errorf("Noise is %g, want at least 0: %w", c.Noise, energy.ErrConfig)
	case !(c.Error > 0) || math.IsInf(c.Error, 0):
		return fmt.Errorf("Error is %g, want above 0: %w", c.Error, energy.ErrConfig)
	case c.Limit < 2 || c.Limit > 1<<24:
		return fmt.Errorf("Limit is %d, want 2 to 2^24: %w", c.Limit, energy.ErrConfig)
	case !(c.Confidence > 0 && c.Confidence < 1):
		return fmt.Errorf("Confidence is %g, want a number between 0 and 1: %w", c.Confidence, energy.ErrConfig)
	case c.Separation.Learned():
		return fmt.Errorf("%v: a memory learns nothing, want a fixed α: %w", c.Separation, energy.ErrConfig)
	}
	return c.Separation.Validate()
}

func set[T int | float64](field *T, to T) {
	if *field == 0 {
		*field = to
	}
}

// capacityMeasurement is a measurement at work.
type capacityMeasurement struct {
	RandomPatterns
	CapacityTrials
	found *MeasuredCapacity
}

func (m *capacityMeasurement) search(ctx context.Context) error {
	good, bad := 1, 0
	for n := 2; m.found.High == 0; n *= 2 {
		n = min(n, m.Limit)
		p, err := m.point(ctx, n)
		if err != nil {
			return err
		}
		if p.Rate() > m.Failure && bad == 0 {
			bad = n
		}
		if bad == 0 {
			good = n
		}
		if n == m.Limit {
			break
		}
	}
	for bad-good > max(1, good/16) {
		n := good + (bad-good)/2
		p, err := m.point(ctx, n)
		if err != nil {
			return err
		}
		if p.Rate() > m.Failure {
			bad = n
		} else {
			good = n
		}
	}
	return nil
}

// point makes the trials with n patterns and takes them into what was found.
func (m *capacityMeasurement) point(ctx context.Context, n int) (CapacityPoint, error) {
	p := CapacityPoint{Patterns: n, Trials: m.Trials}
	for trial := range m.Trials {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		failed, err := m.fails(n, trial)
		if err != nil {
			return p, err
		}
		if failed {
			p.Failures++
		}
	}
	p.Low, p.High = clopperPearson(p.Failures, p.Trials, m.Confidence)
	f := m.found
	f.Points = append(f.Points, p)
	slices.SortFunc(f.Points, func(a, b CapacityPoint) int { return a.Patterns - b.Patterns })
	f.Patterns, f.Low, f.High = 1, 1, 0
	below := true
	for _, p := range f.Points {
		if below = below && p.Rate() <= m.Failure; below {
			f.Patterns = p.Patterns
		}
		if p.High <= m.Failure {
			f.Low = p.Patterns
		}
		if p.Low > m.Failure && f.High == 0 {
			f.High = p.Patterns
		}
	}
	return p, nil
}

// fails makes one trial.
func (m *capacityMeasurement) fails(n, trial int) (bool, error) {
	const chunk = 256 // states at a time: most trials that fail do so early
	largest, stream, step := m.largest(), rng.New(m.Seed, "capacity"), uint64(n)<<24|uint64(trial)
	draw := func(i, part int, length float64, dst []float32) {
		rng.Normal(stream.Row(i, step).Part(part), dst)
		kernel.Scale(dst, dst, float32(length/math.Sqrt(kernel.Dot(dst, dst))))
	}
	d := m.Dim
	x := make([]float32, n*d)
	for i := range n {
		draw(i, 0, largest, x[i*d:(i+1)*d])
	}
	memory, err := NewMemory(tensor.New(tensor.WithShape(n, d), tensor.WithBacking(x)),
		MemoryConfig{Beta: m.Beta, Separation: m.Separation, Steps: m.Steps})
	if err != nil {
		return false, err
	}
	store := memory.store.(*numbers[float32])
	states := make([]float32, chunk*d)
	for from := 0; from < n; from += chunk {
		count := min(chunk, n-from)
		start := states[:count*d]
		if m.Noise > 0 {
			for i := range count {
				draw(from+i, 1, m.Noise*largest, start[i*d:(i+1)*d])
			}
		} else {
			clear(start)
		}
		kernel.Axpy(1, x[from*d:(from+count)*d], start)
		r, _, err := store.settle(start)
		if err != nil {
			return false, err
		}
		end := dataOf[float32](r.States)
		for i := range count {
			if distance(end[i*d:(i+1)*d], x[(from+i)*d:(from+i+1)*d]) > m.Error*largest {
				return true, nil
			}
		}
	}
	return false, nil
}

// clopperPearson is the exact interval for the probability of an event that was seen so many times.
//
// Source: C. Clopper, E. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
// (1934).
func clopperPearson(seen, trials int, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	k, n := float64(seen), float64(trials)
	high = 1
	if seen > 0 {
		low = mathext.InvRegIncBeta(k, n-k+1, tail)
	}
	if seen < trials {
		high = mathext.InvRegIncBeta(k+1, n-k, 1-tail)
	}
	return low, high
}
