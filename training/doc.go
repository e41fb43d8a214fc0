// Package training fits models: Contrastive for RBMs, Boltzmann for general Boltzmann machines, Objective for any cost of each row such as pseudo-likelihood, Supervised for any chain of
// layers, on rows, on sets of instances of one size or on bags of any.
//
// A fit is a plain struct whose zero fields mean documented defaults, and whose Fit validates everything before it changes
// anything. It runs Gorgonia graphs over the parameters that the layers own, one graph a batch size, and steps them by a
// solver of this package. Everything random (shuffles, chains, masks, binarisation) is a function of the seed and the step,
// so:
//
//   - the same seed gives the same bits, whatever GOMAXPROCS is;
//   - a run that is killed and resumed from its checkpoint ends bit for bit where the uninterrupted run ends;
//   - when ctx ends, Fit returns the report so far and ctx's error, and the model as far as it got.
//
// The solvers (SGD, Adam, AdamW) are also gorgonia.Solvers, for a user's own loops.
package training
