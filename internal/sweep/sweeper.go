// Package sweep draws the units of a Boltzmann machine one after the other, each given all others, in many chains at once: Gibbs sweeps.
//
// A unit is drawn by a comparison of its field with noise that is made beforehand for a whole row of units: with u uniform in [0, 1) and z
// standard normal,
//
//	Bernoulli, Spin    the upper state if f > T·logit(u), ½T·logit(u)
//	OneHot             the state k with the largest f_k − T·log(−log u_k)
//	Gaussian           σ²f + √(Tσ²)·z
//
// The field f = b + Σ_j W_ij x_j may be moved towards base biases a, a + β(f − a), by a β of each chain: the path that package annealed
// goes. Noise is a function of the address of chain and step only, so results depend neither on GOMAXPROCS nor on other chains.
package sweep

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// Sweeper draws the units of a machine. It keeps buffers, so it is for one goroutine.
type Sweeper[T kernel.Float] struct {
	Plain layers.PlainBoltzmann[T]

	kinds    []kind // of each column
	parts    []part
	blocks   []block // of a dense machine
	variance []T     // of Gaussian columns; nil where there are none

	noise       []T // (chains, n)
	sets, moves []T // scratch of the blocks: (chains, widest)
	widest      int

	job                                           job[T]
	drawNoise, drawDense, drawInOrder, drawColour func(lo, hi int) // made once: a closure a sweep would be an allocation
}

// kind is the family of a column, as far as draws differ.
type kind uint8

const (
	bernoulli kind = iota
	spin
	oneHot // the first column of a unit
	state  // a further one
	gaussian
)

// low is the lower state of a binary unit.
func low[T kernel.Float](k kind) T {
	if k == spin {
		return -1
	}
	return 0
}

// part is columns of one family whose noise has one address.
type part struct {
	lo, hi int
	kind   kind
}

// maxPart bounds the columns of a part, so that several cores can share the noise of one long row.
const maxPart = 1 << 16

// Chains are rows of all units to move, at a temperature.
type Chains[T kernel.Float] struct {
	N      int
	X      []T // (N, n)
	Fields []T // (N, n): XW + b, for dense machines only; kept up to date by Dense
	// Clamp marks the columns that stay; nil for none. OneHot units are clamped whole.
	Clamp []bool
	// Base is a, and Beta β of each chain; nil for 0 and 1.
	Base []T
	Beta []float64

	Temperature float64
	Draws       rng.Stream
}

// job is a sweep under way.
type job[T kernel.Float] struct {
	Chains[T]
	step   uint64
	colour []int32 // first columns of the units of a colour
}

// New makes a sweeper of a machine, as its parameters are now: Read follows them. Errors: ErrDtype.
func New[T kernel.Float](m *layers.Boltzmann) (*Sweeper[T], error) {
	s := new(Sweeper[T])
	u := m.Units()
	s.kinds = make([]kind, u.Len())
	for family, k := range map[string]kind{"Spin": spin, "OneHot": oneHot, "Gaussian": gaussian} {
		for i, is := range u.Columns(family) {
			if is {
				s.kinds[i] = k
			}
			if is && k == oneHot && i > 0 && u.UnitOf(i) == u.UnitOf(i-1) {
				s.kinds[i] = state
			}
			if is && k == gaussian && s.variance == nil {
				s.variance = make([]T, u.Len())
			}
		}
	}
	for i, k := range s.kinds {
		if k == state {
			k = oneHot
		}
		if last := len(s.parts) - 1; last >= 0 && s.parts[last].kind == k && i < s.parts[last].lo+maxPart {
			s.parts[last].hi = i + 1
		} else {
			s.parts = append(s.parts, part{i, i + 1, k})
		}
	}
	s.drawNoise, s.drawDense, s.drawInOrder, s.drawColour = s.noiseOf, s.denseOf, s.inOrderOf, s.colourOf
	if err := s.Read(m); err != nil {
		return nil, err
	}
	if s.Plain.Bonds == nil {
		s.cut()
	}
	return s, nil
}

// Read takes over the parameters of the machine as they are now. Errors: ErrDtype, ErrNotFinite; of a dense W it is Refresh that tells.
func (s *Sweeper[T]) Read(m *layers.Boltzmann) error {
	var err error
	if s.Plain, err = layers.PlainBoltzmannOf[T](m); err != nil {
		return err
	}
	for i := range s.variance {
		s.variance[i] = 1
	}
	if s.variance != nil && s.Plain.LogVariance != nil {
		kernel.Exp(s.variance, s.Plain.LogVariance)
	}
	if !kernel.AllFinite(s.Plain.B) || !kernel.AllFinite(s.variance) || s.Plain.Bonds != nil && !kernel.AllFinite(s.Plain.W) {
		return fmt.Errorf("W, b or log_variance: %w", energy.ErrNotFinite)
	}
	return nil
}

// Units returns the first columns of all units, in ascending order.
func (s *Sweeper[T]) Units() []int32 {
	var first []int32
	for i, k := range s.kinds {
		if k != state {
			first = append(first, int32(i))
		}
	}
	return first
}

// end is the column after the last of the unit that starts at a column.
func (s *Sweeper[T]) end(first int) int {
	end := first + 1
	for end < len(s.kinds) && s.kinds[end] == state {
		end++
	}
	return end
}

// begin takes a job on and makes its noise.
func (s *Sweeper[T]) begin(c *Chains[T], step uint64) {
	if n := c.N * len(s.kinds); cap(s.noise) < n {
		s.noise = make([]T, n)
	}
	s.job.Chains, s.job.step = *c, step
}

// finish lets go of the caller's memory.
func (s *Sweeper[T]) finish() { s.job = job[T]{} }

// noiseOf makes the noise of parts lo to hi of all chains, chain by chain.
func (s *Sweeper[T]) noiseOf(lo, hi int) {
	for at := lo; at < hi; at++ {
		s.partNoise(at/len(s.parts), at%len(s.parts))
	}
}

func (s *Sweeper[T]) partNoise(chain, number int) {
	p, n := s.parts[number], len(s.kinds)
	dst := s.noise[chain*n+p.lo : chain*n+p.hi]
	row := s.job.Draws.Row(chain, s.job.step).Part(number)
	t := T(s.job.Temperature)
	switch p.kind {
	case gaussian:
		rng.Normal(row, dst)
		if s.Plain.LogVariance != nil {
			kernel.MultiplyExp(dst, dst, s.Plain.LogVariance[p.lo:p.hi], 0.5)
		}
		kernel.Scale(dst, dst, T(math.Sqrt(s.job.Temperature)))
	case oneHot:
		rng.Uniform(row, dst)
		kernel.Log(dst, dst)
		kernel.Scale(dst, dst, -1)
		kernel.Log(dst, dst)
		kernel.Scale(dst, dst, -t)
	default:
		rng.Uniform(row, dst)
		for i, u := range dst {
			dst[i] = u / (1 - u)
		}
		kernel.Log(dst, dst)
		if p.kind == spin {
			t /= 2
		}
		kernel.Scale(dst, dst, t)
	}
}
