package modernhopfield

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Association returns the weights p of states of shape (batch, d), or (d) for one, over the stored patterns: (batch, N), of which one
// update would make the next state. Errors are those of Retrieve. Cost: batch·N·d multiply-adds.
func (m *Memory) Association(states *tensor.Dense) (*tensor.Dense, error) {
	if _, err := m.states(states); err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Association: %w", err)
	}
	return m.store.association(states), nil
}

func (s *numbers[T]) association(states *tensor.Dense) *tensor.Dense {
	q := dataOf[T](states)
	p := make([]T, len(q)/s.d*s.count())
	s.with(func(e *association.Engine[T]) { e.Weights(p, s.batch(q, nil, 0)) })
	return tensor.New(tensor.WithShape(len(q)/s.d, s.count()), tensor.WithBacking(p))
}

// weights visits the weights of states, a few rows of which are held at a time.
func (s *numbers[T]) weights(states []T, visit func(i int, p []T)) {
	const held = 1 << 20 // numbers, unless a single row has more
	n, rows := s.count(), len(states)/s.d
	chunk := min(rows, max(1, held/n))
	p := make([]T, chunk*n)
	s.with(func(e *association.Engine[T]) {
		for from := 0; from < rows; from += chunk {
			count := min(chunk, rows-from)
			e.Weights(p, s.batch(states[from*s.d:(from+count)*s.d], nil, 0))
			for i := range count {
				visit(from+i, p[i*n:(i+1)*n])
			}
		}
	})
}

// Regimes returns over how many stored patterns an update of each state averages; states have shape (batch, d), or (d) for one.
// Errors are those of Retrieve. Cost: that of Association and a sort of each row, without its memory.
func (m *Memory) Regimes(states *tensor.Dense) ([]Regime, error) {
	if _, err := m.states(states); err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Regimes: %w", err)
	}
	return m.store.regimes(states), nil
}

func (s *numbers[T]) regimes(states *tensor.Dense) []Regime {
	q := dataOf[T](states)
	found := make([]Regime, len(q)/s.d)
	s.weights(q, func(i int, p []T) { found[i] = regimeOf(p) })
	return found
}

// Classify retrieves states of shape (batch, d), or (d) for one, and returns the label of each: that whose patterns have the most
// weight together in the association of the last update, the smallest of equal ones. Errors are those of Retrieve, and ErrConfig
// where the memory has no labels.
func (m *Memory) Classify(states *tensor.Dense) ([]int, error) {
	_, err := m.states(states)
	if err == nil && !m.labeled {
		err = fmt.Errorf("the memory has no labels: %w", energy.ErrConfig)
	}
	var labels []int
	if err == nil {
		labels, err = m.store.classify(states, m.labels)
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Classify: %w", err)
	}
	return labels, nil
}

func (s *numbers[T]) classify(states *tensor.Dense, labels []int) ([]int, error) {
	_, before, err := s.settle(dataOf[T](states))
	if err != nil {
		return nil, err
	}
	classes := slices.Clone(labels)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	class := make([]int, len(labels))
	for j, label := range labels {
		class[j], _ = slices.BinarySearch(classes, label)
	}
	found := make([]int, len(before)/s.d)
	sums := make([]float64, len(classes))
	s.weights(before, func(i int, p []T) {
		clear(sums)
		best := 0
		for j, w := range p {
			sums[class[j]] += float64(w)
		}
		for c, sum := range sums {
			if sum > sums[best] {
				best = c
			}
		}
		found[i] = classes[best]
	})
	return found, nil
}

// Energy returns the energies of states of shape (batch, d), or (d) for one, in nats over β. Under the dot product
//
//	E(ξ) = −Ω*(β x_1·ξ … β x_N·ξ)/β − Ω(uniform)/β + ½|ξ|² + ½M²,
//
// where Ω*, the convex conjugate of the separation function's Ω, is the log-sum-exp for softmax, uniform is the weights 1/N, and M
// the largest norm of a stored pattern: with softmax, −lse + ½|ξ|² + ln N/β + ½M². Where the weights sum to k, uniform is k/N and the
// last term ½k²M². Under Euclidean E = −Ω*/β − Ω(uniform)/β, without the squares. E ≥ 0, and an update never raises it.
//
// Errors are those of Retrieve, and ErrConfig for the similarities and separations whose updates descend no known energy: Cosine,
// Manhattan, and Subsets(k > 1) under Euclidean. Cost: batch·N·d multiply-adds.
//
// Source: Ramsauer et al. 2021, equation 2; S. dos Santos et al., "Hopfield-Fenchel-Young Networks", 2024, for other Ω than Shannon's.
// That a mean shift descends: Ω* is convex, and f(ξ) maximises −Σ_j p_j|ξ − x_j|².
func (m *Memory) Energy(states *tensor.Dense) ([]float64, error) {
	fail := func(err error) ([]float64, error) { return nil, fmt.Errorf("modernhopfield: Memory: Energy: %w", err) }
	if _, err := m.states(states); err != nil {
		return fail(err)
	}
	uniform, k := m.uniform()
	switch {
	case m.config.Similarity == energy.Cosine, m.config.Similarity == energy.Manhattan, m.config.Similarity == energy.Euclidean && k > 1:
		return fail(fmt.Errorf("updates by %v with the similarity %v descend no known energy: %w", m.config.Separation, m.config.Similarity, energy.ErrConfig))
	}
	e, squares := m.store.conjugate(states)
	for i := range e {
		e[i] = -(e[i] + uniform) / m.config.Beta
		if m.config.Similarity == energy.Dot {
			e[i] += squares[i]/2 + math.Pow(k*m.store.largest(), 2)/2
		}
	}
	return e, nil
}

// uniform is Ω of equal weights, the least that it can be, and their sum. With at most k weights that are not 0 the least is that
// of k equal ones.
func (m *Memory) uniform() (omega, sum float64) {
	n := float64(m.Len())
	switch rule := m.config.Separation.Rule(); rule.Kind {
	case association.Entmax:
		return (math.Pow(n, 1-rule.Alpha) - 1) / (rule.Alpha * (rule.Alpha - 1)), 1
	case association.Normmax:
		return math.Pow(n, 1/rule.Alpha-1) - 1, 1
	case association.TopK:
		return -math.Log(min(n, float64(rule.K))), 1
	case association.Subsets:
		k := min(n, float64(rule.K))
		return k * k / n / 2, k
	}
	return -math.Log(n), 1
}

// conjugate returns Ω* of the scores of each state, and its squared norm.
func (s *numbers[T]) conjugate(states *tensor.Dense) (conjugates, squares []float64) {
	q := dataOf[T](states)
	rows := len(q) / s.d
	dst := make([]T, rows)
	s.with(func(e *association.Engine[T]) { e.Conjugate(dst, s.batch(q, nil, 0)) })
	conjugates, squares = make([]float64, rows), make([]float64, rows)
	kernel.Convert(conjugates, dst)
	for i := range squares {
		x := q[i*s.d : (i+1)*s.d]
		squares[i] = kernel.Dot(x, x)
	}
	return conjugates, squares
}
