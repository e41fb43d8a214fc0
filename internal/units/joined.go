package units

import (
	"strconv"
	"strings"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Joined returns the family of groups of different families side by side in one row: kinds[i] takes sizes[i] numbers.
func Joined(kinds []Kind, sizes []int) Kind {
	names := make([]string, len(kinds))
	f32, f64 := joined[float32]{sizes: sizes}, joined[float64]{sizes: sizes}
	for i, k := range kinds {
		names[i] = k.Name + "×" + strconv.Itoa(sizes[i])
		f32.families = append(f32.families, k.F32)
		f64.families = append(f64.families, k.F64)
	}
	return Kind{"Joined(" + strings.Join(names, ",") + ")", f32, f64}
}

type joined[T kernel.Float] struct {
	families []Family[T]
	sizes    []int
}

// each calls f with every family and the bounds of its numbers.
func (j joined[T]) each(f func(i int, family Family[T], lo, hi int)) {
	lo := 0
	for i, family := range j.families {
		f(i, family, lo, lo+j.sizes[i])
		lo += j.sizes[i]
	}
}

// part cuts the bounds out of a row that may be nil.
func part[T kernel.Float](row []T, lo, hi int) []T {
	if row == nil {
		return nil
	}
	return row[lo:hi]
}

func (j joined[T]) CGF(in, logVariance []T) (sum T) {
	j.each(func(_ int, f Family[T], lo, hi int) { sum += f.CGF(in[lo:hi], part(logVariance, lo, hi)) })
	return sum
}

func (j joined[T]) Mean(dst, in, logVariance []T) {
	j.each(func(_ int, f Family[T], lo, hi int) { f.Mean(dst[lo:hi], in[lo:hi], part(logVariance, lo, hi)) })
}

func (j joined[T]) Variance(dst, in, logVariance []T) {
	j.each(func(_ int, f Family[T], lo, hi int) { f.Variance(dst[lo:hi], in[lo:hi], part(logVariance, lo, hi)) })
}

func (j joined[T]) MeanGrad(dst, in, logVariance, g []T) {
	j.each(func(_ int, f Family[T], lo, hi int) {
		f.MeanGrad(dst[lo:hi], in[lo:hi], part(logVariance, lo, hi), g[lo:hi])
	})
}

func (j joined[T]) Energy(x, logVariance []T) (sum T) {
	j.each(func(_ int, f Family[T], lo, hi int) { sum += f.Energy(x[lo:hi], part(logVariance, lo, hi)) })
	return sum
}

func (j joined[T]) EnergyGrad(dst, x, logVariance []T, g T) {
	j.each(func(_ int, f Family[T], lo, hi int) {
		f.EnergyGrad(dst[lo:hi], x[lo:hi], part(logVariance, lo, hi), g)
	})
}

func (j joined[T]) Sample(dst, in, logVariance []T, temperature T, draws rng.Row) {
	j.each(func(i int, f Family[T], lo, hi int) {
		f.Sample(dst[lo:hi], in[lo:hi], part(logVariance, lo, hi), temperature, draws.Part(i+1))
	})
}

func (j joined[T]) Inverse(dst, mean, logVariance []T) {
	j.each(func(_ int, f Family[T], lo, hi int) { f.Inverse(dst[lo:hi], mean[lo:hi], part(logVariance, lo, hi)) })
}

func (j joined[T]) Invalid(x []T) int {
	bad := -1
	j.each(func(_ int, f Family[T], lo, hi int) {
		if i := f.Invalid(x[lo:hi]); bad < 0 && i >= 0 {
			bad = lo + i
		}
	})
	return bad
}

func (j joined[T]) scaled(f func(s Scaled[T], lo, hi int)) {
	j.each(func(_ int, family Family[T], lo, hi int) {
		if s, ok := family.(Scaled[T]); ok {
			f(s, lo, hi)
		}
	})
}

func (j joined[T]) CGFLogVarianceGrad(dst, in, logVariance []T, g T) {
	j.scaled(func(s Scaled[T], lo, hi int) { s.CGFLogVarianceGrad(dst[lo:hi], in[lo:hi], logVariance[lo:hi], g) })
}

func (j joined[T]) MeanLogVarianceGrad(dst, in, logVariance, g []T) {
	j.scaled(func(s Scaled[T], lo, hi int) {
		s.MeanLogVarianceGrad(dst[lo:hi], in[lo:hi], logVariance[lo:hi], g[lo:hi])
	})
}

func (j joined[T]) EnergyLogVarianceGrad(dst, x, logVariance []T, g T) {
	j.scaled(func(s Scaled[T], lo, hi int) { s.EnergyLogVarianceGrad(dst[lo:hi], x[lo:hi], logVariance[lo:hi], g) })
}
