package kernel

import "sync"

// Scratch memory is pooled because products run thousands of times a second with the same few sizes.
var (
	scratch32 sync.Pool // of *[]float32
	scratch64 sync.Pool // of *[]float64
)

// borrow returns n elements of scratch memory with arbitrary contents. The pointer goes back with giveBack.
func borrow[T Float](n int) *[]T {
	s, ok := poolOf[T]().Get().(*[]T)
	if !ok || cap(*s) < n {
		fresh := make([]T, n)
		return &fresh
	}
	*s = (*s)[:n]
	return s
}

// giveBack returns scratch memory to its pool; the caller must not touch it again.
func giveBack[T Float](s *[]T) { poolOf[T]().Put(s) }

func poolOf[T Float]() *sync.Pool {
	if _, ok := any(T(0)).(float32); ok {
		return &scratch32
	}
	return &scratch64
}
