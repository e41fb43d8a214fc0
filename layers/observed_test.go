package layers

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
)

// oracleOf is an RBM of one family a side as internal/exact knows it.
func oracleOf(r *RBM) *exact.Harmonium {
	p := must(PlainOf[float64](r))
	return &exact.Harmonium{
		Visible: oracleSide(r.Visible(), r.visibleVariance), Hidden: oracleSide(r.Hidden(), r.hiddenVariance),
		W: p.W, B: p.B, C: p.C,
	}
}

func oracleSide(u energy.Units, logVariance *Param) exact.Side {
	s := exact.Side{Units: u.Len()}
	switch u.Families()[0] {
	case "Spin":
		s.Family = exact.Spin
	case "OneHot":
		s.Family = exact.OneHot
		for s.States < u.Len() && u.UnitOf(s.States) == 0 {
			s.States++
		}
	case "Gaussian":
		s.Family = exact.Gaussian
	}
	if logVariance != nil {
		s.LogVariance = logVariance.Float64s()
	}
	return s
}

// holes are rows of which nothing, one unit, some units and everything is missing.
func holes(u energy.Units, seed uint64) [][]float64 {
	z, all := normals(seed, 6*u.Len()), [][]float64{}
	for k := range 6 {
		row := make([]float64, u.Len())
		if count, err := u.StateCount(); err == nil {
			u.State((17*k+int(seed))%count, row)
		} else {
			copy(row, z[k*u.Len():])
		}
		for j := range row {
			if unit := u.UnitOf(j); k == 1 && unit == 0 || k == 2 && unit == 1 || k >= 3 && unit%2 == k%2 || k == 5 {
				row[j] = math.NaN()
			}
		}
		all = append(all, row)
	}
	return all
}

func TestObservedAgainstEnumeration(t *testing.T) {
	sides := []energy.Units{
		energy.Bernoulli(2), energy.Bernoulli(5), energy.Spin(4), energy.OneHot(2, 3), energy.Gaussian(3), energy.LearnedGaussian(3, 2),
	}
	for _, visible := range sides {
		for _, hidden := range sides {
			real := visible.Families()[0] == "Gaussian"
			if real && hidden.Families()[0] == "Gaussian" {
				continue
			}
			for _, centered := range []bool{false, true} {
				name := fmt.Sprintf("%v×%v centered %v", visible, hidden, centered)
				r := must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden, Centered: centered, Dtype: tensor.Float64}))
				shuffleParams(r, 4)
				oracle, rows := oracleOf(r), holes(visible, 2)
				x := dense(tensor.Float64, tensor.Shape{len(rows), visible.Len()}, slices.Concat(rows...)...)
				f, means, pseudo := must(r.ObservedFreeEnergy(x)), must(r.MissingMeans(x)), must(r.ObservedPseudoLikelihood(x))
				for i, row := range rows {
					require.InDelta(t, must(oracle.ObservedFreeEnergy(row)), f[i], 1e-11, "%s, row %v", name, row)
					require.InDeltaSlice(t, must(oracle.MissingMeans(row)), numbers(means)[i*len(row):(i+1)*len(row)], 1e-11, "%s, row %v", name, row)
					want := 0.0
					for lo := 0; lo < len(row); {
						less := slices.Clone(row)
						hi := lo
						for ; hi < len(row) && visible.UnitOf(hi) == visible.UnitOf(lo); hi++ {
							less[hi] = math.NaN()
						}
						want += must(oracle.ObservedFreeEnergy(less)) - f[i]
						lo = hi
					}
					require.InDelta(t, want, pseudo[i], 1e-10, "%s, row %v", name, row)
				}
				require.InDelta(t, -must(oracle.LogPartition()), f[5], 1e-11, "%s: of a row without a number F is −log Z", name)
				require.Zero(t, pseudo[5], "no unit is observed")
			}
		}
	}
}

// Zeroing what is missing, or its mean, is not the same: the twin that the enumeration must refuse.
func TestObservedIsNotZeroed(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Dtype: tensor.Float64}))
	shuffleParams(r, 4)
	row := []float64{1, math.NaN(), 0, math.NaN()}
	f := must(r.ObservedFreeEnergy(dense(tensor.Float64, tensor.Shape{1, 4}, row...)))[0]
	p := must(PlainOf[float64](r))
	for _, fill := range []float64{0, 0.5} {
		require.Greater(t, math.Abs(f-p.FreeEnergy([]float64{1, fill, 0, fill}, 1)[0]), 0.05)
	}
}

// Binary rows without holes: Σ_i log σ(F(v with i flipped) − F(v)).
func TestPseudoLikelihoodOfWholeRows(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Gaussian(3), Dtype: tensor.Float64}))
	shuffleParams(r, 1)
	p := must(PlainOf[float64](r))
	row := []float64{1, 0, 0, 1, 1, 0}
	f, want := p.FreeEnergy(row, 1)[0], 0.0
	for i := range row {
		flipped := slices.Clone(row)
		flipped[i] = 1 - flipped[i]
		want -= math.Log1p(math.Exp(f - p.FreeEnergy(flipped, 1)[0]))
	}
	x := dense(tensor.Float64, tensor.Shape{1, 6}, row...)
	require.InDelta(t, want, must(r.ObservedPseudoLikelihood(x))[0], 1e-12)
	require.InDelta(t, f, must(r.ObservedFreeEnergy(x))[0], 1e-12)
}

// Groups of different families in one row: what is missing is summed over by hand, real units by the trapezoid rule, which on these functions is exact.
func TestObservedOfJoinedUnits(t *testing.T) {
	visible := energy.Join(energy.Spin(2), energy.LearnedGaussian(1, 0.5), energy.OneHot(1, 3))
	for _, hidden := range []energy.Units{energy.Bernoulli(3), energy.Join(energy.OneHot(1, 2), energy.Spin(2))} {
		r := must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden, Dtype: tensor.Float64}))
		shuffleParams(r, 3)
		p := must(PlainOf[float64](r))
		nan := math.NaN()
		for _, row := range [][]float64{
			{1, -1, 0.7, 0, 1, 0}, {1, nan, 0.7, 0, 1, 0}, {1, nan, nan, 0, 1, 0}, {nan, 1, 0.2, nan, nan, nan}, {nan, nan, nan, nan, nan, nan},
		} {
			const step = 0.25
			total, mean := 0.0, make([]float64, 6)
			for _, a := range []float64{-1, 1} {
				for _, b := range []float64{-1, 1} {
					for x := -20.0; x <= 20; x += step {
						for k := range 3 {
							v := []float64{a, b, x, 0, 0, 0}
							v[3+k] = 1
							weight := 1.0
							switch {
							case !math.IsNaN(row[2]) && x != -20:
								continue
							case !math.IsNaN(row[2]):
								v[2] = row[2]
							default:
								weight = step
							}
							fits := true
							for j := range v {
								fits = fits && (math.IsNaN(row[j]) || row[j] == v[j])
							}
							if fits {
								w := weight * math.Exp(-p.FreeEnergy(v, 1)[0])
								total += w
								for j := range v {
									mean[j] += w * v[j]
								}
							}
						}
					}
				}
			}
			for j := range mean {
				mean[j] /= total
			}
			x := dense(tensor.Float64, tensor.Shape{1, 6}, row...)
			require.InDelta(t, -math.Log(total), must(r.ObservedFreeEnergy(x))[0], 1e-11, "%v of %v", row, hidden)
			require.InDeltaSlice(t, mean, numbers(must(r.MissingMeans(x))), 1e-11, "%v of %v", row, hidden)
		}
	}
}

// Rows answer alike alone and among others that miss the same or other things, bit for bit.
func TestObservedRowsDoNotMeetOthers(t *testing.T) {
	for _, dtype := range dtypes {
		for _, hidden := range []energy.Units{energy.Bernoulli(40), energy.Bernoulli(3)} { // over the missing units, and over the hidden ones
			r := must(NewRBM("r", RBMConfig{Visible: energy.Join(energy.Bernoulli(9), energy.OneHot(1, 4)), Hidden: hidden, Dtype: dtype}))
			shuffleParams(r, 2)
			var rows [][]float64
			for seed := range uint64(5) {
				rows = append(rows, holes(r.Visible(), seed)...)
			}
			x := dense(dtype, tensor.Shape{len(rows), 13}, slices.Concat(rows...)...)
			f, means, pseudo := must(r.ObservedFreeEnergy(x)), numbers(must(r.MissingMeans(x))), must(r.ObservedPseudoLikelihood(x))
			for i, row := range rows {
				one := dense(dtype, tensor.Shape{1, 13}, row...)
				require.Equal(t, f[i], must(r.ObservedFreeEnergy(one))[0])
				require.Equal(t, pseudo[i], must(r.ObservedPseudoLikelihood(one))[0])
				require.Equal(t, means[13*i:13*i+13], numbers(must(r.MissingMeans(one))))
			}
		}
	}
}

func TestClassProbabilities(t *testing.T) {
	for _, dtype := range dtypes {
		for _, visible := range []energy.Units{
			energy.Join(energy.Bernoulli(6), energy.OneHot(1, 3)), energy.Join(energy.OneHot(1, 3), energy.Spin(6)),
			energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3), energy.LearnedGaussian(4, 0.5)),
		} {
			for _, hidden := range []energy.Units{energy.Bernoulli(30), energy.Spin(1), energy.Gaussian(4)} {
				r := must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden, Dtype: dtype}))
				shuffleParams(r, 2)
				first, _, err := classColumns(r.Visible())
				require.NoError(t, err)
				const rows = 5
				features := numbers(dense(dtype, tensor.Shape{rows * 6}, coins(3, rows*6)...))
				got := must(r.ClassProbabilities(dense(dtype, tensor.Shape{rows, 6}, features...)))
				require.Equal(t, tensor.Shape{rows, 3}, got.Shape())
				for i := range rows {
					total, want := 0.0, make([]float64, 3)
					for k := range want {
						v := slices.Insert(slices.Clone(features[6*i:6*i+6]), first, 0, 0, 0)
						v[first+k] = 1
						f := must(r.ObservedFreeEnergy(dense(dtype, tensor.Shape{1, 9}, v...)))[0]
						want[k] = math.Exp(-f)
						total += want[k]
					}
					for k := range want {
						want[k] /= total
					}
					delta := 1e-12
					if dtype == tensor.Float32 {
						delta = 1e-5
					}
					require.InDeltaSlice(t, want, numbers(got)[3*i:3*i+3], delta, "%v×%v", visible, hidden)
				}
			}
		}
	}
}

func coins(seed uint64, n int) []float64 {
	x := normals(seed, n)
	for i := range x {
		if x[i] > 0 {
			x[i] = 1
		} else {
			x[i] = 0
		}
	}
	return x
}

func TestObservedRefuses(t *testing.T) {
	nan := math.NaN()
	r := must(NewRBM("r", RBMConfig{Visible: energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3)), Hidden: energy.Bernoulli(3)}))
	large := must(NewRBM("large", RBMConfig{Visible: energy.Bernoulli(20), Hidden: energy.Bernoulli(20)}))
	mixed := must(NewRBM("mixed", RBMConfig{Visible: energy.Join(energy.Bernoulli(2), energy.Gaussian(1)), Hidden: energy.Gaussian(2)}))
	several := must(NewRBM("several", RBMConfig{Visible: energy.Join(energy.Bernoulli(2), energy.OneHot(2, 3)), Hidden: energy.Bernoulli(3)}))
	row := func(x ...float64) *tensor.Dense { return dense(tensor.Float32, tensor.Shape{1, len(x)}, x...) }
	all := make([]float64, 20)
	for i := range all {
		all[i] = nan
	}
	for _, c := range []struct {
		message  string
		sentinel error
		r        *RBM
		x        *tensor.Dense
	}{
		{`layers: RBM "r": %s: no tensor given, want shape (rows, 5)`, energy.ErrShape, r, nil},
		{`layers: RBM "r": %s: shape (1, 2), want (rows, 5)`, energy.ErrShape, r, row(0, 1)},
		{`%s: rows of float64, want float32`, energy.ErrDtype, r, dense(tensor.Float64, tensor.Shape{1, 5}, 0, 1, 1, 0, 0)},
		{`%s: row 0, column 1 is 2, want what`, energy.ErrRange, r, row(nan, 2, 1, 0, 0)},
		{`%s: row 0, column 0 is +Inf, want a finite number`, energy.ErrNotFinite, r, row(math.Inf(1), nan, 1, 0, 0)},
		{`%s: row 0: of the OneHot group at column 2 a part is missing, want all of it or none`, energy.ErrRange, r, row(0, 1, nan, 0, 1)},
		{`%s: row 0: neither the Bernoulli(20) that are missing nor the Bernoulli(20) hidden units have at most 65536 joint states to sum over`, energy.ErrConfig, large, row(all...)},
		{`%s: row 0: neither the Gaussian(1) that are missing nor the Gaussian(2) hidden units have`, energy.ErrConfig, mixed, row(0, 1, nan)},
	} {
		_, e1 := c.r.ObservedFreeEnergy(c.x)
		_, e2 := c.r.MissingMeans(c.x)
		_, e3 := c.r.ObservedPseudoLikelihood(c.x)
		for what, err := range map[string]error{"ObservedFreeEnergy": e1, "MissingMeans": e2, "ObservedPseudoLikelihood": e3} {
			require.ErrorIs(t, err, c.sentinel, c.message)
			require.ErrorContains(t, err, fmt.Sprintf(c.message, what))
		}
	}
	for _, c := range []struct {
		message  string
		sentinel error
		r        *RBM
		x        *tensor.Dense
	}{
		{`layers: RBM "large": ClassProbabilities: the visible units are Bernoulli(20), want one OneHot unit, the class, beside others`, energy.ErrConfig, large, nil},
		{`have several OneHot units, want one, the class`, energy.ErrConfig, several, nil},
		{`layers: RBM "r": ClassProbabilities: features: no tensor given, want shape (rows, 2)`, energy.ErrShape, r, nil},
		{`features: shape (1, 5), want (rows, 2)`, energy.ErrShape, r, row(0, 1, 1, 0, 0)},
		{`features: row 0, column 1 is NaN`, energy.ErrNotFinite, r, row(0, nan)},
		{`features: row 0, column 1 is 3, want`, energy.ErrRange, r, row(0, 3)},
		{`features of float64, want float32`, energy.ErrDtype, r, dense(tensor.Float64, tensor.Shape{1, 2}, 0, 1)},
	} {
		_, err := c.r.ClassProbabilities(c.x)
		require.ErrorIs(t, err, c.sentinel, c.message)
		require.ErrorContains(t, err, c.message)
	}
	x := row(0, nan, 1, 0, 0)
	must(r.MissingMeans(x))
	require.True(t, math.IsNaN(numbers(x)[1]), "the rows that were given stay as they were")
}
