package sampling

import (
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
)

// boltzmann is a Boltzmann machine with its energy, E(x) = ½ xᵀAx − kᵀx, read off its parameters; rbm and sides of the machine are not used.
type boltzmann struct {
	machine
	bm      *layers.Boltzmann
	visible int
}

// shape is what couplings a test machine has.
type shape string

const (
	dense0 shape = "dense"
	semi   shape = "semi-restricted"
	sparse shape = "edges"
)

// boltzmannCase is a machine to test kernels with.
type boltzmannCase struct {
	name            string
	shape           shape
	visible, hidden *side
}

func sideOf(s side) *side { return &s }

// boltzmannCases are every family, with and without hidden units, in every shape.
var boltzmannCases = []boltzmannCase{
	{"Bernoulli", dense0, sideOf(bernoulli(4)), nil},
	{"Spin", dense0, sideOf(spin(4)), nil},
	{"OneHot", dense0, sideOf(oneHot(2, 3)), nil},
	{"Gaussian×Bernoulli", dense0, sideOf(gaussian(2)), sideOf(bernoulli(3))},
	{"joined×Spin", dense0, sideOf(joined("joined", bernoulli(1), gaussian(1), oneHot(1, 3))), sideOf(spin(2))},
	{"Bernoulli×OneHot", semi, sideOf(bernoulli(2)), sideOf(oneHot(2, 2))},
	{"joined×Bernoulli", semi, sideOf(joined("joined", spin(1), gaussian(1), oneHot(1, 2))), sideOf(bernoulli(2))},
	{"Spin", sparse, sideOf(spin(5)), nil},
	{"OneHot×Bernoulli", sparse, sideOf(oneHot(2, 3)), sideOf(bernoulli(2))},
	{"joined×Spin", sparse, sideOf(joined("joined", bernoulli(2), gaussian(1), oneHot(1, 2))), sideOf(spin(2))},
}

func (c boltzmannCase) families() []string {
	f := c.visible.units.Families()
	if c.hidden != nil {
		f = append(slices.Clone(f), c.hidden.units.Families()...)
	}
	return f
}

func (c boltzmannCase) real() bool { return slices.Contains(c.families(), "Gaussian") }

// make makes the machine of a seed, whose couplings and biases are all far from 0, so that a wrong kernel leaves the distribution fast. sign is
// that of the couplings, 0 for either.
func (c boltzmannCase) make(dtype tensor.Dtype, seed uint64, sign float64) boltzmann {
	config := layers.BoltzmannConfig{Visible: c.visible.units, SemiRestricted: c.shape == semi, Dtype: dtype}
	groups := c.visible.groups
	if c.hidden != nil {
		config.Hidden, groups = c.hidden.units, slices.Concat(groups, c.hidden.groups)
	}
	r := rand.New(rand.NewPCG(seed, 15))
	around := func(size float64) float64 {
		if sign != 0 {
			return sign * size * (0.7 + 0.6*r.Float64())
		}
		return size * (0.7 + 0.6*r.Float64()) * float64(1-2*r.IntN(2))
	}
	if c.shape == sparse { // a ring of all units, and a chord
		all := must(layers.NewBoltzmann("all", layers.BoltzmannConfig{Visible: config.Visible, Hidden: config.Hidden}))
		n := all.Units().Len()
		real := all.Units().Columns("Gaussian")
		for i := range n {
			for _, j := range []int{(i + 1) % n, (i + 3) % n} {
				if all.Units().UnitOf(i) != all.Units().UnitOf(j) && !(real[i] && real[j]) &&
					!slices.Contains(config.Edges, [2]int{i, j}) && !slices.Contains(config.Edges, [2]int{j, i}) && (j == (i+1)%n || i%2 == 0) {
					config.Edges = append(config.Edges, [2]int{i, j})
				}
			}
		}
	}
	bm := must(layers.NewBoltzmann("bm", config))
	w := bm.Param("W").Float64s()
	n := bm.Units().Len()
	if c.shape == sparse {
		for i := range w {
			w[i] = around(1)
		}
	} else {
		for i := range n {
			for j := range i {
				if w[i*n+j] != 0 { // a pair that is coupled
					w[i*n+j] = around(0.8)
					w[j*n+i] = w[i*n+j]
				}
			}
		}
	}
	check(bm.Param("W").Set(w))
	for name, size := range map[string]float64{"b": 0.6, "log_variance": 0.3} {
		if p := bm.Param(name); p != nil {
			r := rand.New(rand.NewPCG(seed, uint64(len(name))))
			x := make([]float64, n)
			for i := range x {
				x[i] = size * (0.7 + 0.6*r.Float64()) * float64(1-2*r.IntN(2))
			}
			check(p.Set(x))
		}
	}
	return boltzmannOf(bm, groups)
}

// boltzmannOf reads the energy of a machine off its parameters.
func boltzmannOf(bm *layers.Boltzmann, groups []group) boltzmann {
	n := bm.Units().Len()
	m := boltzmann{bm: bm, visible: bm.Visible().Len(), machine: machine{groups: groups, k: bm.Param("b").Float64s(), a: make([][]float64, n)}}
	w := bm.Param("W").Float64s()
	for i := range n {
		m.a[i] = make([]float64, n)
		if bm.Config().Edges == nil {
			for j := range n {
				m.a[i][j] = -w[i*n+j]
			}
		}
	}
	for k, e := range bm.Config().Edges {
		m.a[e[0]][e[1]], m.a[e[1]][e[0]] = -w[k], -w[k]
	}
	for i, real := range bm.Units().Columns("Gaussian") {
		if real {
			m.a[i][i] = 1
			if p := bm.Param("log_variance"); p != nil {
				m.a[i][i] = math.Exp(-p.Float64s()[i])
			}
		}
	}
	return m
}

// at makes a state of rows.
func (m boltzmann) at(rows [][]float64) *State {
	var v, h []float64
	for _, x := range rows {
		v, h = append(v, x[:m.visible]...), append(h, x[m.visible:]...)
	}
	s := &State{Visible: dense(m.bm.Dtype(), tensor.Shape{len(rows), m.visible}, v...)}
	if len(h) > 0 {
		s.Hidden = dense(m.bm.Dtype(), tensor.Shape{len(rows), len(m.k) - m.visible}, h...)
	}
	return s
}

// drawn makes a state of exact draws, one chain each.
func (m boltzmann) drawn(l *law, chains int, seed uint64) *State {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([][]float64, chains)
	for i := range x {
		x[i] = l.draw(r)
	}
	return m.at(x)
}

// allRows are the chains of a state, with or without hidden units.
func allRows(s *State) [][]float64 {
	if s.Hidden != nil {
		return rows(s)
	}
	v, n := numbers(s.Visible), s.Visible.Shape()[1]
	var out [][]float64
	for lo := 0; lo < len(v); lo += n {
		out = append(out, v[lo:lo+n])
	}
	return out
}

func cloneState(s *State) *State {
	t := &State{Visible: s.Visible.Clone().(*tensor.Dense), Step: s.Step}
	if s.Hidden != nil {
		t.Hidden = s.Hidden.Clone().(*tensor.Dense)
	}
	return t
}

// clamped clamps the first unit of all and, where there are hidden units, the last, at the values of a draw; free says which columns are left.
func (m boltzmann) clamped(seed uint64) (at []float64, visible, hidden, free []bool) {
	at = m.newLaw(1, nil, nil).draw(rand.New(rand.NewPCG(seed, 3)))
	at = numbers(dense(m.bm.Dtype(), tensor.Shape{len(at)}, at...)) // as the dtype rounds it
	held := make([]bool, len(at))
	for i := range m.groups[0].width {
		held[i] = true
	}
	visible = held[:m.visible]
	if len(at) > m.visible {
		for i := range m.groups[len(m.groups)-1].width {
			held[len(at)-1-i] = true
		}
		hidden = held[m.visible:]
	}
	for _, is := range held {
		free = append(free, !is)
	}
	return at, visible, hidden, free
}
