package associative

import (
	"cmp"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Annealing is Gibbs at temperatures that fall from From to To by a constant factor,
//
//	T_k = From·(To/From)^(k/(K−1)),    k = 0 … K−1
//
// so that a state leaves the shallow valleys of spurious states while it is warm, and settles in a deep one as it cools.
//
// Source: S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by Simulated Annealing", Science 220 (1983).
type Annealing struct {
	// From and To are the first and the last temperature, From above To above 0, in the unit of the energy. They must be given: half the size
	// of the fields at a pattern, and a tenth of that, are a beginning.
	From, To float64
	// Temperatures is K; 0 means 20.
	Temperatures int
	// Sweeps are made at each temperature, or at most made with a Window; 0 means 10.
	Sweeps int
	// Average is over how many of the last sweeps at To a unit's value is averaged; the signs of the averages are the state recalled. 0
	// means that the last state is.
	Average int
	// Window goes on to the next temperature when the energy has stopped falling: when its mean over so many sweeps is not below the mean
	// over as many before. 0 means that all Sweeps are made.
	Window int
	// Seed of the draws, which differ from row to row.
	Seed uint64
	// Clamped marks units, one each, that keep the values they are given. nil is none.
	Clamped []bool
}

// withDefaults fills in what is 0.
func (d Annealing) withDefaults() Annealing {
	if d.Temperatures == 0 {
		d.Temperatures = 20
	}
	if d.Sweeps == 0 {
		d.Sweeps = 10
	}
	return d
}

func (d Annealing) validate(n int) error {
	d = d.withDefaults()
	err := cmp.Or(validTemperature("From", d.From), validTemperature("To", d.To))
	switch {
	case err != nil:
		return err
	case d.From <= d.To:
		return fmt.Errorf("From is %g and To %g, want temperatures that fall: %w", d.From, d.To, energy.ErrConfig)
	case d.Temperatures < 2:
		return fmt.Errorf("Temperatures is %d, want at least 2, or 0 for 20: %w", d.Temperatures, energy.ErrConfig)
	case d.Sweeps < 1:
		return fmt.Errorf("Sweeps is %d, want at least 1, or 0 for 10: %w", d.Sweeps, energy.ErrConfig)
	}
	return cmp.Or(validAverage(d.Average, d.Window, d.Sweeps), validClamped(n, d.Clamped))
}

func (d Annealing) run(h *Hopfield, rows []*row) {
	d = d.withDefaults()
	draws := rng.New(d.Seed, "associative annealing")
	each(h, rows, func(r *row) {
		e := newEvolution(h, r, draws, d.Average, d.Window, d.Clamped)
		for k := range d.Temperatures {
			e.at(d.From*math.Pow(d.To/d.From, float64(k)/float64(d.Temperatures-1)), d.Sweeps)
		}
		e.end()
	})
}
