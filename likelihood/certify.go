package likelihood

import (
	"context"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// Certify bounds the mean log-likelihood of data, (rows, visible), under a machine, and says whether the bounds can be trusted.
//
// Where a side has at most MaxStates states log Z is exact. Otherwise chains go along the annealed path (see AIS) both ways:
//
//	below   AIS from independent units fitted to the data
//	above   reverse AIS from chains that started at the data, and from tempered chains that know nothing of the data; the higher counts
//	between BAR, from all of them
//
// The ladder, whose temperatures are laid where the last one's weights varied most, doubles until the ends of the intervals are Tolerance nats
// apart or less and nothing speaks against them. Data-started chains take Gibbs steps at the model before each way down, and the tempered ones
// exchange temperatures, in number proportional to the ladder.
//
// What speaks against a certificate, and is the Reason of a Bound that has none:
//   - the bounds are farther apart than Tolerance, or the wrong way round;
//   - of the chains of one direction less than a fifth carries weight, so that its interval means little;
//   - the mean log-weights of the reverse chains from data and of those from tempered chains differ, which shows what chains in the wrong
//     mode hide from the mean of weights;
//   - a reverse chain has a log-weight far beyond all forward ones: it comes from where the base does not lead;
//   - another lower bound, from a base of zeros or from the deepest mode that single hidden units lead to, lies above the upper bound.
//
// A mode that nothing of this leads to cannot be excluded by any number of chains. Model samples that miss a mode of the share ε of the mass
// shift log Z by −log(1−ε); what n reverse chains may miss at the given confidence, log(1/(1−Confidence))/n, is part of the upper bound.
//
// data may be float32 or float64. When ctx ends, Certify returns what the last whole ladder gave together with ctx's error. Other errors:
// what the visible units' Check says of the data, ErrConfig for settings that cannot be, ErrNotFinite. Cost: some eight ways of Chains chains
// along the longest ladder, at two products of chains × visible × hidden a temperature.
//
// Sources: R. Neal, Stat. Comput. 11 (2001); R. Grosse, Z. Ghahramani, R. Adams, "Sandwiching the marginal likelihood using bidirectional
// Monte Carlo", 2015; C. H. Bennett, J. Comput. Phys. 22 (1976).
func Certify(ctx context.Context, m Model, data *tensor.Dense, config Config) (Bound, error) {
	c, b, err := begin(ctx, m, data, config)
	if err == nil {
		err = b.certify(ctx, m, data, c)
	}
	if err != nil {
		return b, named(m, "Certify", err)
	}
	return b, nil
}

func (b *Bound) certify(ctx context.Context, m Model, data *tensor.Dense, c Config) error {
	rbm, ok := m.(*layers.RBM)
	switch {
	case !ok || enumerable(rbm, c.MaxStates):
		return b.enumerate(ctx, m, max(0, c.MaxStates), c)
	case m.Dtype() == tensor.Float32:
		return certify[float32](ctx, rbm, data, c, b)
	}
	return certify[float64](ctx, rbm, data, c, b)
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
	seeds    rng.Stream // a number for each walk: see seed
	walks    uint64

	base   []float64 // fitted to the data
	ladder ladder    // from there
	down   *walk[T]  // the way down, from data and from tempered chains
	atData []T       // where the data-started chains stand at the model

	zeros, deep   []float64 // the other bases: see probe
	zerosLadder   ladder
	deepLadder    ladder
	tempered      *tempered[T]
	temperedSteps int
}

func certify[T kernel.Float](ctx context.Context, m *layers.RBM, data *tensor.Dense, c Config, b *Bound) error {
	b.Method, b.Reason = "AIS below, reverse AIS above", "no ladder finished"
	b.setLogZ(math.Inf(-1), math.NaN(), math.Inf(1))
	s := &search[T]{m: m, c: c, constant: constant(m), seeds: rng.New(c.Seed, "certify"),
		ladder: even(), zerosLadder: even(), deepLadder: even(), zeros: make([]float64, m.Visible().Len())}
	if err := s.start(data); err != nil {
		return err
	}
	for n := firstTemperatures; ; n *= 2 {
		last := 2*n > c.MaxTemperatures
		e, err := s.climb(ctx, n, last)
		if err != nil {
			return err
		}
		if err := e.judge(c, b); err != nil {
			return err
		}
		writer{c.Progress}.line("%d temperatures: %v", n, b)
		if b.Certified || last {
			return nil
		}
	}
}

// start fits the base to the data and puts chains on rows of it.
func (s *search[T]) start(data *tensor.Dense) error {
	rows, err := readRows[T](s.m, data, s.c.Convention, s.c.Seed)
	if err != nil {
		return err
	}
	if s.base, err = fitBase(s.m, rows); err != nil {
		return err
	}
	if s.down, err = s.walk(s.base); err != nil {
		return err
	}
	width, count := s.m.Visible().Len(), data.Shape()[0]
	order := rng.New(s.c.Seed, "certify rows").Perm(count, 0)
	for i := range s.c.Chains {
		r := order[i%count]
		s.atData = append(s.atData, rows[r*width:(r+1)*width]...)
	}
	return nil
}

func (s *search[T]) walk(base []float64) (*walk[T], error) {
	return newWalk[T](s.m, base, s.c.Chains, s.seed())
}

func (s *search[T]) seed() uint64 {
	s.walks++
	return s.seeds.Uint64(s.walks)
}

// climb goes a ladder of n temperatures up and down. What looks for modes elsewhere is run only where the bounds agree, or at last.
func (s *search[T]) climb(ctx context.Context, n int, last bool) (evidence, error) {
	var e evidence
	var err error
	betas := s.ladder.betas(n)
	if e.forward, err = s.up(ctx, "AIS", s.base, &s.ladder, n); err != nil {
		return e, err
	}
	s.down.place(s.atData)
	if err := s.down.rest(ctx, n/10); err != nil {
		return e, err
	}
	copy(s.atData, s.down.chains.V)
	if e.fromData, err = s.back(ctx, betas, "reverse AIS from data"); err != nil {
		return e, err
	}
	if !last && len(e.doubts(s.c)) > 0 {
		return e, nil
	}
	atTempered, err := s.temper(ctx, n)
	if err != nil {
		return e, err
	}
	s.down.place(atTempered)
	if e.fromTempered, err = s.back(ctx, betas, "reverse AIS from tempered chains"); err != nil {
		return e, err
	}
	if s.deep == nil {
		if s.deep, err = probe[T](ctx, s.m, 4*s.c.Chains, s.seed()); err != nil {
			return e, err
		}
	}
	if e.fromDeep, err = s.up(ctx, "AIS from the deepest mode of a hidden unit", s.deep, &s.deepLadder, n); err != nil {
		return e, err
	}
	e.fromZeros, err = s.up(ctx, "AIS from a base of zeros", s.zeros, &s.zerosLadder, n)
	return e, err
}

// up is AIS from a base. The ladder is better the next time.
func (s *search[T]) up(ctx context.Context, method string, base []float64, l *ladder, n int) (Estimate, error) {
	w, err := s.walk(base)
	if err != nil {
		return Estimate{}, err
	}
	if err := w.up(ctx, l.betas(n)); err != nil {
		return Estimate{}, err
	}
	*l = l.adapted(w.marks)
	return s.estimate(method, 1, w, n)
}

// back is reverse AIS from where the chains stand.
func (s *search[T]) back(ctx context.Context, betas []float64, method string) (Estimate, error) {
	if err := s.down.down(ctx, betas); err != nil {
		return Estimate{}, err
	}
	return s.estimate(method, -1, s.down, len(betas)-1)
}

func (s *search[T]) estimate(method string, sign float64, w *walk[T], n int) (Estimate, error) {
	e, err := newEstimate(method, sign, w.estimates(s.constant), n)
	if err == nil {
		writer{s.c.Progress}.line("%v", e)
	}
	return e, err
}

// The tempered chains: so many ladders, each of so many rungs that neighbours exchange often enough.
const (
	temperedLadders = 5
	minRungs        = 8
	maxRungs        = 64
	minExchange     = 0.25
	rungTrial       = 200 // steps to measure that in
)

// temper has tempered chains go n steps and returns where they were at the model in the second half of them, a row for each chain of a walk.
func (s *search[T]) temper(ctx context.Context, n int) ([]T, error) {
	for rungs := minRungs; s.tempered == nil; rungs *= 2 {
		t, err := newTempered[T](s.m, temperedLadders, s.zerosLadder.betas(rungs-1), s.seed())
		if err != nil {
			return nil, err
		}
		if err := t.rest(ctx, rungTrial); err != nil {
			return nil, err
		}
		if t.slowest() > minExchange || 2*rungs > maxRungs {
			s.tempered = t
		}
	}
	if err := s.tempered.rest(ctx, n/2); err != nil {
		return nil, err
	}
	rows := make([]T, len(s.atData))
	err := s.tempered.sample(ctx, rows, max(1, n/2*temperedLadders/s.c.Chains))
	return rows, err
}
