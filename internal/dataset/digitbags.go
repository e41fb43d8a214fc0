package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// DigitBagsConfig describes bags of digits.
type DigitBagsConfig struct {
	Bags   int
	Target int // the digit that makes a bag positive

	// Mean and Variance of the normal distribution whose draws, rounded and at least 1, are the lengths of the bags;
	// 0 means 10 and 2.
	Mean, Variance float64

	Seed uint64
}

// DigitBags is bags of pictures, a bag having label 1 if one of them shows the target digit.
type DigitBags struct {
	*Bags
	Pictures []int // which picture each instance is
	Digits   []int // what each instance shows: for looking, not for learning
}

// NewDigitBags draws bags of pictures, each instance independently and uniformly from all pictures. No care is taken that
// positive and negative bags are as many: of ten digits 1 − 0.9^10 = 65 % of the bags of ten hold a given one.
//
// It returns an error when a setting is out of range and when pictures and labels are not as many.
//
// Reference: Ilse, Tomczak, Welling, "Attention-based deep multiple instance learning", ICML 2018, section 4.2.
func NewDigitBags(pictures *Images, digits []int, c DigitBagsConfig) (*DigitBags, error) {
	if c.Mean == 0 {
		c.Mean = 10
	}
	if c.Variance == 0 {
		c.Variance = 2
	}
	if pictures.N != len(digits) || pictures.N == 0 {
		return nil, fmt.Errorf("dataset: NewDigitBags: %d pictures and %d labels, want as many and some", pictures.N, len(digits))
	}
	if c.Bags < 1 || c.Target < 0 || c.Target > maxLabel || !(c.Mean >= 1 && c.Mean <= 1e6) || !(c.Variance > 0 && c.Variance <= 1e6) {
		return nil, fmt.Errorf("dataset: NewDigitBags: %+v: want bags, a target of 0 to 9, a mean of 1 to 1e6 and a variance of up to 1e6", c)
	}
	r := rand.New(rand.NewPCG(c.Seed, 0))
	d := &DigitBags{}
	size := pictures.Rows * pictures.Cols
	var instances []float32
	lengths, labels := make([]int, c.Bags), make([]int, c.Bags)
	for i := range c.Bags {
		lengths[i] = max(1, int(math.Round(c.Mean+math.Sqrt(c.Variance)*r.NormFloat64())))
		for range lengths[i] {
			picture := r.IntN(pictures.N)
			d.Pictures = append(d.Pictures, picture)
			d.Digits = append(d.Digits, digits[picture])
			instances = append(instances, pictures.Pixels[picture*size:(picture+1)*size]...)
		}
		if slices.Contains(d.Digits[len(d.Digits)-lengths[i]:], c.Target) {
			labels[i] = 1
		}
	}
	d.Bags = newBags(instances, size, lengths, labels)
	return d, nil
}
