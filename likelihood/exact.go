package likelihood

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// LogPartition returns log Z of a machine, in nats, such that p(v) = exp(−F(v) − log Z) with the machine's FreeEnergy, by going through all
// states of some of its units: the sum over the others, or their integral, is in closed form. In an RBM they are the side with fewer states,
//
//	log Z = log Σ_h exp(cᵀh − U(h) + Γ_v(b + Wh))        or the mirror image
//
// in a general Boltzmann machine all but its real units, or all visible ones where the hidden ones are uncoupled.
//
// Everything is computed in float64, whatever the dtype of the machine. Errors: ErrConfig for a machine with more than energy.MaxStates = 2²²
// such states, ErrNotFinite for parameters that are not numbers, and ctx's error when ctx ends. Cost: for each state the inputs of the other
// units and their Γ; 2¹⁶ states of 16 units beside 784 take a second.
func LogPartition(ctx context.Context, m Model) (float64, error) {
	err := checkModel(m)
	if err == nil {
		var logZ float64
		if logZ, _, err = enumerate(ctx, m, energy.MaxStates, writer{}); err == nil {
			return logZ, nil
		}
	}
	return 0, named(m, "LogPartition", err)
}

// Exact returns the log-likelihood of data with log Z computed by LogPartition: an interval of width 0, certified. Of the settings it
// reads Convention, Seed and Progress. data is (rows, visible), float32 or float64. Errors: those of LogPartition, what the visible units'
// Check says of the data, and ErrConfig for settings that cannot be.
func Exact(ctx context.Context, m Model, data *tensor.Dense, config Config) (Bound, error) {
	c, b, err := begin(ctx, m, data, config)
	if err == nil {
		err = b.enumerate(ctx, m, energy.MaxStates, c)
	}
	if err != nil {
		return Bound{}, named(m, "Exact", err)
	}
	return b, nil
}

// begin checks everything, and computes what does not need log Z.
func begin(ctx context.Context, m Model, data *tensor.Dense, config Config) (Config, Bound, error) {
	c, err := config.withDefaults()
	b := Bound{Convention: c.Convention, Confidence: c.Confidence, Tolerance: c.Tolerance}
	if err == nil {
		err = checkModel(m)
	}
	if err != nil {
		return c, b, err
	}
	f, err := freeEnergies(ctx, m, data, c.Convention, c.Seed)
	if err == nil {
		b.Rows, b.FreeEnergy = len(f), mean(f)
	}
	return c, b, err
}

// enumerate fills in a bound by enumeration.
func (b *Bound) enumerate(ctx context.Context, m Model, most int, c Config) error {
	logZ, what, err := enumerate(ctx, m, most, writer{c.Progress})
	if err != nil {
		return err
	}
	b.Method, b.Certified = "exact, "+what+" enumerated", true
	b.setLogZ(logZ, logZ, logZ)
	return nil
}

// enumerate returns log Z and the name of what it went through.
func enumerate(ctx context.Context, m Model, most int, progress writer) (logZ float64, what string, err error) {
	switch m := m.(type) {
	case *layers.RBM:
		logZ, what, err = rbmLogPartition(ctx, m, most, progress)
	case *layers.Boltzmann:
		logZ, what, err = boltzmannLogPartition(ctx, m, most, progress)
	}
	if err == nil && (math.IsNaN(logZ) || math.IsInf(logZ, 0)) {
		err = fmt.Errorf("log Z is %g: %w", logZ, energy.ErrNotFinite)
	}
	return logZ, what, err
}

// blockStates is how many states enumeration holds at once.
const blockStates = 1024

func rbmLogPartition(ctx context.Context, m *layers.RBM, most int, progress writer) (logZ float64, side string, err error) {
	visible, visibleErr := m.Visible().StateCount()
	hidden, hiddenErr := m.Hidden().StateCount()
	if visibleErr != nil {
		visible = math.MaxInt
	}
	if hiddenErr != nil {
		hidden = math.MaxInt
	}
	if min(visible, hidden) > most {
		return 0, "", fmt.Errorf("%v × %v: neither side has at most %d states: %w", m.Visible(), m.Hidden(), most, energy.ErrConfig)
	}
	p, err := plain64(m)
	if err != nil {
		return 0, "", err
	}
	side, listed, count := "hidden", m.Hidden(), hidden
	if visible < hidden {
		side, listed, count = "visible", m.Visible(), visible
		p.Visible, p.Hidden = p.Hidden, p.Visible
		p.VisibleLen, p.HiddenLen = p.HiddenLen, p.VisibleLen
		p.VisibleLogVariance, p.HiddenLogVariance = p.HiddenLogVariance, p.VisibleLogVariance
		p.B, p.C = p.C, p.B
	}
	// From here on the listed side is called hidden.
	states, inputs := make([]float64, blockStates*p.HiddenLen), make([]float64, blockStates*p.VisibleLen)
	logs := make([]float64, blockStates)
	logZ = math.Inf(-1)
	report := progress.every(count)
	for first := 0; first < count; first += blockStates {
		if err := ctx.Err(); err != nil {
			return 0, side, err
		}
		n := min(blockStates, count-first)
		kernel.Parallel(n, 64, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				listed.State(first+i, states[i*p.HiddenLen:(i+1)*p.HiddenLen])
			}
		})
		// W is (visible, hidden), which the mirror image stores transposed.
		kernel.Affine(side == "hidden", n, p.VisibleLen, p.HiddenLen, states[:n*p.HiddenLen], p.W, p.B, inputs[:n*p.VisibleLen])
		kernel.Parallel(n, kernel.RowGrain(p.VisibleLen), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				h := states[i*p.HiddenLen : (i+1)*p.HiddenLen]
				logs[i] = kernel.Dot(h, p.C) - p.Hidden.Energy(h, p.HiddenLogVariance) +
					p.Visible.CGF(inputs[i*p.VisibleLen:(i+1)*p.VisibleLen], p.VisibleLogVariance)
			}
		})
		logZ = logSumExp(append(slices.Clip(logs[:n]), logZ))
		report("enumerated %d of %d states", first+n)
	}
	return logZ - constant(m), side + " side", nil
}

// plain64 is the plain form of a machine in float64.
func plain64(m *layers.RBM) (layers.Plain[float64], error) {
	if m.Dtype() == tensor.Float64 {
		return layers.PlainOf[float64](m)
	}
	s, err := layers.PlainOf[float32](m)
	p := layers.Plain[float64]{
		Visible: units.In[float64](m.Visible().Kind()), Hidden: units.In[float64](m.Hidden().Kind()),
		VisibleLen: s.VisibleLen, HiddenLen: s.HiddenLen, W: wide(s.W), B: wide(s.B), C: wide(s.C),
		VisibleLogVariance: wide(s.VisibleLogVariance), HiddenLogVariance: wide(s.HiddenLogVariance),
	}
	return p, err
}

// wide is x in float64, nil for nil.
func wide(x []float32) []float64 {
	if x == nil {
		return nil
	}
	y := make([]float64, len(x))
	kernel.Convert(y, x)
	return y
}
