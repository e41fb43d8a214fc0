package main

import (
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// row is a line of the table: a layer at some settings.
type row struct {
	layer, settings string
	reference       string // held-out accuracy of the reference, final and best
	ours            bool
	epochs          int
	rate            float64
	falling         bool // the rate falls linearly to 0
	build           func(train *dataset.Bags, seed uint64) (layers.Layer, error)
}

// Settings of the reference's demonstrations that differ from the defaults, for Input columns.
func adapted(input int, seed uint64) modernhopfield.Config {
	return modernhopfield.Config{Input: input, Hidden: 8, Heads: 8, Steps: 3, Beta: 0.25, Dropout: 0.5, Seed: seed}
}

// bitRows are the rows of the bit patterns.
//
// A bag is positive if one instance is a signal. What our settings add is the null pattern: a head that looks for a signal has
// somewhere else to look if it is not there, so that what it retrieves tells whether it is. The reference's layers have it too,
// as add_zero_association. Our Lookup projects nothing: patterns are told apart from the start, and what is learned is the
// number that stands at each.
var bitRows = []row{
	{"Hopfield", "defaults", "0.565 / 0.62", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return hopfield(train, seed, modernhopfield.Config{Input: train.Width, Seed: seed})
	}},
	{"Hopfield", "adapted", "0.845 / 0.86", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return hopfield(train, seed, adapted(train.Width, seed))
	}},
	{"Hopfield", "null pattern", "", true, 60, 1e-2, true, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return hopfield(train, seed, modernhopfield.Config{Input: train.Width, Hidden: 8, Heads: 16, Beta: 1, Dropout: 0.7, NullPattern: true, Seed: seed})
	}},
	{"Pooling", "defaults", "0.58 / 0.61", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return pooling(train, seed, modernhopfield.Config{Input: train.Width, Seed: seed})
	}},
	{"Pooling", "adapted", "0.84 / 0.85", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return pooling(train, seed, adapted(train.Width, seed))
	}},
	{"Pooling", "null pattern", "", true, 100, 1e-2, true, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return pooling(train, seed, modernhopfield.Config{
			Input: train.Width, Hidden: 8, Heads: 32, Beta: 1, Dropout: 0.2, NullPattern: true, InitDeviation: 0.2, Seed: seed,
		})
	}},
	{"Lookup", "defaults", "0.52 / 0.53", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return lookup(train, seed, train.Width, modernhopfield.LookupConfig{
			Config: modernhopfield.Config{Input: train.Width, Seed: seed}, Quantity: unique(train).Shape()[0],
		})
	}},
	{"Lookup", "adapted", "0.85 / 0.85", false, 250, 1e-3, false, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return lookup(train, seed, train.Width, modernhopfield.LookupConfig{
			Config: adapted(train.Width, seed), Separated: true, TargetsFrozen: true, Patterns: unique(train),
		})
	}},
	{"Lookup", "a table", "", true, 30, 1e-2, true, func(train *dataset.Bags, seed uint64) (layers.Layer, error) {
		return lookup(train, seed, 1, modernhopfield.LookupConfig{
			Config: modernhopfield.Config{
				Hidden: train.Width, Beta: 1, StoredNorm: modernhopfield.PlainNorm, StateNorm: modernhopfield.PlainNorm,
				StoredStatic: true, StateStatic: true, ProjectionStatic: true, Projection: 1, NoOutput: true, Seed: seed,
			},
			Separated: true, Patterns: unique(train),
		})
	}},
}

// latchRows are the rows of the latch sequences, all at the reference's learning rate.
var latchRows = []row{
	{"Hopfield", "defaults", "1.00", false, 5, 1e-3, false, bitRows[0].build},
	{"Hopfield", "adapted", "1.00", false, 5, 1e-3, false, bitRows[1].build},
	{"Pooling", "defaults", "1.00", false, 5, 1e-3, false, bitRows[3].build},
	{"Pooling", "adapted", "0.999 / 1.00", false, 5, 1e-3, false, bitRows[4].build},
	{"Lookup", "defaults", "1.00", false, 5, 1e-3, false, bitRows[6].build},
	{"Hopfield", "null pattern", "", true, 5, 1e-2, true, bitRows[2].build},
	{"Pooling", "null pattern", "", true, 5, 1e-2, true, bitRows[5].build},
	{"Lookup", "a table", "", true, 5, 1e-2, true, bitRows[8].build},
}

// hopfield lets the instances of a bag associate with each other and reads them out together.
func hopfield(train *dataset.Bags, seed uint64, c modernhopfield.Config) (layers.Layer, error) {
	h, err := modernhopfield.NewHopfield("hopfield", c)
	if err != nil {
		return nil, err
	}
	return withHead(h, layers.Flatten{}, train.Lengths[0]*train.Width, seed)
}

// pooling lets a learned state pattern associate with the instances of a bag.
func pooling(train *dataset.Bags, seed uint64, c modernhopfield.Config) (layers.Layer, error) {
	p, err := modernhopfield.NewPooling("pooling", modernhopfield.PoolingConfig{Config: c})
	if err != nil {
		return nil, err
	}
	return withHead(p, nil, train.Width, seed)
}

// lookup looks each instance up in a table, output columns each, and reads them out together.
func lookup(train *dataset.Bags, seed uint64, output int, c modernhopfield.LookupConfig) (layers.Layer, error) {
	l, err := modernhopfield.NewLookup("lookup", c)
	if err != nil {
		return nil, err
	}
	return withHead(l, layers.Flatten{}, train.Lengths[0]*output, seed)
}

func withHead(association layers.Layer, readOut layers.Layer, columns int, seed uint64) (layers.Layer, error) {
	head, err := layers.NewLinear("head", layers.LinearConfig{In: columns, Out: 2, Seed: seed})
	if err != nil {
		return nil, err
	}
	if readOut == nil {
		return layers.NewSequential("model", association, head)
	}
	return layers.NewSequential("model", association, readOut, head)
}

// unique returns the distinct instances of the bags, in the order in which they first come.
func unique(b *dataset.Bags) *tensor.Dense {
	type pattern string
	seen := map[pattern]bool{}
	var rows []float32
	for from := 0; from < len(b.Instances); from += b.Width {
		instance := b.Instances[from : from+b.Width]
		bits := make([]byte, b.Width)
		for i, x := range instance {
			bits[i] = byte(x)
		}
		if !seen[pattern(bits)] {
			seen[pattern(bits)] = true
			rows = append(rows, instance...)
		}
	}
	return tensor.New(tensor.WithShape(len(seen), b.Width), tensor.WithBacking(rows))
}

// tensorOf returns the bags, which are all as long, as a tensor (bags, instances, columns) of their memory.
func tensorOf(b *dataset.Bags) *tensor.Dense {
	return tensor.New(tensor.WithShape(b.Len(), b.Lengths[0], b.Width), tensor.WithBacking(b.Instances))
}
