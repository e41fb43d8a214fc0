package modernhopfield

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// RandomPatterns are patterns drawn uniformly and independently from the sphere of radius M = Radius·√(Dim−1) in Dim dimensions, to
// be stored all together, except with the probability Failure.
type RandomPatterns struct {
	Dim     int     // at least 2
	Radius  float64 // K; above 0
	Beta    float64 // above 0
	Failure float64 // p, between 0 and 1
}

func (r RandomPatterns) check() error {
	switch {
	case r.Dim < 2:
		return fmt.Errorf("Dim is %d, want at least 2: %w", r.Dim, energy.ErrConfig)
	case !(r.Radius > 0) || math.IsInf(r.Radius, 0):
		return fmt.Errorf("Radius is %g, want a number above 0: %w", r.Radius, energy.ErrConfig)
	case !(r.Failure > 0 && r.Failure < 1):
		return fmt.Errorf("Failure is %g, want a probability between 0 and 1: %w", r.Failure, energy.ErrConfig)
	}
	return checkBeta(r.Beta)
}

// largest is the norm of the patterns.
func (r RandomPatterns) largest() float64 { return r.Radius * math.Sqrt(float64(r.Dim-1)) }

// CapacityBound is how many patterns a memory is proved to store.
type CapacityBound struct {
	A, B, C  float64 // the numbers of theorem 3
	Patterns float64 // √p·C^((d−1)/4), as a number, not rounded down
	Proved   bool    // whether C ≥ (2/√p)^(4/(d−1)), without which the theorem says nothing
}

// Capacity returns the number of random patterns that a memory with softmax is proved to store,
//
//	N ≥ √p c^((d−1)/4),   c = b / W₀(exp(a + ln b)),   a = 2/(d−1)·(1 + ln(2βK²p(d−1))),   b = 2K²β/5,
//
// where W₀ is the upper branch of the Lambert function. The bound grows exponentially with the dimension and is very loose where
// the dimension is small: MeasureCapacity finds far more.
//
// Source: Ramsauer et al. 2021, theorem 3 (theorem A5 in the appendix).
func Capacity(r RandomPatterns) (CapacityBound, error) {
	if err := r.check(); err != nil {
		return CapacityBound{}, fmt.Errorf("modernhopfield: Capacity: %w", err)
	}
	d := float64(r.Dim - 1)
	c := CapacityBound{
		A: 2 / d * (1 + math.Log(2*r.Beta*r.Radius*r.Radius*r.Failure*d)),
		B: 2 * r.Radius * r.Radius * r.Beta / 5,
	}
	c.C = c.B / lambertOfExp(c.A+math.Log(c.B))
	c.Patterns = math.Sqrt(r.Failure) * math.Pow(c.C, d/4)
	c.Proved = c.C >= math.Pow(2/math.Sqrt(r.Failure), 4/d)
	return c, nil
}

// lambertOfExp returns W₀(exp y), the w above 0 with w + ln w = y, also where exp y would overflow.
//
// The left side is concave and increasing, so Newton's method climbs to the root from any start below it, and both starts are:
// with t = exp y, t/(1+t) ≤ ln(1+t); and y − ln y for y ≥ 1.
func lambertOfExp(y float64) float64 {
	w := y - math.Log(y)
	if y < 1 {
		t := math.Exp(y)
		w = t / (1 + t)
	}
	for range 100 {
		next := w / (1 + w) * (1 + y - math.Log(w))
		if !(next > w) { // rounding ends the climb
			break
		}
		w = next
	}
	return w
}
