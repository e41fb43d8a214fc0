package sampling

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
)

// group is the smallest piece of a side that is drawn at once: its states, or none for a real number.
type group struct {
	width  int
	states [][]float64
}

// side is one side of a test machine, with what an oracle must know of it. whole is nil where the families are mixed.
type side struct {
	name   string
	units  energy.Units
	groups []group
	whole  *exact.Side
}

func pure(name string, u energy.Units, whole exact.Side) side {
	s := side{name: name, units: u, whole: &whole}
	for lo := 0; lo < whole.Units; {
		g := group{width: 1}
		if whole.Family != exact.Gaussian && whole.Family != exact.ReLU && whole.Family != exact.Poisson {
			g.width = max(1, whole.States)
			g.states = must(exact.States(exact.Side{Family: whole.Family, Units: g.width, States: whole.States, Trials: whole.Trials}))
		}
		s.groups = append(s.groups, g)
		lo += g.width
	}
	return s
}

func joined(name string, parts ...side) side {
	s := side{name: name}
	var all []energy.Units
	for _, p := range parts {
		all, s.groups = append(all, p.units), append(s.groups, p.groups...)
	}
	s.units = energy.Join(all...)
	return s
}

func bernoulli(n int) side {
	return pure("Bernoulli", energy.Bernoulli(n), exact.Side{Family: exact.Bernoulli, Units: n})
}
func spin(n int) side {
	return pure("Spin", energy.Spin(n), exact.Side{Family: exact.Spin, Units: n})
}
func oneHot(n, q int) side {
	return pure("OneHot", energy.OneHot(n, q), exact.Side{Family: exact.OneHot, Units: n * q, States: q})
}
func gaussian(n int) side {
	return pure("Gaussian", energy.LearnedGaussian(n, 1), exact.Side{Family: exact.Gaussian, Units: n})
}

// sides are every family, discrete ones joined, and real ones joined with discrete ones.
var sides = []side{
	bernoulli(3), spin(3), oneHot(2, 3), gaussian(2),
	joined("Joined", spin(1), oneHot(1, 3)), joined("JoinedReal", bernoulli(1), gaussian(1), oneHot(1, 2)),
}

// machine is an RBM and its energy, E(x) = ½ xᵀAx − kᵀx for x = (v, h), read off its parameters.
type machine struct {
	rbm    *layers.RBM
	sides  [2]side
	groups []group // of v and then of h
	a      [][]float64
	k      []float64
}

// newMachine makes a machine whose couplings and biases are all far from 0, so that a wrong kernel leaves the distribution
// fast; between real units they are small enough for p to be normalisable.
func newMachine(visible, hidden side, dtype tensor.Dtype, seed uint64) machine {
	rbm := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: visible.units, Hidden: hidden.units, Dtype: dtype}))
	m := machine{rbm: rbm, sides: [2]side{visible, hidden}, groups: slices.Concat(visible.groups, hidden.groups)}
	r := rand.New(rand.NewPCG(seed, 5))
	around := func(size float64) float64 { return size * (0.7 + 0.6*r.Float64()) * float64(1-2*r.IntN(2)) }
	nv, nh := visible.units.Len(), hidden.units.Len()
	realV, realH := visible.units.Columns("Gaussian"), hidden.units.Columns("Gaussian")
	w := make([]float64, nv*nh)
	for i := range w {
		w[i] = around(1.2)
		if realV[i/nh] && realH[i%nh] {
			w[i] = around(0.25)
		}
	}
	set := func(name string, size float64) {
		if p := rbm.Param(name); p != nil {
			x := make([]float64, len(p.Float64s()))
			for i := range x {
				x[i] = around(size)
			}
			check(p.Set(x))
		}
	}
	check(rbm.Param("W").Set(w))
	set("b", 0.8)
	set("c", 0.8)
	set("visible_log_variance", 0.3)
	set("hidden_log_variance", 0.3)

	w = rbm.Param("W").Float64s() // as the dtype rounded them
	m.k = append(rbm.Param("b").Float64s(), rbm.Param("c").Float64s()...)
	m.a = make([][]float64, nv+nh)
	for i := range m.a {
		m.a[i] = make([]float64, nv+nh)
	}
	for i := range nv {
		for j := range nh {
			m.a[i][nv+j], m.a[nv+j][i] = -w[i*nh+j], -w[i*nh+j]
		}
	}
	for i, real := range slices.Concat(realV, realH) {
		if real {
			name, j := "visible_log_variance", i
			if i >= nv {
				name, j = "hidden_log_variance", i-nv
			}
			m.a[i][i] = math.Exp(-rbm.Param(name).Float64s()[j])
		}
	}
	return m
}

func (m machine) energy(x []float64) (e float64) {
	for i := range x {
		e -= m.k[i] * x[i]
		for j := range x {
			e += m.a[i][j] * x[i] * x[j] / 2
		}
	}
	return e
}

// state makes a state of exact draws, one chain each.
func (m machine) state(l *law, chains int, seed uint64) *State {
	r := rand.New(rand.NewPCG(seed, 1))
	var v, h []float64
	nv := m.sides[0].units.Len()
	for range chains {
		x := l.draw(r)
		v, h = append(v, x[:nv]...), append(h, x[nv:]...)
	}
	return &State{
		Visible: dense(m.rbm.Dtype(), tensor.Shape{chains, nv}, v...),
		Hidden:  dense(m.rbm.Dtype(), tensor.Shape{chains, m.sides[1].units.Len()}, h...),
	}
}

// rows are the chains of a state, each (v, h).
func rows(s *State) [][]float64 {
	v, h := numbers(s.Visible), numbers(s.Hidden)
	nv, nh := s.Visible.Shape()[1], s.Hidden.Shape()[1]
	out := make([][]float64, s.Visible.Shape()[0])
	for i := range out {
		out[i] = slices.Concat(v[i*nv:(i+1)*nv], h[i*nh:(i+1)*nh])
	}
	return out
}

// eachPair runs a test on every pair of sides; when short on a third of them, in which each side is on both places.
func eachPair(t *testing.T, test func(t *testing.T, visible, hidden side)) {
	for i, visible := range sides {
		for j, hidden := range sides {
			if testing.Short() && i%3 != j%3 {
				continue
			}
			t.Run(visible.name+"×"+hidden.name, func(t *testing.T) {
				t.Parallel()
				test(t, visible, hidden)
			})
		}
	}
}

// exact is the machine as internal/exact knows it.
func (m machine) exact(temperature float64) *exact.Harmonium {
	scaled := func(name string) []float64 {
		x := m.rbm.Param(name).Float64s()
		for i := range x {
			x[i] /= temperature
		}
		return x
	}
	of := func(s side, name string) exact.Side {
		whole := *s.whole
		if p := m.rbm.Param(name); p != nil {
			whole.LogVariance = p.Float64s()
			for i := range whole.LogVariance {
				whole.LogVariance[i] += math.Log(temperature)
			}
		}
		return whole
	}
	return &exact.Harmonium{
		Visible: of(m.sides[0], "visible_log_variance"), Hidden: of(m.sides[1], "hidden_log_variance"),
		W: scaled("W"), B: scaled("b"), C: scaled("c"),
	}
}
