package association

import (
	"runtime"
	"sync"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// spare is scratch memory for the goroutines of one task, in pieces of equal size.
type spare[T kernel.Float] struct {
	size int
	lock sync.Mutex
	free [][]T
}

// reserve makes a piece of n numbers for each core. It is called while no piece is taken.
func (s *spare[T]) reserve(n int) {
	if n > s.size {
		s.size, s.free = n, nil
	}
	for len(s.free) < runtime.GOMAXPROCS(0) {
		s.free = append(s.free, make([]T, s.size))
	}
}

func (s *spare[T]) take() []T {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.free) == 0 {
		return make([]T, s.size)
	}
	last := len(s.free) - 1
	piece := s.free[last]
	s.free = s.free[:last]
	return piece
}

func (s *spare[T]) giveBack(piece []T) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.free = append(s.free, piece)
}
