package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// BitPatternConfig describes bags of bit patterns.
type BitPatternConfig struct {
	Bags      int // at least 1
	Instances int // of each bag, at least 1
	Bits      int // of an instance, 2 to 30; 0 means 8

	Signals       int     // distinct patterns that make a bag positive, at least 1
	SignalsPerBag int     // in a positive bag, at most Instances; 0 means 1
	Positive      float64 // share of positive bags in (0, 1]; 0 means one half

	SignalSeed uint64 // of the signals
	Seed       uint64 // of everything else
}

// BitPatterns makes bags of random bit patterns, values 0 and 1, of which a bag is positive, label 1, if it holds a signal,
// one of a few fixed patterns that have to be found out. No instance is all zero, no other instance is a signal.
//
// The first ⌈Positive·Bags⌉ bags are positive: SignalsPerBag of their instances, at random places, are signals drawn with
// replacement. signals holds the signals, Bits values each.
//
// It panics on settings outside their ranges, and when the signals leave no other pattern.
//
// Reference: the bit pattern set of the Hopfield layers of Ramsauer et al. (ICLR 2021), of which this is the rule and not
// the random numbers.
func BitPatterns(c BitPatternConfig) (bags *Bags, signals []float32) {
	c.Bits, c.SignalsPerBag = orInt(c.Bits, 8), orInt(c.SignalsPerBag, 1)
	if c.Positive == 0 {
		c.Positive = 0.5
	}
	if c.Bags < 1 || c.Instances < 1 || c.Bits < 2 || c.Bits > 30 || c.Signals < 1 || c.Signals > 1<<c.Bits-2 ||
		c.SignalsPerBag < 1 || c.SignalsPerBag > c.Instances || !(c.Positive > 0 && c.Positive <= 1) {
		panic(fmt.Sprintf("dataset: BitPatterns: %+v: a setting is out of range", c))
	}
	r := rand.New(rand.NewPCG(c.SignalSeed, 0))
	draw := func() uint32 { return 1 + r.Uint32N(1<<c.Bits-1) } // not all zero
	var codes []uint32
	for len(codes) < c.Signals {
		if code := draw(); !slices.Contains(codes, code) {
			codes = append(codes, code)
			signals = appendBits(signals, code, c.Bits)
		}
	}

	r = rand.New(rand.NewPCG(c.Seed, 1))
	instances := make([]float32, 0, c.Bags*c.Instances*c.Bits)
	lengths, labels := make([]int, c.Bags), make([]int, c.Bags)
	positive := int(math.Ceil(c.Positive * float64(c.Bags)))
	bag := make([]uint32, c.Instances)
	for i := range c.Bags {
		for k := range bag {
			for bag[k] = draw(); slices.Contains(codes, bag[k]); {
				bag[k] = draw()
			}
		}
		if i < positive {
			labels[i] = 1
			for _, k := range r.Perm(c.Instances)[:c.SignalsPerBag] {
				bag[k] = codes[r.IntN(c.Signals)]
			}
		}
		for _, code := range bag {
			instances = appendBits(instances, code, c.Bits)
		}
		lengths[i] = c.Instances
	}
	return newBags(instances, c.Bits, lengths, labels), signals
}

// appendBits appends the lowest bits of a code, the lowest first.
func appendBits(to []float32, code uint32, bits int) []float32 {
	for b := range bits {
		to = append(to, float32(code>>b&1))
	}
	return to
}

func orInt(n, standard int) int {
	if n == 0 {
		return standard
	}
	return n
}
