package sampling

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

var clusterSamplers = map[string]boltzmannSampler{
	"SwendsenWang": func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
		return &SwendsenWang{Model: m.bm, Seed: seed, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
	},
	"Wolff": func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
		return &Wolff{Model: m.bm, Seed: seed, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
	},
}

// clusterCases are machines of two-state units.
var clusterCases = []boltzmannCase{
	{"Spin", dense0, sideOf(spin(4)), nil},
	{"Bernoulli", dense0, sideOf(bernoulli(4)), nil},
	{"Spin×Bernoulli", dense0, sideOf(spin(3)), sideOf(bernoulli(2))},
	{"Bernoulli×Spin", semi, sideOf(joined("joined", bernoulli(2), spin(1))), sideOf(spin(2))},
	{"Spin", sparse, sideOf(spin(6)), nil},
	{"Bernoulli×Spin", sparse, sideOf(bernoulli(3)), sideOf(spin(3))},
}

func TestClusterSamplersAreStationary(t *testing.T) {
	for _, c := range clusterCases {
		t.Run(c.name+" "+string(c.shape), func(t *testing.T) {
			t.Parallel()
			for name, sampler := range clusterSamplers {
				eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
					require.NoError(t, stays(c, sampler, dtype, seed, temperature, false, 1), "%s, seed %d", name, seed)
					require.NoError(t, stays(c, sampler, dtype, seed, temperature, true, 1), "%s, clamped, seed %d", name, seed)
				})
				// The twins are right for another machine.
				for what, of := range map[string]func(w, b, t *float64){
					"bonds of half the strength":  func(w, _, _ *float64) { *w /= 2 },
					"bonds of twice the strength": func(w, _, _ *float64) { *w *= 2 },
					"fields have no say":          func(_, b, _ *float64) { *b = 0 },
					"fields have the wrong sign":  func(_, b, _ *float64) { *b = -*b },
					"the temperature is another":  func(_, _, t *float64) { *t *= 2 },
				} {
					require.True(t, found(func(seed uint64) error {
						return stays(c, ofAnother(c, sampler, 1, of), tensor.Float64, seed, 1.5, false, 1)
					}), "%s: %s", name, what)
				}
				// Clamped units that are let go and put back. Machines whose units hardly depend on those that are clamped do not show it.
				require.True(t, c.name != "Spin" || found(func(seed uint64) error {
					return stays(c, func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
						return putBack{sampler(m, seed, temperature, nil, nil), visible, hidden}
					}, tensor.Float64, seed, 1.5, true, 1)
				}), name)
			}
		})
	}
}

// putBack lets clamped units move and puts them back after the step.
type putBack struct {
	kernel          Kernel
	visible, hidden []bool
}

func (k putBack) Step(s *State) (Info, error) {
	before := cloneState(s)
	info, err := k.kernel.Step(s)
	for _, side := range []struct {
		now, was *tensor.Dense
		clamp    []bool
	}{{s.Visible, before.Visible, k.visible}, {s.Hidden, before.Hidden, k.hidden}} {
		for i := 0; side.now != nil && i < side.now.Shape()[0]; i++ {
			for j, held := range side.clamp {
				if held {
					x, _ := side.was.At(i, j)
					check(side.now.SetAt(x, i, j))
				}
			}
		}
	}
	return info, err
}

// ising is a square lattice of ferromagnetic spins without a field.
func ising(side int, dtype tensor.Dtype) *layers.Boltzmann {
	m := must(layers.NewBoltzmann("ising", layers.BoltzmannConfig{Visible: energy.Spin(side * side), Edges: squareLattice(side), Dtype: dtype}))
	check(m.Param("W").Set(slices.Repeat([]float64{1}, 2*side*side)))
	return m
}

// magnetisation is |Σ s_i|/n of each chain, summed over looks.
type magnetisation struct {
	sums  []float64
	looks int
}

func (o *magnetisation) Observe(s *State) error {
	n := s.Visible.Shape()[1]
	x := numbers(s.Visible)
	if o.sums == nil {
		o.sums = make([]float64, len(x)/n)
	}
	for k := range o.sums {
		total := 0.0
		for _, v := range x[k*n : (k+1)*n] {
			total += v
		}
		o.sums[k] += math.Abs(total) / float64(n)
	}
	o.looks++
	return nil
}

// mean is that over chains and looks, with its standard error by the differences between chains.
func (o *magnetisation) mean() (mean, deviation float64) {
	chains := float64(len(o.sums))
	for _, sum := range o.sums {
		mean += sum / float64(o.looks) / chains
	}
	for _, sum := range o.sums {
		d := sum/float64(o.looks) - mean
		deviation += d * d / (chains - 1) / chains
	}
	return mean, math.Sqrt(deviation)
}

// Below the critical temperature a large lattice has the magnetisation of Onsager and Yang, (1 − sinh(2/T)⁻⁴)^(1/8). At T = 2 correlations
// reach over some 3 of the 32 spins of a side, so that it is large. Heating by a twentieth is seen.
func TestClustersMagnetiseAsYangSays(t *testing.T) {
	m := ising(32, tensor.Float32)
	want := math.Pow(1-math.Pow(math.Sinh(1), -4), 0.125)
	measure := func(k Kernel) (mean, deviation float64) {
		s := must(RandomBoltzmannState(m, 16, 1))
		var o magnetisation
		_, err := Run(context.Background(), k, s, Schedule{BurnIn: 60, Samples: 80, Thin: 2}, &o)
		require.NoError(t, err)
		return o.mean()
	}
	for _, k := range []Kernel{&Wolff{Model: m, Seed: 1, Temperature: 2}, &SwendsenWang{Model: m, Seed: 1, Temperature: 2}} {
		mean, deviation := measure(k)
		require.Less(t, deviation, 0.0015)
		require.InDelta(t, want, mean, 5*deviation, "%T", k)
	}
	mean, deviation := measure(&Wolff{Model: m, Seed: 1, Temperature: 2.1})
	require.Greater(t, want-mean, 8*deviation)
}

func TestWolffCounts(t *testing.T) {
	m := clusterCases[0].make(tensor.Float64, 1, 1)
	check(m.bm.Param("b").Set(make([]float64, 4)))
	s := must(RandomBoltzmannState(m.bm, 10, 1))
	info, err := (&Wolff{Model: m.bm}).Step(s)
	require.NoError(t, err)
	require.Equal(t, Info{10, 10}, info, "without a field every cluster is turned over")
	info, err = (&Wolff{Model: m.bm, VisibleClamp: []bool{true, true, true, true}}).Step(s)
	require.NoError(t, err)
	require.Equal(t, Info{10, 0}, info)
	info, err = (&SwendsenWang{Model: m.bm}).Step(s)
	require.NoError(t, err)
	require.Zero(t, info)
}

func TestClusterSamplersRefuse(t *testing.T) {
	m := clusterCases[4].make(tensor.Float32, 1, 1)
	state := func(m boltzmann) *State { return must(RandomBoltzmannState(m.bm, 2, 1)) }
	for name, sampler := range clusterSamplers {
		other := boltzmannCases[2].make(tensor.Float32, 1, 1)
		refused{name + ` of Boltzmann "bm": Step: the machine has OneHot units, want Spin or Bernoulli`, energy.ErrConfig, func() error {
			return step(sampler(other, 1, 1, nil, nil), state(other))
		}}.check(t)
		mixed := clusterCases[0].make(tensor.Float32, 1, 1)
		w := mixed.bm.Param("W").Float64s()
		w[1*4+3], w[3*4+1] = -0.25, -0.25
		check(mixed.bm.Param("W").Set(w))
		refused{`units 1 and 3 are coupled by -0.25, want no coupling below 0`, energy.ErrConfig, func() error {
			return step(sampler(mixed, 1, 1, nil, nil), state(mixed))
		}}.check(t)
		anti := clusterCases[4].make(tensor.Float32, 1, -1)
		refused{`units 0 and 1 are coupled by -`, energy.ErrConfig, func() error { return step(sampler(anti, 1, 1, nil, nil), state(anti)) }}.check(t)
		refused{`temperature is -1`, energy.ErrConfig, func() error { return step(sampler(m, 1, -1, nil, nil), state(m)) }}.check(t)
		means := state(m)
		means.Visible.Float32s()[7] = 0.5
		refused{`chain 1, column 1 of all units is 0.5, want a state, no mean`, energy.ErrRange, func() error { return step(sampler(m, 1, 1, nil, nil), means) }}.check(t)
		nan := clusterCases[4].make(tensor.Float32, 1, 1)
		nan.bm.Param("b").Value().Float32s()[1] = float32(math.NaN())
		refused{`Step: W or b`, energy.ErrNotFinite, func() error { return step(sampler(nan, 1, 1, nil, nil), state(m)) }}.check(t)

		// A machine that changes is read anew; one that is refused once is refused again, and right again when it is set right.
		k, s := sampler(mixed, 1, 1, nil, nil), state(mixed)
		require.Error(t, step(k, s))
		require.Error(t, step(k, s))
		w[1*4+3], w[3*4+1] = 0.25, 0.25
		check(mixed.bm.Param("W").Set(w))
		twin := cloneState(s)
		require.NoError(t, step(k, s))
		require.NoError(t, step(sampler(mixed, 1, 1, nil, nil), twin))
		require.Equal(t, numbers(twin.Visible), numbers(s.Visible))
	}
}
