// Package stattest holds statistical tests whose tolerance follows from the
// number of draws and the distribution they are compared with, never from what
// happened to pass.
//
// Each test takes alpha, the probability with which it fails on draws that are
// right. Tests use fixed seeds, so a false alarm would be a lasting one: choose
// alpha small, such as 1e-6, and n large enough that the fault to be found lies
// beyond the limit. Each returns an error instead of failing a *testing.T, so that
// a deliberately broken twin of a sampler can be required to fail. Draws must be
// independent: states of one Markov chain are not.
//
// Which to take: [Distribution] keeps its alpha exactly and finds
// differences anywhere; [ChiSquare] is keener on rare cells but keeps alpha only
// approximately; [Mean] sees one moment, most keenly; [KolmogorovSmirnov] is for
// continuous draws.
package stattest

import "fmt"

// Seeds are the seeds that statistical tests run over: several, since one may
// hide a fault, and fixed, so that a failure can be repeated.
var Seeds = []uint64{1, 1754801282, 1698661970, 1550503961}

// checkAlpha returns an error unless alpha is a probability a limit exists for.
func checkAlpha(alpha float64) error {
	if !(alpha > 0 && alpha < 1) {
		return fmt.Errorf("alpha is %v, want between 0 and 1", alpha)
	}
	return nil
}
