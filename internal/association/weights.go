package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// stat is what is kept of a query: enough to make its weights of its scores.
type stat[T kernel.Float] struct {
	shift T       // log-sum-exp for Softmax and TopK, else the largest score; −Inf where there is no score to see
	tau   float64 // threshold: of t for Entmax, Normmax and Subsets, see threshold.go; the least score that TopK takes
	norm  float64 // of Normmax: Σ u
	last  int     // of TopK: the last pattern taken of those that score tau
}

// weigh makes weights of the scores of a query for block b.
func (t *task[T]) weigh(row []T, s *stat[T], b int) {
	if math.IsInf(float64(s.shift), -1) {
		clear(row)
		return
	}
	switch t.rule.Kind {
	case Softmax:
		kernel.ExpSum(row, row, s.shift)
		return
	case TopK:
		tau := T(s.tau)
		for j, z := range row {
			if z < tau || z == tau && b*t.block+j > s.last {
				row[j] = T(math.Inf(-1))
			}
		}
		kernel.ExpSum(row, row, s.shift)
		return
	}
	f := t.curve(s)
	for j, z := range row {
		row[j] = T(f.weight(float64(z)) / s.norm)
	}
}

// weights sets p to the weights of rows queries from query i on for block b.
func (t *task[T]) weights(p []T, i, rows, b int) {
	t.scores(p, i, rows, b)
	n := t.size(b)
	for r := range rows {
		t.weigh(p[r*n:(r+1)*n], t.stat(i+r), b)
	}
}

// curve is the function that makes a weight of a score z, of how far x it lies above the threshold:
//
//	Entmax   x^(1/(α−1)) of x = (α−1)(z − max) − τ
//	Normmax  x^(1/(γ−1)), yet to be divided by its sum, of x = z − max − τ
//	Subsets  min(x, 1) of x = z − max − τ
//
// where x > 0, else 0. NaN stays NaN.
type curve struct {
	kind       Kind
	scale      float64 // of the scores
	power      float64
	shift, tau float64
}

func (t *task[T]) curve(s *stat[T]) curve {
	f := curve{t.rule.Kind, 1, 1, float64(s.shift), s.tau}
	switch t.rule.Kind {
	case Entmax:
		f.scale, f.power = t.rule.Alpha-1, 1/(t.rule.Alpha-1)
	case Normmax:
		f.power = 1 / (t.rule.Alpha - 1)
	}
	return f
}

func (f curve) above(z float64) float64 { return f.scale*(z-f.shift) - f.tau }

func (f curve) weight(z float64) float64 {
	x := f.above(z)
	switch {
	case x <= 0:
		return 0
	case f.kind == Subsets:
		return math.Min(x, 1)
	}
	return raise(x, f.power)
}

// raise is x^p for x > 0, fast for the sparsemax and the 1.5-entmax.
func raise(x, p float64) float64 {
	switch p {
	case 1:
		return x
	case 2:
		return x * x
	}
	return math.Pow(x, p)
}
