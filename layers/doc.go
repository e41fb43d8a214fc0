// Package layers holds differentiable layers that own parameters: RBM, Boltzmann, Linear, Hopfield, LayerNorm, activations, Dropout, a
// stochastic binary unit, and Sequential.
//
// # Parameters and graphs
//
// A layer owns its parameters as tensors; a graph binds them. Forward looks a parameter up in x's graph, or creates a node
// there whose value shares the layer's memory. So one model lives in as many graphs as are wanted (training batch, short
// last batch, evaluation), a solver's step in one is seen by all, and nothing is copied back and forth. A layer holds no
// graph. What keeps this safe:
//
//   - Names "layer.param" are reserved for parameters; give layers of one graph different names.
//   - Do not call gorgonia.Let, UnbindAll or Graph.Clone on parameter nodes. Of a Let the next Forward in that graph says that
//     the name is taken by another input; until then the graph runs on numbers that no other sees.
//   - Call gorgonia.Grad once a graph, with gorgonia.BindDualValues(wrt...) for the tape machine.
//
// Layers belong to graph building, except where a doc comment says that values move. Building graphs is not safe from two
// goroutines at once (Gorgonia keeps a global there); running two machines on two graphs of one model is, as long as no
// solver steps meanwhile. Gorgonia's Lisp machine is not supported: it is wrong for several built-in ops.
//
// # Sets of instances
//
// A sample may be a set of instances. A batch of sets of one size is (B, T, n): Linear, Hopfield, LayerNorm, activations, Dropout and
// StochasticBernoulli work on each instance as on a row, and so does a Sequential of them. Sets of different sizes are bags, one
// behind the other in a matrix of instances with a vector of their lengths; see BagLayer and Sequential.ForwardBags.
//
// # Training and evaluation
//
// Dropout and StochasticBernoulli draw random numbers. A machine made with gorgonia.EvalMode() runs them without noise.
package layers
