package associative

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// isingOf draws a model on a random graph, some pairs joined twice, with numbers whose sums are exact.
func isingOf(t *testing.T, r *rand.Rand, n int, withField bool) *Ising {
	var bonds []Bond
	for range r.IntN(2*n + 1) {
		if a, b := r.IntN(n), r.IntN(n); a != b {
			bonds = append(bonds, Bond{a, b, float64(r.IntN(9)-4) / 4})
		}
	}
	var field []float64
	if withField {
		field = make([]float64, n)
		for i := range field {
			field[i] = float64(r.IntN(9)-4) / 8
		}
	}
	g, err := NewIsing(n, bonds, field)
	require.NoError(t, err)
	return g
}

// plainIsing is E(s) by its formula.
func plainIsing(g *Ising, s []float64) float64 {
	e := 0.0
	for _, b := range g.Bonds() {
		e -= b.J * s[b.A] * s[b.B]
	}
	for i, h := range g.Field() {
		e -= h * s[i]
	}
	return e
}

// The model, the bipolar network and the binary network have the same energies but for the constants that are told, and lead back to each
// other.
func TestIsingIsHopfield(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 20))
		n := 1 + r.IntN(12)
		g := isingOf(t, r, n, seed%3 > 0)
		bipolar := g.Hopfield()
		binary, toBinary := bipolar.Binary()

		s := spins(r, 30, n)
		want := make([]float64, 30)
		for k := range want {
			want[k] = plainIsing(g, s.Float64s()[k*n:(k+1)*n])
		}
		require.Equal(t, want, must(g.Energy(s))(t))
		require.Equal(t, want, must(bipolar.Energy(s))(t))
		require.Equal(t, want, must(g.Energy(matrix.Tensor(tensor.Float32, s.Float64s(), 30, n)))(t))

		back, shift, err := IsingOf(bipolar)
		require.NoError(t, err)
		require.Zero(t, shift)
		require.Equal(t, want, must(back.Energy(s))(t))
		again := back.Hopfield()
		require.Equal(t, bipolar.Couplings().Float64s(), again.Couplings().Float64s())
		require.Equal(t, bipolar.Config(), again.Config())
		twice, _, err := IsingOf(again)
		require.NoError(t, err)
		require.Equal(t, back, twice)

		fromBinary, shift, err := IsingOf(binary)
		require.NoError(t, err)
		require.Equal(t, -toBinary, shift)
		require.Equal(t, want, must(fromBinary.Energy(s))(t))
		require.Equal(t, back.Bonds(), fromBinary.Bonds())
		for k, e := range must(binary.Energy(bitsOf(s)))(t) {
			require.Equal(t, want[k], e+shift)
		}
	}
}

// Self-couplings are a constant of bipolar units, and a part of the field of binary ones.
func TestIsingOfSelfCouplings(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 21))
		n := 1 + r.IntN(8)
		w, bias := make([]float64, n*n), make([]float64, n)
		for i := range n {
			bias[i] = float64(r.IntN(9)-4) / 4
			for j := range i + 1 {
				w[i*n+j] = float64(r.IntN(9)-4) / 4
				w[j*n+i] = w[i*n+j]
			}
		}
		for _, binary := range []bool{false, true} {
			h, err := NewHopfield(matrix.Tensor(tensor.Float64, w, n, n), HopfieldConfig{Bias: bias, SelfCoupling: true, Asymmetric: true, Binary: binary})
			require.NoError(t, err)
			g, shift, err := IsingOf(h)
			require.NoError(t, err)
			s := spins(r, 30, n)
			x := s
			if binary {
				x = bitsOf(s)
			}
			for k, e := range must(h.Energy(x))(t) {
				require.Equal(t, must(g.Energy(s))(t)[k], e+shift)
			}
		}
	}
}

// Couplings learnt by a rule, with a scale, are taken over as they are.
func TestIsingOfHebb(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 22))
	const n = 30
	h, err := Hebb{}.Learn(t.Context(), spins(r, 7, n))
	require.NoError(t, err)
	g, shift, err := IsingOf(h)
	require.NoError(t, err)
	require.Zero(t, shift)
	require.Equal(t, h.Couplings().Float64s(), g.Hopfield().Couplings().Float64s())
	s := spins(r, 20, n)
	require.InDeltaSlice(t, must(h.Energy(s))(t), must(g.Energy(s))(t), 1e-12)
}

func TestIsingEnergyOnManyProcessors(t *testing.T) {
	g, err := Lattice{Sides: []int{40, 50}, J: 0.1, Field: 0.3}.Ising()
	require.NoError(t, err)
	s := spins(rand.New(rand.NewPCG(1, 23)), 60, 2000)
	before := runtime.GOMAXPROCS(1)
	one := must(g.Energy(s))(t)
	runtime.GOMAXPROCS(4)
	four := must(g.Energy(s))(t)
	runtime.GOMAXPROCS(before)
	require.Equal(t, one, four)
	for k := range one {
		require.Equal(t, plainIsing(g, s.Float64s()[k*2000:(k+1)*2000]), one[k])
	}
}

func TestMagnetisation(t *testing.T) {
	g, err := NewIsing(4, nil, nil)
	require.NoError(t, err)
	m := must(g.Magnetisation(tensorOf([]float64{1, 1, 1, 1}, []float64{-1, 1, -1, -1}, []float64{1, -1, -1, 1})))(t)
	require.Equal(t, []float64{1, -0.5, 0}, m)
	require.Equal(t, 0.5, MeanAbsolute(m))
	require.True(t, math.IsNaN(MeanAbsolute(nil)))
}

func TestIsingRefuses(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, c := range map[string]struct {
		n     int
		bonds []Bond
		field []float64
		want  error
		text  string
	}{
		"no spins":       {0, nil, nil, energy.ErrConfig, "0 spins, want at least 1"},
		"itself":         {2, []Bond{{0, 1, 1}, {1, 1, 1}}, nil, energy.ErrConfig, "bond 1 joins spin 1 to itself"},
		"beyond":         {2, []Bond{{0, 2, 1}}, nil, energy.ErrRange, "bond 0 joins spins 0 and 2, want 0 to 1"},
		"below":          {2, []Bond{{-1, 1, 1}}, nil, energy.ErrRange, "bond 0 joins spins -1 and 1"},
		"fields":         {2, nil, []float64{1}, energy.ErrShape, "1 fields for 2 spins"},
		"infinite bond":  {2, []Bond{{0, 1, inf}}, nil, energy.ErrNotFinite, "add up to +Inf"},
		"infinite sum":   {2, []Bond{{0, 1, 1e308}, {0, 1, -1e308}}, nil, energy.ErrNotFinite, "add up to +Inf"},
		"field of NaN":   {2, nil, []float64{1, nan}, energy.ErrNotFinite, "add up to NaN"},
		"infinite field": {2, nil, []float64{1, -inf}, energy.ErrNotFinite, "add up to +Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewIsing(c.n, c.bonds, c.field)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "associative: NewIsing: ")
			require.ErrorContains(t, err, c.text)
		})
	}

	_, _, err := IsingOf(AsymmetricPair())
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "associative: IsingOf: w(0,1) is 1 and w(1,0) is -1")
	_, err = NewHopfield(matrix.Tensor(tensor.Float64, []float64{0, 7e307, 7e307, 7e307, 0, 7e307, 7e307, 7e307, 0}, 3, 3), HopfieldConfig{})
	require.ErrorIs(t, err, energy.ErrNotFinite, "such a network would have no model")

	g, err := NewIsing(3, nil, nil)
	require.NoError(t, err)
	for _, wrong := range []*tensor.Dense{nil, tensorOf([]float64{1, 1}), tensorOf([]float64{1, 0, 1})} {
		_, err = g.Energy(wrong)
		require.ErrorContains(t, err, "associative: Ising: Energy: states: ")
		_, err = g.Magnetisation(wrong)
		require.ErrorContains(t, err, "associative: Ising: Magnetisation: states: ")
	}
	_, err = g.Energy(tensorOf([]float64{1, 0, 1}))
	require.ErrorIs(t, err, energy.ErrRange)
}

// What is given and what is handed out is not the model's own.
func TestIsingDoesNotChange(t *testing.T) {
	bonds, field := []Bond{{0, 1, 1}}, []float64{1, 0}
	g, err := NewIsing(2, bonds, field)
	require.NoError(t, err)
	up := tensorOf([]float64{1, 1})
	bonds[0].J, field[0] = 5, 5
	g.Bonds()[0].J, g.Field()[0] = 5, 5
	g.Hopfield().config.Bias[0] = 5
	require.Equal(t, []float64{-2}, must(g.Energy(up))(t))
	require.Equal(t, 2, g.Len())
	require.Equal(t, "[{0 1 1}]", fmt.Sprint(g.Bonds()))
}
