package annealed

import (
	"fmt"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/sweep"
	"github.com/harmonium-go/harmonium/layers"
)

// BoltzmannPath is the path from independent units with biases a to a Boltzmann machine: with x = (v, h) and β from 0 to 1
//
//	E_β(x) = U(x) − ((1−β)a + βb)ᵀx − ½β xᵀWx
//
// At β = 0 all units are independent and log Z₀ = Γ(a). E_β is linear in β. Its methods go through all chains at once, each at a β of its own.
// A BoltzmannPath keeps buffers, so it is for one goroutine.
type BoltzmannPath[T kernel.Float] struct {
	// Clamp marks the columns that no draw changes: n marks for all chains, or (N, n) for those of each; nil for none.
	Clamp []bool

	sweeper      *sweep.Sweeper[T]
	layout       *sweep.Layout[T] // of a machine with Edges
	base, rise   []T              // a, and b − a
	steps, start rng.Stream
	at           sweep.Chains[T]
	drawBase     func(lo, hi int) // made once: a closure for each call would be an allocation
	from         baseJob[T]
}

type baseJob[T kernel.Float] struct {
	chains *BoltzmannChains[T]
	step   uint64
}

// BoltzmannChains is where the chains of a path stand, the visible units first in each row. Fields are XW + b: whoever writes to X calls
// Refresh before anything else.
type BoltzmannChains[T kernel.Float] struct {
	N         int
	X, Fields []T // (N, n)
	row       []T // scratch of DrawBase
}

// NewBoltzmann makes the path to a machine as it is now; Read follows the machine as it learns. base is a, see SetBase. Errors: ErrShape,
// ErrNotFinite, ErrDtype.
func NewBoltzmann[T kernel.Float](m *layers.Boltzmann, base []float64, seed uint64) (*BoltzmannPath[T], error) {
	p := &BoltzmannPath[T]{steps: rng.New(seed, "annealed sweep"), start: rng.New(seed, "annealed base")}
	p.drawBase = eachRow(p.drawBaseRow)
	var err error
	if p.sweeper, err = sweep.New[T](m); err != nil {
		return nil, err
	}
	if g := p.sweeper.Plain.Bonds; g != nil {
		p.layout = sweep.NewLayout(p.sweeper, g.Colouring(p.sweeper.Units()))
	}
	return p, p.SetBase(base)
}

// SetBase sets a, one number a column of all units. An error, ErrShape or ErrNotFinite, changes nothing.
func (p *BoltzmannPath[T]) SetBase(base []float64) error {
	if n := p.sweeper.Plain.Len(); len(base) != n {
		return fmt.Errorf("%d base biases, want one for each of %d columns: %w", len(base), n, energy.ErrShape)
	}
	if p.base == nil {
		p.base, p.rise = make([]T, len(base)), make([]T, len(base))
	}
	kernel.Convert(p.rise, base) // on trial
	finite := kernel.AllFinite(p.rise)
	if finite {
		copy(p.base, p.rise)
	}
	kernel.Subtract(p.rise, p.sweeper.Plain.B, p.base)
	if !finite {
		return fmt.Errorf("base biases: %w", energy.ErrNotFinite)
	}
	return nil
}

// Read takes over the machine's parameters as they are now. Fields of chains are to be refreshed.
func (p *BoltzmannPath[T]) Read(m *layers.Boltzmann) error {
	if err := p.sweeper.Read(m); err != nil {
		return err
	}
	kernel.Subtract(p.rise, p.sweeper.Plain.B, p.base)
	return nil
}

// NewChains makes n chains with all numbers 0.
func (p *BoltzmannPath[T]) NewChains(n int) *BoltzmannChains[T] {
	columns := p.sweeper.Plain.Len()
	return &BoltzmannChains[T]{N: n, X: make([]T, n*columns), Fields: make([]T, n*columns)}
}

// Refresh sets the fields that X has. Beyond what is written to X it undoes what rounding has added up in very many steps.
func (p *BoltzmannPath[T]) Refresh(c *BoltzmannChains[T]) { p.sweeper.Plain.Input(c.Fields, c.X, c.N) }

// LogBase is log Z₀ = Γ(a).
func (p *BoltzmannPath[T]) LogBase() float64 {
	return float64(p.sweeper.Plain.Units.CGF(p.base, p.sweeper.Plain.LogVariance))
}

// DrawBase draws all units that are not clamped at β = 0, with their fields. Its draws are other ones than those of the step of the same
// number.
func (p *BoltzmannPath[T]) DrawBase(c *BoltzmannChains[T], step uint64) {
	if len(c.row) != len(c.X) {
		c.row = make([]T, len(c.X))
	}
	p.from = baseJob[T]{c, step}
	kernel.Parallel(c.N, kernel.RowGrain(len(p.base)), p.drawBase)
	p.from = baseJob[T]{}
	p.Refresh(c)
}

func (p *BoltzmannPath[T]) drawBaseRow(i int) {
	c, n := p.from.chains, len(p.base)
	x, drawn := c.X[i*n:(i+1)*n], c.row[i*n:(i+1)*n]
	p.sweeper.Plain.Units.Sample(drawn, p.base, p.sweeper.Plain.LogVariance, 1, p.start.Row(i, p.from.step))
	clamp := p.Clamp
	if len(clamp) > n {
		clamp = clamp[i*n : (i+1)*n]
	}
	for j, v := range drawn {
		if clamp == nil || !clamp[j] {
			x[j] = v
		}
	}
}

// Step makes a Gibbs sweep over all units of every chain at its own β: in the order of the columns, or colour by colour where the machine has
// Edges. p_β(x) is stationary. Cost: (N×n)·(n×n) multiply-adds at most, or two an edge and chain.
func (p *BoltzmannPath[T]) Step(c *BoltzmannChains[T], beta []float64, step uint64) {
	p.at = sweep.Chains[T]{N: c.N, X: c.X, Fields: c.Fields, Clamp: p.Clamp, Base: p.base, Beta: beta, Temperature: 1, Draws: p.steps}
	if p.sweeper.Plain.Bonds == nil {
		p.sweeper.Dense(&p.at, step)
	} else {
		p.sweeper.Coloured(&p.at, p.layout, 1, step)
		p.Refresh(c)
	}
	p.at = sweep.Chains[T]{}
}

// Energy sets dst to E_β(x) of each chain at a β of its own: for a machine without hidden units its free energy on the path.
func (p *BoltzmannPath[T]) Energy(dst []float64, c *BoltzmannChains[T], beta []float64) {
	n := len(p.base)
	for i := range c.N {
		x := c.X[i*n : (i+1)*n]
		dst[i] = float64(p.sweeper.Plain.Units.Energy(x, p.sweeper.Plain.LogVariance)) - kernel.Dot(x, p.base) + beta[i]*p.slope(c, i)
	}
}

// Slope sets dst to ∂E_β(x)/∂β = (a − b)ᵀx − ½ xᵀWx of each chain: since E_β is linear in β, exchanging the states of two chains r and s changes
// the sum of their energies by (β_r − β_s)·(slope_s − slope_r).
func (p *BoltzmannPath[T]) Slope(dst []float64, c *BoltzmannChains[T]) {
	for i := range c.N {
		dst[i] = p.slope(c, i)
	}
}

func (p *BoltzmannPath[T]) slope(c *BoltzmannChains[T], i int) float64 {
	n := len(p.base)
	x := c.X[i*n : (i+1)*n]
	return -kernel.Dot(x, p.rise) - (kernel.Dot(x, c.Fields[i*n:(i+1)*n])-kernel.Dot(x, p.sweeper.Plain.B))/2
}
