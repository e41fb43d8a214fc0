package likelihood

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Convention says what the grey values of data are taken for. Likelihoods under different conventions do not compare, so every
// result names its own.
type Convention int

const (
	AsIs       Convention = iota // values as they are: −F(v) − log Z also of a v between the states
	Threshold                    // Bernoulli units are 1 above one half and 0 below
	Stochastic                   // Bernoulli units are drawn once from the seed, 1 with the given value as probability
)

// String names the convention as results print it.
func (c Convention) String() string {
	switch c {
	case AsIs:
		return "values as they are"
	case Threshold:
		return "thresholded at 1/2"
	case Stochastic:
		return "sampled with a seed"
	}
	return fmt.Sprintf("Convention(%d)", int(c))
}

// readRows checks data against a side of a model and returns them in the precision T under a convention.
func readRows[T kernel.Float](m Model, data *tensor.Dense, c Convention, seed uint64) ([]T, error) {
	u := m.Visible()
	if data == nil {
		return nil, fmt.Errorf("no data given: %w", energy.ErrConfig)
	}
	if err := u.Check(data); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if data.Shape()[0] == 0 {
		return nil, fmt.Errorf("data: no rows: %w", energy.ErrShape)
	}
	if c < AsIs || c > Stochastic {
		return nil, fmt.Errorf("Convention is %v, want AsIs, Threshold or Stochastic: %w", c, energy.ErrConfig)
	}
	if c != AsIs && !slices.Contains(u.Families(), "Bernoulli") {
		return nil, fmt.Errorf("Convention %q cannot take effect on %v, want Bernoulli units: %w", c, u, energy.ErrConfig)
	}
	v := make([]T, data.Shape()[0]*u.Len())
	if data.Dtype() == tensor.Float32 {
		kernel.Convert(v, data.Float32s())
	} else {
		kernel.Convert(v, data.Float64s())
	}
	if c == AsIs {
		return v, nil
	}
	draws, binary, border := rng.New(seed, "likelihood binarise"), u.Columns("Bernoulli"), make([]T, u.Len())
	for j := range border {
		border[j] = 0.5
	}
	for i := range len(v) / len(border) {
		row := v[i*len(border) : (i+1)*len(border)]
		if c == Stochastic {
			rng.Uniform(draws.Row(i, 0), border)
		}
		for j, x := range row {
			if !binary[j] {
				continue
			}
			row[j] = 0
			if border[j] < x {
				row[j] = 1
			}
		}
	}
	return v, nil
}
