package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Flatten is a layer that makes one row of the instances of each sample, one behind the other, for what reads sets whose places
// mean something: (B, T, n) gives (B, T·n). It has no parameters.
type Flatten struct{}

// Name is "flatten".
func (Flatten) Name() string { return "flatten" }

// Params returns nil.
func (Flatten) Params() []*Param { return nil }

// Forward builds the rows. Gradient flows to x. Errors: ErrShape for anything but (B, T, n).
func (Flatten) Forward(x *G.Node) (*G.Node, error) {
	return build("flatten: Forward", func() (*G.Node, error) {
		if x.Dims() != 3 {
			return nil, fmt.Errorf("input has shape %v, want (batch, instances, columns): %w", x.Shape(), energy.ErrShape)
		}
		rows, err := op.Flatten(x)
		if err != nil {
			return nil, err
		}
		return op.JoinRows(rows, x.Shape()[1])
	}, x)
}

// Spec describes the layer for a file.
func (Flatten) Spec() (kind string, config any) { return "flatten", struct{}{} }
