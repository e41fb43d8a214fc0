package samplertest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/sampling"
)

// Config says how a kernel is tested. The zero value tests a kernel of visible units in float32.
type Config struct {
	// Visible is how many columns of the target's rows are visible; the others are the hidden units of the state. 0 means all, and
	// a state without hidden units.
	Visible int
	// Dtype of the states; the zero value means float32.
	Dtype tensor.Dtype
	// Chains per seed; 0 means 8000. More find smaller faults.
	Chains int
	// Steps are the numbers of steps after which the chains are looked at, rising; nil means 1, 2 and 5.
	Steps []int
	// Held are the columns that the kernel must leave as they are, for one that clamps: chain i holds those marked in Held[i mod
	// len(Held)]. Starting from the joint distribution the held columns have all their values, each with the free ones drawn from their
	// distribution given these, which is what must be left as it is. nil holds none.
	Held [][]bool
	// Seeds of the kernels; nil means four that are fixed.
	Seeds []uint64
}

// alpha is the probability with which a right kernel is accused, for each look at the chains.
const alpha = 1e-7

// check returns what is wrong with the settings.
func (c Config) check(target Target, kernel func(seed uint64) sampling.Kernel) error {
	if l, ok := target.(Ladder); target == nil || kernel == nil || ok && len(l) == 0 {
		return fmt.Errorf("no target or no kernel given: %w", energy.ErrConfig)
	}
	n := len(target.Draw(rand.New(rand.NewPCG(0, 0))))
	if c.Visible < 0 || c.Visible > n {
		return fmt.Errorf("Visible is %d, want at most the %d columns of the target: %w", c.Visible, n, energy.ErrConfig)
	}
	if c.Chains < 0 {
		return fmt.Errorf("Chains is %d, want at least 1, or 0 for 8000: %w", c.Chains, energy.ErrConfig)
	}
	if d := c.dtype(); d != tensor.Float32 && d != tensor.Float64 {
		return fmt.Errorf("Dtype is %v, want float32 or float64: %w", d, energy.ErrDtype)
	}
	last := 0
	for _, s := range c.Steps {
		if s <= last {
			return fmt.Errorf("Steps are %v, want numbers from 1 on that rise: %w", c.Steps, energy.ErrConfig)
		}
		last = s
	}
	for i, held := range c.Held {
		if len(held) != n {
			return fmt.Errorf("Held[%d] has %d columns, want %d: %w", i, len(held), n, energy.ErrShape)
		}
	}
	return nil
}

func (c Config) dtype() tensor.Dtype {
	if c.Dtype == (tensor.Dtype{}) {
		return tensor.Float32
	}
	return c.Dtype
}

func (c Config) chains() int {
	if c.Chains == 0 {
		return 8000
	}
	return c.Chains
}

func (c Config) steps() []int {
	if c.Steps == nil {
		return []int{1, 2, 5}
	}
	return c.Steps
}

func (c Config) seeds() []uint64 {
	if c.Seeds == nil {
		return stattest.Seeds
	}
	return c.Seeds
}

// state makes a state of rows.
func (c Config) state(rows [][]float64) *sampling.State {
	n := len(rows[0])
	visible := c.Visible
	if visible == 0 {
		visible = n
	}
	part := func(lo, hi int) *tensor.Dense {
		var x []float64
		for _, row := range rows {
			x = append(x, row[lo:hi]...)
		}
		return matrix.Tensor(c.dtype(), x, len(rows), hi-lo)
	}
	s := &sampling.State{Visible: part(0, visible)}
	if visible < n {
		s.Hidden = part(visible, n)
	}
	return s
}

// draw makes a state of exact draws.
func (c Config) draw(target Target, seed uint64) *sampling.State {
	r := rand.New(rand.NewPCG(seed, 0xD7A3))
	rows := make([][]float64, c.chains())
	for i := range rows {
		rows[i] = of(target, i).Draw(r)
	}
	return c.state(rows)
}

// rowsOf reads a state back.
func rowsOf(s *sampling.State) [][]float64 {
	rows := make([][]float64, s.Visible.Shape()[0])
	for _, x := range []*tensor.Dense{s.Visible, s.Hidden} {
		if x == nil {
			continue
		}
		n := x.Shape()[1]
		switch data := x.Data().(type) {
		case []float32:
			for i := range rows {
				for _, v := range data[i*n : (i+1)*n] {
					rows[i] = append(rows[i], float64(v))
				}
			}
		case []float64:
			for i := range rows {
				rows[i] = append(rows[i], data[i*n:(i+1)*n]...)
			}
		}
	}
	return rows
}

// step takes steps and looks at what every kernel promises: the step is counted, the shapes stay, and Info adds up.
func step(k sampling.Kernel, s *sampling.State, steps int) error {
	for range steps {
		before := *s
		info, err := k.Step(s)
		if err != nil {
			return err
		}
		switch {
		case s.Step != before.Step+1:
			return fmt.Errorf("State.Step went from %d to %d, want one more", before.Step, s.Step)
		case !same(before.Visible, s.Visible) || !same(before.Hidden, s.Hidden):
			return fmt.Errorf("the shapes or dtypes of the state changed")
		case info.Accepted < 0 || info.Accepted > info.Proposed:
			return fmt.Errorf("Info counts %d of %d moves as accepted", info.Accepted, info.Proposed)
		}
	}
	return nil
}

// same reports whether two parts of a state are of one shape and dtype.
func same(a, b *tensor.Dense) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(a.Shape(), b.Shape()) && a.Dtype() == b.Dtype()
}

func copyOf(s *sampling.State) *sampling.State {
	t := &sampling.State{Visible: s.Visible.Clone().(*tensor.Dense), Step: s.Step}
	if s.Hidden != nil {
		t.Hidden = s.Hidden.Clone().(*tensor.Dense)
	}
	return t
}
