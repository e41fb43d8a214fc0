package associative

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// bestStability is the largest κ of a unit, by duality the distance of 0 from the convex hull of the z_μ: that point is the one nearest to 0 in
// the plane through some of them, with shares that are not negative. All choices are tried. The z must be separable.
func bestStability(z [][]float64) float64 {
	best := math.Inf(1)
	for set := 1; set < 1<<len(z); set++ {
		var rows [][]float64
		for k := range z {
			if set>>k&1 == 1 {
				rows = append(rows, z[k])
			}
		}
		g, ones := mat.NewDense(len(rows), len(rows), nil), mat.NewVecDense(len(rows), nil)
		for i, a := range rows {
			ones.SetVec(i, 1)
			for j, b := range rows {
				for k := range a {
					g.Set(i, j, g.At(i, j)+a[k]*b[k])
				}
			}
		}
		if math.Abs(mat.Det(g)) < 0.5 { // a whole number
			continue
		}
		var shares mat.VecDense
		if shares.SolveVec(g, ones) != nil || mat.Min(&shares) < 0 {
			continue
		}
		best = min(best, 1/math.Sqrt(mat.Sum(&shares)))
	}
	return best
}

func TestMinOverlapReachesTheBest(t *testing.T) {
	separable := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 41))
		n, p := 3+r.IntN(5), 1+r.IntN(7)
		x := spins(r, p, n)
		got, err := MinOverlap{Tolerance: 1e-3, Updates: 1 << 17}.Separate(t.Context(), x)
		require.NoError(t, err)
		best := math.Inf(1)
		for i := range n {
			z := make([][]float64, p)
			for mu := range z {
				for j := range n {
					if j != i {
						z[mu] = append(z[mu], x.Float64s()[mu*n+i]*x.Float64s()[mu*n+j])
					}
				}
			}
			best = min(best, bestStability(z))
		}
		perceptron, err := Perceptron{PerUnit: true, NoBias: true}.Separate(t.Context(), x)
		require.NoError(t, err)
		require.Equal(t, perceptron.Verdict, got.Verdict)
		require.NotEqual(t, Unknown, got.Verdict)
		if got.Verdict == NotSeparable {
			require.Zero(t, got.Bound)
			continue
		}
		separable++
		require.LessOrEqual(t, got.Stability, best*(1+1e-12))
		require.GreaterOrEqual(t, got.Bound, best*(1-1e-12))
		require.GreaterOrEqual(t, got.Stability, best*(1-1e-3))
		kappa, err := got.Network.Stabilities(x)
		require.NoError(t, err)
		least := math.Inf(1)
		for _, k := range kappa.Float64s() {
			least = min(least, k)
		}
		require.InDelta(t, least, got.Stability, 1e-12)
		require.True(t, got.Network.Config().Asymmetric)
		require.LessOrEqual(t, perceptron.Stability, best*(1+1e-12))
		require.GreaterOrEqual(t, perceptron.Bound, best*(1-1e-12))
	}
	require.Greater(t, separable, 10)
	require.Less(t, separable, 35)
}

// gardner is the load at which the best stability of random patterns is κ, by Simpson's rule.
func gardner(kappa float64) float64 {
	const steps, top = 2000, 12.0
	f := func(t float64) float64 { return distuv.UnitNormal.Prob(t) * (t + kappa) * (t + kappa) }
	h := (top + kappa) / steps
	sum := f(-kappa) + f(top)
	for k := 1; k < steps; k++ {
		sum += f(-kappa+float64(k)*h) * float64(2+2*(k%2))
	}
	return 3 / (sum * h)
}

func TestMinOverlapReachesGardner(t *testing.T) {
	require.InDelta(t, 2, gardner(0), 1e-9)
	const n = 200
	lo, hi := 0.0, 3.0 // gardner falls in κ
	for range 60 {
		if mid := (lo + hi) / 2; gardner(mid) > n/(n-1.0) { // each unit has n − 1 weights
			lo = mid
		} else {
			hi = mid
		}
	}
	seeds := uint64(5)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		x := spins(rand.New(rand.NewPCG(seed, 42)), n, n)
		got, err := MinOverlap{}.Separate(t.Context(), x)
		require.NoError(t, err)
		require.Equal(t, Separable, got.Verdict)
		require.GreaterOrEqual(t, got.Stability, 0.99*got.Bound)
		require.NoError(t, asBest(t, got.Network, x, lo, 0.01))
		require.Error(t, asBest(t, learn(t, Perceptron{PerUnit: true, NoBias: true}, x), x, lo, 0.01), "any that are stable")
	}
}

// asBest says whether the stabilities of units have the mean κ: within the tolerance of the rule and four standard errors of the mean, which are
// those of units that learn independently.
func asBest(t *testing.T, h *Hopfield, x *tensor.Dense, kappa, tolerance float64) error {
	all, err := h.Stabilities(x)
	require.NoError(t, err)
	least := make([]float64, h.n)
	for i := range least {
		least[i] = math.Inf(1)
	}
	for k, v := range all.Float64s() {
		least[k%h.n] = min(least[k%h.n], v)
	}
	mean, sd := stat.MeanStdDev(least, nil)
	if apart := math.Abs(mean - kappa); apart > tolerance*kappa+4*sd/math.Sqrt(float64(h.n)) {
		return fmt.Errorf("the mean stability is %v, want %v", mean, kappa)
	}
	return nil
}

func TestMinOverlapNotSeparable(t *testing.T) {
	got, err := MinOverlap{}.Separate(t.Context(), rowsOf(3, -1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1))
	require.NoError(t, err)
	require.Equal(t, NotSeparable, got.Verdict)
	require.Contains(t, got.Reason, "agree in unit")
	// Five units, of which one is the parity of three others: no two patterns differ, or agree, in one alone.
	var rows []float64
	for s := range 8 {
		a, b, c := float64(s&1*2-1), float64(s>>1&1*2-1), float64(s>>2&1*2-1)
		rows = append(rows, a, b, c, a*b*c, 1, 1, a*b)
	}
	got, err = MinOverlap{}.Separate(t.Context(), rowsOf(7, rows...))
	require.NoError(t, err)
	require.Equal(t, NotSeparable, got.Verdict)
	require.Contains(t, got.Reason, "came back to earlier ones")
}

func TestMinOverlapUnknown(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(1, 43)), 40, 30)
	got, err := MinOverlap{Updates: 10}.Separate(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, Unknown, got.Verdict)
	require.Equal(t, 10, got.Epochs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err = MinOverlap{}.Separate(ctx, x)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, Unknown, got.Verdict)
	_, err = MinOverlap{}.Learn(ctx, x)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMinOverlapRefuses(t *testing.T) {
	for _, c := range []struct {
		rule MinOverlap
		says string
	}{
		{MinOverlap{Tolerance: -1}, "associative: minimal overlap: Learn: Tolerance is -1, want a number between 0 and 1, or 0 for 0.01"},
		{MinOverlap{Tolerance: math.NaN()}, "Tolerance is NaN"},
		{MinOverlap{Tolerance: 1}, "Tolerance is 1"},
		{MinOverlap{Updates: -1}, "Updates is -1, want at least 1, or 0 for 1000 n"},
	} {
		_, err := c.rule.Learn(t.Context(), rowsOf(2, 1, 1))
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, c.says)
	}
}
