package samplertest

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/sampling"
)

// fault is a mistake that samplers are made with.
type fault string

const (
	sound        fault = "sound"
	alwaysAccept fault = "every proposal is accepted"
	wrongRatio   fault = "the ratio stands upside down"
	hot          fault = "the temperature is another"
	stale        fault = "the energy is that of the step before"
	oneDraw      fault = "each chain has the draws of the first"
	sameStep     fault = "each step has the draws of the first"
	lateClamp    fault = "two units flip at once, of which a held one is put back afterwards"
	moved        fault = "held units move"
	outside      fault = "a unit leaves its range"
	uncounted    fault = "the step is not counted"
	frozen       fault = "nothing moves"
	remembers    fault = "the draws depend on how often the kernel was called"
	unseeded     fault = "the seed is not read"
)

// metropolis flips one spin a step, at T = 2, or moves one real number, of an energy of its own.
type metropolis struct {
	fault  fault
	energy func(x []float64) float64
	real   bool
	held   []bool
	seed   uint64

	calls uint64
	last  []float64 // energies of the step before
}

func (m *metropolis) Step(s *sampling.State) (sampling.Info, error) {
	v := s.Visible.Float64s()
	chains, n := s.Visible.Shape()[0], s.Visible.Shape()[1]
	if m.last == nil {
		m.last = make([]float64, chains)
	}
	m.calls++
	info := sampling.Info{Proposed: chains}
	for i := range chains {
		seed, step, row := m.seed, s.Step, i
		switch m.fault {
		case remembers:
			step += 1000 * m.calls
		case oneDraw:
			row = 0
		case sameStep:
			step = 0
		case unseeded:
			seed = 0
		}
		r := rand.New(rand.NewPCG(seed, step<<20|uint64(row)))
		x := v[i*n : (i+1)*n]
		before := append([]float64(nil), x...)
		e := m.energy(x)
		j := r.IntN(n)
		if m.held != nil && m.held[j] && m.fault != lateClamp && m.fault != moved {
			continue
		}
		if m.real {
			x[j] += r.NormFloat64()
		} else {
			x[j] = -x[j]
			if m.fault == lateClamp {
				x[(j+1)%n] = -x[(j+1)%n]
			}
		}
		d := (m.energy(x) - e) / 2
		switch m.fault {
		case wrongRatio:
			d = -d
		case hot:
			d /= 1.5
		case stale:
			d = (m.energy(x) - m.last[i]) / 2
		case outside:
			x[j] *= 1.5
		}
		m.last[i] = e
		if m.fault != alwaysAccept && r.Float64() >= math.Exp(-d) || m.fault == frozen {
			copy(x, before)
			continue
		}
		info.Accepted++
		for j, held := range m.held {
			if held && m.fault == lateClamp {
				x[j] = before[j]
			}
		}
	}
	if m.fault != uncounted {
		s.Step++
	}
	return info, nil
}

// ring is the energy of an Ising ring with fields.
func ring(x []float64) (e float64) {
	for j := range x {
		e -= 0.8*x[j]*x[(j+1)%len(x)] + 0.3*float64(j)*x[j]
	}
	return e
}

// well has two minima of different depths along the first of its two numbers, which the second follows.
func well(x []float64) float64 {
	a := x[0]*x[0] - 1
	b := x[1] - x[0]
	return 4*a*a + 0.4*x[0] + 2*b*b
}

// wellDraw draws of exp(−well/2) by rejection: exp(−2a² − 0.2·x) is at most e^0.4 where x > −2, and 1e-7 of the mass lies below.
func wellDraw(r *rand.Rand) []float64 {
	for {
		x := -2 + 4*r.Float64()
		a := x*x - 1
		if r.Float64()*math.Exp(0.4) < math.Exp(-2*a*a-0.2*x) {
			return []float64{x, x + r.NormFloat64()/math.Sqrt2}
		}
	}
}

var float64s = Config{Dtype: tensor.Float64}
