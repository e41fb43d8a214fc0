package associative

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func latticeOf(t *testing.T, l Lattice) *Ising { return must(l.Ising())(t) }

// The sums over all states by their formulas.
func TestExactIsTheSumOverStates(t *testing.T) {
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 25))
		n := 1 + r.IntN(10)
		g := isingOf(t, r, n, seed%3 > 0)
		h := g.Hopfield()
		for _, temperature := range []float64{0.3, 1, 4} {
			states, p := boltzmann(h, temperature)
			z, e, e2, m, abs, m2, m4 := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
			energies := g.energies()
			for k, s := range states {
				es, ms := plainIsing(g, s), 0.0
				require.Equal(t, es, energies[k])
				for _, v := range s {
					ms += v / float64(n)
				}
				z += math.Exp(-es / temperature)
				e += p[k] * es
				e2 += p[k] * es * es
				m += p[k] * ms
				abs += p[k] * math.Abs(ms)
				m2 += p[k] * ms * ms
				m4 += p[k] * ms * ms * ms * ms
			}
			got := must(g.Exact(temperature))(t)
			for name, v := range map[string][2]float64{
				"log Z":          {math.Log(z), got.LogZ},
				"energy":         {e, got.Energy},
				"specific heat":  {(e2 - e*e) / (float64(n) * temperature * temperature), got.SpecificHeat},
				"m":              {m, got.Magnetisation},
				"|m|":            {abs, got.MagnetisationAbs},
				"m²":             {m2, got.MagnetisationSquare},
				"m⁴":             {m4, got.MagnetisationFourth},
				"susceptibility": {float64(n) * (m2 - m*m) / temperature, got.Susceptibility},
			} {
				require.InDelta(t, v[0], v[1], 1e-10, name)
			}
		}
	}
}

// The partition function of a ring by its transfer matrix: Z = λ₊ⁿ + λ₋ⁿ, with λ± = e^K cosh B ± √(e^2K sinh²B + e^−2K), K = J/T and
// B = h/T; and the energy and the magnetisation of its derivatives. It holds for n = 2, where the two bonds join the same spins.
func TestRing(t *testing.T) {
	for _, n := range []int{2, 3, 4, 7, 20, 22} {
		for _, j := range []float64{1, -0.7} {
			for _, field := range []float64{0, 0.4} {
				if n > 7 && (j != 1) != (field == 0) {
					continue
				}
				const temperature = 1.7
				logZ := func(temperature, field float64) float64 {
					k, b := j/temperature, field/temperature
					root := math.Sqrt(math.Exp(2*k)*math.Sinh(b)*math.Sinh(b) + math.Exp(-2*k))
					plus, minus := math.Exp(k)*math.Cosh(b)+root, math.Exp(k)*math.Cosh(b)-root
					return math.Log(math.Pow(plus, float64(n)) + math.Pow(minus, float64(n)))
				}
				got := must(latticeOf(t, Lattice{Sides: []int{n}, Periodic: true, J: j, Field: field}).Exact(temperature))(t)
				name := fmt.Sprint(n, j, field)
				require.InDelta(t, logZ(temperature, field), got.LogZ, 1e-11, name)
				const d = 1e-5
				require.InDelta(t, temperature*temperature*(logZ(temperature+d, field)-logZ(temperature-d, field))/(2*d), got.Energy, 1e-7, name)
				require.InDelta(t, temperature/float64(n)*(logZ(temperature, field+d)-logZ(temperature, field-d))/(2*d), got.Magnetisation, 1e-7, name)
			}
		}
	}
}

// A chain with free borders: Z = 2(2 cosh K)^(n−1), ⟨E⟩ = −(n−1)J tanh K, and ⟨s_i s_j⟩ = tanh(K)^|i−j| for ⟨m²⟩.
func TestChain(t *testing.T) {
	for _, n := range []int{1, 2, 5, 18} {
		for _, j := range []float64{1.3, -0.6} {
			const temperature = 0.9
			k := j / temperature
			got := must(latticeOf(t, Lattice{Sides: []int{n}, J: j}).Exact(temperature))(t)
			bonds, square := float64(n-1), 0.0
			for a := range n {
				for b := range n {
					square += math.Pow(math.Tanh(k), math.Abs(float64(a-b))) / float64(n*n)
				}
			}
			require.InDelta(t, math.Log(2)+bonds*math.Log(2*math.Cosh(k)), got.LogZ, 1e-11)
			require.InDelta(t, -bonds*j*math.Tanh(k), got.Energy, 1e-10)
			require.InDelta(t, bonds*k*k/(math.Cosh(k)*math.Cosh(k))/float64(n), got.SpecificHeat, 1e-10)
			require.InDelta(t, square, got.MagnetisationSquare, 1e-11)
			require.InDelta(t, float64(n)*square/temperature, got.Susceptibility, 1e-10)
			require.InDelta(t, 0, got.Magnetisation, 1e-12)
		}
	}
}

// The 65536 states of the 4×4 torus by energy: two of −32, none of −28, and so on, the same upwards since the lattice is chequered.
func TestDensityOfStates(t *testing.T) {
	for _, j := range []float64{1, -1} {
		counts := map[float64]int{}
		for _, e := range latticeOf(t, Lattice{Sides: []int{4, 4}, Periodic: true, J: j}).energies() {
			counts[e]++
		}
		half := map[float64]int{32: 2, 24: 32, 20: 64, 16: 424, 12: 1728, 8: 6688, 4: 13568}
		want, sum := map[float64]int{0: 20524}, 20524
		for e, count := range half {
			want[e], want[-e] = count, count
			sum += 2 * count
		}
		require.Equal(t, want, counts)
		require.Equal(t, 1<<16, sum)
	}
}

// kaufman is log Z of the torus of m rows and n columns with J = 1: B. Kaufman, "Crystal Statistics. II", Physical Review 76 (1949), as
// written in A. Ferdinand, M. Fisher, Physical Review 185 (1969), eq. 2.2 to 2.4. γ_0 has the sign of T_c − T.
func kaufman(m, n int, temperature float64) float64 {
	k := 1 / temperature
	gamma := func(l int) float64 {
		if l == 0 {
			return 2*k + math.Log(math.Tanh(k))
		}
		return math.Acosh(math.Cosh(2*k)/math.Tanh(2*k) - math.Cos(float64(l)*math.Pi/float64(n)))
	}
	products := [4]float64{1, 1, 1, 1}
	for r := range n {
		odd, even := float64(m)*gamma(2*r+1)/2, float64(m)*gamma(2*r)/2
		products[0] *= 2 * math.Cosh(odd)
		products[1] *= 2 * math.Sinh(odd)
		products[2] *= 2 * math.Cosh(even)
		products[3] *= 2 * math.Sinh(even)
	}
	return math.Log(products[0]+products[1]+products[2]+products[3]) - math.Log(2) + float64(m*n)/2*math.Log(2*math.Sinh(2*k))
}

func TestTorusIsKaufmans(t *testing.T) {
	for _, sides := range [][2]int{{2, 2}, {2, 5}, {3, 3}, {3, 4}, {4, 4}, {3, 6}, {4, 5}} {
		g := latticeOf(t, Lattice{Sides: sides[:], Periodic: true})
		for _, temperature := range []float64{1, 2, CriticalTemperature, 2.5, 5} {
			require.InDelta(t, kaufman(sides[0], sides[1], temperature), must(g.Exact(temperature))(t).LogZ, 1e-10, fmt.Sprint(sides, temperature))
		}
	}
}

// Fluctuations are derivatives: C = (1/n) ∂⟨E⟩/∂T and χ = ∂⟨m⟩/∂h.
func TestFluctuationsAreDerivatives(t *testing.T) {
	const temperature, field, d = 2.4, 0.3, 1e-4
	l := Lattice{Sides: []int{3, 4}, Periodic: true, Field: field}
	g := latticeOf(t, l)
	got := must(g.Exact(temperature))(t)
	require.InDelta(t, (must(g.Exact(temperature+d))(t).Energy-must(g.Exact(temperature-d))(t).Energy)/(2*d*12), got.SpecificHeat, 1e-7)
	l.Field += d
	more := must(latticeOf(t, l).Exact(temperature))(t)
	l.Field -= 2 * d
	less := must(latticeOf(t, l).Exact(temperature))(t)
	require.InDelta(t, (more.Magnetisation-less.Magnetisation)/(2*d), got.Susceptibility, 1e-7)
}

// A cold lattice is in its lowest states, a hot one in all alike; neither overflows.
func TestExactAtTheEnds(t *testing.T) {
	g := latticeOf(t, Lattice{Sides: []int{4, 4}, Periodic: true})
	cold := must(g.Exact(1e-3))(t)
	require.InDelta(t, 32e3+math.Log(2), cold.LogZ, 1e-9)
	require.Equal(t, -32.0, cold.Energy)
	require.Equal(t, 1.0, cold.MagnetisationAbs)
	require.Zero(t, cold.SpecificHeat)
	hot := must(g.Exact(1e9))(t)
	require.InDelta(t, 16*math.Log(2), hot.LogZ, 1e-12)
	require.InDelta(t, 1.0/16, hot.MagnetisationSquare, 1e-8)
	one := latticeOf(t, Lattice{Sides: []int{1}, Field: 2})
	require.InDelta(t, math.Tanh(2/1.5), must(one.Exact(1.5))(t).Magnetisation, 1e-12)
}

// The estimates are the formulas, and of independent draws they are those of the enumeration. The twins leave the temperature out.
func TestEstimates(t *testing.T) {
	c := must(SpecificHeat([]float64{1, 3, 8}, 5, 2))(t) // the mean is 4, the sum of squares 26
	require.InDelta(t, 26.0/2/(5*4), c, 1e-15)
	chi := must(Susceptibility([]float64{1, 3, 8}, 5, 2))(t)
	require.InDelta(t, 26.0/2*5/2, chi, 1e-14)

	const n, rounds, draws, temperature, alpha = 9, 400, 50, 2.2, 1e-6
	g := latticeOf(t, Lattice{Sides: []int{3, 3}, Periodic: true, Field: 0.2})
	want := must(g.Exact(temperature))(t)
	states, p := boltzmann(g.Hopfield(), temperature)
	cumulative := make([]float64, len(p))
	total := 0.0
	for k, q := range p {
		total += q
		cumulative[k] = total
	}
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 26))
		var heats, chis []float64
		for range rounds {
			var rows []float64
			for range draws {
				rows = append(rows, states[min(sort.SearchFloat64s(cumulative, r.Float64()), len(p)-1)]...)
			}
			x := rowsOf(n, rows...)
			heats = append(heats, must(SpecificHeat(must(g.Energy(x))(t), n, temperature))(t))
			chis = append(chis, must(Susceptibility(must(g.Magnetisation(x))(t), n, temperature))(t))
		}
		require.NoError(t, stattest.Mean(heats, want.SpecificHeat, spread(heats), alpha))
		require.NoError(t, stattest.Mean(chis, want.Susceptibility, spread(chis), alpha))
		require.Error(t, stattest.Mean(heats, want.SpecificHeat*temperature, spread(heats), alpha))
		require.Error(t, stattest.Mean(chis, want.Susceptibility*temperature, spread(chis), alpha))
	}
}

// spread is the standard deviation of draws.
func spread(x []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(x)-1))
}

func TestEquilibriumRefuses(t *testing.T) {
	g := latticeOf(t, Lattice{Sides: []int{3}})
	for _, temperature := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := g.Exact(temperature)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "associative: Ising: Exact: temperature is ")
		_, err = SpecificHeat([]float64{1, 2}, 3, temperature)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "associative: SpecificHeat: temperature is ")
		_, err = SpontaneousMagnetisation(temperature)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err := latticeOf(t, Lattice{Sides: []int{23}}).Exact(1)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "associative: Ising: Exact: 23 units, want at most 22")
	_, err = latticeOf(t, Lattice{Sides: []int{1000, 1000}}).Exact(1)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = Susceptibility([]float64{1}, 3, 1)
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, "associative: Susceptibility: 1 draws, want at least 2")
	_, err = Susceptibility([]float64{1, 2}, 0, 1)
	require.ErrorIs(t, err, energy.ErrConfig)
	v, err := SpecificHeat([]float64{1, math.Inf(1)}, 3, 1)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.True(t, math.IsNaN(v))
}

// The 4×4 torus as a memory, by enumeration: whatever ties do, at rest are the two states with all spins equal and the eight with stripes
// two wide, where each spin has three neighbours like it. With ties kept there are more.
func TestStableStatesOfALattice(t *testing.T) {
	h := latticeOf(t, Lattice{Sides: []int{4, 4}, Periodic: true}).Hopfield()
	firm := map[float64]int{}
	states := must(h.StableStates(t.Context()))(t)
	for _, s := range states {
		if slices.Min(must(h.Stabilities(tensorOf(s)))(t).Float64s()) > 0 {
			firm[plainEnergy(h, s)]++
		}
	}
	require.Equal(t, map[float64]int{-32: 2, -16: 8}, firm)
	require.Greater(t, len(states), 10)
}
