package sampling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// alpha is the false-alarm probability of each statistical check here.
const alpha = 1e-6

// law is the distribution p(x) ∝ exp(−E(x)/T) of the free columns of x = (v, h) given the others: probabilities of the states
// of the discrete columns and, given each, the normal distribution of the real ones.
type law struct {
	at     []float64 // a whole row; its clamped columns hold their values
	free   []bool
	groups []group // of all columns
	states [][]float64
	p      []float64
	reals  []int
	mean   [][]float64 // of the reals given each state
	lower  *mat.TriDense
}

// newLaw enumerates. at and free are whole rows; nil leaves every column free.
func (m machine) newLaw(temperature float64, at []float64, free []bool) *law {
	if free == nil {
		at, free = make([]float64, len(m.k)), slices.Repeat([]bool{true}, len(m.k))
	}
	l := &law{at: at, free: free, groups: m.groups, states: [][]float64{slices.Clone(at)}, lower: &mat.TriDense{}}
	lo := 0
	for _, g := range m.groups {
		switch {
		case !free[lo]:
		case g.states == nil:
			l.reals = append(l.reals, lo)
		default:
			var more [][]float64
			for _, x := range l.states {
				for _, s := range g.states {
					x = slices.Clone(x)
					copy(x[lo:], s)
					more = append(more, x)
				}
			}
			l.states = more
		}
		lo += g.width
	}
	precision := mat.NewSymDense(max(1, len(l.reals)), nil)
	for i, column := range l.reals {
		for j := range i + 1 {
			precision.SetSym(i, j, m.a[column][l.reals[j]]/temperature)
		}
		for _, x := range l.states {
			x[column] = 0
		}
	}
	var chol mat.Cholesky
	if len(l.reals) > 0 {
		if !chol.Factorize(precision) {
			panic("the machine cannot be normalised")
		}
		chol.LTo(l.lower)
	}
	logs := make([]float64, len(l.states))
	for s, x := range l.states {
		field := mat.NewVecDense(max(1, len(l.reals)), nil)
		logs[s] = -m.energy(x) / temperature
		for i, column := range l.reals {
			f := m.k[column]
			for j := range x {
				f -= m.a[column][j] * x[j]
			}
			field.SetVec(i, f/temperature)
		}
		mean := mat.NewVecDense(max(1, len(l.reals)), nil)
		if len(l.reals) > 0 {
			check(chol.SolveVecTo(mean, field))
			logs[s] += mat.Dot(field, mean) / 2
		}
		l.mean = append(l.mean, mean.RawVector().Data)
	}
	l.p = make([]float64, len(logs))
	top, total := slices.Max(logs), 0.0
	for s := range logs {
		l.p[s] = math.Exp(logs[s] - top)
		total += l.p[s]
	}
	for s := range l.p {
		l.p[s] /= total
	}
	return l
}

// draw returns one exact draw, a whole row.
func (l *law) draw(r *rand.Rand) []float64 {
	u, s := r.Float64(), 0
	for u >= l.p[s] && s < len(l.p)-1 {
		u -= l.p[s]
		s++
	}
	x := slices.Clone(l.states[s])
	z := make([]float64, len(l.reals)) // Lᵀ(x − mean) is standard normal
	for i := len(z) - 1; i >= 0; i-- {
		z[i] = r.NormFloat64()
		for j := i + 1; j < len(z); j++ {
			z[i] -= l.lower.At(j, i) * z[j]
		}
		z[i] /= l.lower.At(i, i)
		x[l.reals[i]] = l.mean[s][i] + z[i]
	}
	return x
}

// cell returns the index of the discrete state of a row.
func (l *law) cell(x []float64) (int, error) {
	cell, lo := 0, 0
	for _, g := range l.groups {
		if l.free[lo] && g.states != nil {
			k := slices.IndexFunc(g.states, func(s []float64) bool { return slices.Equal(s, x[lo:lo+g.width]) })
			if k < 0 {
				return 0, fmt.Errorf("%v at column %d is no state", x[lo:lo+g.width], lo)
			}
			cell = cell*len(g.states) + k
		}
		lo += g.width
	}
	return cell, nil
}

// check returns an error unless rows look like independent draws: the joint distribution of the discrete columns, and the
// whitened real ones, each and in pairs, over all rows and over those of the likeliest discrete state.
func (l *law) check(rows [][]float64) error {
	counts := make([]int, len(l.p))
	likeliest := slices.Index(l.p, slices.Max(l.p))
	all, given := map[[2]int][]float64{}, map[[2]int][]float64{}
	for _, x := range rows {
		for i, free := range l.free {
			if !free && x[i] != l.at[i] {
				return fmt.Errorf("column %d was %v and is %v, though clamped", i, l.at[i], x[i])
			}
		}
		cell, err := l.cell(x)
		if err != nil {
			return err
		}
		counts[cell]++
		white := make([]float64, len(l.reals))
		for i := range white {
			for j := i; j < len(white); j++ {
				white[i] += l.lower.At(j, i) * (x[l.reals[j]] - l.mean[cell][j])
			}
		}
		for i, a := range white {
			for j, b := range white[:i+1] {
				pair, value := [2]int{l.reals[i], l.reals[j]}, a
				if i != j {
					value = (a + b) / math.Sqrt2
				}
				all[pair] = append(all[pair], value)
				if cell == likeliest {
					given[pair] = append(given[pair], value)
				}
			}
		}
	}
	if len(l.p) > 1 {
		if err := stattest.Distribution(counts, l.p, alpha); err != nil {
			return err
		}
	}
	for _, samples := range []map[[2]int][]float64{all, given} {
		for pair, x := range samples {
			if err := stattest.KolmogorovSmirnov(x, distuv.UnitNormal.CDF, alpha); err != nil {
				return fmt.Errorf("columns %v: %w", pair, err)
			}
		}
	}
	return nil
}

// The law that samplers are held against is that of internal/exact, which does not know joined families.
func TestLawAgreesWithEnumeration(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		if visible.whole == nil || hidden.whole == nil {
			return
		}
		for _, temperature := range []float64{0.5, 1, 2} {
			m := newMachine(visible, hidden, tensor.Float64, 3)
			l := m.newLaw(temperature, nil, nil)
			oracle := m.exact(temperature)
			if len(l.reals) == 0 {
				_, _, p, err := oracle.JointProbabilities()
				require.NoError(t, err)
				require.InDeltaSlice(t, p, l.p, 1e-12)
				continue
			}
			want, err := oracle.Moments()
			require.NoError(t, err)
			nv, nh := visible.units.Len(), hidden.units.Len()
			first, second := l.moments()
			require.InDeltaSlice(t, slices.Concat(want.V, want.H), first, 1e-11)
			for i := range nv {
				require.InDelta(t, want.VV[i], second[i][i], 1e-10)
				require.InDeltaSlice(t, want.VH[i*nh:(i+1)*nh], second[i][nv:], 1e-10)
			}
			for j := range nh {
				require.InDelta(t, want.HH[j], second[nv+j][nv+j], 1e-10)
			}
		}
	})
}

// Exact draws pass the check, and those of the same machine at another temperature do not.
func TestLawChecksItsDraws(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		m := newMachine(visible, hidden, tensor.Float64, 3)
		l := m.newLaw(1, nil, nil)
		require.NoError(t, l.check(rows(m.state(l, chains, 1))))
		require.Error(t, l.check(rows(m.state(m.newLaw(2, nil, nil), chains, 1))))
	})
}

// moments are E[x] and E[xxᵀ].
func (l *law) moments() (first []float64, second [][]float64) {
	first = make([]float64, len(l.at))
	second = make([][]float64, len(l.at))
	for i := range second {
		second[i] = make([]float64, len(l.at))
	}
	for s, p := range l.p {
		x := slices.Clone(l.states[s])
		for i, column := range l.reals {
			x[column] = l.mean[s][i]
		}
		for i := range x {
			first[i] += p * x[i]
			for j := range x {
				second[i][j] += p * x[i] * x[j]
			}
		}
	}
	if len(l.reals) > 0 {
		var chol mat.Cholesky
		chol.SetFromU(l.lower.TTri())
		var covariance mat.SymDense
		check(chol.InverseTo(&covariance))
		for i, ci := range l.reals {
			for j, cj := range l.reals {
				second[ci][cj] += covariance.At(i, j)
			}
		}
	}
	return first, second
}
