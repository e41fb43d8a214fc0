package bench

import (
	"fmt"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// productShape is C = op(A)·op(B), m×k times k×n.
type productShape struct {
	m, k, n        int
	transA, transB bool
}

// productShapes are the three products of an RBM's update, a large square, and the scores of an association.
var productShapes = []productShape{
	{100, 784, 500, false, false},
	{100, 500, 784, false, true},
	{784, 100, 500, true, false},
	{1024, 1024, 1024, false, false},
	{64, 64, 10000, false, true},
}

func (s productShape) String() string {
	letter := map[bool]string{false: "N", true: "T"}
	return fmt.Sprintf("matrix product %d×%d·%d×%d, %s%s, float32", s.m, s.k, s.k, s.n, letter[s.transA], letter[s.transB])
}

func productRows() []Row {
	var rows []Row
	for i, s := range productShapes {
		rows = append(rows, Row{
			Name: fmt.Sprintf("gemm_%d", i+1), About: s.String(),
			Flops: 2 * float64(s.m*s.k*s.n), Tolerance: 1e-4, New: s.work,
		})
	}
	return rows
}

func (s productShape) work() (*Work, error) {
	a, b, c := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
	Fill(a, 1, 1)
	Fill(b, 2, 1)
	lda, ldb := s.k, s.n
	if s.transA {
		lda = s.m
	}
	if s.transB {
		ldb = s.k
	}
	return &Work{
		Step: func() error {
			kernel.Gemm(s.transA, s.transB, s.m, s.n, s.k, 1, a, lda, b, ldb, false, c, s.n)
			return nil
		},
		Sum: func() float64 { return WeightedSum(c) },
	}, nil
}
