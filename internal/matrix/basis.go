package matrix

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/harmonium-go/harmonium/internal/fault"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Basis is an orthonormal basis of the span of rows X, (p, n): X = LQ.
type Basis struct {
	// Q are Rank orthonormal rows of n numbers. Row k belongs to the first row of X that is no combination of those that the rows before
	// it stand for.
	Q    []float64
	Rank int
	// L holds p rows of Width = min(p, n) numbers, of which Rank are used: the coordinates of X. Where Rank is p, it is lower
	// triangular, and its diagonal is positive.
	L     []float64
	Width int

	p, n      int
	dependent int // the first row that is a combination of rows before it; −1 if there is none
}

const (
	basisBlock = 32 // rows that are made orthogonal to all before them by one product
	// dependence is how far a row must be from the span of those before it, as a share of its own length: rows of −1 and 1 that are
	// independent are farther, and rounding leaves less.
	dependence = 1e-10
)

// NewBasis makes the basis by Gram and Schmidt's method in blocks, each block twice, after which the rows are orthogonal to
// rounding whatever the condition of X. Cost: 4·n·p² multiplications.
//
// Source: L. Giraud, J. Langou, M. Rozložník, J. van den Eshof, "Rounding error analysis of the classical Gram–Schmidt orthogonalization
// process", Numerische Mathematik 101 (2005): twice is enough.
func NewBasis(x []float64, n int) *Basis {
	p := len(x) / n
	b := &Basis{Q: make([]float64, min(p, n)*n), L: make([]float64, p*min(p, n)), Width: min(p, n), p: p, n: n, dependent: -1}
	for lo := 0; lo < p; lo += basisBlock {
		b.add(x[lo*n:min(lo+basisBlock, p)*n], lo)
	}
	b.Q = b.Q[:b.Rank*n]
	return b
}

// add extends the basis by the rows of X from lo on.
func (b *Basis) add(x []float64, lo int) {
	n, rank, count := b.n, b.Rank, len(x)/b.n
	rows, shortest := make([]float64, len(x)), make([]float64, count)
	copy(rows, x)
	for k := range shortest {
		shortest[k] = dependence * math.Sqrt(kernel.SumSquares(x[k*n:(k+1)*n], 0))
	}
	// X = SQ + TA, A the rows that are kept; then A = S'Q + T'Q', Q' the rows to be added: X = (S + TS')Q + TT'Q'.
	s := b.project(rows)
	kept, t := b.among(rows, shortest, lo)
	a := rows[:kept*n]
	s2 := b.project(a)
	_, t2 := b.among(a, make([]float64, kept), lo)

	copy(b.Q[rank*n:], a)
	b.Rank += kept
	kernel.Gemm(false, false, count, rank, kept, 1, t, count, s2, rank, true, s, rank)
	tt := make([]float64, count*kept)
	kernel.Gemm(false, false, count, kept, kept, 1, t, count, t2, kept, false, tt, kept)
	for k := range count {
		row := b.L[(lo+k)*b.Width:]
		copy(row, s[k*rank:(k+1)*rank])
		copy(row[rank:], tt[k*kept:(k+1)*kept])
	}
}

// project takes from rows what lies in the span of the basis, and returns its coordinates.
func (b *Basis) project(rows []float64) []float64 {
	count := len(rows) / b.n
	s := make([]float64, count*b.Rank)
	kernel.Gemm(false, true, count, b.Rank, b.n, 1, rows, b.n, b.Q, b.n, false, s, b.Rank)
	kernel.Gemm(false, false, count, b.n, b.Rank, -1, s, b.Rank, b.Q, b.n, true, rows, b.n)
	return s
}

// among makes rows orthonormal to each other, in place, and moves those that are kept to the front: those of which more than the
// shortest length is left. Row k of t holds the coordinates of row k in them.
func (b *Basis) among(rows, shortest []float64, lo int) (kept int, t []float64) {
	n, count := b.n, len(shortest)
	t = make([]float64, count*count)
	for k := range count {
		row, c := rows[k*n:(k+1)*n], t[k*count:(k+1)*count]
		for range 2 {
			for j := range kept {
				other := rows[j*n : (j+1)*n]
				d := kernel.Dot(row, other)
				kernel.Axpy(-d, other, row)
				c[j] += d
			}
		}
		length := math.Sqrt(kernel.SumSquares(row, 0))
		if length <= shortest[k] {
			if b.dependent < 0 {
				b.dependent = lo + k
			}
			continue
		}
		kernel.Scale(rows[kept*n:(kept+1)*n], row, 1/length)
		c[kept] = length
		kept++
	}
	return kept, t
}

// Independent returns an error if a row is, but for rounding, a combination of others. It names the first that is one of rows before it,
// and those. Errors: ErrConfig.
func (b *Basis) Independent() error {
	k := b.dependent
	if k < 0 {
		return nil
	}
	at := func(i, j int) float64 { return b.L[i*b.Width+j] }
	c := make([]float64, k) // solves c·L = row k of L, for the rows before k
	for i := k - 1; i >= 0; i-- {
		c[i] = at(k, i)
		for j := i + 1; j < k; j++ {
			c[i] -= c[j] * at(j, i)
		}
		c[i] /= at(i, i)
	}
	var others []string
	for i, v := range c {
		if math.Abs(v) > 1e-6 {
			others = append(others, fmt.Sprintf("%.4g × pattern %d", v, i))
		}
	}
	if len(others) > 8 {
		others = append(others[:8], fmt.Sprintf("%d more", len(others)-8))
	}
	return fmt.Errorf("pattern %d is %s, want linearly independent patterns: %w", k, strings.Join(others, " + "), fault.ErrConfig)
}

// Nearest returns the p orthonormal rows Y that are nearest to those of X, which must be independent, and the symmetric H, (p, p), for which
// X = HY:
//
//	H = (XXᵀ)^½        Y = (XXᵀ)^(−½) X
//
// With L = UΣVᵀ, H = UΣUᵀ and Y = UVᵀQ. Errors: ErrNotFinite if there are no singular values. Cost: a decomposition of p³, and n·p².
//
// Source: P.-O. Löwdin, Journal of Chemical Physics 18 (1950).
func (b *Basis) Nearest() (y, h []float64, err error) {
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(b.p, b.p, b.L), mat.SVDThin) {
		return nil, nil, fmt.Errorf("their singular values were not found: %w", fault.ErrNotFinite)
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	p, left, right := b.p, u.RawMatrix(), v.RawMatrix()
	turn := make([]float64, p*p)
	kernel.Gemm(false, true, p, p, p, 1, left.Data, left.Stride, right.Data, right.Stride, false, turn, p)
	y = make([]float64, p*b.n)
	kernel.Gemm(false, false, p, b.n, p, 1, turn, p, b.Q, b.n, false, y, b.n)

	scaled, values := make([]float64, p*p), svd.Values(nil)
	for i := range p {
		for k, sigma := range values {
			scaled[i*p+k] = left.Data[i*left.Stride+k] * sigma
		}
	}
	h = make([]float64, p*p)
	kernel.Gemm(false, true, p, p, p, 1, scaled, p, left.Data, left.Stride, false, h, p)
	return y, h, nil
}
