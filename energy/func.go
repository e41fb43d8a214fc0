package energy

import G "gorgonia.org/gorgonia"

// Func is an energy of the user's own: it builds E(x) for a batch of states (B, n) as a vector (B), nats, in the graph and the
// dtype of x. What stands in a row of the result may depend on that row of x alone. Any graph will do whose gradient with regard
// to x Gorgonia can take; parameters are nodes that it makes in x.Graph(), and those of a layer are shared with the layer, so
// that what samples from the energy sees them change.
//
// A method value of the library's is one: rbm.FreeEnergy, hopfield.Energy, and, of bound nodes, Quadratic.Energy and ModernHopfield.Energy.
//
// Belongs to graph building. It is called once for each graph that needs it, never while values move.
type Func func(x *G.Node) (*G.Node, error)
