package sampling

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// These tests hold samplers of every pair of families against a law that is a table: two visible units on cells, the states of a count
// or slices of a real number, and the hidden units given them by their conditional distributions. Rows are tested by what
// makes them uniform (Rosenblatt 1952): F(v_1), F(v_2|v_1), F(h_1|v), F(h_2|v), with a uniform number in the jumps of a count, each and in pairs.

// member is a family as the tests know it.
type member struct {
	name    string
	units   energy.Units // two of them
	trials  float64      // the largest count of one that is no Poisson unit
	low     float64      // of the two states of Spin and Bernoulli
	real    bool
	bounded bool
}

var members = []member{
	{name: "Bernoulli", units: energy.Bernoulli(2), trials: 1, bounded: true},
	{name: "Spin", units: energy.Spin(2), trials: 1, low: -1, bounded: true},
	{name: "Binomial", units: energy.Binomial(2, 4), trials: 4, bounded: true},
	{name: "Poisson", units: energy.Poisson(2), trials: 200},
	{name: "ReLU", units: energy.ReLU(2), real: true},
	{name: "Gaussian", units: energy.Gaussian(2), real: true},
}

// eachFamilyPair runs a test on every pair that can be coupled.
func eachFamilyPair(t *testing.T, test func(t *testing.T, visible, hidden member)) {
	for _, v := range members {
		for _, h := range members {
			if v.name == "Poisson" && h.name == "Gaussian" || v.name == "Gaussian" && h.name == "Poisson" {
				continue
			}
			t.Run(v.name+"×"+h.name, func(t *testing.T) {
				t.Parallel()
				test(t, v, h)
			})
		}
	}
}

// states are the values of a unit, or the middles of slices of a width, and minus the logarithm of the base measure at temperature T.
func (m member) states(temperature float64) (x, own []float64, width float64) {
	if m.real {
		const reach = 15.
		width = 0.1
		for value := -reach; value < reach; value += width {
			if middle := value + width/2; middle > 0 || m.name == "Gaussian" {
				x, own = append(x, middle), append(own, middle*middle/2/temperature)
			}
		}
		return x, own, width
	}
	factorial := func(k float64) float64 { v, _ := math.Lgamma(k + 1); return v }
	for k := 0.0; k <= m.trials; k++ {
		switch m.name {
		case "Spin":
			x, own = append(x, 2*k-1), append(own, 0)
		case "Binomial":
			x, own = append(x, k), append(own, factorial(k)+factorial(m.trials-k)-factorial(m.trials))
		case "Poisson":
			x, own = append(x, k), append(own, factorial(k))
		default:
			x, own = append(x, k), append(own, 0)
		}
	}
	return x, own, 0
}

// logZ is log ∫ exp(I·x/T) dμ, up to a constant where the unit is real.
func (m member) logZ(in, temperature float64) float64 {
	switch m.name {
	case "Gaussian":
		return in * in / 2 / temperature
	case "ReLU":
		if in < -20*math.Sqrt(temperature) { // erfc comes near the smallest numbers: two terms of its series
			return math.Log(temperature/-in*(1-temperature/in/in)) - math.Log(math.Pi*temperature/2)/2
		}
		return in*in/2/temperature + math.Log(math.Erfc(-in/math.Sqrt(2*temperature)))
	case "Poisson":
		return math.Exp(in / temperature)
	case "Spin":
		return math.Log(math.Exp(in/temperature) + math.Exp(-in/temperature))
	}
	return m.trials * math.Log1p(math.Exp(in/temperature))
}

// pair is a machine of two visible and two hidden units and its law at a temperature.
type pair struct {
	visible, hidden member
	rbm             *layers.RBM
	temperature     float64
	w, b, c         []float64
	x               []float64 // cells of a visible unit
	width           float64
	p               []float64 // of the pairs of cells, the second running fastest
	first           []float64 // of the cells of the first unit alone

	hx, hown []float64 // states of a hidden unit
	hwidth   float64
}

func newPair(visible, hidden member, dtype tensor.Dtype, temperature float64, seed uint64) pair {
	p := pair{visible: visible, hidden: hidden, temperature: temperature}
	p.rbm = must(layers.NewRBM("rbm", layers.RBMConfig{Visible: visible.units, Hidden: hidden.units, Dtype: dtype}))
	r := rand.New(rand.NewPCG(seed, 5))
	around := func(size float64) float64 { return size * (0.8 + 0.4*r.Float64()) * float64(1-2*r.IntN(2)) }
	size, negative := 0.9, false
	binomial := visible.name == "Binomial" || hidden.name == "Binomial"
	switch poisson := visible.name == "Poisson" || hidden.name == "Poisson"; {
	case visible.bounded && hidden.bounded && !binomial:
		size = 2
	case binomial && (visible.real || hidden.real):
		size = 0.4
	case poisson && !visible.bounded && !hidden.bounded:
		size, negative = 0.6, true
	case poisson && binomial:
		size = 0.18
	case poisson:
		size = 0.25
		if visible.name == "Bernoulli" || hidden.name == "Bernoulli" {
			size = 0.6
		}
	case !visible.bounded && !hidden.bounded:
		size = 0.35
	}
	w := make([]float64, 4)
	for i := range w {
		if w[i] = around(size); negative {
			w[i] = -math.Abs(w[i])
		}
	}
	check(p.rbm.Param("W").Set(w))
	check(p.rbm.Param("b").Set([]float64{around(0.5), around(0.5)}))
	check(p.rbm.Param("c").Set([]float64{around(0.5), around(0.5)}))
	check(p.rbm.Normalisable())
	p.w, p.b, p.c = p.rbm.Param("W").Float64s(), p.rbm.Param("b").Float64s(), p.rbm.Param("c").Float64s()

	var own []float64
	p.x, own, p.width = visible.states(temperature)
	p.hx, p.hown, p.hwidth = hidden.states(temperature)
	for i, v := range p.x {
		for j, u := range p.x {
			in := p.inputs([]float64{v, u})
			p.p = append(p.p, (p.b[0]*v+p.b[1]*u)/temperature-own[i]-own[j]+hidden.logZ(in[0], temperature)+hidden.logZ(in[1], temperature))
		}
	}
	top, total := slices.Max(p.p), 0.0
	for i := range p.p {
		p.p[i] = math.Exp(p.p[i] - top)
		total += p.p[i]
	}
	p.first = make([]float64, len(p.x))
	for i := range p.p {
		p.p[i] /= total
		p.first[i/len(p.x)] += p.p[i]
	}
	if n := len(p.x); !visible.bounded && max(p.p[n-1], p.p[n*n-1], p.p[n*(n-1)]) > 1e-12 {
		panic("the law does not end in the table")
	}
	return p
}

// inputs of the hidden units.
func (p pair) inputs(v []float64) [2]float64 {
	return [2]float64{p.c[0] + v[0]*p.w[0] + v[1]*p.w[2], p.c[1] + v[0]*p.w[1] + v[1]*p.w[3]}
}

// pick draws an index by weights.
func pick(r *rand.Rand, weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	u, k := total*r.Float64(), 0
	for k < len(weights)-1 && u >= weights[k] {
		u -= weights[k]
		k++
	}
	return k
}

// hiddenWeights are those of the states of a hidden unit.
func (p pair) hiddenWeights(in float64) []float64 {
	weights := make([]float64, len(p.hx))
	for k, x := range p.hx {
		weights[k] = math.Exp(in*x/p.temperature - p.hown[k])
	}
	return weights
}

// draw returns one row (v, h) of the law.
func (p pair) draw(r *rand.Rand) []float64 {
	n := len(p.x)
	i := pick(r, p.first)
	j := pick(r, p.p[i*n:(i+1)*n])
	row := []float64{p.x[i] + p.width*(r.Float64()-0.5), p.x[j] + p.width*(r.Float64()-0.5), 0, 0}
	for j, in := range p.inputs(row) {
		if !p.hidden.real {
			row[2+j] = p.hx[pick(r, p.hiddenWeights(in))]
			continue
		}
		u, lo, hi := r.Float64(), p.hx[0]-p.hwidth/2, 30.0
		for range 50 { // bisection
			middle := (lo + hi) / 2
			if below, _ := p.hiddenPlace(middle, in); below < u {
				lo = middle
			} else {
				hi = middle
			}
		}
		row[2+j] = lo
	}
	return row
}

// hiddenPlace is P(X < x) and P(X = x) of a hidden unit, NaN for what is no state.
func (p pair) hiddenPlace(x, in float64) (below, at float64) {
	above := func(x float64) float64 { return math.Erfc((x-in)/math.Sqrt(2*p.temperature)) / 2 }
	switch p.hidden.name {
	case "Gaussian":
		return 1 - above(x), 0
	case "ReLU":
		if in < -20*math.Sqrt(p.temperature) { // nearly an exponential distribution, and erfc would be 0
			return -math.Expm1((in*x - x*x/2) / p.temperature), 0
		}
		return 1 - above(x)/above(0), 0
	}
	logZ := p.hidden.logZ(in, p.temperature)
	for k, value := range p.hx {
		at := math.Exp(in*value/p.temperature - p.hown[k] - logZ)
		if value == x {
			return below, at
		}
		below += at
	}
	return math.NaN(), 0
}

func (p pair) state(chains int, seed uint64) *State {
	r := rand.New(rand.NewPCG(seed, 1))
	var v, h []float64
	for range chains {
		row := p.draw(r)
		v, h = append(v, row[:2]...), append(h, row[2:]...)
	}
	return &State{Visible: dense(p.rbm.Dtype(), tensor.Shape{chains, 2}, v...), Hidden: dense(p.rbm.Dtype(), tensor.Shape{chains, 2}, h...)}
}

// check returns an error unless rows look like independent draws of the law.
func (p pair) check(rows [][]float64, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 9))
	uniform := make([][]float64, 4)
	n := len(p.x)
	place := func(x float64, weights []float64) (float64, error) {
		total, below := 0.0, 0.0
		for _, w := range weights {
			total += w
		}
		for k, w := range weights {
			if p.width == 0 && x == p.x[k] {
				return (below + r.Float64()*w) / total, nil
			}
			if into := (x-p.x[k])/p.width + 0.5; p.width > 0 && into >= 0 && into < 1 {
				return (below + into*w) / total, nil
			}
			below += w
		}
		return 0, fmt.Errorf("%v is drawn, which is no state or very unlikely", x)
	}
	for _, row := range rows {
		u, err := place(row[0], p.first)
		if err != nil {
			return err
		}
		nearest := 0
		for k, x := range p.x {
			if math.Abs(row[0]-x) < math.Abs(row[0]-p.x[nearest]) {
				nearest = k
			}
		}
		v, err := place(row[1], p.p[nearest*n:(nearest+1)*n])
		if err != nil {
			return err
		}
		uniform[0], uniform[1] = append(uniform[0], u), append(uniform[1], v)
		for j, in := range p.inputs(row) {
			below, at := p.hiddenPlace(row[2+j], in)
			if math.IsNaN(below) {
				return fmt.Errorf("hidden unit %d is %v, which is no state or very unlikely", j, row[2+j])
			}
			uniform[2+j] = append(uniform[2+j], below+r.Float64()*at)
		}
	}
	for k, x := range uniform {
		if err := stattest.KolmogorovSmirnov(x, func(x float64) float64 { return min(max(x, 0), 1) }, alpha); err != nil {
			return fmt.Errorf("place %d of the row: %w", k, err)
		}
		for l, y := range uniform[:k] { // independent ones have products of mean 0 and deviation 1/12
			products := make([]float64, len(x))
			for i := range x {
				products[i] = (x[i] - 0.5) * (y[i] - 0.5)
			}
			if err := stattest.Mean(products, 0, 1./12, alpha); err != nil {
				return fmt.Errorf("places %d and %d of the row: %w", l, k, err)
			}
		}
	}
	return nil
}

// Chains that start at draws of p(v,h), tempered as its families are, stay there.
func TestGibbsIsStationaryForEveryFamily(t *testing.T) {
	eachFamilyPair(t, func(t *testing.T, visible, hidden member) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
			p := newPair(visible, hidden, dtype, orOne(temperature), seed)
			s := p.state(chains, seed)
			require.NoError(t, p.check(rows(s), seed), "the start")
			g := &Gibbs{Model: p.rbm, Seed: seed, Temperature: temperature}
			for _, steps := range []uint64{1, 4, 16} {
				require.NoError(t, runs(context.Background(), g, s, int(steps-s.Step)))
				require.NoError(t, p.check(rows(s), seed), "seed %d, T %g, %v, after %d steps", seed, temperature, dtype, steps)
			}
		})
	})
}

func TestStationarityFindsFaultsOfEveryFamily(t *testing.T) {
	eachFamilyPair(t, func(t *testing.T, visible, hidden member) {
		for _, f := range []fault{noHiddenBias, noVisibleBias, wrongSign, staleHidden, hotVisible, hotHidden, sameRow, dividedInput} {
			if f == dividedInput && !visible.real && !hidden.real {
				continue // right for the others
			}
			require.True(t, found(func(seed uint64) error {
				p := newPair(visible, hidden, tensor.Float64, 2, seed)
				s := p.state(chains, seed)
				g := &Gibbs{Model: p.rbm, Seed: seed, Temperature: 2}
				for range 8 {
					f.step(g, s)
					if err := p.check(rows(s), seed); err != nil {
						return err
					}
				}
				return nil
			}), f)
		}
	})
}

// A sampler that tempers the base measure of counts as well is found: it is stationary for another law.
func TestTemperedCountsAreFound(t *testing.T) {
	for _, visible := range members[2:4] {
		for _, hidden := range members[2:4] {
			const temperature = 2.
			require.True(t, found(func(seed uint64) error {
				p := newPair(visible, hidden, tensor.Float64, temperature, seed)
				r, s := rand.New(rand.NewPCG(seed, 2)), p.state(chains, seed)
				all := rows(s)
				for _, row := range all {
					for j, in := range p.inputs(row) {
						weights := p.hiddenWeights(in)
						for k, own := range p.hown {
							weights[k] *= math.Exp(own - own/temperature)
						}
						row[2+j] = p.hx[pick(r, weights)]
					}
				}
				return p.check(all, seed)
			}), "%s×%s", visible.name, hidden.name)
		}
	}
}

// A Poisson unit whose mean overflows is told by the next step, and no NaN is taken for a state.
func TestOverflowIsTold(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		rbm := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Poisson(2), Hidden: energy.Spin(1), Dtype: dtype}))
		require.NoError(t, rbm.Param("b").Set([]float64{0, 800}))
		s := must(NewState(rbm, dense(dtype, tensor.Shape{1, 2}, 1, 2)))
		g := &Gibbs{Model: rbm}
		require.NoError(t, step(g, s))
		require.Equal(t, math.Inf(1), numbers(s.Visible)[1])
		err := step(g, s)
		require.ErrorIs(t, err, energy.ErrNotFinite)
		require.ErrorContains(t, err, "visible state: row 0, column 1 is +Inf")
	}
}
