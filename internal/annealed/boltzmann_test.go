package annealed

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// boltzmann is a machine with base biases, and what an oracle must know of it.
type boltzmann struct {
	bm   *layers.Boltzmann
	w    [][]float64
	a, b []float64
}

func newBoltzmann(t *testing.T, config layers.BoltzmannConfig, seed uint64) boltzmann {
	bm, err := layers.NewBoltzmann("bm", config)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(seed, 21))
	set := func(name string, size float64) []float64 {
		p := bm.Param(name)
		if p == nil {
			return nil
		}
		x := p.Float64s()
		for i := range x {
			if name != "W" || x[i] != 0 {
				x[i] = size * r.NormFloat64()
			}
		}
		if n := bm.Units().Len(); name == "W" && config.Edges == nil {
			for i := range n {
				for j := range i {
					x[i*n+j] = x[j*n+i]
				}
			}
		}
		require.NoError(t, p.Set(x))
		return p.Float64s()
	}
	n := bm.Units().Len()
	m := boltzmann{bm: bm, b: set("b", 0.7), w: make([][]float64, n), a: make([]float64, n)}
	set("log_variance", 0.3)
	w := set("W", 0.8)
	for i := range n {
		m.w[i], m.a[i] = make([]float64, n), 0.6*r.NormFloat64()
		for j := range n {
			if config.Edges == nil {
				m.w[i][j] = w[i*n+j]
			}
		}
	}
	for k, e := range config.Edges {
		m.w[e[0]][e[1]], m.w[e[1]][e[0]] = w[k], w[k]
	}
	return m
}

// energy is E_β(x) by its formula.
func (m boltzmann) energy(x []float64, beta float64) (e float64) {
	for i, gaussian := range m.bm.Units().Columns("Gaussian") {
		e -= ((1-beta)*m.a[i] + beta*m.b[i]) * x[i]
		for j := range x {
			e -= beta * x[i] * m.w[i][j] * x[j] / 2
		}
		if gaussian {
			e += x[i] * x[i] / 2 * math.Exp(-m.bm.Param("log_variance").Float64s()[i])
		}
	}
	return e
}

// enumerate lists the states of discrete units with p_β(x), and log Z_β.
func (m boltzmann) enumerate(t *testing.T, beta float64) (states [][]float64, p []float64, logZ float64) {
	count, err := m.bm.Units().StateCount()
	require.NoError(t, err)
	total := 0.0
	for i := range count {
		x := make([]float64, len(m.b))
		m.bm.Units().State(i, x)
		states, p = append(states, x), append(p, math.Exp(-m.energy(x, beta)))
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return states, p, math.Log(total)
}

var boltzmannConfigs = map[string]layers.BoltzmannConfig{
	"dense":           {Visible: energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3)), Hidden: energy.Spin(2), Dtype: tensor.Float64},
	"semi-restricted": {Visible: energy.Spin(3), Hidden: energy.Bernoulli(2), SemiRestricted: true, Dtype: tensor.Float64},
	"edges":           {Visible: energy.Join(energy.Spin(3), energy.OneHot(1, 3)), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {5, 0}, {1, 4}}, Dtype: tensor.Float64},
}

// Exact draws at β of each chain's own stay draws after sweeps, and do not at another β, which is the twin.
func TestBoltzmannPathIsStationary(t *testing.T) {
	const each = 3000
	for name, config := range boltzmannConfigs {
		for _, seed := range stattest.Seeds[:2] {
			m := newBoltzmann(t, config, seed)
			betas := []float64{0, 0.35, 1}
			move := func(wrong bool) (counts [][]int, laws [][]float64) {
				path, err := NewBoltzmann[float64](m.bm, m.a, seed)
				require.NoError(t, err)
				c := path.NewChains(each * len(betas))
				r, n := rand.New(rand.NewPCG(seed, 4)), len(m.b)
				beta := make([]float64, c.N)
				index := map[string]int{}
				var states [][]float64
				for k, b := range betas {
					var p []float64
					states, p, _ = m.enumerate(t, b)
					laws = append(laws, p)
					for i := range each {
						u, s := r.Float64(), 0
						for ; s < len(p)-1 && u >= p[s]; s++ {
							u -= p[s]
						}
						copy(c.X[(k*each+i)*n:], states[s])
						if beta[k*each+i] = b; wrong {
							beta[k*each+i] = 1 - b
						}
					}
				}
				for i, x := range states {
					index[key(x)] = i
				}
				path.Refresh(c)
				for step := range uint64(3) {
					path.Step(c, beta, step)
				}
				for k := range betas {
					counts = append(counts, make([]int, len(states)))
					for i := range each {
						at, known := index[key(c.X[(k*each+i)*n:(k*each+i+1)*n])]
						require.True(t, known)
						counts[k][at]++
					}
				}
				return counts, laws
			}
			counts, laws := move(false)
			wrong, _ := move(true)
			for k := range betas {
				require.NoError(t, stattest.Distribution(counts[k], laws[k], 1e-6), "%s, β %g", name, betas[k])
				require.Error(t, stattest.Distribution(wrong[k], laws[k], 1e-6), "%s, β %g", name, betas[k])
			}
		}
	}
}

func key(x []float64) string {
	s := make([]byte, len(x))
	for i, v := range x {
		s[i] = byte(v + 1)
	}
	return string(s)
}

// Energies and slopes are those of the formula, also with real units, and the fields stay those of the states.
func TestBoltzmannPathEnergies(t *testing.T) {
	configs := map[string]layers.BoltzmannConfig{
		"real":        {Visible: energy.Join(energy.LearnedGaussian(2, 1), energy.Bernoulli(2)), Hidden: energy.Spin(2), Dtype: tensor.Float64},
		"real, edges": {Visible: energy.Join(energy.LearnedGaussian(2, 1), energy.Bernoulli(2)), Edges: [][2]int{{0, 2}, {1, 3}, {2, 3}}, Dtype: tensor.Float64},
	}
	for name, config := range boltzmannConfigs {
		configs[name] = config
	}
	for name, config := range configs {
		m := newBoltzmann(t, config, 1)
		path, err := NewBoltzmann[float64](m.bm, m.a, 1)
		require.NoError(t, err)
		c, n := path.NewChains(20), len(m.b)
		path.DrawBase(c, 0)
		beta, e, slope := make([]float64, c.N), make([]float64, c.N), make([]float64, c.N)
		for i := range beta {
			beta[i] = float64(i) / 19
		}
		for step := range uint64(3) {
			path.Step(c, beta, step)
			path.Energy(e, c, beta)
			path.Slope(slope, c)
			for i := range c.N {
				x := c.X[i*n : (i+1)*n]
				require.InDelta(t, m.energy(x, beta[i]), e[i], 1e-10, name)
				require.InDelta(t, m.energy(x, 1)-m.energy(x, 0), slope[i], 1e-10, name)
			}
		}
	}
}

// The base is what β = 0 is: its log Z, and its draws.
func TestBoltzmannPathBase(t *testing.T) {
	for name, config := range boltzmannConfigs {
		m := newBoltzmann(t, config, 2)
		path, err := NewBoltzmann[float64](m.bm, m.a, 1)
		require.NoError(t, err)
		states, p, logZ := m.enumerate(t, 0)
		require.InDelta(t, logZ, path.LogBase(), 1e-12, name)
		c, n := path.NewChains(5000), len(m.b)
		path.DrawBase(c, 3)
		index, counts := map[string]int{}, make([]int, len(states))
		for i, x := range states {
			index[key(x)] = i
		}
		for i := range c.N {
			counts[index[key(c.X[i*n:(i+1)*n])]]++
		}
		require.NoError(t, stattest.Distribution(counts, p, 1e-6), name)
	}
}

// Importance sampling along the path has the weights whose mean is Z₁/Z₀.
func TestBoltzmannPathAnneals(t *testing.T) {
	const chains, temperatures = 2000, 40
	for name, config := range boltzmannConfigs {
		m := newBoltzmann(t, config, 3)
		path, err := NewBoltzmann[float64](m.bm, m.a, 1)
		require.NoError(t, err)
		c := path.NewChains(chains)
		path.DrawBase(c, 0)
		logW, slope, beta := make([]float64, chains), make([]float64, chains), make([]float64, chains)
		for k := 1; k <= temperatures; k++ {
			path.Slope(slope, c)
			for i := range logW {
				logW[i] -= slope[i] / temperatures
				beta[i] = float64(k) / temperatures
			}
			path.Step(c, beta, uint64(k))
		}
		mean, square := 0.0, 0.0
		for _, l := range logW {
			mean += math.Exp(l) / chains
			square += math.Exp(2*l) / chains
		}
		_, _, logZ := m.enumerate(t, 1)
		deviation := math.Sqrt((square/(mean*mean) - 1) / chains)
		require.Less(t, deviation, 0.1)
		require.InDelta(t, logZ, path.LogBase()+math.Log(mean), 5*deviation, name)
	}
}

// Clamped columns stay, for all chains or each chain's own; and nothing depends on the processors.
func TestBoltzmannPathClamps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, config := range boltzmannConfigs {
		m := newBoltzmann(t, config, 3)
		n := len(m.b)
		const chains = 100
		each := make([]bool, chains*n)
		for i := range chains {
			each[i*n+i%2] = true
		}
		for _, clamp := range [][]bool{nil, each[:n], each} {
			run := func() []float64 {
				path, err := NewBoltzmann[float64](m.bm, m.a, 1)
				require.NoError(t, err)
				path.Clamp = clamp
				c := path.NewChains(chains)
				copy(c.X, starts(t, m, chains))
				before := append([]float64(nil), c.X...)
				beta := make([]float64, chains)
				for i := range beta {
					beta[i] = float64(i) / chains
				}
				path.DrawBase(c, 0)
				for step := range uint64(5) {
					path.Step(c, beta, step)
				}
				moved := 0
				for i, x := range c.X {
					if held := clamp != nil && clamp[i%len(clamp)]; held {
						require.Equal(t, before[i], x, name)
					} else if x != before[i] {
						moved++
					}
				}
				require.Greater(t, moved, chains/4, name)
				return c.X
			}
			runtime.GOMAXPROCS(1)
			want := run()
			runtime.GOMAXPROCS(3)
			require.Equal(t, want, run(), name)
		}
	}
}

// starts are states to start from.
func starts(t *testing.T, m boltzmann, chains int) []float64 {
	path, err := NewBoltzmann[float64](m.bm, m.a, 99)
	require.NoError(t, err)
	c := path.NewChains(chains)
	path.DrawBase(c, 0)
	return c.X
}

func TestBoltzmannPathRefuses(t *testing.T) {
	m := newBoltzmann(t, boltzmannConfigs["edges"], 3)
	_, err := NewBoltzmann[float64](m.bm, m.a[:3], 1)
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, "3 base biases, want one for each of 6 columns")
	_, err = NewBoltzmann[float32](m.bm, m.a, 1)
	require.ErrorIs(t, err, energy.ErrDtype)
	m.a[2] = math.NaN()
	_, err = NewBoltzmann[float64](m.bm, m.a, 1)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	m.bm.Param("W").Value().Float64s()[0] = math.Inf(1)
	path, err := NewBoltzmann[float64](m.bm, m.b, 1)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.Nil(t, path)
}
