package exact

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
)

const (
	maxStates = 1 << 22 // states that are listed
	maxTerms  = 1 << 28 // terms of a sum that is not listed
)

// ErrNotEnumerable is returned where a sum over states was asked of units that have no list of states, or of more
// units than can be enumerated.
var ErrNotEnumerable = errors.New("cannot be enumerated")

// Family is a kind of unit.
type Family int

// The values of a unit: Bernoulli {0, 1}; Spin {−1, +1}; OneHot one of q, as q numbers of which one is 1; Gaussian every real; ReLU the reals
// from 0; Binomial the counts 0 … n; Poisson the counts 0, 1, ….
const (
	Bernoulli Family = iota
	Spin
	OneHot
	Gaussian
	ReLU
	Binomial
	Poisson
)

// String is the name of the family.
func (f Family) String() string {
	names := [...]string{"Bernoulli", "Spin", "OneHot", "Gaussian", "ReLU", "Binomial", "Poisson"}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("Family(%d)", int(f))
	}
	return names[f]
}

// Side is one layer of units of one family.
type Side struct {
	Family      Family
	Units       int       // how many numbers; OneHot has Units/States groups of States numbers each
	States      int       // OneHot only: the numbers of a group
	Trials      int       // Binomial only: the largest count
	LogVariance []float64 // Gaussian only: log σ² of each unit; nil means σ² = 1
}

func (s Side) check() error {
	if s.Units < 0 {
		return fmt.Errorf("%d units, want at least 0", s.Units)
	}
	switch {
	case s.Family < Bernoulli || s.Family > Poisson:
		return fmt.Errorf("unknown family %v", s.Family)
	case s.Family == OneHot && (s.States < 1 || s.Units%s.States != 0):
		return fmt.Errorf("%d OneHot numbers in groups of %d states, want whole groups", s.Units, s.States)
	case s.Family != OneHot && s.States != 0:
		return fmt.Errorf("States is %d for %v units, want 0", s.States, s.Family)
	case s.Family == Binomial && s.Trials < 1:
		return fmt.Errorf("Trials is %d for Binomial units, want at least 1", s.Trials)
	case s.Family != Binomial && s.Trials != 0:
		return fmt.Errorf("Trials is %d for %v units, want 0", s.Trials, s.Family)
	case s.Family != Gaussian && s.LogVariance != nil:
		return fmt.Errorf("LogVariance is set for %v units, want nil", s.Family)
	case s.LogVariance != nil && len(s.LogVariance) != s.Units:
		return fmt.Errorf("LogVariance has %d numbers, want %d", len(s.LogVariance), s.Units)
	}
	return nil
}

// listable reports the number of states, or an error if there are more than limit of them or no list.
func (s Side) listable(limit float64) (float64, error) {
	if s.Family == Gaussian || s.endless() {
		return 0, fmt.Errorf("%w: %v units have no list of states", ErrNotEnumerable, s.Family)
	}
	return s.enumerable(limit)
}

// enumerable reports the number of states or, for units that have no end, of points that sums go over; or an error if there are more than
// limit of them.
func (s Side) enumerable(limit float64) (float64, error) {
	if s.Family == Gaussian {
		return 0, fmt.Errorf("%w: Gaussian units have no list of states", ErrNotEnumerable)
	}
	radix, width := s.group()
	n := math.Pow(float64(radix), float64(s.Units/width))
	if n > limit {
		return 0, fmt.Errorf("%w: %d %v units have %.3g states, at most %.3g can be summed", ErrNotEnumerable, s.Units, s.Family, n, limit)
	}
	return n, nil
}

// group is the number of values a group of units takes, or of points of one without end, and the number of numbers that write it.
func (s Side) group() (radix, width int) {
	switch s.Family {
	case OneHot:
		return s.States, s.States
	case Binomial:
		return s.Trials + 1, 1
	case Poisson:
		return lastCount + 1, 1
	case ReLU:
		return len(grid.x), 1
	}
	return 2, 1
}

// each yields every state of a side that is not Gaussian, the last group running fastest, in one slice that the next state overwrites, and the
// logarithm of its weight in sums: 0 but for ReLU units.
func (s Side) each() iter.Seq2[[]float64, float64] {
	radix, width := s.group()
	return func(yield func([]float64, float64) bool) {
		digits, x := make([]int, s.Units/width), make([]float64, s.Units)
		for {
			logWeight := 0.0
			for g, d := range digits {
				switch s.Family {
				case Bernoulli, Binomial, Poisson:
					x[g] = float64(d)
				case Spin:
					x[g] = float64(2*d - 1)
				case OneHot:
					clear(x[g*width : (g+1)*width])
					x[g*width+d] = 1
				case ReLU:
					x[g] = grid.x[d]
					logWeight += grid.logWeight[d]
				}
			}
			if !yield(x, logWeight) {
				return
			}
			g := len(digits) - 1
			for g >= 0 && digits[g] == radix-1 {
				digits[g] = 0
				g--
			}
			if g < 0 {
				return
			}
			digits[g]++
		}
	}
}

// States lists every state of a discrete side; the last unit (or group) runs fastest, and low values come first. A side without
// units has one state, the empty one. More than 2²² states, or units without an end, are ErrNotEnumerable.
func States(s Side) ([][]float64, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("exact: States: %w", err)
	}
	if _, err := s.listable(maxStates); err != nil {
		return nil, fmt.Errorf("exact: States: %w", err)
	}
	return s.list(), nil
}

func (s Side) list() [][]float64 {
	var all [][]float64
	for x := range s.each() {
		all = append(all, slices.Clone(x))
	}
	return all
}

func (s Side) variance(i int) float64 {
	if s.LogVariance == nil {
		return 1
	}
	return math.Exp(s.LogVariance[i])
}

// own is U(x), the energy the units have by themselves; +∞ where they cannot be. Factorials are gamma functions between whole numbers.
func (s Side) own(x []float64) float64 {
	logFactorial := func(k float64) float64 {
		if k < 0 {
			return math.Inf(1)
		}
		value, _ := math.Lgamma(k + 1)
		return value
	}
	var u float64
	for i, xi := range x {
		switch s.Family {
		case Gaussian:
			u += xi * xi / (2 * s.variance(i))
		case ReLU:
			u += xi * xi / 2
			if xi < 0 {
				u = math.Inf(1)
			}
		case Binomial:
			n := float64(s.Trials)
			u += logFactorial(xi) + logFactorial(n-xi) - logFactorial(n)
		case Poisson:
			u += logFactorial(xi)
		}
	}
	return u
}
