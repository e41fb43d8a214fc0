package main

import (
	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// model classifies bags: features of each instance, a pooling of the bag, and a linear classifier.
type model struct {
	*layers.Sequential
	features *layers.Sequential
	pooling  *modernhopfield.Pooling
}

// newPlain makes a model whose features are learned from the bags alone: two layers of rectified units, with dropout.
func (t *task) newPlain() (*model, error) {
	var chain []layers.Layer
	in := t.train.Width
	for _, name := range []string{"features1", "features2"} {
		linear, err := layers.NewLinear(name, layers.LinearConfig{In: in, Out: t.hidden, Seed: t.seed})
		if err != nil {
			return nil, err
		}
		dropout, err := layers.NewDropout(name+"-dropout", 0.5, t.seed)
		if err != nil {
			return nil, err
		}
		chain = append(chain, linear, layers.ReLU(), dropout)
		in = t.hidden
	}
	return t.newModel(chain...)
}

// newHybrid makes a model whose features are the means of a pretrained stack's top units. Training on bags goes on through the
// stack.
func (t *task) newHybrid(net *dbn.DBN) (*model, error) {
	dropout, err := layers.NewDropout("dropout", 0.5, t.seed)
	if err != nil {
		return nil, err
	}
	return t.newModel(net, dropout)
}

// newModel pools few features, made of the given ones. One state pattern with one head looks for what makes a bag positive; the null
// pattern is what it can look at in a bag where that is not. Dropout on the association makes it look at more than one of several.
func (t *task) newModel(features ...layers.Layer) (*model, error) {
	const pooled = 64
	few, err := layers.NewLinear("pooled", layers.LinearConfig{In: t.hidden, Out: pooled, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	chain, err := layers.NewSequential("features", append(features, few, layers.ReLU())...)
	if err != nil {
		return nil, err
	}
	pooling, err := modernhopfield.NewPooling("pooling", modernhopfield.PoolingConfig{Config: modernhopfield.Config{
		Input: pooled, Hidden: 32, Output: 32, NullPattern: true, Activation: "relu", Dropout: 0.3, Seed: t.seed,
	}})
	if err != nil {
		return nil, err
	}
	head, err := layers.NewLinear("head", layers.LinearConfig{In: 32, Out: 2, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	all, err := layers.NewSequential("bags", chain, pooling, head)
	if err != nil {
		return nil, err
	}
	return &model{all, chain, pooling}, nil
}
