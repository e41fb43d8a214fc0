package main

import (
	"context"
	"fmt"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset"
)

// pictures writes what the pretrained stack has learned: the filters of the first layer, test images beside their
// reconstructions, and digits that it makes up.
func (t *task) pictures(ctx context.Context, net *dbn.DBN) error {
	const perLine, scale = 20, 2
	filters := filepath.Join(t.out, "filters.png")
	weights := net.RBMs()[0].Param("W").Value().Data().([]float32)
	if err := dataset.WriteFilters(filters, weights, t.width, t.height, t.layers[0], min(200, t.layers[0]), perLine, scale); err != nil {
		return err
	}

	shown := min(perLine*4, t.test.Shape()[0]) / 2 * 2
	head, err := t.test.Slice(tensor.S(0, shown))
	if err != nil {
		return err
	}
	back, err := net.Reconstruct(head.(*tensor.Dense))
	if err != nil {
		return err
	}
	pairs := filepath.Join(t.out, "reconstructions.png")
	if err := dataset.WriteGrid(pairs, interleave(head.Data().([]float32), back.Data().([]float32), t.width*t.height, perLine), t.width, t.height, perLine, scale); err != nil {
		return err
	}

	const count, steps = 100, 1000
	made, err := net.Generate(ctx, count, dbn.GenerateConfig{Steps: steps, Seed: t.seed})
	if err != nil {
		return err
	}
	generated := filepath.Join(t.out, "generated.png")
	if err := dataset.WriteGrid(generated, made.Data().([]float32), t.width, t.height, perLine, scale); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "pictures: %s (first layer), %s (test images above what the stack sees), %s (made up, %d Gibbs steps)\n",
		filters, pairs, generated, steps)
	return nil
}

// interleave puts every line of images above the line of their reconstructions.
func interleave(images, back []float32, pixels, perLine int) []float32 {
	var rows []float32
	for lo := 0; lo < len(images); lo += perLine * pixels {
		hi := min(lo+perLine*pixels, len(images))
		rows = append(rows, images[lo:hi]...)
		rows = append(rows, back[lo:hi]...)
	}
	return rows
}
