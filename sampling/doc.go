// Package sampling draws from models off the graph: block Gibbs sampling of bipartite models, the negative phases of
// contrastive training that are made of it, completion of rows with missing values, observers of chains (Moments, Trace, Samples), and
// diagnostics of what they have seen (AutocorrelationTime, EffectiveSampleSize, RHat).
//
// Every draw is a function of (seed, purpose, row, step, unit), so a chain holds no generator: its state is its units and
// its step. Results do not depend on GOMAXPROCS. A chain's draws depend on its row, not on how many rows there are: the first
// rows of many chains go as they would without the others.
//
// Temperature T means p ∝ exp(−E/T), in both directions of a Gibbs step: families without an energy of their own take
// input/T, a Gaussian unit keeps its mean and has variance Tσ².
//
// Everything here moves values; nothing builds graphs. A model must not be stepped by a solver while it is sampled.
package sampling
