package kernel

import "math"

// RowSum sets dst_i = Σ_j x_ij for the rows of x, rows×cols and packed; dst has rows elements. Each sum is accumulated
// as in [Sum].
func RowSum[T Float](dst, x []T, rows, cols int) {
	Parallel(rows, vectorGrain/max(cols, 1)+1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst[i] = T(sum64(x[i*cols : (i+1)*cols]))
		}
	})
}

// ColSum sets dst_j = Σ_i x_ij for the columns of x, rows×cols and packed; dst has cols elements. Each sum is
// accumulated in float64 in ascending i and rounded to T once.
func ColSum[T Float](dst, x []T, rows, cols int) {
	Parallel(cols, vectorGrain/max(rows, 1)+1, func(lo, hi int) {
		held := borrow[float64](hi - lo)
		defer giveBack(held)
		sums := *held
		clear(sums)
		i := 0
		for ; i+4 <= rows; i += 4 { // four rows at a time: the sums are read and written once for four additions
			x0, x1 := x[i*cols+lo:][:len(sums)], x[(i+1)*cols+lo:][:len(sums)]
			x2, x3 := x[(i+2)*cols+lo:][:len(sums)], x[(i+3)*cols+lo:][:len(sums)]
			for j, s := range sums {
				s += float64(x0[j])
				s += float64(x1[j])
				s += float64(x2[j])
				sums[j] = s + float64(x3[j])
			}
		}
		for ; i < rows; i++ {
			for j, v := range x[i*cols+lo : i*cols+hi] {
				sums[j] += float64(v)
			}
		}
		for j, s := range sums {
			dst[lo+j] = T(s)
		}
	})
}

// RowLogSumExp sets dst_i = log Σ_j exp(x_ij) = M_i + log Σ_j exp(x_ij − M_i), M_i the largest element of row i of x,
// rows×cols and packed; dst has rows elements.
//
// A row with a NaN gives NaN, else one with +Inf gives +Inf, and one of only −Inf (or of no elements) gives −Inf.
func RowLogSumExp[T Float](dst, x []T, rows, cols int) {
	Parallel(rows, elementGrain/max(cols, 1)+1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := x[i*cols : (i+1)*cols]
			top := largest(row)
			if math.IsInf(top, 0) || math.IsNaN(top) {
				dst[i] = T(top)
				continue
			}
			sum := 0.0
			for _, v := range row {
				sum += exp(float64(v) - top)
			}
			dst[i] = T(top + math.Log(sum))
		}
	})
}

// RowSoftmax sets dst_ij = exp(x_ij) / Σ_l exp(x_il) for the rows of x, rows×cols and packed, as is dst, which may be x.
// The largest element of a row is subtracted first, so nothing overflows.
//
// A row with a NaN or +Inf, or of only −Inf, has no such distribution and gives NaN throughout; single elements of −Inf
// have probability 0.
func RowSoftmax[T Float](dst, x []T, rows, cols int) {
	Parallel(rows, elementGrain/max(cols, 1)+1, func(lo, hi int) {
		held := borrow[float64](cols)
		defer giveBack(held)
		exps := *held
		for i := lo; i < hi; i++ {
			row, out := x[i*cols:(i+1)*cols], dst[i*cols:(i+1)*cols]
			top, sum := largest(row), 0.0
			for j, v := range row { // ∞ − ∞ is NaN, and makes the sum NaN
				exps[j] = exp(float64(v) - top)
				sum += exps[j]
			}
			for j := range out {
				out[j] = T(exps[j] / sum)
			}
		}
	})
}

// largest returns the largest element, NaN if there is a NaN, and −Inf for no elements.
func largest[T Float](x []T) float64 {
	top := T(math.Inf(-1))
	for _, v := range x {
		top = max(top, v)
	}
	return float64(top)
}
