package likelihood

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func binomial(n, trials int) side {
	return side{energy.Binomial(n, trials), exact.Side{Family: exact.Binomial, Units: n, Trials: trials}}
}
func relu(n int) side    { return side{energy.ReLU(n), exact.Side{Family: exact.ReLU, Units: n}} }
func poisson(n int) side { return side{energy.Poisson(n), exact.Side{Family: exact.Poisson, Units: n}} }

// Families with an own energy, bounded and not: annealed importance sampling against the oracle, and where states can be enumerated log Z
// itself. A path that tempered U as well would be the path to another model.
func TestLogPartitionOfUnboundedFamilies(t *testing.T) {
	for _, pair := range [][2]side{
		{gaussian(3), gaussian(2)}, {binomial(3, 3), bernoulli(4)}, {binomial(2, 3), binomial(2, 2)}, {binomial(2, 4), gaussian(2)}, {spin(4), binomial(2, 3)},
		{relu(2), bernoulli(4)}, {bernoulli(5), relu(2)}, {relu(1), relu(1)}, {relu(1), gaussian(1)}, {gaussian(1), relu(1)}, {binomial(2, 3), relu(2)},
		{poisson(2), spin(4)}, {oneHot(2, 3), poisson(2)}, {poisson(1), poisson(1)}, {poisson(1), relu(1)}, {relu(1), poisson(1)}, {poisson(2), binomial(2, 2)},
	} {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 4, 0.3, 0.4, false)
				if visible, hidden := pair[0].units, pair[1].units; energy.Normalisable(visible, hidden, m.Param("W").Float64s(), nil, nil) != nil {
					w := m.Param("W").Float64s()
					for i := range w {
						w[i] = -math.Abs(w[i])
					}
					check(m.Param("W").Set(w))
				}
				require.NoError(t, m.Normalisable())
				o := &exact.Harmonium{Visible: pair[0].exact, Hidden: pair[1].exact, W: m.Param("W").Float64s(), B: m.Param("b").Float64s(), C: m.Param("c").Float64s()}
				for s, name := range map[*exact.Side]string{&o.Visible: "visible_log_variance", &o.Hidden: "hidden_log_variance"} {
					if p := m.Param(name); p != nil {
						s.LogVariance = p.Float64s()
					}
				}
				logZ := must(o.LogPartition())
				for _, seed := range stattest.Seeds[:2] {
					got := must(AIS{Chains: 4000, Temperatures: 6, Seed: seed}.LogPartition(context.Background(), m))
					require.InDelta(t, logZ, got.LogZ, limit*got.Deviation)
					require.Less(t, got.Deviation, 0.05, "the test sees little")
				}
				_, errV := pair[0].units.StateCount()
				_, errH := pair[1].units.StateCount()
				if errV == nil || errH == nil {
					require.InDelta(t, logZ, must(LogPartition(context.Background(), m)), map[tensor.Dtype]float64{tensor.Float64: 1e-10, tensor.Float32: 1e-5}[dtype])
				}
			})
		}
	}
}

// A machine that has no Z is refused before anything is estimated, with what is wrong.
func TestMachinesWithoutADistributionAreRefused(t *testing.T) {
	for _, pair := range [][2]side{{gaussian(4), gaussian(4)}, {relu(3), relu(3)}} {
		m := newMachine(pair[0], pair[1], tensor.Float64, 4, 3, 0.4, false)
		rows := dense(tensor.Float64, 2, make([]float64, 2*pair[0].units.Len()))
		want := m.Normalisable()
		require.Error(t, want)
		_, err := Certify(context.Background(), m, rows, Config{})
		require.ErrorContains(t, err, want.Error())
		_, err = AIS{}.LogPartition(context.Background(), m)
		require.ErrorContains(t, err, want.Error())
		_, err = AIS{}.Reverse(context.Background(), m, rows)
		require.ErrorContains(t, err, want.Error())
		_, err = FreeEnergyGap(context.Background(), m, rows, rows, AsIs, 0)
		require.NoError(t, err, "it needs no Z")
	}
}

// Certificates of families without bounds.
func TestCertifyOfUnboundedFamilies(t *testing.T) {
	for _, pair := range [][2]side{{gaussian(4), gaussian(3)}, {relu(2), bernoulli(5)}, {poisson(3), spin(4)}, {binomial(3, 3), gaussian(2)}} {
		m := newMachine(pair[0], pair[1], tensor.Float32, 4, 0.25, 0.4, false)
		require.NoError(t, m.Normalisable())
		o := oracle(m, pair[0], pair[1])
		rows := dense(tensor.Float32, 4, round(uniforms(1, 4*pair[0].units.Len())))
		b, err := Certify(context.Background(), m, rows, Config{MaxStates: never})
		require.NoError(t, err)
		require.True(t, b.Certified, "%v: %v", pair[0].units, b)
		logZ := must(o.LogPartition())
		require.Less(t, b.LogZLower, logZ+0.01)
		require.Greater(t, b.LogZUpper, logZ-0.01)
	}
}
