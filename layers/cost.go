package layers

import (
	G "gorgonia.org/gorgonia"

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
	return build("CrossEntropy", func() (*G.Node, error) { return op.CrossEntropy(logits, targets) }, logits, targets)
}

// SquaredErrorRows builds ½ Σ_j (output_j − target_j)² of each row: two (B, n) give (B). Gradient flows to both.
func SquaredErrorRows(output, targets *G.Node) (*G.Node, error) {
	return build("SquaredError", func() (*G.Node, error) {
		difference, err := op.Combine([]float64{1, -1}, output, targets)
		if err != nil {
			return nil, err
		}
		squares, err := op.RowDot(difference, difference)
		if err != nil {
			return nil, err
		}
		return op.Combine([]float64{0.5}, squares)
	}, output, targets)
}

// StopGradient builds a copy of x through which no gradient flows.
func StopGradient(x *G.Node) (*G.Node, error) {
	return build("StopGradient", func() (*G.Node, error) { return op.StopGradient(x) }, x)
}
