// Package samplertest tells whether a Markov kernel leaves a distribution as it is.
//
// The test needs no chain to mix: chains start at exact draws of p, the kernel takes a step, and where they stand must still
// be draws of p. That is so after any number of steps, and it is what makes a kernel right. What is asked of the draws (total
// variation and χ² for enumerated states, Kolmogorov–Smirnov for real ones) has limits that follow from the number of chains
// and from p; a right kernel is accused with probability below 1e-6.
//
//	target, err := samplertest.Enumerate(energy.Spin(4), myEnergy, 1)
//	...
//	err = samplertest.Stationary(target, func(seed uint64) sampling.Kernel { return &MyKernel{Seed: seed} }, samplertest.Config{})
//
// A kernel that never moves is stationary for every p, so three questions are asked: [Stationary], whether the kernel leaves p
// as it is; [Converges], whether it gets there from elsewhere; [Reproducible], whether its draws are a function of its seed, the
// step and the chain, as [sampling.Kernel] asks, so that runs can be resumed.
//
// The functions return an error and know no *testing.T, so that a kernel that was broken on purpose can be required to fail: a test
// that has not been seen to fail says little. Rows of a [Target] are in float64: the visible units and behind them the hidden ones.
package samplertest
