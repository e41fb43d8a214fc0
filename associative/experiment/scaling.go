package experiment

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/harmonium-go/harmonium/energy"
)

// Scaling is the function of n in which a capacity is taken to go to its limit in a straight line.
type Scaling int

const (
	Unscaled     Scaling = iota // no limit is looked for
	InverseUnits                // 1/n
	InverseRoot                 // 1/√n
	InverseLog                  // 1/ln n
)

// String is the function, n for none.
func (s Scaling) String() string {
	switch s {
	case Unscaled:
		return "n"
	case InverseUnits:
		return "1/n"
	case InverseRoot:
		return "1/√n"
	case InverseLog:
		return "1/ln n"
	}
	return fmt.Sprintf("Scaling(%d)", int(s))
}

func (s Scaling) validate() error {
	if s < Unscaled || s > InverseLog {
		return fmt.Errorf("Scaling: %v is not known: %w", s, energy.ErrConfig)
	}
	return nil
}

// of is the function, n for none.
func (s Scaling) of(n int) float64 {
	switch s {
	case Unscaled:
		return float64(n)
	case InverseRoot:
		return 1 / math.Sqrt(float64(n))
	case InverseLog:
		return 1 / math.Log(float64(n))
	}
	return 1 / float64(n)
}

// Extrapolation is a straight line through the loads of several sizes.
type Extrapolation struct {
	Scaling Scaling
	Limit   Estimate // at n = ∞
	Slope   float64  // over Scaling
	// ChiSquare is what the loads are off the line, in units of their errors. With two sizes it is 0.
	ChiSquare float64
	Freedom   int // degrees of freedom of ChiSquare: sizes less two
}

// String is the limit, its interval, and how well the line fits: "0.142 (0.139 to 0.145), in 1/n, χ² = 3.2 for 3".
func (e *Extrapolation) String() string {
	return fmt.Sprintf("%s, in %v, χ² = %.1f for %d", e.Limit.format("%.4f", 1), e.Scaling, e.ChiSquare, e.Freedom)
}

// Extrapolate fits load = limit + slope·s(n) by least squares, weighted by the errors of the loads; nil for one size, and for
// Unscaled. Where the loads are
// further off the line than their errors explain, the interval is widened by √(χ²/freedom). That interval knows only of the errors: whether
// the line is the right one is told by χ², and by other scalings.
func (c *CapacityCurve) Extrapolate(s Scaling) *Extrapolation {
	points := c.Points
	if s == Unscaled || len(points) < 2 {
		return nil
	}
	var w, wx, wy, wxx, wxy float64
	weights := make([]float64, len(points))
	for k, p := range points {
		weights[k] = 1 / (p.Error * p.Error)
		x, y := s.of(p.Units), p.Load.Value
		w += weights[k]
		wx += weights[k] * x
		wy += weights[k] * y
		wxx += weights[k] * x * x
		wxy += weights[k] * x * y
	}
	determinant := w*wxx - wx*wx
	limit, slope := (wxx*wy-wx*wxy)/determinant, (w*wxy-wx*wy)/determinant
	e := &Extrapolation{Scaling: s, Slope: slope, Freedom: len(points) - 2}
	for k, p := range points {
		off := p.Load.Value - limit - slope*s.of(p.Units)
		e.ChiSquare += weights[k] * off * off
	}
	reach := distuv.UnitNormal.Quantile(0.975) * math.Sqrt(wxx/determinant)
	if e.Freedom > 0 {
		reach *= math.Sqrt(max(1, e.ChiSquare/float64(e.Freedom)))
	} else {
		e.ChiSquare = 0 // but for rounding
	}
	e.Limit = Estimate{limit, limit - reach, limit + reach}
	return e
}
