package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// Negative is where the negative phase of a contrastive cost comes from: CD, PCD, Tempering, Exact, MeanField or TAP, a plain value that
// training takes.
type Negative interface {
	// Start readies a phase for a model. Equal seeds give equal draws. It is an ErrConfig for settings or a model that
	// cannot be.
	Start(m *layers.RBM, seed uint64) (Phase, error)
	// String describes the setting: CD-1.
	String() string
}

// Phase is a negative phase at work.
type Phase interface {
	// Rows is how many rows Next returns for a batch of so many.
	Rows(batch int) int
	// Next returns model samples, (Rows, visible), and one weight a row, for a batch of data and its weights at a training
	// step. Both are to be read only, until the next call: they are the phase's own, or what was handed in.
	Next(data *tensor.Dense, weights []float64, step uint64) (rows *tensor.Dense, rowWeights []float64, err error)
	// Chains returns what must be saved for the phase to go on as if it had never stopped, or nil. The memory is the phase's
	// own: writing to it restores a saved state.
	Chains() *tensor.Dense
}

// SharesData and SharesSamples are phases that compute on their way what the cost needs, too, so that a product need not be done
// twice: the inputs of the hidden units, vW + c of the plain form, (rows, hidden), given the last data of Next or given the
// rows that it returned. They are to be read only, until the next call of Next.
type (
	SharesData    interface{ DataInputs() *tensor.Dense }
	SharesSamples interface{ SampleInputs() *tensor.Dense }
)

// Stepped is a phase made of Gibbs steps, whose number can change from epoch to epoch.
type Stepped interface {
	// SetSteps sets their number, 1 to 65536, or 0 for 1. It is an ErrConfig, which changes nothing, for any other.
	SetSteps(k int) error
}

// maxSteps bounds the Gibbs steps between two updates: a draw's address has 16 bits for them.
const maxSteps = 1 << 16

// gibbsSteps counts steps between updates; 0 means 1.
type gibbsSteps int

func (k gibbsSteps) count() int { return max(1, int(k)) }

func (k *gibbsSteps) set(name string, steps int) error {
	if steps < 0 || steps > maxSteps {
		return fmt.Errorf("sampling: %s: Steps is %d, want 1 to %d, or 0 for 1: %w", name, steps, maxSteps, energy.ErrConfig)
	}
	*k = gibbsSteps(steps)
	return nil
}

// address is the step that the first of the Gibbs steps of a training step draws at: no two training steps share one.
func address(step uint64) uint64 { return step * maxSteps }

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}
