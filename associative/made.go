package associative

import "sync"

// made is something that is made when it is first needed, by whoever of several goroutines is first.
type made[T any] struct {
	once  sync.Once
	value T
}

func (m *made[T]) by(f func() T) T {
	m.once.Do(func() { m.value = f() })
	return m.value
}
