package energy

import (
	"errors"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Missing takes a batch, (rows, Len), in which NaN stands for a value that is missing: it returns a copy in which these places hold what their
// units are on average without any input (½ for Bernoulli, 0 for Spin and Gaussian units, equal probabilities for OneHot groups), and the
// marks of the places, row by row. Errors: what Check says of the values that are there, and ErrRange for a OneHot group of which a part is
// missing.
func (u Units) Missing(x *tensor.Dense) (filled *tensor.Dense, missing []bool, err error) {
	if err := u.Validate(); err != nil {
		return nil, nil, err
	}
	if err := Gaussian(u.len).Check(x); err != nil && !errors.Is(err, ErrNotFinite) { // shape and dtype
		return nil, nil, err
	}
	filled = x.Clone().(*tensor.Dense)
	if x.Dtype() == tensor.Float32 {
		missing = fillMissing(units.In[float32](u.kind), filled, u.len)
	} else {
		missing = fillMissing(units.In[float64](u.kind), filled, u.len)
	}
	for i := range x.Shape()[0] {
		if column := u.SplitGroup(missing[i*u.len : (i+1)*u.len]); column >= 0 {
			return nil, nil, fmt.Errorf("row %d: of the OneHot group at column %d a part is missing, want all of it or none: %w", i, column, ErrRange)
		}
	}
	return filled, missing, u.Check(filled)
}

func fillMissing[T kernel.Float](f units.Family[T], x *tensor.Dense, n int) []bool {
	data := op.Numbers[T](x)
	missing := make([]bool, len(data))
	means := make([]T, n)
	f.Mean(means, means, nil)
	for i, v := range data {
		if v != v {
			missing[i], data[i] = true, means[i%n]
		}
	}
	return missing
}

// Select describes the units of some columns of a batch alone, in their order. It is for marks of Len columns that hold whole OneHot groups; no
// columns give no units.
func (u Units) Select(columns []bool) Units {
	var groups []group
	lo := 0
	for _, g := range u.groups {
		marked := 0
		for _, is := range columns[lo : lo+g.len()] {
			if is {
				marked++
			}
		}
		lo += g.len()
		width := g.len() / g.Count
		if g.Count = marked / width; g.Count > 0 {
			groups = append(groups, g)
		}
	}
	return newUnits(groups...)
}
