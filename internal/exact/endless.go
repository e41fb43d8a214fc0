package exact

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// Poisson and ReLU units have no end. Sums over one of them go so far that what is left out is below 1e-18 of them, and integrals over a
// ReLU unit are Gauss–Legendre sums over short intervals.

func (s Side) endless() bool { return s.Family == Poisson || s.Family == ReLU }

// hardness orders sides by how they are summed: with an end, without, and in closed form only.
func (s Side) hardness() int {
	switch {
	case s.Family == Gaussian:
		return 2
	case s.endless():
		return 1
	}
	return 0
}

// unit is log Z, E[x] and E[x²] of one Poisson or ReLU unit in a field.
func (s Side) unit(field float64) (logZ, mean, second float64) {
	sum := newLogSum()
	var x, logP []float64
	add := func(value, logWeight float64) {
		x = append(x, value)
		logP = append(logP, field*value-s.own([]float64{value})+logWeight)
		sum.add(logP[len(logP)-1])
	}
	if s.Family == Poisson {
		for k := 0.0; ; k++ {
			add(k, 0)
			if k > 2*math.Exp(field) && logP[len(logP)-1] < sum.value()-45 {
				break // each further term is less than half of the one before
			}
		}
	} else {
		g := newGrid(max(field, 0)+12, 2/(4+math.Abs(field)))
		for i, value := range g.x {
			add(value, g.logWeight[i])
		}
	}
	logZ = sum.value()
	for i, value := range x {
		p := math.Exp(logP[i] - logZ)
		mean += p * value
		second += p * value * value
	}
	return logZ, mean, second
}

// points are where an integral over x ≥ 0 is summed, with the logarithms of the weights.
type points struct{ x, logWeight []float64 }

// gauss are the 8 points and weights of Gauss and Legendre on [0, 1].
var gauss = func() (g struct{ x, weight [8]float64 }) {
	quad.Legendre{}.FixedLocations(g.x[:], g.weight[:], 0, 1)
	return g
}()

// newGrid covers 0 to end by intervals of at most width.
func newGrid(end, width float64) points {
	var p points
	intervals := math.Ceil(end / width)
	for i := range int(intervals) {
		for k, x := range gauss.x {
			p.x = append(p.x, end/intervals*(float64(i)+x))
			p.logWeight = append(p.logWeight, math.Log(gauss.weight[k]*end/intervals))
		}
	}
	return p
}

// Where a whole side without end is enumerated, the sum goes over these; reach proves that nothing is missing.
const (
	lastCount = 80
	lastReal  = 16.
)

var grid = newGrid(lastReal, 0.5)

// reach returns an error unless a sum over the visible points is a sum over all there is. A Poisson unit whose input never exceeds log 16,
// whatever the hidden units do, has less than 16^81/81! < 1e-23 of the weight of its state 0 beyond 80. For a ReLU unit, let ρ < 1 be
// the Frobenius norm of the couplings that are multiplied by numbers without bound: then E ≥ ½(1−ρ)(|v|² + |h|²) minus linear terms, and what lies
// beyond 16 has a factor of exp(−60) at the most.
func (m *Harmonium) reach() error {
	if !m.Visible.endless() {
		return nil
	}
	k, squares := m.Hidden.Units, 0.0
	inputs := make([]float64, m.Visible.Units)
	for i := range inputs {
		inputs[i] = m.B[i]
		for j := range k {
			w := m.W[i*k+j]
			switch m.Hidden.Family {
			case Bernoulli, OneHot:
				inputs[i] += max(w, 0)
			case Binomial:
				inputs[i] += max(w, 0) * float64(m.Hidden.Trials)
			case Spin:
				inputs[i] += math.Abs(w)
			case Gaussian:
				if w != 0 && m.Visible.Family == Poisson {
					return fmt.Errorf("%w: W[%d] is %v between a Poisson and a Gaussian unit", ErrNotNormalisable, i*k+j, w)
				}
				squares += w * w * m.Hidden.variance(j)
			default:
				if w > 0 && (m.Visible.Family == Poisson || m.Hidden.Family == Poisson) {
					return fmt.Errorf("%w: W[%d] is %v between units without an end, one of them Poisson", ErrNotNormalisable, i*k+j, w)
				}
				squares += max(w, 0) * max(w, 0)
			}
		}
	}
	for i, input := range inputs {
		if m.Visible.Family == Poisson && input > math.Log(16) {
			return fmt.Errorf("%w: the input of visible Poisson unit %d reaches %.3g, at most %.3g can be summed", ErrNotEnumerable, i, input, math.Log(16))
		}
		if m.Visible.Family == ReLU && !((1-math.Sqrt(squares))*lastReal*lastReal/2-max(input, 0)*lastReal > 60) {
			return fmt.Errorf("%w: the input of visible ReLU unit %d reaches %.3g with couplings of norm %.3g", ErrNotEnumerable, i, input, math.Sqrt(squares))
		}
	}
	return nil
}
