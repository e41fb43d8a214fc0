package sampling

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/observed"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// BoltzmannCompletion is Completion by a Boltzmann machine: it fills in what is missing of rows, NaN, from what is observed, by
// p(v_missing | v_observed). A row is answered exactly where the missing units and the hidden ones can be summed over (see
// layers.Boltzmann.Conditional), and otherwise by chains that are clamped at what is observed. With the class a OneHot unit among the visible
// ones, rows of features and a missing class are classified.
type BoltzmannCompletion struct {
	Model *layers.Boltzmann
	Seed  uint64

	// Sampled has rows sampled also where they could be answered exactly.
	Sampled bool
	// Chains of a sampled row for Means; 0 means 10. Their spread gives the standard errors, so there are at least 2.
	Chains int
	// Annealing comes before the Schedule, and the chains stay at its last temperature: with To below 1 they settle in completions of low energy, of
	// which Draw returns one. The zero value is temperature 1 throughout. It is for sampled rows, so it wants Sampled.
	Annealing Annealing
	// Schedule of the chains. The zero value means a BurnIn of 100 and, for Means, 50 Samples; in another one, 0 Samples mean 1. Draw, which looks
	// once, takes the BurnIn alone.
	Schedule Schedule
}

// Means returns the means of what is missing of x, (rows, visible) of the machine's dtype. Every sampled row has chains of its own. When ctx ends it
// returns ctx's error. Errors: ErrConfig, ErrDtype, what Visible().Missing says of the rows. Cost of an exact row: that of Conditional; of a
// sampled one chains × (BurnIn + Samples·Thin) sweeps.
func (c BoltzmannCompletion) Means(ctx context.Context, x *tensor.Dense) (*Completed, error) {
	filled, missing, err := c.check(x)
	switch {
	case err != nil:
		return nil, err
	case c.Model.Dtype() == tensor.Float32:
		return boltzmannMeans[float32](ctx, c, filled, missing)
	}
	return boltzmannMeans[float64](ctx, c, filled, missing)
}

// Draw returns x with a draw from p(v_missing | v_observed), at the last temperature of the Annealing if there is one, in the places of what is
// missing. Rows are always sampled, so Sampled, Chains, Samples and Thin cannot take effect; errors and cost are those of Means with one chain a row.
func (c BoltzmannCompletion) Draw(ctx context.Context, x *tensor.Dense) (*tensor.Dense, error) {
	filled, missing, err := c.check(x)
	if err != nil {
		return nil, err
	}
	if c.Chains != 0 || c.Schedule.Samples != 0 || c.Schedule.Thin != 0 {
		return nil, c.fail(fmt.Errorf("Draw: Chains, Samples and Thin cannot take effect on one draw a row: %w", energy.ErrConfig))
	}
	if c.Model.Dtype() == tensor.Float32 {
		return filled, boltzmannDraws[float32](ctx, c, filled, missing)
	}
	return filled, boltzmannDraws[float64](ctx, c, filled, missing)
}

func (c BoltzmannCompletion) fail(err error) error {
	return fmt.Errorf("sampling: BoltzmannCompletion of Boltzmann %q: %w", c.Model.Name(), err)
}

func (c BoltzmannCompletion) check(x *tensor.Dense) (*tensor.Dense, []bool, error) {
	if c.Model == nil {
		return nil, nil, fmt.Errorf("sampling: BoltzmannCompletion: no model given: %w", energy.ErrConfig)
	}
	filled, missing, err := completionRowsOf(c.Model.Visible(), c.Model.Dtype(), x, c.Chains, c.Schedule)
	if err != nil {
		return nil, nil, c.fail(err)
	}
	return filled, missing, nil
}

func (c BoltzmannCompletion) schedule() Schedule {
	return Completion{Schedule: c.Schedule}.schedule()
}

func boltzmannMeans[T kernel.Float](ctx context.Context, c BoltzmannCompletion, filled *tensor.Dense, missing []bool) (*Completed, error) {
	if c.Annealing != (Annealing{}) && !c.Sampled {
		return nil, c.fail(fmt.Errorf("Means: Annealing cannot take effect on rows that are answered exactly, want Sampled: %w", energy.ErrConfig))
	}
	data := op.Numbers[T](filled)
	n := c.Model.Visible().Len()
	got := &Completed{
		Mean:          filled,
		StandardError: tensor.New(tensor.Of(c.Model.Dtype()), tensor.WithShape(filled.Shape()...)),
		Exact:         make([]bool, len(data)/n),
	}
	deviations := op.Numbers[T](got.StandardError)
	chains := c.Chains
	if chains == 0 {
		chains = 10
	}
	for _, group := range observed.Groups(missing, n) {
		exact := false
		if !c.Sampled {
			var err error
			if exact, err = conditionalMeans(ctx, c.Model, data, group); err != nil {
				return nil, c.fail(err)
			}
		}
		for rows := range slices.Chunk(group.Rows, completionRows) {
			if exact {
				for _, r := range rows {
					got.Exact[r] = true
				}
				continue
			}
			sums := newChainMeans(len(rows), chains, n)
			if err := c.chains(ctx, filled, rows, group.Missing, chains, c.schedule(), sums); err != nil {
				return nil, c.fail(err)
			}
			for k, r := range rows {
				for j := range n {
					if group.Missing[j] {
						mean, deviation := sums.of(k, j)
						data[r*n+j], deviations[r*n+j] = T(mean), T(deviation)
					}
				}
			}
		}
	}
	return got, nil
}

// conditionalMeans sets the marked places of rows to their means given the others, and reports whether these can be summed over.
func conditionalMeans[T kernel.Float](ctx context.Context, m *layers.Boltzmann, data []T, group observed.Group) (exact bool, err error) {
	n, marks := m.Units().Len(), group.Missing
	x, known := make([]float64, n), make([]bool, n)
	for j, is := range marks {
		known[j] = !is
	}
	for _, r := range group.Rows {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		row := data[r*len(marks) : (r+1)*len(marks)]
		kernel.Convert(x[:len(marks)], row)
		e, err := m.Conditional(1, x, known)
		if errors.Is(err, energy.ErrConfig) {
			return false, nil // too many states: so in every row
		}
		if err != nil {
			return false, err
		}
		for j, is := range marks {
			if is {
				row[j] = T(e.Mean[j])
			}
		}
	}
	return true, nil
}

func boltzmannDraws[T kernel.Float](ctx context.Context, c BoltzmannCompletion, filled *tensor.Dense, missing []bool) error {
	data, n := op.Numbers[T](filled), c.Model.Visible().Len()
	schedule := Schedule{BurnIn: c.schedule().BurnIn, Samples: 1, Thin: 1}
	for _, group := range observed.Groups(missing, n) {
		for rows := range slices.Chunk(group.Rows, completionRows) {
			see := look(func(s *State) {
				drawn := op.Numbers[T](s.Visible)
				for k, r := range rows {
					copy(data[r*n:(r+1)*n], drawn[k*n:(k+1)*n])
				}
			})
			if err := c.chains(ctx, filled, rows, group.Missing, 1, schedule, see); err != nil {
				return c.fail(err)
			}
		}
	}
	return nil
}

// chains runs some chains a row, those of a row one behind the other, clamped at all columns that are not marked.
func (c BoltzmannCompletion) chains(ctx context.Context, x *tensor.Dense, rows []int, marks []bool, chains int, schedule Schedule, see Observer) error {
	clamp := make([]bool, len(marks))
	for j, is := range marks {
		clamp[j] = !is
	}
	seed := rng.New(c.Seed, "completion").Uint64(uint64(rows[0])) // of these rows: chains count from 0 in each call
	s, err := RandomBoltzmannState(c.Model, len(rows)*chains, seed)
	if err != nil {
		return err
	}
	if x.Dtype() == tensor.Float32 {
		spread(s.Visible.Float32s(), x.Float32s(), rows, clamp, chains)
	} else {
		spread(s.Visible.Float64s(), x.Float64s(), rows, clamp, chains)
	}
	var k Tempered = &SingleSite{Model: c.Model, Seed: seed, VisibleClamp: clamp}
	if c.Model.Config().Edges != nil {
		k = &ColourBlocks{Model: c.Model, Seed: seed, VisibleClamp: clamp}
	}
	if c.Annealing != (Annealing{}) {
		if _, err := Anneal(ctx, k, s, c.Annealing); err != nil {
			return err
		}
	}
	_, err = Run(ctx, k, s, schedule, see)
	return err
}

// spread copies the clamped columns of rows to the chains of each.
func spread[T kernel.Float](dst, x []T, rows []int, clamp []bool, chains int) {
	n := len(clamp)
	for k, r := range rows {
		for i := k * chains; i < (k+1)*chains; i++ {
			for j, is := range clamp {
				if is {
					dst[i*n+j] = x[r*n+j]
				}
			}
		}
	}
}
