package energy_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/harmonium-go/harmonium/energy"
)

func TestNormalisable(t *testing.T) {
	mixed := energy.Join(energy.Bernoulli(1), energy.Gaussian(1), energy.Poisson(1))
	for _, c := range []struct {
		name            string
		visible, hidden energy.Units
		w, s, t         []float64
		want            error
		text            string
	}{
		{"bounded", energy.Bernoulli(1), energy.Gaussian(1), []float64{50}, nil, nil, nil, ""},
		{"bounded and Poisson", energy.Poisson(2), energy.Join(energy.Spin(1), energy.Binomial(1, 9), energy.OneHot(1, 2)), random(8, 9), nil, nil, nil, ""},
		{"Gaussian below 1", energy.Gaussian(1), energy.Gaussian(1), []float64{-0.999}, nil, nil, nil, ""},
		{"Gaussian at 1", energy.Gaussian(1), energy.Gaussian(1), []float64{1}, nil, nil, energy.ErrConfig, "between the Gaussian units the largest singular value"},
		{"variances", energy.FixedGaussian(1, 4), energy.FixedGaussian(1, 0.25), []float64{0.9}, []float64{math.Log(4)}, []float64{math.Log(0.25)}, nil, ""},
		{"variances too large", energy.FixedGaussian(1, 4), energy.Gaussian(1), []float64{0.6}, []float64{math.Log(4)}, nil, energy.ErrConfig, "largest singular value"},
		{"Poisson", energy.Poisson(2), energy.Poisson(1), []float64{-3, 0}, nil, nil, nil, ""},
		{"Poisson upwards", energy.Poisson(2), energy.Poisson(1), []float64{-3, 1e-9}, nil, nil, energy.ErrConfig, "W between visible unit 1 and hidden unit 0, a Poisson and another unit that has no bound, is 1e-09, want at most 0"},
		{"ReLU and Poisson", energy.ReLU(1), energy.Poisson(1), []float64{-2}, nil, nil, nil, ""},
		{"ReLU and Poisson upwards", energy.ReLU(1), energy.Poisson(1), []float64{0.1}, nil, nil, energy.ErrConfig, "is 0.1, want at most 0"},
		{"Poisson and ReLU upwards", energy.Poisson(1), energy.ReLU(1), []float64{0.1}, nil, nil, energy.ErrConfig, "is 0.1, want at most 0"},
		{"Poisson and Gaussian", energy.Poisson(1), energy.Gaussian(1), []float64{-0.1}, nil, nil, energy.ErrConfig, "a Poisson and a Gaussian one, is -0.1, want 0"},
		{"Gaussian and Poisson", energy.Gaussian(1), energy.Poisson(1), []float64{0.1}, nil, nil, energy.ErrConfig, "a Poisson and a Gaussian one, is 0.1, want 0"},
		{"Gaussian and Poisson apart", energy.Gaussian(1), energy.Poisson(1), []float64{0}, nil, nil, nil, ""},
		{"columns", mixed, mixed, []float64{9, 9, 9, 9, 0.9, 0, 9, 0, -1}, nil, nil, nil, ""},
		{"a column", mixed, mixed, []float64{9, 9, 9, 9, 0.9, 0, 9, -1, -1}, nil, nil, energy.ErrConfig, "W between visible unit 2 and hidden unit 1"},
		{"ReLU below 1", energy.ReLU(1), energy.ReLU(1), []float64{0.999}, nil, nil, nil, ""},
		{"ReLU at the border", energy.ReLU(1), energy.ReLU(1), []float64{1}, nil, nil, energy.ErrUndecided, "too strong for a proof"},
		{"ReLU above 1", energy.ReLU(1), energy.ReLU(1), []float64{1.001}, nil, nil, energy.ErrConfig, "x ≥ 0 along which the energy falls without end"},
		{"ReLU inhibited", energy.ReLU(2), energy.ReLU(1), []float64{-50, -1}, nil, nil, nil, ""},
		{"ReLU excited weakly", energy.ReLU(2), energy.ReLU(2), []float64{0.9, -5, -5, 0.9}, nil, nil, nil, ""},
		{"ReLU excited together", energy.ReLU(2), energy.ReLU(2), []float64{0.6, 0.6, 0.6, 0.6}, nil, nil, energy.ErrConfig, "without end"},
		{"ReLU and Gaussian", energy.ReLU(1), energy.Gaussian(1), []float64{-1.001}, nil, nil, energy.ErrConfig, "without end"},
		// Two hidden numbers that pull a real one apart: together they do not sum, though the largest singular value is 0.99·√2.
		{"ReLU against each other", energy.Gaussian(1), energy.ReLU(2), []float64{0.99, -0.99}, nil, nil, nil, ""},
		{"Gaussian against each other", energy.Gaussian(1), energy.Gaussian(2), []float64{0.99, -0.99}, nil, nil, energy.ErrConfig, "largest singular value"},

		{"shape", energy.ReLU(1), energy.ReLU(2), []float64{1}, nil, nil, energy.ErrShape, "W has 1 numbers, want 2"},
		{"variance shape", energy.Gaussian(1), energy.ReLU(2), []float64{1, 1}, []float64{1, 1}, nil, energy.ErrShape, "the visible log-variance has 2 numbers, want 1"},
		{"NaN", energy.ReLU(1), energy.ReLU(1), []float64{math.NaN()}, nil, nil, energy.ErrNotFinite, "W: "},
		{"no units", energy.Units{}, energy.ReLU(1), nil, nil, nil, energy.ErrConfig, "visible: no units given"},
		{"no hidden units", energy.ReLU(1), energy.ReLU(0), nil, nil, nil, energy.ErrConfig, "hidden: ReLU: 0 units"},
	} {
		err := energy.Normalisable(c.visible, c.hidden, c.w, c.s, c.t)
		if c.want == nil {
			require.NoError(t, err, c.name)
			continue
		}
		require.ErrorIs(t, err, c.want, c.name)
		require.ErrorContains(t, err, c.text, c.name)
	}
}

// Between Gaussian and ReLU units Z is finite where max vᵀAh < 1 over unit vectors v and h of which ReLU units have no negative part, and
// infinite where it is above: the maximum is found on a grid of angles. What is decided is right, on both sides of the border; what is
// left undecided is rare.
func TestNormalisableAgainstAGrid(t *testing.T) {
	sides := []energy.Units{energy.ReLU(2), energy.Gaussian(2), energy.Join(energy.Gaussian(1), energy.ReLU(1)), energy.Join(energy.ReLU(1), energy.Bernoulli(1), energy.Gaussian(1))}
	r := rand.New(rand.NewPCG(4, 4))
	finite, infinite, undecided := 0, 0, 0
	for range 40 {
		for _, visible := range sides {
			for _, hidden := range sides {
				w := make([]float64, visible.Len()*hidden.Len())
				for i := range w {
					w[i] = 0.8 * r.NormFloat64()
				}
				most := largest(visible, hidden, w)
				err := energy.Normalisable(visible, hidden, w, nil, nil)
				switch {
				case err == nil:
					finite++
					require.Less(t, most, 1.001, "%v × %v: %v", visible, hidden, w)
				case errors.Is(err, energy.ErrUndecided):
					undecided++
				default:
					require.ErrorIs(t, err, energy.ErrConfig)
					infinite++
					require.Greater(t, most, 0.999, "%v × %v: %v", visible, hidden, w)
				}
			}
		}
	}
	t.Log(finite, infinite, undecided)
	require.Greater(t, min(finite, infinite), 100)
	require.Less(t, undecided, 20)
}

// largest is max vᵀWh over the directions of the two real units of each side, at steps of two degrees.
func largest(visible, hidden energy.Units, w []float64) float64 {
	directions := func(u energy.Units) (all [][]float64) {
		gaussian, relu := u.Columns("Gaussian"), u.Columns("ReLU")
		for step := range 180 {
			angle, x, k, fits := float64(step)*math.Pi/90, make([]float64, u.Len()), 0, true
			for i := range x {
				if !gaussian[i] && !relu[i] {
					continue
				}
				x[i] = []float64{math.Cos(angle), math.Sin(angle)}[k]
				k++
				fits = fits && (gaussian[i] || x[i] > -1e-12)
			}
			if fits {
				all = append(all, x)
			}
		}
		return all
	}
	most := math.Inf(-1)
	for _, v := range directions(visible) {
		for _, h := range directions(hidden) {
			sum := 0.0
			for i := range v {
				for j := range h {
					sum += v[i] * w[i*len(h)+j] * h[j]
				}
			}
			most = max(most, sum)
		}
	}
	return most
}

// Larger sides: the border is where the singular value says, and for couplings of one sign ReLU units have the same one.
func TestNormalisableOfManyUnits(t *testing.T) {
	const n, m = 40, 25
	for _, positive := range []bool{false, true} {
		w := random(n*m, 1)
		if positive {
			for i := range w {
				w[i] = math.Abs(w[i])
			}
		}
		var svd mat.SVD
		require.True(t, svd.Factorize(mat.NewDense(n, m, slices.Clone(w)), mat.SVDNone))
		at := func(to float64) (scaled []float64) {
			for _, x := range w {
				scaled = append(scaled, x*to/svd.Values(nil)[0])
			}
			return scaled
		}
		for _, pair := range [][2]energy.Units{
			{energy.Gaussian(n), energy.Gaussian(m)}, {energy.Join(energy.Gaussian(30), energy.ReLU(n-30)), energy.Join(energy.ReLU(10), energy.Gaussian(m-10))},
			{energy.ReLU(n), energy.ReLU(m)}, {energy.ReLU(n), energy.Gaussian(m)},
		} {
			require.NoError(t, energy.Normalisable(pair[0], pair[1], at(0.9999), nil, nil))
			if positive || len(pair[0].Families())+len(pair[1].Families()) == 2 && pair[0].Families()[0] == "Gaussian" {
				require.ErrorIs(t, energy.Normalisable(pair[0], pair[1], at(1.0001), nil, nil), energy.ErrConfig, "%v × %v", pair[0], pair[1])
			}
		}
	}
}
