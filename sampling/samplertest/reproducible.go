package samplertest

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/harmonium-go/harmonium/sampling"
)

// Reproducible returns an error unless a kernel's draws are a function of its seed, State.Step and the chain: a kernel made anew for every
// step must go on as the first one did (so that a run can be resumed from its state), the number of processors must not
// matter, nor how many more chains there are, and another seed or another step must draw differently.
//
// It sets GOMAXPROCS while it runs.
func Reproducible(target Target, kernel func(seed uint64) sampling.Kernel, c Config) error {
	if err := c.check(target, kernel); err != nil {
		return fmt.Errorf("samplertest: Reproducible: %w", err)
	}
	seed, steps := c.seeds()[0], c.steps()[len(c.steps())-1]
	start := c.draw(target, seed)
	from := func(at uint64) *sampling.State {
		s := copyOf(start)
		s.Step = at
		return s
	}
	after := func(s *sampling.State, seed uint64, anew bool) ([][]float64, error) {
		k := kernel(seed)
		for range steps {
			if anew {
				k = kernel(seed)
			}
			if err := step(k, s, 1); err != nil {
				return nil, fmt.Errorf("samplertest: Reproducible: %w", err)
			}
		}
		return rowsOf(s), nil
	}
	want, err := after(from(7), seed, false)
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, x := range []struct {
		what       string
		processors int
		state      *sampling.State
		seed       uint64
		anew       bool
		equal      bool
	}{
		{"a kernel made anew for every step goes another way", 0, from(7), seed, true, true},
		{"on one processor it goes another way", 1, from(7), seed, false, true},
		{"on three processors it goes another way", 3, from(7), seed, false, true},
		{"the first half of the chains goes another way without the others", 0, c.half(from(7)), seed, false, true},
		{"another seed goes the same way", 0, from(7), seed + 1, false, false},
		{"another step goes the same way", 0, from(8), seed, false, false},
	} {
		processors := runtime.GOMAXPROCS(x.processors)
		got, err := after(x.state, x.seed, x.anew)
		runtime.GOMAXPROCS(processors)
		if err != nil {
			return err
		}
		if slices.EqualFunc(want[:len(got)], got, slices.Equal[[]float64]) != x.equal {
			return fmt.Errorf("samplertest: Reproducible: %s", x.what)
		}
	}
	return nil
}

// half is the first half of the chains of a state.
func (c Config) half(s *sampling.State) *sampling.State {
	rows := rowsOf(s)
	h := c.state(rows[:max(1, len(rows)/2)])
	h.Step = s.Step
	return h
}
