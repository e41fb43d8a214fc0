package associative

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// grayBits is how many units are run through by flips before the fields are summed afresh.
const grayBits = 12

// StableStates returns all states that are Stable, by looking at each of the 2^n: low values first, the last unit runs fastest. Only
// networks that are asymmetric or coupled to themselves have none, and for these it is no tensor: a tensor has rows.
// Errors: ErrConfig for more than 22 units; context's error when it ends. Cost: n a state, since neighbours in a Gray code differ by a flip.
func (h *Hopfield) StableStates(ctx context.Context) ([][]float64, error) {
	if err := validEnumeration(h.n); err != nil {
		return nil, fmt.Errorf("associative: Hopfield: StableStates: %w", err)
	}
	inner := min(h.n, grayBits)
	var found []int
	var mutex sync.Mutex
	kernel.Parallel(1<<(h.n-inner), 1, func(lo, hi int) {
		r := &row{x: make([]float64, h.n), sums: make([]float64, h.n)}
		var mine []int
		for block := lo; block < hi && ctx.Err() == nil; block++ {
			h.number(block<<inner, r.x)
			h.fieldsOf(r.sums, r.x)
			code := 0
			for k := 1; ; k++ {
				if h.stable(r.x, r.sums, nil) {
					mine = append(mine, block<<inner|code)
				}
				if k == 1<<inner {
					break
				}
				bit := bits.TrailingZeros(uint(k))
				code ^= 1 << bit
				unit := h.n - 1 - bit
				r.set(h, unit, 1+h.low()-r.x[unit])
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		found = append(found, mine...)
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("associative: Hopfield: StableStates: %w", err)
	}
	slices.Sort(found)
	states := make([][]float64, len(found))
	for k, number := range found {
		states[k] = make([]float64, h.n)
		h.number(number, states[k])
	}
	return states, nil
}

// number writes the state of a number, whose last bit is the last unit.
func (h *Hopfield) number(k int, x []float64) {
	for i := range x {
		x[i] = h.low()
		if k>>(h.n-1-i)&1 == 1 {
			x[i] = 1
		}
	}
}
