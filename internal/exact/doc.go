// Package exact enumerates small models, so that tests can hold the library against numbers that owe it nothing.
//
// It is written for reading, in plain float64 loops over every state, and shares no code with the packages it checks: only the
// Gaussian integrals are closed forms, and units without an end are summed until nothing is missing. Everything is in nats, at temperature 1 unless a temperature is asked for.
//
// A harmonium joins n visible numbers v to m hidden numbers h,
//
//	E(v,h) = U(v) + U(h) − bᵀv − cᵀh − vᵀWh        p(v,h) = exp(−E(v,h)) / Z
//
// with W of shape (n, m), kept row major in a flat slice. U is x²/(2σ²) for Gaussian units, x²/2 for ReLU,
// −log C(n,x) for Binomial, log x! for Poisson units, and 0 for the others; the variance is
// given by its logarithm s = log σ². No constant is dropped, so that log Z is the true one: for a Gaussian side p is a density.
//
// The cost of enumerating a side doubles with every binary unit. Lists hold at most 2²² states, and sums over pairs (v, h) have at
// most 2²⁸ terms; more is an error.
//
// To ask for a harmonium at temperature T, divide W, b and c by T and add log T to every log variance. ReLU units
// have no variance to do that with; Binomial and Poisson units keep their U.
package exact
