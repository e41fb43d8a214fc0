package associative

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// A network's energies and fields are those of energy.Quadratic, as a graph on both machines.
func TestHopfieldIsQuadratic(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 20))
		const n, rows = 9, 6
		bias := make([]float64, n)
		for i := range bias {
			bias[i] = r.NormFloat64()
		}
		h, err := Hebb{KeepDiagonal: seed >= 2}.Learn(t.Context(), spins(r, 4, n))
		require.NoError(t, err)
		h, err = NewHopfield(h.Couplings(), HopfieldConfig{Bias: bias, SelfCoupling: true})
		require.NoError(t, err)
		units, x := energy.Spin(n), spins(r, rows, n)
		if seed%2 == 1 {
			h, _ = h.Binary()
			units, x = energy.Bernoulli(n), bitsOf(x)
		}
		graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
			e := energy.Quadratic{
				Units: units, W: graphtest.Input(g, "W", h.Couplings()),
				B: graphtest.Input(g, "b", graphtest.Tensor(tensor.Float64, h.Config().Bias, n)),
			}
			state := graphtest.Input(g, "x", x)
			return G.Nodes{G.Must(e.Energy(state)), G.Must(e.Input(state))}
		}, graphtest.Tensor(tensor.Float64, must(h.Energy(x))(t), rows), must(h.Fields(x))(t))
	}
}

func TestStabilities(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 21))
	const n = 6
	h := network(t, r, n, HopfieldConfig{Bias: []float64{1, 0, -1, 2, 0, 0.5}})
	for _, h := range []*Hopfield{h, first(h.Binary())} {
		x := make([]float64, n)
		h.number(37, x)
		fields := must(h.Fields(tensorOf(x)))(t).Float64s()
		w := h.Couplings().Float64s()
		got := must(h.Stabilities(tensorOf(x)))(t).Float64s()
		for i, field := range fields {
			length, sign := 0.0, 1.0
			for j := range n {
				length += w[j*n+i] * w[j*n+i]
			}
			if x[i] != 1 {
				sign = -1
			}
			require.InDelta(t, sign*field/math.Sqrt(length), got[i], 1e-12)
		}
		stable := must(h.Stable(tensorOf(x)))(t)[0]
		require.Equal(t, slices.Min(got) >= 0, stable)
	}
	alone := must(NewHopfield(tensorOf([]float64{0, 0}, []float64{0, 0}), HopfieldConfig{Bias: []float64{2, 0}}))(t)
	require.Equal(t, []float64{math.Inf(1), 0}, must(alone.Stabilities(tensorOf([]float64{1, 1})))(t).Float64s())
}

func first[A, B any](a A, _ B) A { return a }

func TestNewHopfieldRefuses(t *testing.T) {
	ok := tensorOf([]float64{0, 1}, []float64{1, 0})
	for name, c := range map[string]struct {
		w      *tensor.Dense
		config HopfieldConfig
		want   error
		text   string
	}{
		"nothing":    {nil, HopfieldConfig{}, energy.ErrShape, "no tensor given"},
		"not square": {matrix.Tensor(tensor.Float64, make([]float64, 6), 2, 3), HopfieldConfig{}, energy.ErrShape, "shape (2, 3), want (n, n)"},
		"NaN":        {tensorOf([]float64{0, math.NaN()}, []float64{1, 0}), HopfieldConfig{}, energy.ErrNotFinite, "row 0, column 1 is NaN"},
		"asymmetric": {tensorOf([]float64{0, 1}, []float64{2, 0}), HopfieldConfig{SelfCoupling: true}, energy.ErrConfig,
			"w(1,0) is 2 and w(0,1) is 1, want them equal: without symmetry there is no energy, and recall may not end (Asymmetric permits it)"},
		"a diagonal": {tensorOf([]float64{0, 1}, []float64{1, -3}), HopfieldConfig{Asymmetric: true}, energy.ErrConfig,
			"unit 1 is coupled to itself by -3, want 0: with such a unit the energy may rise and recall may not end (SelfCoupling permits it)"},
		"biases": {ok, HopfieldConfig{Bias: []float64{1}}, energy.ErrShape, "Bias has 1 numbers for 2 units"},
		"a bias": {ok, HopfieldConfig{Bias: []float64{1, math.Inf(1)}}, energy.ErrNotFinite, "Bias 1 is +Inf"},
		"ties":   {ok, HopfieldConfig{Ties: 2}, energy.ErrConfig, "Ties(2) is not known, want Keep or Minus"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewHopfield(c.w, c.config)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "associative: NewHopfield: ")
			require.ErrorContains(t, err, c.text)
		})
	}
	h := must(NewHopfield(ok, HopfieldConfig{}))(t)
	_, err := h.WithTies(7)
	require.ErrorIs(t, err, energy.ErrConfig)
	minus := must(h.WithTies(Minus))(t)
	require.Equal(t, Minus, minus.Config().Ties)
	require.Equal(t, Keep, h.Config().Ties)
	require.Equal(t, "Keep Minus", Keep.String()+" "+Minus.String())
}

// A field that is 0 in exact arithmetic is a tie, though float64 has no tenths.
func TestTiesSurviveRounding(t *testing.T) {
	w := tensorOf([]float64{0, 0, 0, 0.1}, []float64{0, 0, 0, 0.2}, []float64{0, 0, 0, 0.3}, []float64{0.1, 0.2, 0.3, 0})
	require.NotZero(t, 0.1*sign(1)+0.2*sign(1)-0.3*sign(1), "the sum is rounded")
	for ties, want := range map[Ties][]bool{Keep: {true, true}, Minus: {false, true}} {
		h := must(NewHopfield(w, HopfieldConfig{Ties: ties, Bias: []float64{9, 9, -9, 0}}))(t)
		require.Equal(t, want, must(h.Stable(tensorOf([]float64{1, 1, -1, 1}, []float64{1, 1, -1, -1})))(t))
	}
}

// sign hides a constant from the compiler, which would add exactly.
func sign(x float64) float64 { return x }

func TestHebbIsItsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 22))
	const p, n = 5, 8
	x := spins(r, p, n)
	for _, keep := range []bool{false, true} {
		for _, a := range [][]float64{nil, {1, 2, 0, -1, 0.5}} {
			h := must(Hebb{Importance: a, KeepDiagonal: keep}.Learn(t.Context(), x))(t)
			for i := range n {
				for j := range n {
					want := 0.0
					for mu := range p {
						weight := 1.0
						if a != nil {
							weight = a[mu]
						}
						want += weight * x.Float64s()[mu*n+i] * x.Float64s()[mu*n+j] / n
					}
					if i == j && !keep {
						want = 0
					}
					require.Equal(t, want, h.Couplings().Float64s()[i*n+j])
				}
			}
		}
	}
	// Repeated patterns weigh as much as important ones.
	twice := slices.Concat(x.Float64s(), x.Float64s()[:n])
	repeated := must(Hebb{}.Learn(t.Context(), matrix.Tensor(tensor.Float64, twice, p+1, n)))(t)
	weighted := must(Hebb{Importance: []float64{2, 1, 1, 1, 1}}.Learn(t.Context(), x))(t)
	require.Equal(t, repeated.Couplings().Float64s(), weighted.Couplings().Float64s())
	_, err := Hebb{Importance: []float64{1}}.Learn(t.Context(), x)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = Hebb{Importance: []float64{1, 2, math.NaN(), 1, 1}}.Learn(t.Context(), x)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	_, err = Hebb{}.Learn(t.Context(), bitsOf(x))
	require.ErrorContains(t, err, "associative: Hebb: Learn: patterns: row 0")
}

// With the n rows of a Hadamard matrix and the diagonal kept, W is the identity: every state is at rest.
func TestHadamardPatternsKeepEveryState(t *testing.T) {
	const n = 16
	patterns := hadamard(n)
	kept := must(Hebb{KeepDiagonal: true}.Learn(t.Context(), patterns))(t)
	require.Len(t, must(kept.StableStates(t.Context()))(t), 1<<n)
	cleared := must(Hebb{}.Learn(t.Context(), patterns))(t)
	require.Len(t, must(cleared.StableStates(t.Context()))(t), 1<<n, "W is 0: every field is a tie")
	minus := must(cleared.WithTies(Minus))(t)
	require.Len(t, must(minus.StableStates(t.Context()))(t), 1)
	_, err := network(t, rand.New(rand.NewPCG(1, 1)), 23, HopfieldConfig{}).StableStates(t.Context())
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "23 units, want at most 22")
}
