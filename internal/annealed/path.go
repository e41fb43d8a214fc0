// Package annealed moves chains along the path of models between independent units and an RBM. Parallel tempering exchanges chains
// along it, annealed importance sampling walks it in either direction.
//
// With base biases a, the model's plain biases b and c, and β from 0 to 1 the models of the path are
//
//	E_β(v,h) = U(v) + U(h) − ((1−β)a + βb)ᵀv − β(cᵀh + vᵀWh)          F_β(v) = U(v) − ((1−β)a + βb)ᵀv − Γ(β(vW + c))
//
// At β = 0 all units are independent and log Z₀ = Γ_v(a) + Γ_h(0). The own energies U are kept whole at every β, so the path exists for
// every family, those whose counting measure cannot be tempered included. E_β is linear in β.
//
// Source: R. Salakhutdinov, I. Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML 2008, section 4.1.
package annealed

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// Path is the path from independent visible units with biases Base to a model. Its methods go through all chains at once, each at a β of
// its own. A Path keeps buffers, so it is for one goroutine, and allocates nothing once they are there.
type Path[T kernel.Float] struct {
	// VisibleClamp and HiddenClamp mark the columns that no draw changes; nil for none.
	VisibleClamp, HiddenClamp []bool

	plain                  layers.Plain[T]
	base, rise             []T // a, and b − a
	visible, hidden, start rng.Stream

	inputs, held                             []T
	half                                     half[T]
	score                                    score[T]
	drawRows, freeRows, slopedRows, workRows func(lo, hi int) // made once: a closure for each step would be an allocation
}

// half is the drawing of one side under way: inputs are β·raw + base, or base alone where raw is nil.
type half[T kernel.Float] struct {
	family      units.Family[T]
	len         int
	logVariance []T
	clamp       []bool
	state       []T
	raw, base   []T
	beta        []float64
	draws       rng.Stream
	step        uint64
}

// score is the computing of one number a chain under way.
type score[T kernel.Float] struct {
	dst    []float64
	chains *Chains[T]
	beta   []float64 // of each chain, or the two ends of a work
}

// Chains is where the chains of a path stand. Inputs are the inputs of the hidden units in the model, V·W + c: whoever writes to V calls
// Refresh before anything else.
type Chains[T kernel.Float] struct {
	N            int
	V, H, Inputs []T // (N, visible), (N, hidden), (N, hidden)
}

// New makes the path to a model as it is now; Read follows the model as it learns. base is a, see SetBase. Errors: ErrShape, ErrNotFinite,
// ErrDtype.
func New[T kernel.Float](m *layers.RBM, base []float64, seed uint64) (*Path[T], error) {
	p := &Path[T]{visible: rng.New(seed, "annealed visible"), hidden: rng.New(seed, "annealed hidden"), start: rng.New(seed, "annealed base")}
	p.drawRows, p.freeRows, p.slopedRows, p.workRows = eachRow(p.drawRow), eachRow(p.freeEnergy), eachRow(p.slope), eachRow(p.work)
	if err := p.plain.Read(m); err != nil {
		return nil, err
	}
	return p, p.SetBase(base)
}

func eachRow(do func(i int)) func(lo, hi int) {
	return func(lo, hi int) {
		for i := lo; i < hi; i++ {
			do(i)
		}
	}
}

// SetBase sets a, one number a visible unit. An error, ErrShape or ErrNotFinite, changes nothing.
func (p *Path[T]) SetBase(base []float64) error {
	if len(base) != p.plain.VisibleLen {
		return fmt.Errorf("%d base biases, want one for each of %d visible units: %w", len(base), p.plain.VisibleLen, energy.ErrShape)
	}
	if p.base == nil {
		p.base, p.rise = make([]T, len(base)), make([]T, len(base))
	}
	kernel.Convert(p.rise, base) // on trial
	finite := kernel.AllFinite(p.rise)
	if finite {
		copy(p.base, p.rise)
	}
	kernel.Subtract(p.rise, p.plain.B, p.base)
	if !finite {
		return fmt.Errorf("base biases: %w", energy.ErrNotFinite)
	}
	return nil
}

// Read takes over the model's parameters as they are now.
func (p *Path[T]) Read(m *layers.RBM) error {
	if err := p.plain.Read(m); err != nil {
		return err
	}
	kernel.Subtract(p.rise, p.plain.B, p.base)
	return nil
}

// NewChains makes n chains with all numbers 0.
func (p *Path[T]) NewChains(n int) *Chains[T] {
	h := n * p.plain.HiddenLen
	return &Chains[T]{n, make([]T, n*p.plain.VisibleLen), make([]T, h), make([]T, h)}
}

// Refresh sets the inputs that V has.
func (p *Path[T]) Refresh(c *Chains[T]) { p.plain.HiddenInput(c.Inputs, c.V, c.N) }

// LogBase is log Z₀ = Γ_v(a) + Γ_h(0).
func (p *Path[T]) LogBase() float64 {
	return float64(p.plain.Visible.CGF(p.base, p.plain.VisibleLogVariance)) +
		float64(p.plain.Hidden.CGF(make([]T, p.plain.HiddenLen), p.plain.HiddenLogVariance))
}

// DrawBase draws the visible units at β = 0, with their inputs. Its draws are other ones than those of the step of the same number.
func (p *Path[T]) DrawBase(c *Chains[T], step uint64) {
	p.drawVisible(c, nil, nil, p.start, step)
	p.Refresh(c)
}

// Step takes a Gibbs step of every chain at its own β: the hidden units given the visible ones, and then the visible ones, with their
// inputs. p_β(v,h) is stationary under either half. Cost: two products of all chains.
func (p *Path[T]) Step(c *Chains[T], beta []float64, step uint64) {
	p.DrawHidden(c, beta, step)
	p.DrawVisible(c, beta, step)
}

// DrawHidden draws the hidden units of each chain given its visible ones.
func (p *Path[T]) DrawHidden(c *Chains[T], beta []float64, step uint64) {
	p.draw(half[T]{p.plain.Hidden, p.plain.HiddenLen, p.plain.HiddenLogVariance, p.HiddenClamp, c.H, c.Inputs, nil, beta, p.hidden, step})
}

// DrawVisible draws the visible units of each chain given its hidden ones, and refreshes their inputs.
func (p *Path[T]) DrawVisible(c *Chains[T], beta []float64, step uint64) {
	p.SampleVisible(c, beta, step)
	p.Refresh(c)
}

// SampleVisible is DrawVisible for those who refresh the inputs later, and so save a product where they change V once more.
func (p *Path[T]) SampleVisible(c *Chains[T], beta []float64, step uint64) {
	in := p.buffer(len(c.V))
	kernel.Affine(true, c.N, p.plain.VisibleLen, p.plain.HiddenLen, c.H, p.plain.W, p.rise, in)
	p.drawVisible(c, in, beta, p.visible, step)
}

func (p *Path[T]) drawVisible(c *Chains[T], raw []T, beta []float64, draws rng.Stream, step uint64) {
	p.draw(half[T]{p.plain.Visible, p.plain.VisibleLen, p.plain.VisibleLogVariance, p.VisibleClamp, c.V, raw, p.base, beta, draws, step})
}

// draw has each chain's units of one side drawn, but for those that are clamped.
func (p *Path[T]) draw(f half[T]) {
	p.half = f
	p.buffer(len(f.state))
	if f.clamp != nil {
		p.held = append(p.held[:0], f.state...)
	}
	kernel.Parallel(len(f.state)/f.len, kernel.RowGrain(f.len), p.drawRows)
}

func (p *Path[T]) drawRow(i int) {
	f := &p.half
	lo, hi := i*f.len, (i+1)*f.len
	row, in := f.state[lo:hi], p.inputs[lo:hi]
	switch {
	case f.raw == nil:
		copy(in, f.base)
	case f.base == nil:
		kernel.Scale(in, f.raw[lo:hi], T(f.beta[i]))
	default:
		kernel.Combine(in, f.raw[lo:hi], f.base, T(f.beta[i]), 1, 0)
	}
	f.family.Sample(row, in, f.logVariance, 1, f.draws.Row(i, f.step))
	for j, clamped := range f.clamp {
		if clamped {
			row[j] = p.held[lo+j]
		}
	}
}

// FreeEnergy sets dst to F_β(v) of each chain at a β of its own. With clamped units it is that of the others given them, up to a constant
// that does not depend on the others. Chains whose hidden units are clamped have none.
func (p *Path[T]) FreeEnergy(dst []float64, c *Chains[T], beta []float64) {
	p.buffer(len(c.H))
	p.score = score[T]{dst, c, beta}
	kernel.Parallel(c.N, kernel.RowGrain(p.plain.HiddenLen), p.freeRows)
}

func (p *Path[T]) freeEnergy(i int) {
	n, m := p.plain.VisibleLen, p.plain.HiddenLen
	c, beta := p.score.chains, p.score.beta[i]
	v, in := c.V[i*n:(i+1)*n], p.inputs[i*m:(i+1)*m]
	kernel.Scale(in, c.Inputs[i*m:(i+1)*m], T(beta))
	p.score.dst[i] = float64(p.plain.Visible.Energy(v, p.plain.VisibleLogVariance)) - kernel.Dot(v, p.base) - beta*kernel.Dot(v, p.rise) -
		float64(p.plain.Hidden.CGF(in, p.plain.HiddenLogVariance))
}

// Slope sets dst to ∂E_β(v,h)/∂β = (a − b)ᵀv − hᵀ(vW + c) of each chain: since E_β is linear in β, exchanging the states of two chains r and
// s changes the sum of their energies by (β_r − β_s)·(slope_s − slope_r).
func (p *Path[T]) Slope(dst []float64, c *Chains[T]) {
	p.score = score[T]{dst, c, nil}
	kernel.Parallel(c.N, kernel.RowGrain(p.plain.VisibleLen), p.slopedRows)
}

func (p *Path[T]) slope(i int) {
	n, m, c := p.plain.VisibleLen, p.plain.HiddenLen, p.score.chains
	p.score.dst[i] = -kernel.Dot(c.V[i*n:(i+1)*n], p.rise) - kernel.Dot(c.H[i*m:(i+1)*m], c.Inputs[i*m:(i+1)*m])
}

// buffer makes p.inputs hold at least n numbers, and returns that many.
func (p *Path[T]) buffer(n int) []T {
	if len(p.inputs) < n {
		p.inputs = make([]T, n)
	}
	return p.inputs[:n]
}

// BaseOf returns the biases a of the independent model that fits data best: log-odds and the like of the mean of each visible unit, drawn
// a little towards the middle of its range so that nothing the data lack is impossible.
func BaseOf(m *layers.RBM, means []float64) ([]float64, error) {
	if len(means) != m.Visible().Len() {
		return nil, fmt.Errorf("%d means, want one for each of %d visible units: %w", len(means), m.Visible().Len(), energy.ErrShape)
	}
	logVariance := []float64(nil)
	if p := m.Param("visible_log_variance"); p != nil {
		logVariance = p.Float64s()
	}
	base := make([]float64, len(means))
	m.Visible().Kind().F64.Inverse(base, means, logVariance)
	for _, a := range base {
		if math.IsNaN(a) || math.IsInf(a, 0) {
			return nil, fmt.Errorf("base biases: %w", energy.ErrNotFinite)
		}
	}
	return base, nil
}
