// Package dbn builds deep belief networks: stacks of RBMs that are pretrained greedily, layer by layer, and fine-tuned by
// backpropagation through the same layers.
//
// The generative model of a DBN with layers 1 … L is directed downwards except at the top:
//
//	p(v, h1, …, hL) = p(v|h1) p(h1|h2) … p(h_{L−2}|h_{L−1}) p(h_{L−1}, hL)
//
// with the top RBM's joint distribution last. A stack with one hidden layer is its RBM.
//
// Source: G. Hinton, S. Osindero, Y.-W. Teh, "A Fast Learning Algorithm for Deep Belief Nets", Neural Computation 18 (2006).
package dbn
