// Package likelihood tells how good a model is: log-likelihoods in nats a row, exact where a side of the machine can be enumerated, and
// otherwise between bounds that Certify makes and judges.
//
//	bound, err := likelihood.Certify(ctx, rbm, test, likelihood.Config{Tolerance: 0.5, Seed: 1})
//	fmt.Println(bound) // -84.90 ± 0.21 nats a row (AIS below, reverse AIS above, 95 %; 10000 rows, thresholded at 1/2)
//
// p(v) = exp(−F(v))/Z, with F that of layers.RBM.FreeEnergy. For real units it is a density, so log-likelihoods of a machine depend on
// the scale of its data. What grey values are taken for changes a log-likelihood by tens of nats, and stands in every result.
//
// What is cheap beside it: the pseudo-likelihood and the free-energy gap need no Z, Memorisation looks at samples only.
//
// Everything here moves values off the graph and reads the model, which must not be stepped by a solver meanwhile. Results are a function of
// the seed, whatever GOMAXPROCS.
package likelihood
