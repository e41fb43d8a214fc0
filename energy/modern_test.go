package energy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// stored is states, patterns and β.
func storedPatterns(dtype tensor.Dtype) []*tensor.Dense {
	r := rand.New(rand.NewPCG(1, 1))
	normal := func(rows int) *tensor.Dense {
		x := make([]float64, rows*3)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return graphtest.Tensor(dtype, x, rows, 3)
	}
	return []*tensor.Dense{normal(4), normal(6), graphtest.Tensor(dtype, []float64{1.5}, 1)}
}

func modern(in []*G.Node, s Separation, sim Similarity) ModernHopfield {
	return ModernHopfield{Patterns: in[1], Beta: in[2], Separation: s, Similarity: sim}
}

func inputsOf(values []*tensor.Dense) []*G.Node {
	g, in := G.NewGraph(), []*G.Node{}
	for i, v := range values {
		in = append(in, graphtest.Input(g, fmt.Sprintf("in%d", i), v))
	}
	return in
}

// The energies of the trace that the formula gives by hand: X = (1,0,1), (0,2,0), (−1,1,½), (½,−1,3/2), ξ = (.9,.1,.8).
func TestModernHopfieldGolden(t *testing.T) {
	x := []float64{1, 0, 1, 0, 2, 0, -1, 1, .5, .5, -1, 1.5}
	for _, c := range []struct {
		beta     float64
		energies []float64 // of the state and after each of three updates, with the published constant
	}{
		{1, []float64{1.62497992, 1.46873605, 1.41092964, 1.38476930}},
		{8, []float64{1.17037589, 0.85872687, 0.42585597, 0.42328603}},
		{.1, []float64{1.92814166, 1.59076291, 1.58530839, 1.58514472}},
	} {
		in := inputsOf([]*tensor.Dense{graphtest.Tensor(tensor.Float64, []float64{.9, .1, .8}, 1, 3),
			graphtest.Tensor(tensor.Float64, x, 4, 3), graphtest.Tensor(tensor.Float64, []float64{c.beta}, 1)})
		e, state := modern(in, Softmax(), Dot), in[0]
		for _, want := range c.energies {
			energy := graphtest.Value(t, G.Must(e.Energy(state)))[0][0]
			require.InDelta(t, want, energy+math.Log(4)/c.beta+2, 5e-9, "β = %g", c.beta)
			state = G.Must(e.Update(state))
		}
	}
}

// ∂E/∂ξ = ξ − f(ξ), or twice that for distances, for every separation function; and the update never raises the energy.
func TestModernHopfieldStepIsTheGradient(t *testing.T) {
	for _, s := range []Separation{Softmax(), Sparsemax(), Entmax(1.5), Normmax(2), TopK(2), Subsets(2)} {
		for _, sim := range []Similarity{Dot, Euclidean} {
			in := inputsOf(storedPatterns(tensor.Float64))
			e := modern(in, s, sim)
			before := G.Must(e.Energy(in[0]))
			updated := G.Must(e.Update(in[0]))
			after := G.Must(e.Energy(updated))
			grads, err := G.Grad(G.Must(G.Sum(before)), in[0])
			require.NoError(t, err)
			got := graphtest.Value(t, in[0], updated, grads[0], before, after)
			for i := range got[0] {
				want := got[0][i] - got[1][i]
				if sim == Euclidean {
					want *= 2
					if s.String() == "Subsets(2)" {
						want += 2 * got[0][i] // its weights sum to 2
					}
				}
				require.InDelta(t, want, got[2][i], 1e-12, "%v %v", s, sim)
			}
			if s.String() != "Subsets(2)" {
				for i := range got[3] {
					require.LessOrEqual(t, got[4][i], got[3][i]+1e-14, "%v %v", s, sim)
				}
			}
		}
	}
}

func TestModernHopfieldGradients(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, s := range []Separation{Softmax(), Entmax(1.5), TopK(2)} {
			for _, sim := range []Similarity{Dot, Euclidean} {
				tolerance := 1e-5
				if dtype == tensor.Float32 {
					tolerance = 1e-3
				}
				require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: dtype, Inputs: storedPatterns(dtype), Tolerance: tolerance,
					Build: func(in []*G.Node) (*G.Node, error) {
						rows, err := modern(in, s, sim).Energy(in[0])
						if err != nil {
							return nil, err
						}
						return G.Sum(rows)
					}}), "%v %v %v", s, sim, dtype)
			}
		}
	}
}

func TestModernHopfieldRefuses(t *testing.T) {
	in := inputsOf(storedPatterns(tensor.Float64))
	_, err := modern(in, Softmax(), Cosine).Energy(in[0])
	require.ErrorIs(t, err, ErrConfig)
	require.EqualError(t, err, "energy: ModernHopfield: Energy: similarity is cosine, want dot or euclidean: bad configuration")
	_, err = modern(in, LearnedEntmax(1.5), Dot).Update(in[0])
	require.ErrorIs(t, err, ErrConfig)
	_, err = modern(in, Entmax(1), Dot).Update(in[0])
	require.ErrorIs(t, err, ErrConfig)
	_, err = modern(in, Softmax(), Dot).Update(in[2])
	require.ErrorIs(t, err, ErrShape)
	_, err = ModernHopfield{}.Energy(nil)
	require.ErrorIs(t, err, ErrShape)
	_, err = ModernHopfield{Patterns: in[1]}.Energy(in[0])
	require.ErrorIs(t, err, ErrShape)
}

func TestSeparationInFiles(t *testing.T) {
	for _, s := range []Separation{Softmax(), Sparsemax(), Entmax(1.25), LearnedEntmax(1.5), Normmax(4), TopK(7), Subsets(3)} {
		require.NoError(t, s.Validate())
		raw, err := s.MarshalJSON()
		require.NoError(t, err)
		var back Separation
		require.NoError(t, back.UnmarshalJSON(raw), "%s", raw)
		require.Equal(t, s, back)
	}
	for _, bad := range []string{`{"name":"entmax","alpha":1}`, `{"name":"entmax","alpha":2,"k":1}`, `{"name":"topk"}`, `{"name":"topk","k":2,"alpha":3}`,
		`{"alpha":2}`, `{"name":"hardmax"}`, `{"name":"normmax","alpha":2,"learned":true}`, `{"beta":1}`, `[]`} {
		require.Error(t, new(Separation).UnmarshalJSON([]byte(bad)), bad)
	}
	for _, s := range []Similarity{Dot, Cosine, Euclidean, Manhattan} {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back Similarity
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, s, back)
	}
	require.ErrorIs(t, Similarity(9).Validate(), ErrConfig)
	require.ErrorIs(t, new(Similarity).UnmarshalText([]byte("near")), ErrConfig)
}
