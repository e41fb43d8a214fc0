package energy

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// MaxStates bounds enumeration: 2^22 states.
const MaxStates = 1 << 22

// StateCount returns how many joint states the units have. It is an ErrConfig for Gaussian, ReLU and Poisson units and beyond
// MaxStates.
func (u Units) StateCount() (int, error) {
	count := 1
	for _, g := range u.groups {
		states := 2
		switch g.Family {
		case "Gaussian", "ReLU":
			return 0, fmt.Errorf("energy: %v: real units cannot be enumerated: %w", u, ErrConfig)
		case "Poisson":
			return 0, fmt.Errorf("energy: %v: counts without an end cannot be enumerated: %w", u, ErrConfig)
		case "Binomial":
			states = g.Trials + 1
		case "OneHot":
			states = g.States
		}
		for range g.Count {
			if count *= states; count > MaxStates {
				return 0, fmt.Errorf("energy: %v: more than %d states cannot be enumerated: %w", u, MaxStates, ErrConfig)
			}
		}
	}
	return count, nil
}

// State writes joint state i, 0 ≤ i < StateCount, into row, which has Len numbers. The last unit runs fastest.
func (u Units) State(i int, row []float64) {
	end := u.len
	for k := len(u.groups) - 1; k >= 0; k-- {
		g := u.groups[k]
		for range g.Count {
			switch g.Family {
			case "Bernoulli":
				end--
				row[end], i = float64(i%2), i/2
			case "Spin":
				end--
				row[end], i = float64(2*(i%2)-1), i/2
			case "Binomial":
				end--
				row[end], i = float64(i%(g.Trials+1)), i/(g.Trials+1)
			case "OneHot":
				end -= g.States
				clear(row[end : end+g.States])
				row[end+i%g.States] = 1
				i /= g.States
			}
		}
	}
}

// SplitGroup returns the first column of a OneHot group of which mask marks a part only, or −1. mask is nil or Len long.
func (u Units) SplitGroup(mask []bool) int {
	if mask == nil {
		return -1
	}
	lo := 0
	for _, g := range u.groups {
		for end := lo + g.len(); g.Family == "OneHot" && lo < end; lo += g.States {
			for j := lo + 1; j < lo+g.States; j++ {
				if mask[j] != mask[lo] {
					return lo
				}
			}
		}
		if g.Family != "OneHot" {
			lo += g.len()
		}
	}
	return -1
}

// States returns all joint states, (StateCount, Len), in the order of State. The dtype is float32 or float64. It is an ErrConfig for units
// that cannot be enumerated.
func (u Units) States(dtype tensor.Dtype) (*tensor.Dense, error) {
	count, err := u.StateCount()
	if err != nil {
		return nil, err
	}
	if count > math.MaxInt32/max(1, u.len) {
		return nil, fmt.Errorf("energy: %v: %d states of %d numbers are too many to list: %w", u, count, u.len, ErrConfig)
	}
	states := tensor.New(tensor.Of(dtype), tensor.WithShape(count, u.len))
	row := make([]float64, u.len)
	for i := range count {
		u.State(i, row)
		switch data := states.Data().(type) {
		case []float32:
			kernel.Convert(data[i*u.len:(i+1)*u.len], row)
		case []float64:
			copy(data[i*u.len:], row)
		}
	}
	return states, nil
}

// UnitOf returns the unit that a column belongs to, counted from 0: the columns of a OneHot unit are of one, any other column is a unit.
func (u Units) UnitOf(column int) int {
	unit := 0
	for _, g := range u.groups {
		if column < g.len() {
			if g.Family == "OneHot" {
				return unit + column/g.States
			}
			return unit + column
		}
		column -= g.len()
		unit += g.Count
	}
	return unit
}
