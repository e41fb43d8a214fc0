package associative

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Gibbs updates one unit after the other by a draw at temperature T,
//
//	P(x_i = 1 | the others) = σ(2h_i/T)    bipolar        σ(h_i/T)    binary
//
// whose stationary distribution is p(x) ∝ exp(−E(x)/T) where W is symmetric without a diagonal. Units that hold a wrong bit by little
// lose it again: what T is worth.
//
// Sources: S. Geman, D. Geman, "Stochastic Relaxation, Gibbs Distributions, and the Bayesian Restoration of Images", IEEE PAMI 6 (1984);
// R. J. Glauber, J. Math. Phys. 4 (1963).
type Gibbs struct {
	// Temperature is T, in the unit of the energy; 0 means 1. (For temperature 0 take Asynchronous.)
	Temperature float64
	// Sweeps are made, or at most made with a Window; 0 means 100.
	Sweeps int
	// Average is over how many of the last sweeps a unit's value is averaged; the signs of the averages are the state recalled. 0 means
	// that the last state is.
	Average int
	// Window ends the recall of a row when the energy has stopped falling: when its mean over so many sweeps is not below the mean over as
	// many before. 0 means that all Sweeps are made.
	Window int
	// Seed of the draws, which differ from row to row.
	Seed uint64
	// Clamped marks units, one each, that keep the values they are given. nil is none.
	Clamped []bool
}

func (d Gibbs) temperature() float64 {
	if d.Temperature == 0 {
		return 1
	}
	return d.Temperature
}

func (d Gibbs) validate(n int) error {
	return cmp.Or(
		validTemperature("Temperature", d.temperature()),
		validSweeps("Sweeps", d.Sweeps),
		validAverage(d.Average, d.Window, cmp.Or(d.Sweeps, defaultSweeps)),
		validClamped(n, d.Clamped))
}

func validTemperature(name string, t float64) error {
	if !(t > 0) || math.IsInf(t, 0) {
		return fmt.Errorf("%s is %g, want a number above 0: %w", name, t, energy.ErrConfig)
	}
	return nil
}

func validAverage(average, window, sweeps int) error {
	switch {
	case average < 0 || average > sweeps:
		return fmt.Errorf("Average is %d, want 0 to %d, the number of sweeps: %w", average, sweeps, energy.ErrConfig)
	case window < 0 || window > sweeps/2:
		return fmt.Errorf("Window is %d, want 0 to %d, half the number of sweeps, so that two can be compared: %w", window, sweeps/2, energy.ErrConfig)
	}
	return nil
}

func (d Gibbs) run(h *Hopfield, rows []*row) {
	draws := rng.New(d.Seed, "associative gibbs")
	each(h, rows, func(r *row) {
		e := newEvolution(h, r, draws, d.Average, d.Window, d.Clamped)
		e.at(d.temperature(), cmp.Or(d.Sweeps, defaultSweeps))
		e.end()
	})
}

// evolution is one row at temperatures above 0.
type evolution struct {
	h               *Hopfield
	r               *row
	draws           rng.Stream
	window          int
	clamped         []bool
	uniform, logits []float64
	// The last states of this temperature, at most average, of which sweep s of the temperature stands at s modulo average.
	recent  [][]float64
	average int
	made    int // sweeps at this temperature
}

func newEvolution(h *Hopfield, r *row, draws rng.Stream, average, window int, clamped []bool) *evolution {
	return &evolution{
		h: h, r: r, draws: draws, window: window, clamped: clamped, uniform: make([]float64, h.n), logits: make([]float64, h.n), average: average,
	}
}

// at makes sweeps at one temperature, until the energy stops falling if there is a window.
func (e *evolution) at(temperature float64, sweeps int) {
	// h > T·logit(u) is u < σ(h/T).
	factor := temperature
	if !e.h.config.Binary {
		factor /= 2
	}
	first := len(e.r.trace)
	for e.made = 0; e.made < sweeps; {
		e.sweep(factor)
		e.r.sweeps++
		e.r.note(e.h)
		e.keep()
		e.made++
		if e.window > 0 && stopped(e.r.trace[first:], e.window) {
			return
		}
	}
}

// keep notes the state for the average.
func (e *evolution) keep() {
	if e.average == 0 {
		return
	}
	at := e.made % e.average
	if at == len(e.recent) { // grows with the sweeps, which may be far less than were allowed
		e.recent = append(e.recent, make([]float64, e.h.n))
	}
	copy(e.recent[at], e.r.x)
}

func (e *evolution) sweep(factor float64) {
	rng.Uniform(e.draws.Row(e.r.number, uint64(e.r.sweeps)), e.uniform)
	for i, u := range e.uniform {
		e.logits[i] = u / (1 - u)
	}
	kernel.Log(e.logits, e.logits)
	low := e.h.low()
	for i, x := range e.r.x {
		if e.clamped != nil && e.clamped[i] {
			continue
		}
		next := low
		if e.h.field(i, e.r.sums[i]) > factor*e.logits[i] {
			next = 1
		}
		if next != x {
			e.r.set(e.h, i, next)
		}
	}
}

// stopped reports whether the mean of the last window of energies is not below that of the window before.
func stopped(trace []float64, window int) bool {
	if len(trace) < 2*window {
		return false
	}
	last, before := trace[len(trace)-window:], trace[len(trace)-2*window:len(trace)-window]
	return kernel.Total(last) >= kernel.Total(before)
}

// end leaves the row in the state that is recalled.
func (e *evolution) end() {
	r := e.r
	if m := min(e.average, e.made); m > 0 {
		r.means = make([]float64, len(r.x))
		for back := range m {
			kernel.Axpy(1/float64(m), e.recent[(e.made-1-back)%e.average], r.means)
		}
		state, middle := slices.Clone(r.x), (1+e.h.low())/2
		for i, mean := range r.means {
			switch half := mean - middle; {
			case half > 0x1p-40: // the mean of as many 1 as −1 is 0 but for rounding
				state[i] = 1
			case half < -0x1p-40:
				state[i] = e.h.low()
			}
		}
		copy(r.x, state)
		e.h.fieldsOf(r.sums, r.x)
	}
	if e.h.stable(r.x, r.sums, e.clamped) {
		r.cycle = 1
	}
}
