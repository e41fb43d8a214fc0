package likelihood

import (
	"context"
	"slices"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// walk is chains on their way along the path between a base and a model, in either direction.
//
// The way up draws v₀ from the base, and at each β_k adds F_{k−1}(v) − F_k(v) to the logarithm of a chain's weight w and then takes a
// Gibbs step at β_k, but for the last, after which nothing is added. E[w] = Z/Z₀. The way down is the same in the opposite order, and since a
// Gibbs step of the visible units is reversible, its chains, if they start at draws of the model, pass through what those of the way up pass
// through with the probability w·Z₀/Z times theirs. So E[1/w] = Z₀/Z on the way down.
type walk[T kernel.Float] struct {
	path   *annealed.Path[T]
	chains *annealed.Chains[T]
	beta   []float64 // of each chain: all alike
	step   uint64    // address of the next draws

	logWeights []float64 // log w of each chain
	marks      []mark    // of the way up, ascending
}

// mark is what the log-weights were after so many steps, which ended at β.
type mark struct {
	steps      int
	beta       float64
	logWeights []float64
}

// blocks is how many parts of a ladder its next version is made from.
const blocks = 50

func newWalk[T kernel.Float](m *layers.RBM, base []float64, n int, seed uint64) (*walk[T], error) {
	path, err := annealed.New[T](m, base, seed)
	if err != nil {
		return nil, err
	}
	return &walk[T]{path: path, chains: path.NewChains(n), beta: make([]float64, n), logWeights: make([]float64, n)}, nil
}

// up starts the chains at draws of the base and takes them to the model. betas rise from 0 to 1.
func (w *walk[T]) up(ctx context.Context, betas []float64) error {
	w.path.DrawBase(w.chains, w.step)
	w.step++
	w.begin()
	steps := len(betas) - 1
	for k := 1; k <= steps; k++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.path.AddWork(w.logWeights, w.chains, betas[k-1:k+1])
		if k*blocks/steps > (k-1)*blocks/steps {
			w.marks = append(w.marks, mark{k, betas[k], slices.Clone(w.logWeights)})
		}
		w.move(betas[k])
	}
	return nil
}

// down takes the chains from where they stand, which should be draws of the model, to the base.
func (w *walk[T]) down(ctx context.Context, betas []float64) error {
	w.begin()
	for k := len(betas) - 1; k > 0; k-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.path.AddWork(w.logWeights, w.chains, betas[k-1:k+1])
		if k > 1 {
			w.move(betas[k-1])
		}
	}
	return nil
}

func (w *walk[T]) begin() {
	clear(w.logWeights)
	w.marks = w.marks[:0]
}

// move takes a Gibbs step of all chains at β.
func (w *walk[T]) move(beta float64) {
	for i := range w.beta {
		w.beta[i] = beta
	}
	w.path.Step(w.chains, w.beta, w.step)
	w.step++
}

// rest takes Gibbs steps at the model itself.
func (w *walk[T]) rest(ctx context.Context, steps int) error {
	for range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.move(1)
	}
	return nil
}

// place puts the chains at rows of visible states, from the first on and over again.
func (w *walk[T]) place(rows []T) {
	for i := 0; i < len(w.chains.V); i += len(rows) {
		copy(w.chains.V[i:], rows)
	}
	w.path.Refresh(w.chains)
}

// estimates are log Z₀ + log w of each chain, for a machine whose energy differs from its plain form's by a constant.
func (w *walk[T]) estimates(constant float64) []float64 {
	x := make([]float64, len(w.logWeights))
	shift := w.path.LogBase() - constant
	for i, l := range w.logWeights {
		x[i] = l + shift
	}
	return x
}
