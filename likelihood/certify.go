package likelihood

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// Certify bounds the log-likelihood of data, (rows, visible), under a machine.
func Certify(ctx context.Context, m *layers.RBM, data *tensor.Dense, config Config) (Bound, error) {
	if m == nil {
		return Bound{}, fmt.Errorf("likelihood: Certify: no model given: %w", energy.ErrConfig)
	}
	fail := func(b Bound, err error) (Bound, error) {
		return b, fmt.Errorf("likelihood: RBM %q: Certify: %w", m.Name(), err)
	}
	c, err := config.withDefaults()
	if err != nil {
		return fail(Bound{}, err)
	}
	b, err := newBound(m, data, c)
	if err != nil {
		return fail(b, err)
	}
	if enumerable(m, c.MaxStates) {
		if err := b.enumerate(ctx, m, c.MaxStates, c); err != nil {
			return fail(b, err)
		}
		return b, nil
	}
	if m.Dtype() == tensor.Float32 {
		err = certify[float32](ctx, m, data, c, &b)
	} else {
		err = certify[float64](ctx, m, data, c, &b)
	}
	if err != nil {
		return fail(b, err)
	}
	return b, nil
}

func enumerable(m *layers.RBM, most int) bool {
	for _, u := range []energy.Units{m.Visible(), m.Hidden()} {
		if n, err := u.StateCount(); err == nil && n <= most {
			return true
		}
	}
	return false
}

// search is what goes on from one length of the ladder to the next.
type search[T kernel.Float] struct {
	m        *layers.RBM
	c        Config
	constant float64
	seeds    rng.Stream
	base     []float64
	ladder   ladder
	data     *walk[T] // chains that started at data
	dataV    []T      // where they stand at the model

	wideLadder ladder
	tempered   *tempered[T]
	temperedV  []T
	mixed      bool
}

func certify[T kernel.Float](ctx context.Context, m *layers.RBM, data *tensor.Dense, c Config, b *Bound) error {
	s := &search[T]{m: m, c: c, constant: constant(m), seeds: rng.New(c.Seed, "certify"), ladder: even(), wideLadder: even()}
	rows, err := readRows[T](m, data, c.Convention, c.Seed)
	if err != nil {
		return err
	}
	if s.base, err = fitBase(m, rows); err != nil {
		return err
	}
	if s.data, err = newWalk[T](m, s.base, c.Chains, s.seeds.Uint64(0)); err != nil {
		return err
	}
	s.dataV = make([]T, len(s.data.chains.V))
	width := m.Visible().Len()
	order := rng.New(c.Seed, "certify rows").Perm(b.Rows, 0)
	for i := range c.Chains {
		r := order[i%b.Rows]
		copy(s.dataV[i*width:(i+1)*width], rows[r*width:(r+1)*width])
	}
	b.Method = "AIS below, reverse AIS above"
	b.Reason = "no ladder finished"
	b.setLogZ(math.Inf(-1), math.NaN(), math.Inf(1))
	for n := firstTemperatures; ; n *= 2 {
		if err := s.round(ctx, n, 2*n > c.MaxTemperatures, b); err != nil {
			if errors.Is(err, ctx.Err()) {
				b.Reason += fmt.Sprintf("; stopped at %d temperatures", n)
			}
			return err
		}
		writer{c.Progress}.line("%v", b)
		if b.Certified || 2*n > c.MaxTemperatures {
			return nil
		}
	}
}

func (s *search[T]) round(ctx context.Context, n int, last bool, b *Bound) error {
	betas, progress := s.ladder.betas(n), writer{s.c.Progress}
	up, err := newWalk[T](s.m, s.base, s.c.Chains, s.seeds.Uint64(uint64(n)))
	if err != nil {
		return err
	}
	if err := up.up(ctx, betas); err != nil {
		return err
	}
	forward, err := newEstimate("AIS", 1, up.estimates(s.constant), n)
	if err != nil {
		return err
	}
	progress.line("%v", forward)

	fromData, err := s.down(ctx, s.data, s.dataV, n/10, betas)
	if err != nil {
		return err
	}
	progress.line("from data: %v", fromData)
	e := evidence{forward: forward, fromData: fromData}
	if last || e.gap(s.c) <= s.c.Tolerance {
		if err := s.temper(ctx, n, &e); err != nil {
			return err
		}
		fromTempered, err := s.down(ctx, s.data, s.temperedV, 0, betas)
		if err != nil {
			return err
		}
		e.fromTempered, e.tempered = fromTempered, true
		progress.line("from tempered: %v", fromTempered)
	}
	b.Temperatures, b.Chains = n, s.c.Chains
	s.ladder = s.ladder.adapted(up.marks)
	return e.judge(s.c, b)
}

// down takes some Gibbs steps at the model from states, which move, and estimates log Z on the way from there to the base.
func (s *search[T]) down(ctx context.Context, w *walk[T], states []T, steps int, betas []float64) (Estimate, error) {
	w.place(states)
	if err := w.rest(ctx, steps); err != nil {
		return Estimate{}, err
	}
	copy(states, w.chains.V)
	if err := w.down(ctx, betas); err != nil {
		return Estimate{}, err
	}
	return newEstimate("reverse AIS", -1, w.estimates(s.constant), len(betas)-1)
}

// temper has tempered chains go n steps and keeps where they were at the model.
func (s *search[T]) temper(ctx context.Context, n int, e *evidence) error {
	wide, err := newWalk[T](s.m, make([]float64, s.m.Visible().Len()), s.c.Chains, s.seeds.Uint64(uint64(n)+1))
	if err != nil {
		return err
	}
	if err := wide.up(ctx, s.wideLadder.betas(n)); err != nil {
		return err
	}
	if e.wide, err = newEstimate("AIS from a base of zeros", 1, wide.estimates(s.constant), n); err != nil {
		return err
	}
	writer{s.c.Progress}.line("%v", e.wide)
	s.wideLadder = s.wideLadder.adapted(wide.marks)
	for rungs := 8; s.tempered == nil || !s.mixed; rungs *= 2 {
		if s.tempered, err = newTempered[T](s.m, 5, s.wideLadder.betas(rungs-1), s.seeds.Uint64(1)); err != nil {
			return err
		}
		if err := s.tempered.rest(ctx, 200); err != nil {
			return err
		}
		s.mixed = s.tempered.slowest() > 0.2 || rungs >= 64
	}
	clear(s.tempered.proposed)
	clear(s.tempered.accepted)
	if err := s.tempered.rest(ctx, n/2); err != nil {
		return err
	}
	s.temperedV = make([]T, len(s.dataV))
	if err := s.tempered.sample(ctx, s.temperedV, max(1, n/2*5/s.c.Chains)); err != nil {
		return err
	}
	writer{s.c.Progress}.line("%d rungs, slowest exchange %.2f", len(s.tempered.rungs), s.tempered.slowest())
	return nil
}
