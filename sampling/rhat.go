package sampling

import (
	"math"
	"slices"
)

// RHat returns the potential scale reduction of split chains,
//
//	R̂ = √(((n−1)/n·W + B/n) / W)
//
// with W the mean variance within the halves of the chains, n samples each, and B/n the variance of their means. It tends to 1
// as chains forget where they began; above 1.01 they have not (Vehtari et al. 2021). chains holds one series for each chain, of
// equal lengths, four samples at the least (the middle one of an odd number is left out). It is +Inf where every half is
// constant but not all are equal, and NaN where all numbers are equal, which says nothing about mixing. Errors: ErrShape,
// ErrNotFinite.
//
// Source: A. Gelman, D. Rubin, Statistical Science 7 (1992); for split chains A. Gelman et al., "Bayesian Data Analysis", 3rd ed.,
// section 11.4.
func RHat(chains [][]float64) (float64, error) {
	n, err := checkSeries("RHat", chains, 4)
	if err != nil {
		return 0, err
	}
	return rHat(halves(chains, n)), nil
}

// RankRHat returns the larger R̂ of RHat of two transforms of the numbers: their normal scores, and the normal scores of their
// distances from the median. It holds for quantities without a variance, and sees chains that differ in their scale only.
//
// Source: A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Bürkner, Bayesian Analysis 16 (2021), equations 14 and section 4.
func RankRHat(chains [][]float64) (float64, error) {
	n, err := checkSeries("RankRHat", chains, 4)
	if err != nil {
		return 0, err
	}
	parts := halves(chains, n)
	all := slices.Concat(parts...)
	slices.Sort(all)
	median := all[(len(all)-1)/2]/2 + all[len(all)/2]/2
	folded := make([][]float64, len(parts))
	for i, x := range parts {
		folded[i] = make([]float64, len(x))
		for j, v := range x {
			folded[i][j] = math.Abs(v - median)
		}
	}
	bulk, tails := rHat(normalScores(parts)), rHat(normalScores(folded))
	if math.IsNaN(tails) { // of numbers as far from the median as each other, such as spins
		return bulk, nil
	}
	return max(bulk, tails), nil
}

// halves splits each series in two.
func halves(chains [][]float64, n int) [][]float64 {
	all := make([][]float64, 0, 2*len(chains))
	for _, x := range chains {
		all = append(all, x[:n/2], x[n-n/2:])
	}
	return all
}

func rHat(chains [][]float64) float64 {
	m, n := float64(len(chains)), float64(len(chains[0]))
	x := centred(chains, len(chains[0]))
	within, between := 0.0, 0.0
	for _, series := range x {
		mean, squares := 0.0, 0.0
		for _, v := range series {
			mean += (v - series[0]) / n
		}
		for _, v := range series {
			squares += (v - series[0] - mean) * (v - series[0] - mean)
		}
		mean += series[0] // about the mean of all, which is 0
		within += squares / (n - 1) / m
		between += mean * mean / (m - 1)
	}
	return math.Sqrt((n-1)/n + between/within)
}

// normalScores replaces numbers by Φ⁻¹((r − 3/8)/(S + 1/4)), r being the rank of a number among all S; equal numbers have their
// mean rank.
func normalScores(chains [][]float64) [][]float64 {
	sorted := slices.Concat(chains...)
	slices.Sort(sorted)
	scores := make([][]float64, len(chains))
	for i, x := range chains {
		scores[i] = make([]float64, len(x))
		for j, v := range x {
			first, _ := slices.BinarySearch(sorted, v)
			behind, _ := slices.BinarySearchFunc(sorted, v, func(a, b float64) int {
				if a <= b {
					return -1
				}
				return 1
			})
			rank := float64(first+1+behind) / 2
			p := (rank - 0.375) / (float64(len(sorted)) + 0.25)
			scores[i][j] = math.Sqrt2 * math.Erfinv(2*p-1)
		}
	}
	return scores
}
