package modernhopfield

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// ForwardWith is Forward with parameters that are nodes of the caller's, to be differentiated.
func (l *DenseClassifier) ForwardWith(x, memories, labels *G.Node) (*G.Node, error) {
	votes, err := l.votes(x, memories, labels)
	if err != nil {
		return nil, err
	}
	return op.Tanh(votes)
}
