package machine

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/fault"
)

// The errors of this package, wrapped by messages that name the node. Test for them with errors.Is.
var (
	ErrShape     = fault.ErrShape     // a value of the wrong shape
	ErrDtype     = fault.ErrDtype     // a value of the wrong dtype
	ErrConfig    = fault.ErrConfig    // a graph or setting that cannot take effect, or a missing value
	ErrNotFinite = fault.ErrNotFinite // NaN or ±Inf where Config asked to watch for it
)

// describe names a node: its name, or its op with the numbers of its arguments, and its shape.
func describe(n *G.Node) string {
	if n == nil {
		return "a nil node"
	}
	return fmt.Sprintf("node %q of shape %v", n.Name(), n.Shape())
}
