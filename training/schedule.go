package training

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
)

// Schedule gives the value of a setting, such as the learning rate or the momentum, for each epoch, the first of which
// is 0. A nil Schedule means that the setting stays as it was configured. Any function will do; it must give the same
// value for the same epoch each time, for a resumed run asks again.
type Schedule func(epoch int) float64

// Linear goes from `from` at epoch 0 to `to` at epoch number epochs, and stays there:
//
//	s(t) = from + (to − from) t / epochs    for t < epochs
//
// A run of as many epochs thus ends one step short of `to`, and a rate that goes to 0 is never 0 within the run.
func Linear(from, to float64, epochs int) Schedule {
	return func(epoch int) float64 {
		if epoch >= epochs {
			return to
		}
		return from + (to-from)*float64(epoch)/float64(epochs)
	}
}

// Exponential multiplies by factor each epoch: s(t) = from · factorᵗ.
func Exponential(from, factor float64) Schedule {
	return func(epoch int) float64 { return from * math.Pow(factor, float64(epoch)) }
}

// Steps holds values[e] from epoch e on, until the next epoch that is named. For example, {0: 0.5, 5: 0.9} is Hinton's
// momentum for a restricted Boltzmann machine. Epoch 0 must be named and no epoch be negative; otherwise the value is
// NaN, which the run refuses before it starts.
func Steps(values map[int]float64) Schedule {
	values = maps.Clone(values)
	epochs := slices.Sorted(maps.Keys(values))
	if len(epochs) == 0 || epochs[0] != 0 {
		return func(int) float64 { return math.NaN() }
	}
	return func(epoch int) float64 {
		i, found := slices.BinarySearch(epochs, epoch)
		if !found {
			i--
		}
		return values[epochs[max(i, 0)]]
	}
}

// checkedEpochs are looked at before a run begins, in milliseconds.
const checkedEpochs = 1 << 20

// checkSchedule evaluates s at every epoch of a run. A value that is not a number in [lo, hi] is an error that names the
// epoch; so is a schedule that never changes its value within a run of several epochs, since it does nothing that
// the setting itself would not do. A nil schedule is right. Of a run without end, as those that a context ends, the first epochs are looked at.
func checkSchedule(name string, s Schedule, epochs int, lo, hi float64) error {
	if s == nil {
		return nil
	}
	changes := false
	for epoch := range min(epochs, checkedEpochs) {
		v := s(epoch)
		if math.IsNaN(v) || math.IsInf(v, 0) || v < lo || v > hi {
			return fmt.Errorf("schedule %s: epoch %d: value is %v, want a finite number from %v to %v: %w", name, epoch, v, lo, hi, energy.ErrConfig)
		}
		changes = changes || v != s(0)
	}
	if epochs > 1 && epochs <= checkedEpochs && !changes {
		return fmt.Errorf("schedule %s: the value is %v in all %d epochs, want one that changes: set the value itself instead: %w", name, s(0), epochs, energy.ErrConfig)
	}
	return nil
}
