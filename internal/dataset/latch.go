package dataset

import (
	"fmt"
	"math/rand/v2"
)

// LatchSequences makes sequences of symbols, each a row of zeros with a one at the symbol's place, whose label is their first
// symbol, 0 or 1; all others are drawn from 2 to symbols−1. A model that reads a sequence step by step has to latch on to
// what it saw first. The sequences are bags of steps instances of symbols values.
//
// It panics unless sequences and steps are at least 1 and symbols at least 3.
//
// Reference: Hochreiter and Mozer, "A discrete probabilistic memory model for discovering dependencies in time", ICANN 2001,
// in the form of the latch sequence set of the Hopfield layers of Ramsauer et al. (ICLR 2021).
func LatchSequences(sequences, steps, symbols int, seed uint64) *Bags {
	if sequences < 1 || steps < 1 || symbols < 3 {
		panic(fmt.Sprintf("dataset: LatchSequences: %d sequences of %d steps of %d symbols, want at least 1, 1 and 3", sequences, steps, symbols))
	}
	r := rand.New(rand.NewPCG(seed, 0))
	instances := make([]float32, sequences*steps*symbols)
	lengths, labels := make([]int, sequences), make([]int, sequences)
	for i := range sequences {
		lengths[i], labels[i] = steps, r.IntN(2)
		for step := range steps {
			symbol := labels[i]
			if step > 0 {
				symbol = 2 + r.IntN(symbols-2)
			}
			instances[(i*steps+step)*symbols+symbol] = 1
		}
	}
	return newBags(instances, symbols, lengths, labels)
}
