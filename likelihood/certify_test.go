package likelihood

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// never is for machines that could be enumerated, so that the truth is known.
const never = -1

// One family after the other, from both dtypes: a certificate whose interval holds the truth.
func TestCertifyHoldsTheTruth(t *testing.T) {
	for _, pair := range pairs {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 14, 0.5, 0.5, dtype == tensor.Float64)
				o := oracle(m, pair[0], pair[1])
				data := draws(o, 60, dtype, 5)
				b, err := Certify(context.Background(), m, data, Config{MaxStates: never, Seed: 2})
				require.NoError(t, err)
				require.True(t, b.Certified, b.Reason)
				require.Empty(t, b.Reason)
				truth := must(Exact(context.Background(), m, data, Config{}))
				const slack = 0.01 // the ends are of 95 % intervals
				require.Less(t, b.LogZLower, truth.LogZ+slack)
				require.Greater(t, b.LogZUpper, truth.LogZ-slack)
				require.Less(t, b.Lower, truth.LogLikelihood+slack)
				require.Greater(t, b.Upper, truth.LogLikelihood-slack)
				require.InDelta(t, truth.LogZ, b.Bridge.LogZ, limit*b.Bridge.Deviation+1e-3)
				require.LessOrEqual(t, b.Upper-b.Lower, 0.5)
				require.Equal(t, 60, b.Rows)
			})
		}
	}
}

// A mode of 1 % of the mass, on which the data and so the base sit, and one of 99 % that no path from there reaches. Each way alone, up from the
// base and down from the data, is sure of a log Z that is 4.6 nats too low (TestAISFailsOnAModeThatTheBaseDoesNotSee).
func TestCertifyRefusesTwoModes(t *testing.T) {
	sizes, seeds := []float64{3, 5}, uint64(4)
	if testing.Short() {
		sizes, seeds = sizes[1:], 2
	}
	for _, size := range sizes {
		for _, dtype := range dtypes {
			m, o, first, _ := twoModes(16, size, 0.01, dtype)
			logZ := must(o.LogPartition())
			for seed := range seeds {
				b, err := Certify(context.Background(), m, first, Config{MaxStates: never, MaxTemperatures: 2000, Seed: seed, Tolerance: 1})
				require.NoError(t, err)
				require.False(t, b.Certified, "size %g, seed %d: %v, log Z is %g", size, seed, b, logZ)
				require.Contains(t, b.Reason, "reverse runs from data and from tempered chains disagree by")
				require.Contains(t, b.String(), "not certified: between")
				require.Less(t, b.Forward.LogZ, logZ-4)
			}
		}
	}
}

// Where data are of both modes, or of the one with 99 %, log Z is found to the 1 % that may be missed, whether it is certified or not.
func TestCertifyOfTwoModesThatDataShow(t *testing.T) {
	for _, size := range []float64{1.5, 5} {
		m, o, first, second := twoModes(10, size, 0.01, tensor.Float32)
		logZ, certified := must(o.LogPartition()), 0
		for seed := range uint64(4) {
			data := second
			if seed%2 == 1 {
				data = join(second, first)
			}
			b, err := Certify(context.Background(), m, data, Config{MaxStates: never, MaxTemperatures: 2000, Seed: seed})
			require.NoError(t, err)
			if b.Certified {
				certified++
				require.InDelta(t, logZ, b.LogZ, 0.05)
				require.Greater(t, b.LogZUpper, logZ-0.01)
			}
		}
		if size < 2 {
			require.Equal(t, 4, certified, "modes between which chains go are no obstacle")
		}
	}
}

// needle is an RBM in which nearly all states are alike but one, of the share 1 − e^−2 of the mass, which a single strong hidden unit makes. Nothing that
// is annealed finds it.
func needle(n int, dtype tensor.Dtype) *layers.RBM {
	visible, hidden := bernoulli(n), bernoulli(3)
	m := newMachine(visible, hidden, dtype, 9, 0.1, 0.1, false)
	w, c := m.Param("W").Float64s(), m.Param("c").Float64s()
	on := 0
	for i := range n {
		w[3*i] = 40
		if i%3 == 0 {
			w[3*i] = -40
		} else {
			on++
		}
	}
	check(m.Param("W").Set(w))

	c[0] = -1e4
	check(m.Param("c").Set(c))
	rest := must(LogPartition(context.Background(), m))
	c[0] = rest + 2 - 40*float64(on)
	check(m.Param("c").Set(c))
	return m
}

func TestCertifyRefusesANeedle(t *testing.T) {
	for _, dtype := range dtypes {
		m := needle(20, dtype)
		truth := must(LogPartition(context.Background(), m))
		noise := draws(oracle(newMachine(bernoulli(20), bernoulli(3), dtype, 9, 0.1, 0.1, false), bernoulli(20), bernoulli(3)), 200, dtype, 1)
		for seed := range uint64(3) {
			b, err := Certify(context.Background(), m, noise, Config{MaxStates: never, MaxTemperatures: 1000, Seed: seed})
			require.NoError(t, err)
			require.False(t, b.Certified)
			require.Contains(t, b.Reason, "AIS from the deepest mode of a hidden unit finds")
			require.Less(t, b.LogZUpper, truth-1, "the needle is found by something else, too")
		}
	}
}

// How often a certificate is wrong, over random machines of all degrees of peakedness and data that may be of the model, of one mode of it, a
// single row, or noise: never by more than a tenth of a nat, and by the length of the interval no more often than its confidence says.
func TestCertifyIsNeverWrong(t *testing.T) {
	machines := 150
	if testing.Short() {
		machines = 12
	}
	r := rand.New(rand.NewPCG(1, 2))
	certified, outside := 0, 0
	for k := range machines {
		nv, nh := 8+r.IntN(6), 2+r.IntN(8)
		visible, hidden := bernoulli(nv), bernoulli(nh)
		if k%3 == 1 {
			visible = spin(nv)
		}
		size := 0.5 + 4*r.Float64()
		m := newMachine(visible, hidden, tensor.Float32, uint64(k), size, size*r.Float64()*2, false)
		if k%5 == 4 {
			deepen(m, r)
		}
		o := oracle(m, visible, hidden)
		logZ := must(o.LogPartition())
		x := numbers(draws(o, 200, tensor.Float32, uint64(k)))
		switch r.IntN(4) {
		case 1:
			x = x[:nv]
		case 2:
			x = near(x, nv, 2)
		case 3:
			r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
		}
		b, err := Certify(context.Background(), m, dense(tensor.Float32, len(x)/nv, x), Config{Seed: uint64(k), MaxStates: never, MaxTemperatures: 1000})
		require.NoError(t, err)
		if !b.Certified {
			continue
		}
		certified++
		if miss := max(b.LogZLower-logZ, logZ-b.LogZUpper); miss > 0 {
			outside++
			require.Less(t, miss, 0.1, "machine %d: %v, log Z is %g", k, b, logZ)
		}
	}
	t.Logf("%d machines, %d certified, %d with log Z outside", machines, certified, outside)
	require.Greater(t, certified, machines/2)
	require.LessOrEqual(t, float64(outside), 0.05*float64(certified)+limit*math.Sqrt(0.05*float64(certified)))
}

// deepen makes the states of single hidden units deep: strong weights, on only where most of them agree.
func deepen(m *layers.RBM, r *rand.Rand) {
	w, c := m.Param("W").Float64s(), m.Param("c").Float64s()
	for j := range c {
		sum := 0.0
		for i := range len(w) / len(c) {
			w[i*len(c)+j] *= 3
			sum += max(0, w[i*len(c)+j])
		}
		c[j] = -sum * (0.5 + 0.4*r.Float64())
	}
	check(m.Param("W").Set(w))
	check(m.Param("c").Set(c))
}

// near is the rows that differ from the last in few places.
func near(x []float64, width, places int) []float64 {
	last, some := x[len(x)-width:], []float64(nil)
	for i := 0; i < len(x); i += width {
		differ := 0
		for j := range width {
			if x[i+j] != last[j] {
				differ++
			}
		}
		if differ <= places {
			some = append(some, x[i:i+width]...)
		}
	}
	return some
}

func TestCertifyLengthensTheLadder(t *testing.T) {
	m, o, _, _ := twoModes(14, 1.5, 0.4, tensor.Float64)
	var text strings.Builder
	b, err := Certify(context.Background(), m, draws(o, 200, tensor.Float64, 1), Config{MaxStates: never, Tolerance: 0.06, Progress: &text})
	require.NoError(t, err)
	require.True(t, b.Certified, b.Reason)
	require.Greater(t, b.Temperatures, firstTemperatures)
	require.InDelta(t, must(o.LogPartition()), b.LogZ, 0.06)
	require.Contains(t, text.String(), "500 temperatures: not certified: between")
	require.Contains(t, text.String(), "1000 temperatures: ")
	require.Contains(t, text.String(), "(reverse AIS from tempered chains, 100 chains of")

	short, err := Certify(context.Background(), m, draws(o, 200, tensor.Float64, 1), Config{MaxStates: never, Tolerance: 0.06, MaxTemperatures: 500})
	require.NoError(t, err)
	require.False(t, short.Certified)
	require.Contains(t, short.Reason, "nats apart at 500 temperatures, want 0.06")
}

func TestCertifyEnumeratesWhereItCan(t *testing.T) {
	m := newMachine(bernoulli(40), bernoulli(6), tensor.Float32, 1, 0.3, 0.3, false)
	data := dense(tensor.Float32, 2, make([]float64, 80))
	b := must(Certify(context.Background(), m, data, Config{}))
	require.True(t, b.Certified)
	require.Equal(t, b.Lower, b.Upper)
	require.Equal(t, must(Exact(context.Background(), m, data, Config{})), b)
	require.Regexp(t, `^-\d+\.\d\d nats a row \(exact, hidden side enumerated; 2 rows, values as they are\)$`, b.String())
	estimated := must(Certify(context.Background(), m, data, Config{MaxStates: 63}))
	require.Greater(t, estimated.Upper, estimated.Lower)
	require.Regexp(t, `^-\d+\.\d\d ± 0\.\d\d nats a row \(AIS below, reverse AIS above, 95 %; 2 rows, values as they are\)$`, estimated.String())
	require.Less(t, estimated.Lower, b.LogLikelihood+0.01)
	require.Greater(t, estimated.Upper, b.LogLikelihood-0.01)
}

func TestCertifyIsAFunctionOfItsSeed(t *testing.T) {
	m := newMachine(bernoulli(30), bernoulli(25), tensor.Float32, 4, 0.5, 0.3, true)
	data := dense(tensor.Float32, 40, uniforms(3, 1200))
	run := func(seed uint64) Bound {
		return must(Certify(context.Background(), m, data, Config{Seed: seed, Convention: Stochastic, MaxTemperatures: 500, MaxStates: never, Chains: 30}))
	}
	one := run(1)
	require.Equal(t, one, run(1))
	require.NotEqual(t, one.LogZ, run(2).LogZ)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	require.Equal(t, one, run(1), "with one processor")
}

func uniforms(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 13))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.Float64()
	}
	return x
}

// endsAfter is a context that ends once it has been asked so often.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestCertifyReturnsWhatThereIsWhenTheContextEnds(t *testing.T) {
	m := newMachine(bernoulli(30), bernoulli(25), tensor.Float32, 4, 1.5, 0.3, true)
	data := dense(tensor.Float32, 40, uniforms(3, 1200))
	c := Config{Convention: Threshold, MaxStates: never, Tolerance: 0.001}
	b, err := Certify(&endsAfter{context.Background(), 100}, m, data, c)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, b.Certified)
	require.Equal(t, "no ladder finished", b.Reason)
	require.Zero(t, b.Temperatures)
	require.NotZero(t, b.FreeEnergy)
	b, err = Certify(&endsAfter{context.Background(), 2500}, m, data, c)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, b.Certified)
	require.GreaterOrEqual(t, b.Temperatures, 500)
	require.Contains(t, b.Reason, "nats apart")
	require.Less(t, b.Lower, b.Upper)
}

func TestCertifyRefusesBadInput(t *testing.T) {
	m := newMachine(bernoulli(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	rows := dense(tensor.Float64, 1, []float64{0, 1, 1, 0})
	for i, test := range []struct {
		m      Model
		data   *tensor.Dense
		config Config
		want   error
	}{
		{nil, rows, Config{}, energy.ErrConfig},
		{(*layers.RBM)(nil), rows, Config{}, energy.ErrConfig},
		{(*layers.Boltzmann)(nil), rows, Config{}, energy.ErrConfig},
		{m, nil, Config{}, energy.ErrConfig},
		{m, dense(tensor.Float64, 1, []float64{0, 1, 1}), Config{MaxStates: never}, energy.ErrShape},
		{m, dense(tensor.Float64, 1, []float64{0, 1, 1, 3}), Config{MaxStates: never}, energy.ErrRange},
		{m, rows, Config{Tolerance: -0.1}, energy.ErrConfig},
		{m, rows, Config{Confidence: 2}, energy.ErrConfig},
		{m, rows, Config{Convention: -1}, energy.ErrConfig},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			_, err := Certify(context.Background(), test.m, test.data, test.config)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, "Certify: ")
		})
	}
}
