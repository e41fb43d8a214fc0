package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// associations returns, for each of the first bags held out, the weights of the pooling's associations on the instances and
// at the end on the null pattern: the means over the heads, with the sum 1.
func (t *task) associations(ctx context.Context, m *model, bags int) ([][]float64, error) {
	features, err := training.Predict(ctx, m.features, t.held.Tensor())
	if err != nil {
		return nil, err
	}
	width, values := features.Shape()[1], features.Data().([]float32)
	all := make([][]float64, bags)
	for i := range all {
		from, to := t.held.Range(i)
		g := G.NewGraph()
		bag := tensor.New(tensor.WithShape(to-from, width), tensor.WithBacking(values[from*width:to*width]))
		x := G.NewMatrix(g, tensor.Float32, G.WithName("bag"), G.WithShape(to-from, width), G.WithValue(bag))
		weights, err := m.pooling.Association(x, modernhopfield.Masks{})
		if err != nil {
			return nil, err
		}
		vm, err := machine.New(g, machine.Config{Outputs: []*G.Node{weights}, Eval: true})
		if err != nil {
			return nil, err
		}
		if err := vm.RunAll(); err != nil {
			return nil, err
		}
		all[i] = make([]float64, to-from+1)
		w := vm.Value(weights).Data().([]float32)
		for k, x := range w {
			all[i][k%(to-from+1)] += float64(x) * float64(to-from+1) / float64(len(w))
		}
	}
	return all, nil
}

const (
	shownBags = 12
	barHeight = 4 // in pixels of a digit, and one of space
)

// picture draws the first bags held out, one a line: each digit as bright as its weight, and below it a bar as long as that. The
// last tile of a bag is the null pattern. It says how often the pooling looks most at the digit that counts.
func (t *task) picture(ctx context.Context, m *model) error {
	weights, err := t.associations(ctx, m, t.held.Len())
	if err != nil {
		return err
	}
	found, chance := 0, 0.0
	for i, w := range weights {
		from, to := t.held.Range(i)
		digits := t.held.Digits[from:to]
		if t.held.Labels[i] == 0 {
			continue
		}
		if instances := w[:len(digits)]; digits[slices.Index(instances, slices.Max(instances))] == t.target {
			found++
		}
		for _, d := range digits {
			if d == t.target {
				chance += 1 / float64(len(digits))
			}
		}
	}
	shown := min(shownBags, t.held.Len())
	height, width := t.digits.Rows, t.digits.Cols
	perLine := slices.Max(t.held.Lengths[:shown]) + 1
	tile := (height + barHeight + 1) * width
	rows := make([]float32, shown*perLine*tile)
	for i, w := range weights[:shown] {
		bag, largest := t.held.Bag(i), float32(slices.Max(w))
		for k, weight := range w {
			pixels := rows[(i*perLine+k)*tile:][:tile]
			if k < len(w)-1 {
				for p, x := range bag[k*width*height : (k+1)*width*height] {
					pixels[p] = x * (0.25 + 0.75*float32(weight)/largest)
				}
			}
			for y := height + 1; y < height+1+barHeight; y++ {
				for x := range int(float64(width)*weight + 0.5) {
					pixels[y*width+x] = 1
				}
			}
		}
	}
	path := filepath.Join(t.out, "bags.png")
	if err := dataset.WriteGrid(path, rows, width, height+barHeight+1, perLine, 2); err != nil {
		return err
	}
	if n := positive(t.held); n > 0 {
		fmt.Fprintf(t.words, "in %.1f%% of the held-out bags with a %d the pooling looks most at a %[2]d; a digit at random is one in %.1f%%\n",
			share(found, n), t.target, 100*chance/float64(n))
	}
	fmt.Fprintf(t.words, "%s: held-out bags, one a line, each digit as bright as its weight; at the end of a line the null pattern\n", path)
	return nil
}
