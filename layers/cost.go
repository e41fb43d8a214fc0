package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// CrossEntropy builds the mean over the batch of −Σ_j y_j log softmax(logits)_j, a scalar in nats: logits and targets are
// (B, classes), the targets rows of probabilities. Gradient flows to the logits only.
func CrossEntropy(logits, targets *G.Node) (*G.Node, error) {
	rows, err := CrossEntropyRows(logits, targets)
	if err != nil {
		return nil, err
	}
	return op.Mean(rows)
}

// CrossEntropyRows is CrossEntropy before the mean: (B).
func CrossEntropyRows(logits, targets *G.Node) (*G.Node, error) {
	n, err := op.CrossEntropy(logits, targets)
	if err != nil {
		return nil, fmt.Errorf("layers: CrossEntropy: %w", err)
	}
	return n, nil
}

// SquaredErrorRows builds ½ Σ_j (output_j − target_j)² of each row: two (B, n) give (B). Gradient flows to both.
func SquaredErrorRows(output, targets *G.Node) (*G.Node, error) {
	if output == nil || targets == nil || output.Dims() != 2 {
		return nil, fmt.Errorf("layers: SquaredError: want two (batch, n) nodes: %w", energy.ErrShape)
	}
	difference, err := op.Combine([]float64{1, -1}, output, targets)
	if err != nil {
		return nil, fmt.Errorf("layers: SquaredError: %w", err)
	}
	squares, err := op.RowDot(difference, difference)
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{0.5}, squares)
}

// StopGradient builds a copy of x through which no gradient flows.
func StopGradient(x *G.Node) (*G.Node, error) { return op.StopGradient(x) }
