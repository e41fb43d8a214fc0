package sampling

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
)

// discreteUnit is a unit of finitely many values: of one column that is low or 1, or of q columns of which one is 1 and the others
// are 0. A unit of another family has the name of it.
type discreteUnit struct {
	lo, width int
	low       float64
	other     string
}

// discreteUnits is a side of them, and which of them a step may move.
type discreteUnits struct {
	side  energy.Units
	units []discreteUnit
	free  []bool // of each unit
	any   bool   // one of them is free
}

// read takes the units of a side, once.
func (d *discreteUnits) read(u energy.Units) error {
	if err := u.Validate(); err != nil {
		return fmt.Errorf("Units: %w", err)
	}
	d.side = u
	lo := 0
	for _, one := range u.Split() {
		unit := discreteUnit{lo: lo, width: one.Len()}
		switch family := one.Families()[0]; family {
		case "Spin":
			unit.low = -1
		case "Bernoulli", "OneHot":
		default:
			unit.other = family
		}
		d.units = append(d.units, unit)
		lo += unit.width
	}
	d.free = make([]bool, len(d.units))
	return nil
}

// check returns what is wrong with a clamp or with a state, and notes which units are free: those without a clamp.
func (d *discreteUnits) check(clamp []bool, x *tensor.Dense) error {
	u := d.side
	if x.Shape()[1] != u.Len() {
		return fmt.Errorf("visible state: shape %v, want (chains, %d): %w", x.Shape(), u.Len(), energy.ErrShape)
	}
	if err := checkClamp(u, clamp); err != nil {
		return fmt.Errorf("clamp %w", err)
	}
	d.any = false
	for k, unit := range d.units {
		d.free[k] = clamp == nil || !clamp[unit.lo]
		d.any = d.any || d.free[k]
		if d.free[k] && unit.other != "" {
			return fmt.Errorf("column %d of %v is a %s unit and not clamped, want Bernoulli, Spin and OneHot units: %w", unit.lo, u, unit.other, energy.ErrConfig)
		}
	}
	var i, j int
	if x.Dtype() == tensor.Float32 {
		i, j = outsideUnits(d, op.Numbers[float32](x))
	} else {
		i, j = outsideUnits(d, op.Numbers[float64](x))
	}
	if i >= 0 {
		at, _ := x.At(i, j)
		return fmt.Errorf("visible state: row %d, column %d is %v, want a value of a unit of %v and no mean: %w", i, j, at, u, energy.ErrRange)
	}
	return nil
}

// outsideUnits returns the first row and column at which a free unit has none of its values, or −1.
func outsideUnits[T kernel.Float](d *discreteUnits, x []T) (i, j int) {
	n := 0
	for _, unit := range d.units {
		n += unit.width
	}
	for i := range len(x) / n {
		x := row(x, i, n)
		for k := range d.units {
			unit := &d.units[k]
			if !d.free[k] {
				continue
			}
			if unit.width == 1 {
				if v := x[unit.lo]; v != 1 && v != T(unit.low) {
					return i, unit.lo
				}
				continue
			}
			hot := 0
			for j, v := range x[unit.lo : unit.lo+unit.width] {
				if v == 1 {
					hot++
				} else if v != 0 {
					return i, unit.lo + j
				}
			}
			if hot != 1 {
				return i, unit.lo
			}
		}
	}
	return -1, -1
}

// change is by how much the number of a binary unit moves when it is flipped.
func change[T kernel.Float](unit *discreteUnit, x []T) T {
	return 1 + T(unit.low) - 2*x[unit.lo]
}

// hot is the column of a OneHot unit that is 1.
func hot[T kernel.Float](unit *discreteUnit, x []T) int {
	return unit.lo + slices.Index(x[unit.lo:unit.lo+unit.width], 1)
}

// move flips a binary unit, or gives a OneHot unit the state of a column, and returns the column whose move takes it back.
func move[T kernel.Float](unit *discreteUnit, x []T, column int) (back int) {
	if unit.width == 1 {
		x[unit.lo] += change(unit, x)
		return column
	}
	back = hot(unit, x)
	x[back], x[column] = 0, 1
	return back
}
