package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

var _ Observer = (*Samples)(nil)

// Samples collects copies of the visible rows, which take their memory: Moments does without.
type Samples struct {
	float32s []float32
	float64s []float64
	columns  int
}

// Observe satisfies Observer. Errors: ErrConfig without a state, ErrShape and ErrDtype for rows that do not go with those before.
func (c *Samples) Observe(s *State) error {
	fail := func(err error) error { return fmt.Errorf("sampling: Samples: Observe: visible state: %w", err) }
	if s == nil || s.Visible == nil {
		return fail(fmt.Errorf("none given: %w", energy.ErrConfig))
	}
	x := s.Visible
	if x.Dims() != 2 {
		return fail(fmt.Errorf("shape %v, want (chains, visible): %w", x.Shape(), energy.ErrShape))
	}
	columns, dtype := c.columns, x.Dtype()
	switch {
	case columns == 0:
		columns = x.Shape()[1]
	case c.float32s != nil:
		dtype = tensor.Float32
	default:
		dtype = tensor.Float64
	}
	if err := fits(x, x.Shape()[0], columns, dtype); err != nil {
		return fail(err)
	}
	switch dtype {
	case tensor.Float32:
		c.float32s = append(c.float32s, op.Numbers[float32](x)...)
	case tensor.Float64:
		c.float64s = append(c.float64s, op.Numbers[float64](x)...)
	default:
		return fail(fmt.Errorf("dtype %v, want float32 or float64: %w", dtype, energy.ErrDtype))
	}
	c.columns = columns
	return nil
}

// Rows returns the rows, (samples·chains, visible): those of the first sample, then those of the second. It is nil before the
// first sample.
func (c *Samples) Rows() *tensor.Dense {
	switch {
	case c.float32s != nil:
		return tensor.New(tensor.WithShape(len(c.float32s)/c.columns, c.columns), tensor.WithBacking(c.float32s))
	case c.float64s != nil:
		return tensor.New(tensor.WithShape(len(c.float64s)/c.columns, c.columns), tensor.WithBacking(c.float64s))
	}
	return nil
}
