package dataset

import (
	"fmt"

	"gorgonia.org/tensor"
)

// Bags is a set of bags: each is a number of instances, at least one, and has one label. Bags differ in length, so the
// instances of all of them lie one after the other without padding.
type Bags struct {
	// Instances holds the instances of bag 0, then those of bag 1 and so on, Width values each.
	Instances []float32
	Width     int

	Lengths []int // instances of each bag
	Labels  []int // of the bags, from 0

	starts []int // the first instance of each bag, and behind the last bag the number of instances
}

// newBags keeps the slices it is given.
func newBags(instances []float32, width int, lengths, labels []int) *Bags {
	b := &Bags{Instances: instances, Width: width, Lengths: lengths, Labels: labels, starts: make([]int, 1, len(lengths)+1)}
	for i, n := range lengths {
		b.starts = append(b.starts, b.starts[i]+n)
	}
	return b
}

// Len is the number of bags.
func (b *Bags) Len() int { return len(b.Lengths) }

// MeanLength is the mean number of instances of a bag.
func (b *Bags) MeanLength() float64 { return float64(b.starts[b.Len()]) / float64(b.Len()) }

// Range returns the first instance of bag i, and the one behind its last, as rows of Tensor.
func (b *Bags) Range(i int) (from, to int) { return b.starts[i], b.starts[i+1] }

// Bag returns the values of bag i's instances, which are those of b.
func (b *Bags) Bag(i int) []float32 {
	return b.Instances[b.starts[i]*b.Width : b.starts[i+1]*b.Width]
}

// Tensor returns all instances as a matrix of shape (ΣLengths, Width) that shares the memory of Instances. Every call makes
// a new header.
func (b *Bags) Tensor() *tensor.Dense {
	return tensor.New(tensor.WithShape(len(b.Instances)/b.Width, b.Width), tensor.WithBacking(b.Instances))
}

// Select returns a copy of the bags with the given numbers, in that order. It panics on a number that is not of a bag.
func (b *Bags) Select(numbers []int) *Bags {
	var instances []float32
	lengths, labels := make([]int, len(numbers)), make([]int, len(numbers))
	for k, i := range numbers {
		if i < 0 || i >= b.Len() {
			panic(fmt.Sprintf("dataset: Bags: Select: number %d, want 0 to %d", i, b.Len()-1))
		}
		instances = append(instances, b.Bag(i)...)
		lengths[k], labels[k] = b.Lengths[i], b.Labels[i]
	}
	return newBags(instances, b.Width, lengths, labels)
}
