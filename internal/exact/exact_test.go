package exact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// side makes a small side of a family; Gaussian sides get unequal variances.
func side(f Family, r *rand.Rand) Side {
	switch f {
	case OneHot:
		return Side{Family: f, Units: 6, States: 3}
	case Gaussian:
		return Side{Family: f, Units: 3, LogVariance: normals(3, 0.4, r)}
	case ReLU, Poisson:
		return Side{Family: f, Units: 2}
	case Binomial:
		return Side{Family: f, Units: 2, Trials: 3}
	}
	return Side{Family: f, Units: 4}
}

func normals(n int, scale float64, r *rand.Rand) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = scale * r.NormFloat64()
	}
	return x
}

// sample is a model of the two families, with couplings weak enough for two unbounded sides to be normalisable, or of the sign that makes them
// so, and for sums over units without an end to be short.
func sample(visible, hidden Side, r *rand.Rand) *Harmonium {
	scale := 0.7
	if visible.Family == Poisson || hidden.Family == Poisson || visible.hardness() > 0 && hidden.hardness() > 0 {
		scale = 0.15
	}
	m := &Harmonium{
		Visible: visible, Hidden: hidden,
		W: normals(visible.Units*hidden.Units, scale, r), B: normals(visible.Units, 0.6, r), C: normals(hidden.Units, 0.6, r),
	}
	if visible.Family == Poisson && hidden.endless() || visible.endless() && hidden.Family == Poisson {
		for i, w := range m.W {
			m.W[i] = -math.Abs(w)
		}
	}
	return m
}

// rows are arbitrary reals: every formula of a given v holds for those in the range of the units.
func rows(m *Harmonium, n int, r *rand.Rand) [][]float64 {
	out := make([][]float64, n)
	for k := range out {
		out[k] = normals(m.Visible.Units, 1, r)
		for i, x := range out[k] {
			switch m.Visible.Family {
			case ReLU, Poisson:
				out[k][i] = math.Abs(x)
			case Binomial:
				out[k][i] = min(math.Abs(x), float64(m.Visible.Trials))
			}
		}
	}
	return out
}

// allPairs runs a test on each pair of families that can be coupled. Where both sides are integrated by sums they have one unit each.
func allPairs(t *testing.T, test func(t *testing.T, m *Harmonium, r *rand.Rand)) {
	for v := Bernoulli; v <= Poisson; v++ {
		for h := Bernoulli; h <= Poisson; h++ {
			if v == Gaussian && h == Poisson || v == Poisson && h == Gaussian {
				continue // TestEndlessRefusals
			}
			t.Run(fmt.Sprintf("%v×%v", v, h), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(v), uint64(h)))
				visible, hidden := side(v, r), side(h, r)
				if visible.endless() && hidden.endless() {
					visible.Units, hidden.Units = 1, 1
				} else if visible.endless() && hidden.Family == Gaussian || visible.Family == Gaussian && hidden.endless() {
					visible.Units, hidden.Units = 1, 1
					if visible.LogVariance != nil {
						visible.LogVariance = visible.LogVariance[:1]
					} else {
						hidden.LogVariance = hidden.LogVariance[:1]
					}
				}
				test(t, sample(visible, hidden, r), r)
			})
		}
	}
}

// derivative is the central difference of eighth order: with step 0.01 both its truncation and its rounding stay below 1e-11 for the functions here.
func derivative(f func() float64, x *float64) float64 {
	const step = 0.01
	at := *x
	defer func() { *x = at }()
	var d float64
	for k, c := range []float64{4. / 5, -1. / 5, 4. / 105, -1. / 280} {
		*x = at + float64(k+1)*step
		up := f()
		*x = at - float64(k+1)*step
		d += c * (up - f()) / step
	}
	return d
}

func near(t *testing.T, want, got []float64, tolerance float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		require.InDelta(t, want[i], got[i], tolerance*max(1, math.Abs(want[i])), "%s[%d]", what, i)
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		side Side
		want [][]float64
	}{
		{Side{Family: Bernoulli, Units: 2}, [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}},
		{Side{Family: Spin, Units: 2}, [][]float64{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}}},
		{Side{Family: OneHot, Units: 4, States: 2}, [][]float64{{1, 0, 1, 0}, {1, 0, 0, 1}, {0, 1, 1, 0}, {0, 1, 0, 1}}},
		{Side{Family: OneHot, Units: 2, States: 1}, [][]float64{{1, 1}}},
		{Side{Family: Bernoulli}, [][]float64{{}}},
		{Side{Family: Binomial, Units: 2, Trials: 2}, [][]float64{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}}},
	} {
		got, err := States(c.side)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	all, err := States(Side{Family: OneHot, Units: 15, States: 3})
	require.NoError(t, err)
	require.Len(t, all, 243)
}

func TestRefusals(t *testing.T) {
	for _, s := range []Side{{Family: Gaussian, Units: 1}, {Family: Bernoulli, Units: 23}, {Family: OneHot, Units: 200, States: 2}, {Family: ReLU, Units: 1}, {Family: Poisson, Units: 1}} {
		_, err := States(s)
		require.ErrorIs(t, err, ErrNotEnumerable)
	}
	for _, s := range []Side{
		{Family: Family(9), Units: 1}, {Family: Family(-1), Units: 1}, {Family: Spin, Units: -1}, {Family: OneHot, Units: 3},
		{Family: OneHot, Units: 3, States: 2}, {Family: Spin, Units: 2, States: 2}, {Family: Spin, Units: 1, LogVariance: []float64{0}},
		{Family: Gaussian, Units: 2, LogVariance: []float64{0}},
		{Family: Binomial, Units: 1}, {Family: Bernoulli, Units: 1, Trials: 2}, {Family: ReLU, Units: 1, LogVariance: []float64{0}},
	} {
		_, err := States(s)
		require.Error(t, err)
		require.NotErrorIs(t, err, ErrNotEnumerable)
	}

	r := rand.New(rand.NewPCG(1, 1))
	fresh := func() *Harmonium { return sample(side(Bernoulli, r), side(Gaussian, r), r) }
	for name, spoil := range map[string]func(m *Harmonium){
		"W":           func(m *Harmonium) { m.W = m.W[1:] },
		"B":           func(m *Harmonium) { m.B = nil },
		"C":           func(m *Harmonium) { m.C = append(m.C, 0) },
		"NaN":         func(m *Harmonium) { m.W[3] = math.NaN() },
		"LogVariance": func(m *Harmonium) { m.Hidden.LogVariance[0] = math.Inf(1) },
		"no units":    func(m *Harmonium) { *m = Harmonium{} },
	} {
		m := fresh()
		spoil(m)
		v, h := make([]float64, m.Visible.Units), make([]float64, m.Hidden.Units)
		for op, call := range map[string]func() error{
			"FreeEnergy":              func() error { _, err := m.FreeEnergy(v); return err },
			"HiddenFreeEnergy":        func() error { _, err := m.HiddenFreeEnergy(h); return err },
			"MeanHidden":              func() error { _, err := m.MeanHidden(v); return err },
			"MeanVisible":             func() error { _, err := m.MeanVisible(h); return err },
			"LogPartition":            func() error { _, err := m.LogPartition(); return err },
			"LogPartitionOverVisible": func() error { _, err := m.LogPartitionOverVisible(); return err },
			"LogPartitionOverHidden":  func() error { _, err := m.LogPartitionOverHidden(); return err },
			"Moments":                 func() error { _, err := m.Moments(); return err },
			"LogLikelihood":           func() error { _, err := m.LogLikelihood([][]float64{v}, nil); return err },
			"Gradient":                func() error { _, err := m.Gradient([][]float64{v}, nil); return err },
			"Probabilities":           func() error { _, _, err := m.Probabilities(); return err },
			"JointProbabilities":      func() error { _, _, _, err := m.JointProbabilities(); return err },
		} {
			require.ErrorContains(t, call(), "exact: "+op+": ", name)
		}
	}

	m := fresh()
	_, err := m.FreeEnergy([]float64{1, 0})
	require.EqualError(t, err, "exact: FreeEnergy: the given vector has 2 numbers, want 4")
	for _, bad := range []struct {
		rows    [][]float64
		weights []float64
	}{
		{nil, nil}, {[][]float64{{1}}, nil}, {rows(m, 2, r), []float64{1}}, {rows(m, 2, r), []float64{2, -1}}, {rows(m, 2, r), []float64{0, 0}},
	} {
		_, err := m.LogLikelihood(bad.rows, bad.weights)
		require.Error(t, err)
		_, err = m.Gradient(bad.rows, bad.weights)
		require.Error(t, err)
	}
	_, err = m.LogPartitionOverHidden()
	require.ErrorIs(t, err, ErrNotEnumerable)
	_, err = m.mirror().LogPartitionOverVisible()
	require.ErrorIs(t, err, ErrNotEnumerable)
	_, _, err = m.mirror().Probabilities()
	require.ErrorIs(t, err, ErrNotEnumerable)
	_, _, _, err = m.JointProbabilities()
	require.ErrorIs(t, err, ErrNotEnumerable)

	large := sample(Side{Units: 15}, Side{Units: 14}, r)
	_, err = large.LogPartition()
	require.ErrorIs(t, err, ErrNotEnumerable)
	_, err = large.Moments()
	require.ErrorIs(t, err, ErrNotEnumerable)
	_, _, err = large.Probabilities()
	require.ErrorIs(t, err, ErrNotEnumerable)
	wide := sample(Side{Units: 1}, Side{Units: 29}, r)
	_, err = wide.FreeEnergy([]float64{1})
	require.ErrorIs(t, err, ErrNotEnumerable)
}
