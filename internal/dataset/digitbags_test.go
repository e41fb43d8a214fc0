package dataset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// numberedPictures are n pictures of 1×2 pixels that tell their number, and show the digits 0 to 9 in turn.
func numberedPictures(n int) (*Images, []int) {
	im := &Images{N: n, Rows: 1, Cols: 2}
	digits := make([]int, n)
	for i := range n {
		digits[i] = i % 10
		im.Pixels = append(im.Pixels, float32(i), float32(digits[i]))
	}
	return im, digits
}

func TestDigitBags(t *testing.T) {
	const bags = 4000
	pictures, digits := numberedPictures(50)
	d, err := NewDigitBags(pictures, digits, DigitBagsConfig{Bags: bags, Target: 9, Seed: 1})
	require.NoError(t, err)
	require.Equal(t, bags, d.Len())
	var sum, squares float64
	positive := 0
	for i := range bags {
		n := float64(d.Lengths[i])
		sum, squares = sum+n, squares+n*n
		from, to := d.Range(i)
		require.Len(t, d.Bag(i), (to-from)*2)
		for k := from; k < to; k++ {
			require.Equal(t, []float32{float32(d.Pictures[k]), float32(d.Digits[k])}, d.Instances[2*k:2*k+2])
			require.Equal(t, digits[d.Pictures[k]], d.Digits[k])
		}
		want := 0
		if slices.Contains(d.Digits[from:to], 9) {
			want = 1
		}
		require.Equal(t, want, d.Labels[i])
		positive += d.Labels[i]
	}
	// Rounding adds 1/12 to the variance 2. Tolerances of five standard errors: √(2.08/4000) = 0.023 of the mean,
	// 2.08·√(2/4000) = 0.047 of the variance, √(4000·0.65·0.35) = 30 of the positive bags.
	mean := sum / bags
	require.InDelta(t, 10, mean, 5*0.023)
	require.InDelta(t, 2+1./12, squares/bags-mean*mean, 5*0.047)
	require.InDelta(t, 0.651*bags, positive, 5*30)

	again, err := NewDigitBags(pictures, digits, DigitBagsConfig{Bags: bags, Target: 9, Seed: 1, Mean: 10, Variance: 2})
	require.NoError(t, err)
	require.Equal(t, d, again)
}

func TestDigitBagsAreNeverEmpty(t *testing.T) {
	pictures, digits := numberedPictures(3)
	d, err := NewDigitBags(pictures, digits, DigitBagsConfig{Bags: 200, Target: 1, Mean: 1, Variance: 9, Seed: 1})
	require.NoError(t, err)
	require.Equal(t, 1, slices.Min(d.Lengths))
	require.Greater(t, slices.Max(d.Lengths), 4)
}

func TestDigitBagsRefuse(t *testing.T) {
	pictures, digits := numberedPictures(3)
	good := DigitBagsConfig{Bags: 1}
	_, err := NewDigitBags(pictures, digits, good)
	require.NoError(t, err)
	_, err = NewDigitBags(pictures, digits[:2], good)
	require.ErrorContains(t, err, "3 pictures and 2 labels")
	_, err = NewDigitBags(&Images{Rows: 1, Cols: 1}, nil, good)
	require.ErrorContains(t, err, "0 pictures")
	for _, c := range []DigitBagsConfig{{}, {Bags: 1, Target: 10}, {Bags: 1, Target: -1}, {Bags: 1, Mean: 0.5}, {Bags: 1, Mean: 1e9}, {Bags: 1, Variance: -1}} {
		_, err = NewDigitBags(pictures, digits, c)
		require.ErrorContains(t, err, "want bags")
	}
}
