package sampling

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/observed"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// Completion fills in what is missing of rows, NaN, from what is observed: by p(v_missing | v_observed) of an RBM. A row is answered exactly
// where the sum over what it misses is open (see layers.RBM.ObservedFreeEnergy), and otherwise by Gibbs chains that are clamped at what is observed. Rows with different
// holes share a batch.
type Completion struct {
	Model *layers.RBM
	Seed  uint64

	// Sampled has rows sampled also where they could be answered exactly.
	Sampled bool
	// Chains of a sampled row for Means; 0 means 10. Their spread gives the standard errors, so there are at least 2.
	Chains int
	// Schedule of the chains. The zero value means a BurnIn of 100 and, for Means, 50 Samples; in another one, 0 Samples mean 1. Draw, which looks
	// once, takes the BurnIn alone.
	Schedule Schedule
}

// Completed is what a Completion says of rows.
type Completed struct {
	// Mean is the rows with E[v_missing | v_observed] in the places of what is missing: for binary units the probability of 1.
	Mean *tensor.Dense
	// StandardError is that of Mean, of the same shape: 0 where a number is observed or exact. Of a sampled one it is the standard deviation of the
	// chains' means over √chains. It knows nothing of a mode that no chain has found.
	StandardError *tensor.Dense
	// Exact tells the rows that were not sampled.
	Exact []bool
}

// completionRows is how many rows are sampled at once.
const completionRows = 100

// Means returns the means of what is missing of x, (rows, visible) of the machine's dtype. When ctx ends it returns ctx's error. Errors:
// ErrConfig, ErrDtype, what Visible().Missing says of the rows. Cost of an exact row: the terms of its sum × hidden units; of a sampled one chains × (BurnIn +
// Samples·Thin) Gibbs steps and a product for each sample: what is averaged is E[v|h], which spreads less than v.
func (c Completion) Means(ctx context.Context, x *tensor.Dense) (*Completed, error) {
	filled, missing, err := c.check(x)
	if err == nil && c.Model.Dtype() == tensor.Float32 {
		return completeMeans[float32](ctx, c, filled, missing)
	} else if err == nil {
		return completeMeans[float64](ctx, c, filled, missing)
	}
	return nil, err
}

// Draw returns x with a draw from p(v_missing | v_observed) in the places of what is missing, the draws of different rows independent. Errors and
// cost are those of Means with one chain a row; a Completion without Chains or Samples is wanted, which cannot take effect.
func (c Completion) Draw(ctx context.Context, x *tensor.Dense) (*tensor.Dense, error) {
	filled, missing, err := c.check(x)
	if err != nil {
		return nil, err
	}
	if c.Chains != 0 || c.Schedule.Samples != 0 || c.Schedule.Thin != 0 {
		return nil, fmt.Errorf("sampling: Completion of RBM %q: Draw: Chains, Samples and Thin cannot take effect on one draw a row: %w", c.Model.Name(), energy.ErrConfig)
	}
	if c.Model.Dtype() == tensor.Float32 {
		return completeDraws[float32](ctx, c, filled, missing)
	}
	return completeDraws[float64](ctx, c, filled, missing)
}

func (c Completion) fail(err error) error {
	return fmt.Errorf("sampling: Completion of RBM %q: %w", c.Model.Name(), err)
}

func (c Completion) check(x *tensor.Dense) (*tensor.Dense, []bool, error) {
	if c.Model == nil {
		return nil, nil, fmt.Errorf("sampling: Completion: no model given: %w", energy.ErrConfig)
	}
	filled, missing, err := completionRowsOf(c.Model.Visible(), c.Model.Dtype(), x, c.Chains, c.Schedule)
	if err != nil {
		return nil, nil, c.fail(err)
	}
	return filled, missing, nil
}

// completionRowsOf returns rows whose missing numbers are filled, with marks of them, or what is wrong with the rows or the settings.
func completionRowsOf(u energy.Units, dtype tensor.Dtype, x *tensor.Dense, chains int, s Schedule) (*tensor.Dense, []bool, error) {
	if chains < 0 || chains == 1 {
		return nil, nil, fmt.Errorf("Chains is %d, want at least 2, or 0 for 10: %w", chains, energy.ErrConfig)
	}
	if s.BurnIn < 0 || s.Samples < 0 || s.Thin < 0 {
		return nil, nil, fmt.Errorf("BurnIn is %d, Samples %d and Thin %d, want none below 0: %w", s.BurnIn, s.Samples, s.Thin, energy.ErrConfig)
	}
	filled, missing, err := u.Missing(x)
	if err == nil && x.Dtype() != dtype {
		err = fmt.Errorf("rows of %v, want %v: %w", x.Dtype(), dtype, energy.ErrDtype)
	}
	return filled, missing, err
}

// schedule fills in the defaults.
func (c Completion) schedule() Schedule {
	if c.Schedule == (Schedule{}) {
		return Schedule{BurnIn: 100, Samples: 50}
	}
	s := c.Schedule
	s.Samples, s.Thin = max(1, s.Samples), max(1, s.Thin)
	return s
}

// exactly answers the rows that can be by f, and lists the others.
func exactly[T kernel.Float](c Completion, data []T, missing []bool, f func(m *observed.Model[T], v []T, missing []bool) error) (sampled []int, exact []bool, err error) {
	plain, err := layers.PlainOf[T](c.Model)
	if err != nil {
		return nil, nil, err
	}
	model, n := layers.ObservedModel(c.Model, plain), plain.VisibleLen
	exact = make([]bool, len(data)/n)
	var open []int
	for i := range exact {
		exact[i] = !c.Sampled && model.Open(missing[i*n:(i+1)*n], observed.MaxStates)
		if exact[i] {
			open = append(open, i)
		} else {
			sampled = append(sampled, i)
		}
	}
	v, marks := make([]T, 0, len(open)*n), make([]bool, 0, len(open)*n)
	for _, i := range open {
		v, marks = append(v, data[i*n:(i+1)*n]...), append(marks, missing[i*n:(i+1)*n]...)
	}
	if err := f(model, v, marks); err != nil {
		return nil, nil, err
	}
	for k, i := range open {
		copy(data[i*n:(i+1)*n], v[k*n:(k+1)*n])
	}
	return sampled, exact, nil
}

func completeMeans[T kernel.Float](ctx context.Context, c Completion, filled *tensor.Dense, missing []bool) (*Completed, error) {
	data, n := op.Numbers[T](filled), c.Model.Visible().Len()
	sampled, exact, err := exactly(c, data, missing, (*observed.Model[T]).Means)
	if err != nil {
		return nil, c.fail(err)
	}
	deviations := make([]T, len(data))
	chains := c.Chains
	if chains == 0 {
		chains = 10
	}
	s := c.schedule()
	for lo := 0; lo < len(sampled); lo += completionRows {
		rows := sampled[lo:min(lo+completionRows, len(sampled))]
		sums, means := newChainMeans(len(rows), chains, n), make([]T, len(rows)*chains*n)
		err := chainsOf(ctx, c, data, missing, rows, chains, s, func(plain layers.Plain[T], state *State) {
			plain.VisibleMean(means, op.Numbers[T](state.Hidden), len(rows)*chains)
			sums.samples++
			addTo(sums.sums, means)
		})
		if err != nil {
			return nil, err
		}
		for k, i := range rows {
			for j := range n {
				if missing[i*n+j] {
					mean, deviation := sums.of(k, j)
					data[i*n+j], deviations[i*n+j] = T(mean), T(deviation)
				}
			}
		}
	}
	return &Completed{filled, tensor.New(tensor.WithShape(filled.Shape()...), tensor.WithBacking(deviations)), exact}, nil
}

func completeDraws[T kernel.Float](ctx context.Context, c Completion, filled *tensor.Dense, missing []bool) (*tensor.Dense, error) {
	data, n := op.Numbers[T](filled), c.Model.Visible().Len()
	sampled, _, err := exactly(c, data, missing, func(m *observed.Model[T], v []T, missing []bool) error { return m.Draw(v, missing, c.Seed, 0) })
	if err != nil {
		return nil, c.fail(err)
	}
	s := Schedule{BurnIn: c.schedule().BurnIn, Samples: 1, Thin: 1}
	for lo := 0; lo < len(sampled); lo += completionRows {
		rows := sampled[lo:min(lo+completionRows, len(sampled))]
		err := chainsOf(ctx, c, data, missing, rows, 1, s, func(_ layers.Plain[T], state *State) {
			for k, i := range rows {
				copy(data[i*n:(i+1)*n], op.Numbers[T](state.Visible)[k*n:(k+1)*n])
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return filled, nil
}

// look is an Observer.
type look func(s *State)

func (f look) Observe(s *State) error {
	f(s)
	return nil
}

// chainsOf samples some rows, so many chains of each, that start at what is missing drawn without couplings.
func chainsOf[T kernel.Float](ctx context.Context, c Completion, data []T, missing []bool, rows []int, chains int, s Schedule, see func(plain layers.Plain[T], s *State)) error {
	plain, err := layers.PlainOf[T](c.Model)
	if err != nil {
		return c.fail(err)
	}
	seed := rng.New(c.Seed, "completion").Uint64(uint64(rows[0])) // of these rows: chains count from 0 in each call
	state, err := RandomState(c.Model, len(rows)*chains, seed)
	if err != nil {
		return c.fail(err)
	}
	n, v := plain.VisibleLen, op.Numbers[T](state.Visible)
	gibbs := &Gibbs{Model: c.Model, Seed: seed, VisibleClamp: make([]bool, len(v))}
	for k, i := range rows {
		for chain := range chains {
			for j := range n {
				if at := (k*chains+chain)*n + j; !missing[i*n+j] {
					v[at], gibbs.VisibleClamp[at] = data[i*n+j], true
				}
			}
		}
	}
	if _, err := Run(ctx, gibbs, state, s, look(func(s *State) { see(plain, s) })); err != nil {
		return c.fail(err)
	}
	return nil
}
