// Package sampling draws from models off the graph, any Kernel on a Schedule, by Run:
//
//	Gibbs, ParallelTempering                          RBMs: block Gibbs, and replicas on a ladder of temperatures
//	SingleSite, ColourBlocks, Metropolis              Boltzmann machines, dense or on a graph
//	SwendsenWang, Wolff                               ferromagnets
//	Langevin, HMC, GibbsWithGradients, DiscreteLangevin  any energy graph, by its gradient
//
// Observers see the chains as they go (Moments, Trace, Samples), and diagnostics judge what they have seen (AutocorrelationTime,
// EffectiveSampleSize, RHat). On top of the kernels stand the negative phases of contrastive training (CD, PCD, Tempering, MeanField, TAP,
// Exact), annealing, and the completion of rows with missing values.
//
// Every draw is a function of (seed, purpose, row, step, unit), so a chain holds no generator: its state is its units and
// its step. Results do not depend on GOMAXPROCS. A chain's draws depend on its row, not on how many rows there are: the first
// rows of many chains go as they would without the others.
//
// Temperature T means p ∝ exp(−E/T), in both directions of a Gibbs step: families without an energy of their own take
// input/T, a Gaussian unit keeps its mean and has variance Tσ².
//
// Everything here moves values; a kernel that takes an energy.Func builds and compiles its graph when it first steps. Package
// samplertest tells whether a kernel, one of your own too, leaves a distribution as it is. A model must not be stepped by a solver while it is sampled.
package sampling
