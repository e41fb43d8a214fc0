package experiment

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Progress is told, one call at a time, how many of an experiment's parts are done.
type Progress func(done, total int)

// eachSet calls f for sets 0 … sets−1, side by side. It returns the error of the first set that has one, whatever the number of
// processors: a set is left out only when one before it has failed, or when ctx has ended.
func eachSet(ctx context.Context, sets int, progress Progress, f func(set int) error) error {
	var mutex sync.Mutex
	failed, done := sets, 0
	var first error
	kernel.Parallel(sets, 1, func(lo, hi int) {
		for set := lo; set < hi; set++ {
			mutex.Lock()
			skip := set > failed
			mutex.Unlock()
			if skip || ctx.Err() != nil {
				continue
			}
			err := f(set)
			mutex.Lock()
			if err != nil && set < failed {
				failed, first = set, err
			}
			if done++; progress != nil {
				progress(done, sets)
			}
			mutex.Unlock()
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	return first
}

// sets draws patterns.
type sets struct {
	stream rng.Stream
	n      int
	// distinct draws a pattern again that the set has.
	distinct bool
}

func newSets(seed uint64, purpose string, n int, distinct bool) sets {
	return sets{rng.New(seed, "experiment "+purpose), n, distinct}
}

// draw returns the first m patterns of a set, (m, n).
func (s sets) draw(set, m int) []float64 {
	x, u := make([]float64, m*s.n), make([]float32, s.n)
	for mu := range m {
		pattern := x[mu*s.n : (mu+1)*s.n]
		for try := uint64(0); ; try++ {
			rng.Uniform(s.stream.Row(set, uint64(mu)|try<<32), u)
			for i, v := range u {
				pattern[i] = -1
				if v < 0.5 {
					pattern[i] = 1
				}
			}
			if !s.distinct || !contains(x[:mu*s.n], pattern) {
				break
			}
		}
	}
	return x
}

// contains reports whether rows have a row.
func contains(rows, row []float64) bool {
	for ; len(rows) > 0; rows = rows[len(row):] {
		if slices.Equal(rows[:len(row)], row) {
			return true
		}
	}
	return false
}

// flips draws which units differ from a pattern.
type flips struct {
	stream rng.Stream
	units  []int
	u      []float64
}

func newFlips(seed uint64, n int) *flips {
	return &flips{rng.New(seed, "experiment flips"), make([]int, n), make([]float64, n)}
}

// draw flips h units of x, of those that are equally many all sets as probable. The draws belong to a set and a step.
func (f *flips) draw(set int, step uint64, x []float64, h int) {
	for i := range f.units {
		f.units[i] = i
	}
	rng.Uniform(f.stream.Row(set, step), f.u[:h])
	for k, u := range f.u[:h] {
		other := k + int(u*float64(len(f.units)-k))
		f.units[k], f.units[other] = f.units[other], f.units[k]
		x[f.units[k]] *= -1
	}
}

// learn makes a network of (m, n) patterns.
func learn(ctx context.Context, rule associative.Rule, ties associative.Ties, patterns []float64, n int) (*associative.Hopfield, error) {
	h, err := rule.Learn(ctx, rows(patterns, n))
	if err == nil && (h == nil || h.Len() != n || h.Config().Binary) {
		err = fmt.Errorf("the rule made no network of %d bipolar units: %w", n, energy.ErrConfig)
	}
	if err != nil {
		return nil, err
	}
	return h.WithTies(ties)
}

// rows makes a tensor of states, and shares their memory.
func rows(states []float64, n int) *tensor.Dense {
	return matrix.Tensor(tensor.Float64, states, len(states)/n, n)
}

// set fills in a setting that is 0.
func set[T comparable](field *T, to T) {
	var zero T
	if *field == zero {
		*field = to
	}
}

// rulesOr returns a copy of rules, or Hebb's where there are none.
func rulesOr(rules []associative.Rule) []associative.Rule {
	if rules == nil {
		return []associative.Rule{associative.Hebb{}}
	}
	return slices.Clone(rules)
}

func validRules(rules []associative.Rule) error {
	if len(rules) == 0 {
		return fmt.Errorf("Rules: none given, want associative.Hebb{}, say: %w", energy.ErrConfig)
	}
	for k, rule := range rules {
		if rule == nil {
			return fmt.Errorf("Rules %d is nil, want associative.Hebb{}, say: %w", k, energy.ErrConfig)
		}
	}
	return nil
}

func validTies(ties associative.Ties) error {
	if ties != associative.Keep && ties != associative.Minus {
		return fmt.Errorf("Ties: %v is not known, want Keep or Minus: %w", ties, energy.ErrConfig)
	}
	return nil
}

// validRange holds a setting to its bounds.
func validRange(name string, value, low, high int) error {
	if value < low || value > high {
		return fmt.Errorf("%s is %d, want %d to %d: %w", name, value, low, high, energy.ErrConfig)
	}
	return nil
}

// validAscending holds a list to its bounds, and wants it to ascend.
func validAscending[T int | float64](name string, list []T, low, high T) error {
	if len(list) == 0 {
		return fmt.Errorf("%s: none given: %w", name, energy.ErrConfig)
	}
	for k, v := range list {
		if !(v >= low && v <= high) {
			return fmt.Errorf("%s %d is %v, want %v to %v: %w", name, k, v, low, high, energy.ErrConfig)
		}
		if k > 0 && v <= list[k-1] {
			return fmt.Errorf("%s are %v, want them to ascend: %w", name, list, energy.ErrConfig)
		}
	}
	return nil
}

const (
	maxUnits = 1 << 16 // a network of that many holds 32 GiB
	maxSets  = 1 << 24
)

// part is the progress of part k of several of equal length.
func (p Progress) part(k, parts int) Progress {
	if p == nil {
		return nil
	}
	return func(done, total int) { p(k*total+done, parts*total) }
}
