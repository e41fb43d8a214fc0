package sampling

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// twoModes is a machine whose chains go from one half of the states to the other the less often, the stronger it is coupled.
func twoModes(dtype tensor.Dtype, strength float64) machine {
	const nv, nh = 6, 4
	m := newMachine(spin(nv), spin(nh), dtype, 1)
	w := make([]float64, nv*nh)
	for i := range w {
		w[i] = strength * (0.8 + 0.4*math.Sin(float64(i)))
	}
	check(m.rbm.Param("W").Set(w))
	check(m.rbm.Param("b").Set(make([]float64, nv)))
	check(m.rbm.Param("c").Set(make([]float64, nh)))
	return m
}

// exactMixing is the autocorrelation time of the means of the hidden units given the visible ones, from the transition matrix of a
// Gibbs step, and the exact distribution of the hidden states.
func exactMixing(m machine) (tau float64, hidden [][]float64, p []float64) {
	o := m.exact(1)
	v, h, joint, err := o.JointProbabilities()
	check(err)
	nh := 1
	for nh < len(h) && &v[nh][0] == &v[0][0] { // pairs of one v share its slice
		nh++
	}
	nv := len(v) / nh
	pv, ph := make([]float64, nv), make([]float64, nh)
	for k, q := range joint {
		pv[k/nh] += q
		ph[k%nh] += q
	}
	units := len(h[0])
	x := make([][]float64, units) // of each state of v
	for j := range x {
		x[j] = make([]float64, nv)
		for k, q := range joint {
			x[j][k/nh] += q / pv[k/nh] * h[k][j]
		}
	}
	forward := func(f []float64) []float64 { // E[f(v') | v]
		given := make([]float64, nh)
		for k, q := range joint {
			given[k%nh] += q / ph[k%nh] * f[k/nh]
		}
		out := make([]float64, nv)
		for k, q := range joint {
			out[k/nh] += q / pv[k/nh] * given[k%nh]
		}
		return out
	}
	covariance := func(a, b []float64) (c float64) {
		ma, mb := 0.0, 0.0
		for i, q := range pv {
			c += q * a[i] * b[i]
			ma += q * a[i]
			mb += q * b[i]
		}
		return c - ma*mb
	}
	variance, sum := 0.0, 0.0
	for j := range x {
		variance += covariance(x[j], x[j])
		for f, t := forward(x[j]), 0; t < 3000; t++ {
			c := covariance(x[j], f)
			if c < 1e-9 {
				break
			}
			sum += c
			f = forward(f)
		}
	}
	return 1 + 2*sum/variance, h[:nh], ph
}

// equilibrium puts the chains of a phase at exact draws.
func equilibrium(phase Phase, hidden [][]float64, p []float64, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	chains := phase.Chains()
	n := chains.Shape()[1]
	for i := range chains.Shape()[0] {
		u, k := r.Float64(), 0
		for u >= p[k] && k < len(p)-1 {
			u -= p[k]
			k++
		}
		for j, x := range hidden[k] {
			switch data := chains.Data().(type) {
			case []float32:
				data[i*n+j] = float32(x)
			case []float64:
				data[i*n+j] = x
			}
		}
	}
}

func TestMixingTimeIsThatOfTheTransitionMatrix(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, c := range []struct{ strength, other float64 }{{0.05, 0.3}, {0.2, 0.4}, {0.3, 0.05}, {0.4, 0.2}, {0.5, 0.3}, {0.55, 0.3}} {
			m := twoModes(dtype, c.strength)
			want, hidden, p := exactMixing(m)
			twin, _, _ := exactMixing(twoModes(dtype, c.other))
			for i, seed := range stattest.Seeds {
				if testing.Short() && i > 0 {
					break
				}
				phase := must(PCD{Chains: 100}.Start(m.rbm, seed))
				equilibrium(phase, hidden, p, seed)
				got, e, err := phase.(Persistent).MixingTime(seed)
				require.NoError(t, err)
				require.Less(t, math.Abs(math.Log(got/want)), sigmas*e/got, "%g: exactly %g, got %g", c.strength, want, got)
				require.Greater(t, math.Abs(math.Log(got/twin)), sigmas*e/got, "%g: the time of a machine with other couplings must be refused", c.strength)
				require.Less(t, e, 0.4*got)
			}
		}
	}
	m := twoModes(tensor.Float64, 1) // where no chain goes over in 100 steps
	want, hidden, p := exactMixing(m)
	require.Greater(t, want, 5000.0) // the sum is cut off
	phase := must(PCD{Chains: 50}.Start(m.rbm, 1))
	equilibrium(phase, hidden, p, 1)
	got, e, err := phase.(Persistent).MixingTime(1)
	require.NoError(t, err)
	require.Equal(t, []float64{math.Inf(1), math.Inf(1)}, []float64{got, e})
}

// What is measured is the model as it is now, with draws of its own: the phase goes on as if nothing had been measured, and measures the same
// after a restart from what is saved.
func TestMixingTimeLeavesThePhaseAlone(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m := twoModes(dtype, 0.3)
		start := func() Phase { return must(PCD{Steps: 3, Chains: 120}.Start(m.rbm, 5)) }
		watched, alone := start(), start()
		for step := range uint64(4) {
			_, _, err := watched.(Persistent).MixingTime(step)
			require.NoError(t, err)
			a, _, err := watched.Next(nil, nil, step)
			require.NoError(t, err)
			b, _, err := alone.Next(nil, nil, step)
			require.NoError(t, err)
			require.Equal(t, numbers(b), numbers(a))
			require.Equal(t, numbers(alone.Chains()), numbers(watched.Chains()))
		}
		require.Equal(t, 3, watched.(Persistent).StepsPerUpdate())
		resumed := start()
		require.NoError(t, tensor.Copy(resumed.Chains(), alone.Chains()))
		want, wantE, err := alone.(Persistent).MixingTime(7)
		require.NoError(t, err)
		got, gotE, err := resumed.(Persistent).MixingTime(7)
		require.NoError(t, err)
		require.Equal(t, []float64{want, wantE}, []float64{got, gotE})
		other, _, err := resumed.(Persistent).MixingTime(8)
		require.NoError(t, err)
		require.NotEqual(t, want, other)
	}
}

func TestMixingTimeOfNothing(t *testing.T) {
	few := must(PCD{Chains: leastChains - 1}.Start(twoModes(tensor.Float64, 0.3).rbm, 1))
	uncoupled := must(PCD{}.Start(twoModes(tensor.Float32, 0).rbm, 1)) // whose hidden means never change
	for _, phase := range []Phase{few, uncoupled} {
		tau, e, err := phase.(Persistent).MixingTime(1)
		require.NoError(t, err)
		require.True(t, math.IsNaN(tau) && math.IsNaN(e))
	}
}
