package annealed

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

const (
	alpha  = 1e-6 // the false-alarm probability of each statistical check
	chains = 4000 // of a statistical check
)

// side is one side of a machine, with what an oracle must know of it.
type side struct {
	units energy.Units
	whole exact.Side
}

// sides are the families. Real visible units are one, so that p(v) is a mixture of normal distributions on a line.
var sides = []side{
	{energy.Bernoulli(3), exact.Side{Family: exact.Bernoulli, Units: 3}},
	{energy.Spin(3), exact.Side{Family: exact.Spin, Units: 3}},
	{energy.OneHot(2, 3), exact.Side{Family: exact.OneHot, Units: 6, States: 3}},
	{energy.LearnedGaussian(1, 1), exact.Side{Family: exact.Gaussian, Units: 1}},
}

var betas = []float64{0, 0.3, 0.7, 1}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// machine makes an RBM whose numbers are all far from 0, and base biases that are not its own.
func machine(visible, hidden side, dtype tensor.Dtype, centered bool, seed uint64) (*layers.RBM, []float64) {
	m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: visible.units, Hidden: hidden.units, Dtype: dtype, Centered: centered}))
	r := rand.New(rand.NewPCG(seed, 1))
	around := func(size float64) float64 { return size * (0.7 + 0.6*r.Float64()) * float64(1-2*r.IntN(2)) }
	size := 1.2
	if visible.whole.Family == exact.Gaussian && hidden.whole.Family == exact.Gaussian {
		size = 0.4 // normalisable
	}
	for i, p := range m.Params() {
		x := make([]float64, len(p.Float64s()))
		for j := range x {
			x[j] = around([]float64{size, 0.8, 0.8, 0.3, 0.3, 0.3, 0.3}[i])
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
	base := make([]float64, visible.units.Len())
	for i := range base {
		base[i] = float64(float32(around(1)))
	}
	return m, base
}

// at is the model of the path at β, enumerated.
func at[T kernel.Float](m *layers.RBM, visible, hidden side, base []float64, beta float64) *exact.Harmonium {
	p := must(layers.PlainOf[T](m))
	o := &exact.Harmonium{Visible: visible.whole, Hidden: hidden.whole}
	for _, w := range p.W {
		o.W = append(o.W, beta*float64(w))
	}
	for i, b := range p.B {
		o.B = append(o.B, (1-beta)*base[i]+beta*float64(b))
	}
	for _, c := range p.C {
		o.C = append(o.C, beta*float64(c))
	}
	if m.Param("visible_log_variance") != nil {
		o.Visible.LogVariance = m.Param("visible_log_variance").Float64s()
	}
	if m.Param("hidden_log_variance") != nil {
		o.Hidden.LogVariance = m.Param("hidden_log_variance").Float64s()
	}
	return o
}

func eachPair(t *testing.T, test func(t *testing.T, visible, hidden side)) {
	for _, visible := range sides {
		for _, hidden := range sides {
			t.Run(fmt.Sprint(visible.units, "×", hidden.units), func(t *testing.T) { test(t, visible, hidden) })
		}
	}
}

// draws are exact draws (v, h) of an enumerated model.
func draws(o *exact.Harmonium, n int, seed uint64) (v, h [][]float64) {
	r := rand.New(rand.NewPCG(seed, 2))
	normal := func(s exact.Side, mean []float64) []float64 {
		x := slices.Clone(mean)
		for i := range x {
			x[i] += math.Exp(s.LogVariance[i]/2) * r.NormFloat64()
		}
		return x
	}
	pick := func(states [][]float64, p []float64) []float64 {
		u, k := r.Float64(), 0
		for ; u >= p[k] && k < len(p)-1; k++ {
			u -= p[k]
		}
		return states[k]
	}
	given := func(s exact.Side, mean []float64) []float64 {
		if s.Family == exact.Gaussian {
			return normal(s, mean)
		}
		x := slices.Clone(mean)
		if s.Family == exact.OneHot {
			for lo := 0; lo < len(x); lo += s.States {
				u := r.Float64()
				k := lo
				for ; u >= mean[k] && k < lo+s.States-1; k++ {
					u -= mean[k]
				}
				clear(x[lo : lo+s.States])
				x[k] = 1
			}
			return x
		}
		low := 0.0
		if s.Family == exact.Spin {
			low = -1
		}
		for i, m := range mean {
			x[i] = low
			if r.Float64() < (m-low)/(1-low) {
				x[i] = 1
			}
		}
		return x
	}
	switch {
	case o.Visible.Family != exact.Gaussian:
		states, p, err := o.Probabilities()
		if err != nil {
			panic(err)
		}
		for range n {
			v = append(v, pick(states, p))
			h = append(h, given(o.Hidden, must(o.MeanHidden(v[len(v)-1]))))
		}
	case o.Hidden.Family != exact.Gaussian:
		h, v = draws(turned(o), n, seed)
	default:
		m := must(o.Moments())
		for range n {
			v = append(v, []float64{m.V[0] + math.Sqrt(m.VV[0]-m.V[0]*m.V[0])*r.NormFloat64()})
			h = append(h, given(o.Hidden, must(o.MeanHidden(v[len(v)-1]))))
		}
	}
	return v, h
}

// turned has the sides of a model change places.
func turned(o *exact.Harmonium) *exact.Harmonium {
	n, m := o.Visible.Units, o.Hidden.Units
	w := make([]float64, n*m)
	for i := range n {
		for j := range m {
			w[j*n+i] = o.W[i*m+j]
		}
	}
	return &exact.Harmonium{Visible: o.Hidden, Hidden: o.Visible, W: w, B: o.C, C: o.B}
}

// judge returns an error unless chains look like exact draws: of p(v,h) where both sides are discrete, of p(v) or p(h) where one
// is, and of p(v) on its line where neither is.
func judge(o *exact.Harmonium, v, h [][]float64) error {
	switch {
	case o.Visible.Family != exact.Gaussian && o.Hidden.Family != exact.Gaussian:
		vs, hs, p, err := o.JointProbabilities()
		if err != nil {
			return err
		}
		cells := map[string]int{}
		for k := range vs {
			cells[fmt.Sprint(vs[k], hs[k])] = k
		}
		counts := make([]int, len(p))
		for i := range v {
			k, ok := cells[fmt.Sprint(v[i], h[i])]
			if !ok {
				return fmt.Errorf("%v %v is no state", v[i], h[i])
			}
			counts[k]++
		}
		return stattest.Distribution(counts, p, alpha)
	case o.Visible.Family != exact.Gaussian:
		states, p, err := o.Probabilities()
		if err != nil {
			return err
		}
		counts := make([]int, len(p))
		for _, x := range v {
			counts[slices.IndexFunc(states, func(s []float64) bool { return slices.Equal(s, x) })]++
		}
		return stattest.Distribution(counts, p, alpha)
	}
	x := make([]float64, len(v))
	for i := range v {
		x[i] = v[i][0]
	}
	if o.Hidden.Family == exact.Gaussian {
		m := must(o.Moments())
		return stattest.KolmogorovSmirnov(x, distuv.Normal{Mu: m.V[0], Sigma: math.Sqrt(m.VV[0] - m.V[0]*m.V[0])}.CDF, alpha)
	}
	states, p, err := turned(o).Probabilities()
	if err != nil {
		return err
	}
	var parts []distuv.Normal
	for _, s := range states {
		parts = append(parts, distuv.Normal{Mu: must(o.MeanVisible(s))[0], Sigma: math.Exp(o.Visible.LogVariance[0] / 2)})
	}
	cdf := func(x float64) (sum float64) {
		for k, n := range parts {
			sum += p[k] * n.CDF(x)
		}
		return min(sum, 1)
	}
	if err := stattest.KolmogorovSmirnov(x, cdf, alpha); err != nil {
		return err
	}
	return judge(turned(o), h, v) // the discrete side
}

func put[T kernel.Float](dst []T, rows [][]float64) {
	i := 0
	for _, row := range rows {
		for _, x := range row {
			dst[i] = T(x)
			i++
		}
	}
}

func take[T kernel.Float](x []T, n int) (rows [][]float64) {
	for row := range slices.Chunk(x, n) {
		r := make([]float64, n)
		kernel.Convert(r, row)
		rows = append(rows, r)
	}
	return rows
}

func TestPathAgreesWithEnumeration(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for _, centered := range []bool{false, true} {
			agrees[float64](t, visible, hidden, centered, 1e-10)
			agrees[float32](t, visible, hidden, centered, 2e-5)
		}
	})
}

// agrees compares free energies, slopes and log Z₀ with the enumerated models of the path, and energies with the formula.
func agrees[T kernel.Float](t *testing.T, visible, hidden side, centered bool, within float64) {
	m, base := machine(visible, hidden, tensor.New(tensor.WithBacking([]T{0})).Dtype(), centered, 3)
	p := must(New[T](m, base, 1))
	v, h := draws(at[T](m, visible, hidden, base, 1), len(betas)*3, 4)
	c := p.NewChains(len(v))
	put(c.V, v)
	put(c.H, h)
	v, h = take(c.V, visible.units.Len()), take(c.H, hidden.units.Len()) // as T rounds them
	p.Refresh(c)
	beta, got, slopes := make([]float64, len(v)), make([]float64, len(v)), make([]float64, len(v))
	for i := range beta {
		beta[i] = betas[i%len(betas)]
	}
	p.FreeEnergy(got, c, beta)
	p.Slope(slopes, c)
	for i := range v {
		require.InDelta(t, must(at[T](m, visible, hidden, base, beta[i]).FreeEnergy(v[i])), got[i], within, "β %g, centered %t", beta[i], centered)
		steep := at[T](m, visible, hidden, base, 1).Energy(v[i], h[i]) - at[T](m, visible, hidden, base, 0).Energy(v[i], h[i])
		require.InDelta(t, steep, slopes[i], within, "centered %t", centered)
	}
	require.InDelta(t, must(at[T](m, visible, hidden, base, 0).LogPartition()), p.LogBase(), within)

	// A path follows a model that learns.
	w := m.Param("W").Float64s()
	w[0] += 0.5
	b := m.Param("b").Float64s()
	b[0] -= 0.5
	require.NoError(t, m.Param("W").Set(w))
	require.NoError(t, m.Param("b").Set(b))
	require.NoError(t, p.Read(m))
	p.Refresh(c)
	p.FreeEnergy(got, c, beta)
	for i := range v {
		require.InDelta(t, must(at[T](m, visible, hidden, base, beta[i]).FreeEnergy(v[i])), got[i], within)
	}
}

// The base draw is the model at β = 0, and a step of chains that are exact draws at a β each leaves them that.
func TestPathIsStationary(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for i, seed := range stattest.Seeds {
			if testing.Short() && i > 0 {
				return
			}
			if i%2 == 0 {
				require.NoError(t, stays[float64](visible, hidden, seed, nil), "seed %d", seed)
			} else {
				require.NoError(t, stays[float32](visible, hidden, seed, nil), "seed %d", seed)
			}
		}
	})
}

// stays returns the first objection to what the chains of a path, that spoil may break, look like after three steps.
func stays[T kernel.Float](visible, hidden side, seed uint64, spoil func(p *Path[T])) error {
	m, base := machine(visible, hidden, tensor.New(tensor.WithBacking([]T{0})).Dtype(), seed%2 == 0, seed)
	p, err := New[T](m, base, seed)
	if err != nil {
		return err
	}
	if spoil != nil {
		spoil(p)
	}
	nv, nh := visible.units.Len(), hidden.units.Len()
	c := p.NewChains(chains * len(betas))
	var beta []float64
	for k, b := range betas {
		v, h := draws(at[T](m, visible, hidden, base, b), chains, seed+uint64(k))
		put(c.V[k*chains*nv:], v)
		put(c.H[k*chains*nh:], h)
		beta = append(beta, slices.Repeat([]float64{b}, chains)...)
	}
	p.Refresh(c)
	object := func(what string) error {
		v, h := take(c.V, nv), take(c.H, nh)
		for k, b := range betas {
			if err := judge(at[T](m, visible, hidden, base, b), v[k*chains:(k+1)*chains], h[k*chains:(k+1)*chains]); err != nil {
				return fmt.Errorf("%s, β = %g: %w", what, b, err)
			}
		}
		return nil
	}
	if err := object("exact draws"); err != nil {
		return err
	}
	for step := range uint64(3) {
		p.Step(c, beta, step)
		if err := object(fmt.Sprintf("after step %d", step)); err != nil {
			return err
		}
	}
	// Base draws, with hidden units given them, are the model at β = 0; from there a step at β = 0 leads to others of it.
	clear(beta)
	p.DrawBase(c, 5)
	p.DrawHidden(c, beta, 5)
	first := take(c.V, nv)
	if err := judge(at[T](m, visible, hidden, base, 0), first, take(c.H, nh)); err != nil {
		return fmt.Errorf("base draws: %w", err)
	}
	p.DrawVisible(c, beta, 5)
	same := 0
	for i, v := range take(c.V, nv) {
		if slices.Equal(v, first[i]) {
			same++
		}
	}
	if same == len(first) {
		return fmt.Errorf("a step of the base draws them again")
	}
	return nil
}

// Each mistake that a path can be made with is found, by some seed.
func TestStationarityFindsFaults(t *testing.T) {
	faults := map[string]func(p *Path[float64]){
		"no base biases":                      func(p *Path[float64]) { clear(p.base) },
		"the base biases are not left":        func(p *Path[float64]) { p.rise = slices.Clone(p.plain.B) },
		"the biases stay those of the base":   func(p *Path[float64]) { clear(p.rise) },
		"no hidden biases":                    func(p *Path[float64]) { p.plain.C = make([]float64, len(p.plain.C)) },
		"W has another sign for hidden units": func(p *Path[float64]) { p.plain.W = slices.Clone(p.plain.W); p.plain.W[0] *= -1 },
		"both sides have the same draws":      func(p *Path[float64]) { p.hidden = p.visible },
	}
	for name, spoil := range faults {
		for _, pair := range [][2]int{{0, 0}, {1, 1}, {2, 0}, {0, 3}, {3, 1}} {
			if name == "both sides have the same draws" && pair[0] != pair[1] {
				continue // families use their numbers differently
			}
			require.True(t, slices.ContainsFunc(stattest.Seeds, func(seed uint64) bool {
				return stays(sides[pair[0]], sides[pair[1]], seed, spoil) != nil
			}), "%s, %v", name, pair)
		}
	}
}

// Clamped columns never move, and the others are stationary given them: exact draws of p, cut down to those that have the clamped
// values, stay that.
func TestPathClamps(t *testing.T) {
	visible, hidden := sides[1], sides[0]
	for _, seed := range stattest.Seeds {
		m, base := machine(visible, hidden, tensor.Float64, false, seed)
		p := must(New[float64](m, base, seed))
		const beta = 0.6
		o := at[float64](m, visible, hidden, base, beta)
		v, h := draws(o, 20*chains, seed)
		var kv, kh [][]float64
		for i := range v {
			if v[i][1] == 1 && h[i][2] == 0 {
				kv, kh = append(kv, v[i]), append(kh, h[i])
			}
		}
		c := p.NewChains(len(kv))
		require.Greater(t, c.N, 100)
		put(c.V, kv)
		put(c.H, kh)
		p.Refresh(c)
		p.VisibleClamp, p.HiddenClamp = []bool{false, true, false}, []bool{false, false, true}
		for step := range uint64(3) {
			p.Step(c, slices.Repeat([]float64{beta}, c.N), step)
		}
		vs, hs, joint, err := o.JointProbabilities()
		require.NoError(t, err)
		counts, total := make([]int, len(joint)), 0.0
		for k := range joint {
			if vs[k][1] != 1 || hs[k][2] != 0 {
				joint[k] = 0
			}
			total += joint[k]
		}
		for k := range joint {
			joint[k] /= total
		}
		vRows, hRows := take(c.V, 3), take(c.H, 3)
		for i, x := range vRows {
			y := hRows[i]
			for k := range joint {
				if slices.Equal(vs[k], x) && slices.Equal(hs[k], y) {
					counts[k]++
				}
			}
		}
		require.NoError(t, stattest.Distribution(counts, joint, alpha))

		p.VisibleClamp = nil
		p.DrawBase(c, 9)
		moved := 0
		for _, x := range take(c.V, 3) {
			if x[1] != 1 {
				moved++
			}
		}
		require.Positive(t, moved, "without its clamp a column moves")
	}
}

// Draws are a function of seed, step and chain: neither the processors nor other chains matter. Equal chains part.
func TestPathDraws(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	large := []side{{units: energy.Bernoulli(40)}, {units: energy.Spin(70)}}
	m, base := machine(large[0], large[1], tensor.Float32, false, 1)
	run := func(n int, seed uint64) *Chains[float32] {
		p := must(New[float32](m, base, seed))
		c := p.NewChains(n)
		beta := make([]float64, n)
		for i := range beta {
			beta[i] = float64(i%5) / 4
		}
		p.DrawBase(c, 0)
		for step := range uint64(4) {
			p.Step(c, beta, step)
		}
		return c
	}
	runtime.GOMAXPROCS(1)
	want := run(100, 1)
	for _, n := range []int{2, 5} {
		runtime.GOMAXPROCS(n)
		require.Equal(t, want, run(100, 1))
	}
	require.Equal(t, want.V[:40*33], run(33, 1).V)
	require.NotEqual(t, want.V, run(100, 2).V)
	require.NotEqual(t, want.V[:40], want.V[200:240], "chains of one β part")
}

// The draws of the base and those of the step of the same number have nothing to do with each other: at β = 0 and with base biases of
// 0, units agree with what they were half the time.
func TestBaseDrawsAreTheirOwn(t *testing.T) {
	visible := side{units: energy.Bernoulli(50)}
	m, base := machine(visible, sides[0], tensor.Float64, false, 1)
	clear(base)
	p := must(New[float64](m, base, 1))
	c := p.NewChains(200)
	p.DrawBase(c, 7)
	before := slices.Clone(c.V)
	p.Step(c, make([]float64, c.N), 7)
	agree := make([]float64, len(before))
	for i := range before {
		if before[i] == c.V[i] {
			agree[i] = 1
		}
	}
	require.NoError(t, stattest.Mean(agree, 0.5, 0.5, alpha))
}

func TestPathAllocatesNothing(t *testing.T) {
	m, base := machine(sides[0], sides[1], tensor.Float32, true, 1)
	p := must(New[float32](m, base, 1))
	p.VisibleClamp = []bool{true, false, false}
	c := p.NewChains(64)
	beta, dst := make([]float64, 64), make([]float64, 64)
	step := uint64(0)
	require.Zero(t, testing.AllocsPerRun(20, func() {
		_ = p.Read(m)
		p.DrawBase(c, step)
		p.Step(c, beta, step)
		p.FreeEnergy(dst, c, beta)
		p.Slope(dst, c)
		step++
	}))
}

func TestPathRefuses(t *testing.T) {
	m, base := machine(sides[0], sides[1], tensor.Float32, false, 1)
	_, err := New[float64](m, base, 1)
	require.ErrorIs(t, err, energy.ErrDtype)
	_, err = New[float32](m, base[:2], 1)
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, "2 base biases, want one for each of 3 visible units")
	for _, bad := range []float64{math.NaN(), math.Inf(1), 1e300} {
		base[1] = bad
		_, err = New[float32](m, base, 1)
		require.ErrorIs(t, err, energy.ErrNotFinite)
	}
}

// The base of data has their means, as near as it lets them come to certainty.
func TestBaseOf(t *testing.T) {
	for _, c := range []struct {
		visible     side
		means, want []float64
	}{
		{sides[0], []float64{0.3, 0.9, 0}, []float64{0.3, 0.9, 0.001}},
		{sides[1], []float64{-0.5, 0.2, 1}, []float64{-0.5, 0.2, 0.998}},
		{sides[2], []float64{0.2, 0.3, 0.5, 0.1, 0.1, 0.8}, []float64{0.2, 0.3, 0.5, 0.1, 0.1, 0.8}},
		{sides[3], []float64{1.7}, []float64{1.7}},
	} {
		m, _ := machine(c.visible, sides[0], tensor.Float32, false, 2)
		base := must(BaseOf(m, c.means))
		o := at[float32](m, c.visible, sides[0], base, 0)
		require.InDeltaSlice(t, c.want, must(o.Moments()).V, 1e-6, "%v", c.visible.units)
		_, err := BaseOf(m, nil)
		require.ErrorIs(t, err, energy.ErrShape)
	}
	m, _ := machine(sides[3], sides[0], tensor.Float32, false, 2)
	_, err := BaseOf(m, []float64{math.NaN()})
	require.ErrorIs(t, err, energy.ErrNotFinite)
}
