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

// readRows checks data and returns them in the precision T under a convention.
func readRows[T kernel.Float](m Model, data *tensor.Dense, c Convention, seed uint64) ([]T, error) {
	if err := checkRows(m, data, c); err != nil {
		return nil, err
	}
	v := make([]T, data.Shape()[0]*m.Visible().Len())
	fillRows(v, m, data, 0, c, seed)
	return v, nil
}

// checkRows checks data against the visible units of a model.
func checkRows(m Model, data *tensor.Dense, c Convention) error {
	u := m.Visible()
	if data == nil {
		return fmt.Errorf("no data given: %w", energy.ErrConfig)
	}
	if err := u.Check(data); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if data.Shape()[0] == 0 {
		return fmt.Errorf("data: no rows: %w", energy.ErrShape)
	}
	if c < AsIs || c > Stochastic {
		return fmt.Errorf("Convention is %v, want AsIs, Threshold or Stochastic: %w", c, energy.ErrConfig)
	}
	if c != AsIs && !slices.Contains(u.Families(), "Bernoulli") {
		return fmt.Errorf("Convention %q cannot take effect on %v, want Bernoulli units: %w", c, u, energy.ErrConfig)
	}
	return nil
}

// fillRows fills dst with checked rows from the first on.
func fillRows[T kernel.Float](dst []T, m Model, data *tensor.Dense, first int, c Convention, seed uint64) {
	n := m.Visible().Len()
	if data.Dtype() == tensor.Float32 {
		kernel.Convert(dst, data.Float32s()[first*n:first*n+len(dst)])
	} else {
		kernel.Convert(dst, data.Float64s()[first*n:first*n+len(dst)])
	}
	if c == AsIs {
		return
	}
	draws, binary, border := rng.New(seed, "likelihood binarise"), m.Visible().Columns("Bernoulli"), make([]T, n)
	for j := range border {
		border[j] = 0.5
	}
	for i := range len(dst) / n {
		row := dst[i*n : (i+1)*n]
		if c == Stochastic {
			rng.Uniform(draws.Row(first+i, 0), border)
		}
		for j, x := range row {
			switch {
			case !binary[j]:
			case border[j] < x:
				row[j] = 1
			default:
				row[j] = 0
			}
		}
	}
}
