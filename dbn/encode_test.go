package dbn_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
)

// Features and Reconstruct are the machines' conditional means, one behind the other, to the bit.
func TestFeaturesAndReconstructAreChainsOfMeans(t *testing.T) {
	for _, dtype := range dtypes {
		for _, centered := range []bool{false, true} {
			for _, sizes := range [][]int{{6, 4}, {6, 5, 4, 3}} {
				d := newStack(dbn.Config{Sizes: sizes, Centered: centered, Seed: 1, Dtype: dtype})
				scale(d)
				x := grey(dtype, 9, 6)
				want := x
				for _, r := range d.RBMs() {
					want = means(r, want)
				}
				require.Equal(t, numbers(want), numbers(must(d.Features(x))))
				for i := range d.RBMs() {
					want = backMeans(d.RBMs()[len(sizes)-2-i], want)
				}
				got := must(d.Reconstruct(x))
				require.Equal(t, x.Shape(), got.Shape())
				require.Equal(t, dtype, got.Dtype())
				require.Equal(t, numbers(want), numbers(got))
			}
		}
	}
}

// More rows than go through at once are the same rows, and rows of the other precision are rounded first.
func TestFeaturesOfManyRows(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{4, 3}, Seed: 1})
	scale(d)
	many := grey(tensor.Float64, 2001, 4)
	got := numbers(must(d.Features(many)))
	require.Len(t, got, 2001*3)
	for _, i := range []int{0, 999, 1000, 1999, 2000} {
		one := matrix(tensor.Float32, [][]float64{numbers(many)[4*i : 4*i+4]})
		require.Equal(t, numbers(must(d.Features(one))), got[3*i:3*i+3], "row %d", i)
	}
	require.NotEqual(t, got[:3], got[3:6])
}

// The class units of a labelled stack are left at 0 on the way up and left out on the way down.
func TestClassUnitsAreZeroInFeatures(t *testing.T) {
	for _, sizes := range [][]int{{6, 4}, {6, 5, 4}} {
		d := newStack(dbn.Config{Sizes: sizes, Labels: 3, Centered: true, Seed: 1, Dtype: tensor.Float64})
		scale(d)
		x := grey(tensor.Float64, 7, 6)
		below := x
		for _, r := range d.RBMs()[:len(sizes)-2] {
			below = means(r, below)
		}
		top := d.RBMs()[len(sizes)-2]
		want := means(top, behind(below, 0, 0, 0))
		require.Equal(t, numbers(want), numbers(must(d.Features(x))))
		require.NotEqual(t, numbers(means(top, behind(below, 1, 0, 0))), numbers(want))

		down := cut(backMeans(top, want), below.Shape()[1])
		for i := len(sizes) - 3; i >= 0; i-- {
			down = backMeans(d.RBMs()[i], down)
		}
		require.Equal(t, numbers(down), numbers(must(d.Reconstruct(x))))
	}
}

// behind puts the same columns behind every row.
func behind(x *tensor.Dense, columns ...float64) *tensor.Dense {
	var rows [][]float64
	n := x.Shape()[1]
	for i := range x.Shape()[0] {
		rows = append(rows, append(append([]float64(nil), numbers(x)[i*n:(i+1)*n]...), columns...))
	}
	return matrix(x.Dtype(), rows)
}

// cut returns the first n columns.
func cut(x *tensor.Dense, n int) *tensor.Dense {
	var rows [][]float64
	width := x.Shape()[1]
	for i := range x.Shape()[0] {
		rows = append(rows, numbers(x)[i*width:i*width+n])
	}
	return matrix(x.Dtype(), rows)
}
