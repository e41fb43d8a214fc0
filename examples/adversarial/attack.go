package main

import (
	"context"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// attacker holds the graph of a classifier's votes on a batch of images, of the cost of taking them for other classes, and of that
// cost's gradient with regard to the images.
type attacker struct {
	images, targets *tensor.Dense
	votes, slope    *G.Node
	vm              *machine.Machine
}

func newAttacker(net *modernhopfield.DenseClassifier, rows int) (*attacker, error) {
	c, g := net.Config(), G.NewGraph()
	node := func(name string, columns int) (*tensor.Dense, *G.Node) {
		t := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(rows, columns))
		return t, G.NewMatrix(g, tensor.Float32, G.WithName(name), G.WithShape(rows, columns), G.WithValue(t))
	}
	a := &attacker{}
	var images, targets *G.Node
	a.images, images = node("images", c.Inputs)
	a.targets, targets = node("targets", c.Classes)
	var err error
	if a.votes, err = net.Votes(images); err != nil {
		return nil, err
	}
	// of the votes, not of their hyperbolic tangents: where those are ±1 there is no slope left
	cost, err := layers.CrossEntropy(a.votes, targets)
	if err != nil {
		return nil, err
	}
	slopes, err := G.Grad(cost, images)
	if err != nil {
		return nil, err
	}
	a.slope = slopes[0]
	a.vm, err = machine.New(g, machine.Config{Outputs: []*G.Node{a.votes, a.slope}})
	return a, err
}

// outcome is what an attack makes of its images.
type outcome struct {
	images   []float32 // just across the boundary where crossed, wherever the steps ended elsewhere
	crossed  []bool
	distance []float64 // moved, |x' − x|₂ with white 1 and black 0
}

const (
	step     = 0.1 // length of a step, in units of which black and white are two apart
	maxSteps = 300
)

// attack moves each image, in steps of one length down the gradient, towards the class that is second in the votes for it, and stops
// where the label is no longer first: at most a step behind the boundary.
func attack(ctx context.Context, net *modernhopfield.DenseClassifier, images []float32, labels []int) (*outcome, error) {
	rows, inputs := len(labels), net.Config().Inputs
	a, err := newAttacker(net, rows)
	if err != nil {
		return nil, err
	}
	o := &outcome{crossed: make([]bool, rows), distance: make([]float64, rows)}
	x := a.images.Float32s()
	copy(x, images)
	for s := 0; ; s++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := a.vm.RunAll(); err != nil {
			return nil, err
		}
		votes, slope := a.vm.Value(a.votes).(*tensor.Dense), a.vm.Value(a.slope).(*tensor.Dense).Float32s()
		if s == 0 {
			a.aim(votes.Float32s(), labels)
			if err := a.vm.RunAll(); err != nil { // with targets now
				return nil, err
			}
		}
		for i, class := range training.Classes(votes) {
			o.crossed[i] = o.crossed[i] || class != labels[i]
			if !o.crossed[i] && s < maxSteps {
				descend(x[i*inputs:(i+1)*inputs], slope[i*inputs:(i+1)*inputs])
			}
		}
		if s == maxSteps || !slices.Contains(o.crossed, false) {
			break
		}
	}
	o.images = append(o.images, x...)
	for i := range o.distance {
		o.distance[i] = distance(x[i*inputs:(i+1)*inputs], images[i*inputs:(i+1)*inputs])
	}
	return o, nil
}

// aim makes the class with the most votes but the label's the target.
func (a *attacker) aim(votes []float32, labels []int) {
	classes := len(votes) / len(labels)
	for i, label := range labels {
		row := votes[i*classes : (i+1)*classes]
		best := (label + 1) % classes
		for class, v := range row {
			if class != label && v > row[best] {
				best = class
			}
		}
		a.targets.Float32s()[i*classes+best] = 1
	}
}

func descend(x, slope []float32) {
	norm := 0.0
	for _, g := range slope {
		norm += float64(g) * float64(g)
	}
	if norm == 0 {
		return
	}
	rate := float32(step / math.Sqrt(norm))
	for j, g := range slope {
		x[j] = min(max(x[j]-rate*g, -1), 1)
	}
}

func distance(a, b []float32) float64 {
	sum := 0.0
	for j := range a {
		sum += float64(a[j]-b[j]) * float64(a[j]-b[j])
	}
	return math.Sqrt(sum) / 2
}

// margins are the votes for the label less the most for another class; one below 0 is an error.
func margins(net *modernhopfield.DenseClassifier, images []float32, labels []int) ([]float64, error) {
	a, err := newAttacker(net, len(labels))
	if err != nil {
		return nil, err
	}
	copy(a.images.Float32s(), images)
	if err := a.vm.RunAll(); err != nil {
		return nil, err
	}
	votes, classes := a.vm.Value(a.votes).(*tensor.Dense).Float32s(), net.Config().Classes
	out := make([]float64, len(labels))
	for i, label := range labels {
		row := votes[i*classes : (i+1)*classes]
		out[i] = math.Inf(1)
		for class, v := range row {
			if class != label {
				out[i] = min(out[i], float64(row[label]-v))
			}
		}
	}
	return out, nil
}
