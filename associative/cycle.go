package associative

import "slices"

// cycles finds out when a state comes back under steps that are functions of the state. A state that a step leaves as it is, or that is the
// one before the last, is seen at once; longer cycles by comparing with a state that is renewed at every power of two, which needs no
// list of all states and at most three times the steps to the first repetition.
//
// Source: R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20 (1980), section 7.
type cycles[T comparable] struct {
	last, before, saved []T
	step, savedAt       int
}

func newCycles[T comparable](x []T) *cycles[T] {
	return &cycles[T]{last: slices.Clone(x), saved: slices.Clone(x)}
}

// after takes the state after one more step, and returns the length of the cycle that it closes, or 0.
func (c *cycles[T]) after(x []T) int {
	c.step++
	switch {
	case slices.Equal(x, c.last):
		return 1
	case c.before != nil && slices.Equal(x, c.before):
		return 2
	case slices.Equal(x, c.saved):
		return c.step - c.savedAt
	}
	if c.step >= 2*c.savedAt {
		copy(c.saved, x)
		c.savedAt = c.step
	}
	if c.before == nil {
		c.before = make([]T, len(x))
	}
	c.last, c.before = c.before, c.last
	copy(c.last, x)
	return 0
}
