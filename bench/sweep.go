package bench

import "gorgonia.org/tensor"

// Sweep is a workload in growing sizes: it shows how the time of a step grows.
type Sweep struct {
	Name  string
	Sizes []int // each twice the last
	New   func(size int) (*Work, error)
}

// Sweeps returns one sweep for each size that the cost of a step should be linear in.
func Sweeps() []Sweep {
	return []Sweep{
		{"CD-1 step by batch", []int{50, 100, 200, 400, 800}, func(n int) (*Work, error) { return contrastiveDivergence(tensor.Float32, n, hidden) }},
		{"CD-1 step by hidden units", []int{250, 500, 1000, 2000, 4000}, func(n int) (*Work, error) { return contrastiveDivergence(tensor.Float32, batch, n) }},
		{"block Gibbs by chains", []int{50, 100, 200, 400, 800}, func(n int) (*Work, error) { return gibbs(n, hidden) }},
		{"association forward by stored patterns", []int{5_000, 10_000, 20_000, 40_000, 80_000}, func(n int) (*Work, error) { return association(n, false) }},
		{"association forward and backward by stored patterns", []int{5_000, 10_000, 20_000, 40_000, 80_000}, func(n int) (*Work, error) { return association(n, true) }},
	}
}
