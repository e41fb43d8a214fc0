package modernhopfield

import (
	"math"
	"sync"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// store holds the patterns and the values of a memory in one dtype, and computes with them. Arguments are checked by the memory.
type store interface {
	count() int
	tensors() (patterns, values *tensor.Dense) // views, nil where there are none
	add(e Entries)
	replace(at []int, e Entries)
	forget(forgotten map[int]bool)

	retrieve(states *tensor.Dense) (*Retrieval, error)
	classify(states *tensor.Dense, labels []int) ([]int, error)
	conjugate(states *tensor.Dense) (conjugates, squares []float64)
	association(states *tensor.Dense) *tensor.Dense
	regimes(states *tensor.Dense) []Regime
	largest() float64
}

// numbers is the store of one dtype.
type numbers[T kernel.Float] struct {
	MemoryConfig
	d, width         int
	beta             float64 // as the dtype has it
	patterns, values []T

	// What bounds the errors; kept up to date by edits, so that reading changes nothing.
	longest float64 // M
	spread  float64 // m_max of lemma A3

	engines    sync.Pool // *association.Engine[T], each at work for one caller
	certifiers sync.Pool // *certifier[T], the same
}

var (
	_ store = (*numbers[float32])(nil)
	_ store = (*numbers[float64])(nil)
)

func newNumbers[T kernel.Float](config MemoryConfig, d, width int) *numbers[T] {
	s := &numbers[T]{MemoryConfig: config, d: d, width: width, beta: float64(T(config.Beta))}
	s.engines.New = func() any {
		return association.New[T](association.Config{Similarity: association.Similarity(config.Similarity), Rule: config.Separation.Rule()})
	}
	s.certifiers.New = func() any { return newCertifier(s) }
	return s
}

func (s *numbers[T]) count() int       { return len(s.patterns) / s.d }
func (s *numbers[T]) largest() float64 { return s.longest }
func (s *numbers[T]) row(i int) []T    { return s.patterns[i*s.d : (i+1)*s.d] }

// dataOf is the numbers of a tensor that has the dtype of T.
func dataOf[T kernel.Float](t *tensor.Dense) []T { return t.Data().([]T) }

func (s *numbers[T]) tensors() (patterns, values *tensor.Dense) {
	n := s.count()
	if n == 0 {
		return nil, nil
	}
	if s.width > 0 {
		values = tensor.New(tensor.WithShape(n, s.width), tensor.WithBacking(s.values))
	}
	return tensor.New(tensor.WithShape(n, s.d), tensor.WithBacking(s.patterns)), values
}

func (s *numbers[T]) add(e Entries) {
	s.patterns = append(s.patterns, dataOf[T](e.Patterns)...)
	if e.Values != nil {
		s.values = append(s.values, dataOf[T](e.Values)...)
	}
	s.measure()
}

func (s *numbers[T]) replace(at []int, e Entries) {
	for i, place := range at {
		copy(s.row(place), dataOf[T](e.Patterns)[i*s.d:])
		if e.Values != nil {
			copy(s.values[place*s.width:(place+1)*s.width], dataOf[T](e.Values)[i*s.width:])
		}
	}
	s.measure()
}

func (s *numbers[T]) forget(forgotten map[int]bool) {
	kept := 0
	for i := range s.count() {
		if forgotten[i] {
			continue
		}
		copy(s.row(kept), s.row(i))
		if s.width > 0 {
			copy(s.values[kept*s.width:(kept+1)*s.width], s.values[i*s.width:])
		}
		kept++
	}
	s.patterns, s.values = s.patterns[:kept*s.d], s.values[:kept*s.width]
	s.measure()
}

// measure finds M and m_max.
func (s *numbers[T]) measure() {
	n := s.count()
	mean := make([]float64, s.d)
	s.longest, s.spread = 0, 0
	for i := range n {
		x := s.row(i)
		s.longest = max(s.longest, math.Sqrt(kernel.Dot(x, x)))
		for j, v := range x {
			mean[j] += float64(v) / float64(n)
		}
	}
	for i := range n {
		s.spread = max(s.spread, distance(s.row(i), mean))
	}
}

// batch is the states as queries to the stored patterns, values being what they retrieve.
func (s *numbers[T]) batch(states, values []T, width int) *association.Batch[T] {
	return &association.Batch[T]{Depth: s.d, Width: width, Q: states, K: s.patterns, V: values, Beta: []T{T(s.Beta)}}
}

// with runs something on an engine of its own.
func (s *numbers[T]) with(run func(e *association.Engine[T])) {
	e := s.engines.Get().(*association.Engine[T])
	defer s.engines.Put(e)
	run(e)
}
