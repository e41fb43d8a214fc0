package machine

import (
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// memory is what a machine owns. Its layouts take turns with it.
type memory struct {
	f32 pool[float32]
	f64 pool[float64]
}

// buffer is a piece of memory by its number in its pool; 0 is none.
type buffer int

// pool hands out memory.
type pool[T kernel.Float] struct {
	all  [][]T
	free []buffer // the last one released is the likeliest to be in the cache
}

// reset takes all memory back.
func (p *pool[T]) reset() {
	p.free = p.free[:0]
	for i := range p.all {
		p.free = append(p.free, buffer(i+1))
	}
}

// take returns the smallest free buffer that holds n numbers and not much more than twice as many, or a new one. (A large one
// for few numbers would leave the next large result without.)
func (p *pool[T]) take(n int) buffer {
	best := -1
	for i := len(p.free) - 1; i >= 0; i-- {
		size := len(p.all[p.free[i]-1])
		if size >= n && size <= 2*n+64 && (best < 0 || size < len(p.all[p.free[best]-1])) {
			best = i
		}
	}
	if best < 0 {
		p.all = append(p.all, make([]T, n))
		return buffer(len(p.all))
	}
	b := p.free[best]
	p.free = append(p.free[:best], p.free[best+1:]...)
	return b
}

func (p *pool[T]) release(b buffer) { p.free = append(p.free, b) }

// tensor makes a tensor over the first numbers of a buffer.
func (p *pool[T]) tensor(b buffer, shape tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(p.all[b-1][:shape.TotalSize()]))
}

func (m *memory) reset() {
	m.f32.reset()
	m.f64.reset()
}

func (m *memory) take(dtype tensor.Dtype, n int) buffer {
	if dtype == tensor.Float32 {
		return m.f32.take(n)
	}
	return m.f64.take(n)
}

func (m *memory) release(dtype tensor.Dtype, b buffer) {
	if dtype == tensor.Float32 {
		m.f32.release(b)
	} else {
		m.f64.release(b)
	}
}

func (m *memory) tensor(dtype tensor.Dtype, b buffer, shape tensor.Shape) *tensor.Dense {
	if dtype == tensor.Float32 {
		return m.f32.tensor(b, shape)
	}
	return m.f64.tensor(b, shape)
}
