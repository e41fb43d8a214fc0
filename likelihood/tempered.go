package likelihood

import (
	"context"
	"math"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// tempered is chains that come to the model by another road than the data do: ladders of replicas, one a temperature, that exchange their
// temperatures along the path from units with base biases 0, which know nothing of the data. They find modes that neither the data nor the
// fitted base point at.
type tempered[T kernel.Float] struct {
	path    *annealed.Path[T]
	chains  *annealed.Chains[T]
	ladders int
	rungs   []float64 // β of each, the model last
	at      []int     // the chain at each rung of each ladder

	swaps         rng.Stream
	uniform       []float64
	beta, partner []float64 // of each chain, and of the one it may exchange with
	here, there   []float64 // F at both
	step          uint64

	proposed, accepted []int // of each rung with the next, over all ladders
}

func newTempered[T kernel.Float](m *layers.RBM, ladders int, rungs []float64, seed uint64) (*tempered[T], error) {
	path, err := annealed.New[T](m, make([]float64, m.Visible().Len()), seed)
	if err != nil {
		return nil, err
	}
	n := ladders * len(rungs)
	t := &tempered[T]{path: path, chains: path.NewChains(n), ladders: ladders, rungs: rungs, at: make([]int, n),
		swaps: rng.New(seed, "exchange"), uniform: make([]float64, n), beta: make([]float64, n), partner: make([]float64, n),
		here: make([]float64, n), there: make([]float64, n), proposed: make([]int, len(rungs)), accepted: make([]int, len(rungs))}
	for i := range n {
		t.at[i], t.beta[i] = i, rungs[i%len(rungs)]
	}
	path.DrawBase(t.chains, 0)
	t.step = 1
	return t, nil
}

// move takes a Gibbs step of every replica and has every other pair of neighbours exchange their temperatures, with the probability
//
//	min(1, exp(F_r(v_r) + F_s(v_s) − F_r(v_s) − F_s(v_r)))
func (t *tempered[T]) move() {
	t.path.Step(t.chains, t.beta, t.step)
	n := len(t.rungs)
	copy(t.partner, t.beta)
	first := int(t.step % 2)
	for l := range t.ladders {
		for r := first; r+1 < n; r += 2 {
			i, j := t.at[l*n+r], t.at[l*n+r+1]
			t.partner[i], t.partner[j] = t.beta[j], t.beta[i]
		}
	}
	t.path.FreeEnergy(t.here, t.chains, t.beta)
	t.path.FreeEnergy(t.there, t.chains, t.partner)
	rng.Uniform(t.swaps.Row(0, t.step), t.uniform)
	for l := range t.ladders {
		for r := first; r+1 < n; r += 2 {
			k := l*n + r
			i, j := t.at[k], t.at[k+1]
			t.proposed[r]++
			if t.uniform[k] < math.Exp(t.here[i]+t.here[j]-t.there[i]-t.there[j]) {
				t.accepted[r]++
				t.at[k], t.at[k+1] = j, i
				t.beta[i], t.beta[j] = t.beta[j], t.beta[i]
			}
		}
	}
	t.step++
}

// rest takes a number of steps.
func (t *tempered[T]) rest(ctx context.Context, steps int) error {
	for range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.move()
	}
	return nil
}

// slowest is the least share of exchanges that were accepted between two neighbours.
func (t *tempered[T]) slowest() float64 {
	least := 1.0
	for r := range len(t.rungs) - 1 {
		least = min(least, float64(t.accepted[r])/float64(max(1, t.proposed[r])))
	}
	return least
}

// sample sets rows to the visible states of the replicas at the model: the ladders in turn, with so many steps from one look to the next.
func (t *tempered[T]) sample(ctx context.Context, rows []T, steps int) error {
	width := len(t.chains.V) / t.chains.N
	for i := range len(rows) / width {
		if i%t.ladders == 0 {
			if err := t.rest(ctx, steps); err != nil {
				return err
			}
		}
		top := t.at[(i%t.ladders)*len(t.rungs)+len(t.rungs)-1]
		copy(rows[i*width:(i+1)*width], t.chains.V[top*width:(top+1)*width])
	}
	return nil
}
