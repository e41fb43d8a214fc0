package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReductions(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testReductions[float32](t, 0x1p-23) })
	t.Run("float64", func(t *testing.T) { testReductions[float64](t, 0x1p-52) })
}

// testReductions compares with sums in 400-bit arithmetic. In float64 a sum of n terms may err by n roundings of the
// sum of magnitudes; float32 results err by those and one rounding of their own.
func testReductions[T Float](t *testing.T, ulp float64) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, s := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {2, 3}, {4, 4}, {5, 9}, {37, 301}, {1, 200001}, {70001, 3}} {
		rows, cols := s[0], s[1]
		x := randomMatrix[T](r, rows, cols, 0, 0.1).data
		sum := func(at func(i int) int, n int) (want, tol float64) {
			total, size := bigOf(0), 0.0
			for i := range n {
				v := float64(x[at(i)])
				total, size = bigAdd(total, bigOf(v)), size+math.Abs(v)
			}
			want, _ = total.Float64()
			return want, ulp*math.Abs(want) + 0x1p-52*float64(n)*size
		}
		want, tolerance := make([]float64, min(rows, 100)+min(cols, 400)), make([]float64, min(rows, 100)+min(cols, 400))
		for i := range min(rows, 100) {
			want[i], tolerance[i] = sum(func(j int) int { return i*cols + j }, cols)
		}
		for j := range min(cols, 400) {
			k := min(rows, 100) + j
			want[k], tolerance[k] = sum(func(i int) int { return i*cols + j }, rows)
		}
		eachLevel(t, func(t *testing.T, _ Level) {
			var first []T
			for _, procs := range []int{1, 2, 3} {
				sums := make([]T, rows+cols)
				atProcs(procs, func() any { RowSum(sums[:rows], x, rows, cols); ColSum(sums[rows:], x, rows, cols); return nil })
				if procs == 1 {
					first = sums
				}
				require.Equal(t, first, sums, "%v on %d processors", s, procs)
			}
			for k := range want {
				i := k
				if k >= min(rows, 100) {
					i += rows - min(rows, 100)
				}
				require.InDelta(t, want[k], float64(first[i]), tolerance[k], "sum %d of %v", i, s)
			}
			for i := range rows {
				require.Equal(t, Sum(x[i*cols:(i+1)*cols]), first[i])
			}
		})
	}
}

// bigLogSumExp is the logarithm of a sum of exponentials without any shift.
func bigLogSumExp(xs []float64) float64 {
	total := bigOf(0)
	for _, x := range xs {
		total = bigAdd(total, bigExp(bigOf(x)))
	}
	for shift := 0.0; ; shift += 100 { // log s = log1p(s·e^(−shift) − 1) + shift needs an argument ≥ 0
		scaled := bigMul(total, bigExp(bigOf(-shift)))
		if f, _ := scaled.Float64(); f < 1e100 && f >= 1 {
			v, _ := bigAdd(bigLog1p(bigAdd(scaled, bigOf(-1))), bigOf(shift)).Float64()
			return v
		}
		if shift > 1000 {
			panic("bigLogSumExp: the sum is below 1")
		}
	}
}

func TestRowLogSumExpAndSoftmax(t *testing.T) {
	eachLevel(t, testRowLogSumExpAndSoftmax)
}

func testRowLogSumExpAndSoftmax(t *testing.T, _ Level) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, scale := range []float64{0.1, 3, 200} {
		const rows, cols = 9, 13
		x := make([]float64, rows*cols)
		for i := range x {
			x[i] = math.Abs(scale * r.NormFloat64())
		}
		lse, soft := make([]float64, rows), make([]float64, rows*cols)
		RowLogSumExp(lse, x, rows, cols)
		RowSoftmax(soft, x, rows, cols)
		for i := range rows {
			row := x[i*cols : (i+1)*cols]
			want := bigLogSumExp(row)
			require.InEpsilon(t, want, lse[i], 1e-15)
			for j, v := range row {
				p, _ := bigExp(new(big.Float).Sub(bigOf(v), bigOf(want))).Float64()
				require.InDelta(t, p, soft[i*cols+j], p*1e-12)
			}
			require.InDelta(t, 1, Sum(soft[i*cols:(i+1)*cols]), 1e-14)
		}
		single, inPlace := make([]float32, len(x)), make([]float32, len(x))
		Convert(single, x)
		Convert(x, single)
		RowLogSumExp(lse, x, rows, cols)
		RowSoftmax(soft, x, rows, cols)
		RowSoftmax(inPlace, single, rows, cols)
		lse32 := make([]float32, rows)
		RowLogSumExp(lse32, single, rows, cols)
		RowSoftmax(single, single, rows, cols)
		require.Equal(t, inPlace, single)
		for i := range lse32 { // the differences from the largest, up to 400 here, are rounded to float32
			require.InEpsilon(t, lse[i], lse32[i], 0x1p-22)
		}
		for i, p := range soft {
			require.InDelta(t, p, float64(single[i]), 0x1p-23*(4-math.Log(p))*p+0x1p-149)
		}
	}
}

func TestRowLogSumExpSpecialValues(t *testing.T) {
	eachLevel(t, testRowSpecialValues)
}

func testRowSpecialValues(t *testing.T, _ Level) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		row      []float64
		lse      float64
		softmax0 float64
	}{
		{[]float64{-inf, -inf}, -inf, nan},
		{[]float64{0, -inf}, 0, 1},
		{[]float64{-inf, 0}, 0, 0},
		{[]float64{1, inf}, inf, nan},
		{[]float64{1, nan}, nan, nan},
		{[]float64{nan, inf}, nan, nan},
		{[]float64{inf, nan}, nan, nan},
		{[]float64{-inf, nan}, nan, nan},
		{[]float64{1e308, 1e308}, 1e308, 0.5},
		{[]float64{-1e308, -1e308}, -1e308, 0.5},
	} {
		got, soft := make([]float64, 1), make([]float64, 2)
		RowLogSumExp(got, c.row, 1, 2)
		RowSoftmax(soft, c.row, 1, 2)
		requireSame(t, []float64{c.lse, c.softmax0}, []float64{got[0], soft[0]}, c.row)
		if math.IsNaN(c.softmax0) {
			require.True(t, math.IsNaN(soft[1]))
		}
	}
	got := []float64{7}
	RowLogSumExp(got, nil, 1, 0)
	require.Equal(t, -inf, got[0])
}

// Rows are split over cores; their values are not to notice.
func TestRowKernelsDoNotDependOnProcs(t *testing.T) {
	eachLevel(t, testRowKernelsOnProcs)
}

func testRowKernelsOnProcs(t *testing.T, _ Level) {
	const rows, cols = 400, 70
	x := randomMatrix[float32](rand.New(rand.NewPCG(2, 2)), rows, cols, 0, 0).data
	run := func() []float32 {
		out := make([]float32, rows+rows*cols)
		RowLogSumExp(out[:rows], x, rows, cols)
		RowSoftmax(out[rows:], x, rows, cols)
		return out
	}
	want := atProcs(1, run)
	require.Equal(t, want, atProcs(2, run))
	require.Equal(t, want, atProcs(7, run))
	for i := range rows {
		alone := make([]float32, 1)
		RowLogSumExp(alone, x[i*cols:(i+1)*cols], 1, cols)
		require.Equal(t, want[i], alone[0])
	}
}

// The assembly knows no bounds: what is too short must panic before.
func TestRowsRefuseShortMatrices(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		short, dst := make([]float32, 79)[:10:10], make([]float32, 80)
		require.Panics(t, func() { ColSum(dst, short, 10, 8) })
		require.Panics(t, func() { ColSum(dst[:7:7], dst, 10, 8) })
		require.Panics(t, func() { RowSum(dst, short, 10, 8) })
		require.Panics(t, func() { RowSoftmax(dst, short, 10, 8) })
		require.Panics(t, func() { RowLogSumExp(dst, short, 10, 8) })
	})
}
