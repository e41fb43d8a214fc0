// Package machine runs Gorgonia graphs: a gorgonia.VM for any graph, which is made for graphs of this library's ops.
//
//	m, err := machine.New(g, machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
//	...
//	err = m.RunAll()
//
// It computes what gorgonia.NewTapeMachine computes, and differs where that one is slow or unsafe:
//
//   - Only the asked nodes and their ancestors run, once what is constant has been computed.
//   - Results of this library's ops lie in memory that the machine owns. From the second run on with the same shapes, a graph
//     of these ops allocates nothing. Memory is used again as soon as its last reader has run, so what a node of the middle
//     holds after a run is not defined; name the node in Config.Outputs or read it by gorgonia.Read.
//   - A sum of products is accumulated where it is wanted, without storing the products. A step of gradient descent may be
//     accumulated into the parameters themselves, see Config.Descend.
//   - Inputs may change their leading dimension from run to run, see [Machine.Let].
//   - Gradients are those of the last run; the tape machine adds those of all runs up until somebody sets them to zero.
//   - A panic of an op that is not this library's is an error. Errors name the node.
//   - Ops run on the goroutine that calls RunAll, which this library's ops split over the cores inside.
//
// Every other op, Gorgonia's own among them, runs through its Do and allocates its results. Those may be views of their
// arguments (Reshape, Slice and Transpose are), so what an argument holds is left alone as long as such a result lives, and
// nothing is ever written over an input or a parameter.
//
// # Three times
//
// A graph is built before New, which is compile time: nodes that are added later do not run. Let and RunAll belong to run
// time. What the first run with a set of input shapes does (inferring shapes, laying out memory) later runs need not.
//
// # Concurrency
//
// Machines over different graphs may run at the same time. One machine, or two over one graph, may not: the ops of a graph
// hold what they work on. A second RunAll at the same time on one machine is an error.
package machine
