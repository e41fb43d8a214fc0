package kernel

import (
	popcount "math/bits"
	"sync"
)

// ChosenSums sums weights down columns of bits,
//
//	dst_i = Σ_r weights_r · bit_ri
//
// rows are len(weights) rows of so many words. The columns are those of the words from first on; dst has 64 numbers for each of them.
// Every |weight| is at most 2³⁰. The result is exact at every level.
func ChosenSums(dst []int64, weights []int32, rows []uint64, words, first int) {
	clear(dst)
	sums, ok := chosenScratch.Get().(*[64 * chosenWords]int32)
	if !ok {
		sums = new([64 * chosenWords]int32)
	}
	for lo := 0; lo < len(weights); {
		hi, sum := lo, int64(0) // rows whose sums stay in 32 bits
		for ; hi < len(weights); hi++ {
			if sum += max(int64(weights[hi]), -int64(weights[hi])); sum >= 1<<31 {
				break
			}
		}
		for at := 0; at < len(dst); at += 64 * chosenWords {
			part, from := dst[at:min(at+len(sums), len(dst))], rows[lo*words+first+at/64:(hi-1)*words+first+len(dst)/64]
			if len(part) == len(sums) {
				chosenSumsOfFour(sums[:], weights[lo:hi], from, words)
			} else {
				for w := range len(part) / 64 {
					chosenSums(sums[64*w:], weights[lo:hi], from[w:], words)
				}
			}
			for i := range part {
				part[i] += int64(sums[i])
			}
		}
		lo = hi
	}
	chosenScratch.Put(sums)
}

// chosenScratch holds what a kernel writes: an array of the stack would be an allocation.
var chosenScratch sync.Pool

// chosenWords is how many words of a row chosenSumsOfFour takes.
const chosenWords = 4

// ChosenSum returns the sum of the weights whose bit is 1, bit i%64 of word i/64 being that of weight i; there are 64 weights a word.
// Sums of every 16th weight fit in 32 bits. The result is exact at every level.
func ChosenSum(weights []int32, bits []uint64) int64 {
	return chosenSum(weights[:64*len(bits)], bits)
}

// AddSigned adds d to the weights whose bit is 1, and −d to the others; there are 64 weights a word.
func AddSigned(weights []int32, bits []uint64, d int32) {
	addSigned(weights[:64*len(bits)], bits, d)
}

// The kernels at the level at work. In the first two dst has 64 numbers for one word or for each of four, rows are stride words apart,
// and sums fit in 32 bits.
var (
	chosenSums, chosenSumsOfFour func(dst, weights []int32, rows []uint64, stride int)
	chosenSum                    func(weights []int32, bits []uint64) int64
	addSigned                    func(weights []int32, bits []uint64, d int32)
)

func plainChosen() {
	chosenSums, chosenSumsOfFour = chosenSumsPlain, chosenSumsOfFourPlain
	chosenSum, addSigned = chosenSumPlain, addSignedPlain
}

// chosenSumsPlain takes rows eight at a time: a byte of a unit, its bits in eight rows, is looked up in a table of their sums.
func chosenSumsPlain(dst, weights []int32, rows []uint64, stride int) {
	clear(dst[:64])
	var eight [8]uint64
	var sums [256]int32
	for lo := 0; lo < len(weights); lo += 8 {
		for r := range eight {
			eight[r] = 0
			if lo+r < len(weights) {
				eight[r] = rows[(lo+r)*stride]
				for k := range 1 << r {
					sums[1<<r+k] = sums[k] + weights[lo+r]
				}
			}
		}
		for i := range 64 {
			chosen := uint8(0)
			for r, word := range eight {
				chosen |= uint8(word>>i&1) << r
			}
			dst[i] += sums[chosen]
		}
	}
}

func chosenSumsOfFourPlain(dst, weights []int32, rows []uint64, stride int) {
	for w := range chosenWords {
		chosenSumsPlain(dst[64*w:], weights, rows[w:], stride)
	}
}

func chosenSumPlain(weights []int32, bits []uint64) int64 {
	sum := int64(0)
	for w, word := range bits {
		for ; word != 0; word &= word - 1 {
			sum += int64(weights[64*w+popcount.TrailingZeros64(word)])
		}
	}
	return sum
}

func addSignedPlain(weights []int32, bits []uint64, d int32) {
	for i := range weights {
		weights[i] += d * int32(2*(bits[i/64]>>(i%64)&1)-1)
	}
}
