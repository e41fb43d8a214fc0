package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
)

// BagLayer is a layer that takes bags of instances of any length, the empty one included, without padding.
type BagLayer interface {
	Layer
	// ForwardBags builds the layer on x, (R, n): the instances of N bags, one bag behind the other. lengths, (N), is a vector of
	// x's dtype that says how many of the rows each bag has: whole numbers of at least 0 with the sum R. It gets no gradient.
	//
	// Where the layer pools, y has a row for each bag, (N, m). Where it does not, y has a row for each instance, (R, m).
	//
	// A graph that is built for some R serves every other, if a machine of this library lets x change and the graph holds no op
	// of Gorgonia that keeps shapes; see machine.Machine.Let.
	ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error)
}

// ForwardBags builds the layers on the instances of bags, in order: see BagLayer. A layer that is no BagLayer, such as Linear or
// an activation, is applied to each instance, as it would be to the rows of a batch. Each BagLayer sees the bags, until one of
// them pools: what stands behind it is applied to the rows of the bags. pooled says whether one did. Gradient flows where it
// flows in the layers. Errors: ErrShape, and those of the layers.
func (s *Sequential) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	fail := func(err error) (*G.Node, bool, error) {
		return nil, false, fmt.Errorf("layers: Sequential %q: ForwardBags: %w", s.name, err)
	}
	if _, err := graphOf(x, lengths); err != nil {
		return fail(err)
	}
	if x.Dims() != 2 || lengths.Dims() != 1 {
		return fail(fmt.Errorf("instances have shape %v and lengths %v, want (instances, n) and (bags): %w", x.Shape(), lengths.Shape(), energy.ErrShape))
	}
	y = x
	for _, l := range s.layers {
		rows := y.Shape()[0]
		if bags, ok := l.(BagLayer); ok && !pooled {
			if y, pooled, err = bags.ForwardBags(y, lengths); pooled {
				rows = lengths.Shape()[0]
			}
		} else {
			y, err = l.Forward(y)
		}
		switch {
		case err != nil:
			return nil, false, err
		case y.Dims() != 2 || y.Shape()[0] != rows:
			return fail(fmt.Errorf("layer %q gives shape %v, want (%d, n): %w", l.Name(), y.Shape(), rows, energy.ErrShape))
		}
	}
	return y, pooled, nil
}
