package main

import (
	"context"
	"fmt"
	"path/filepath"

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

	pairsPerLine := min(perLine, t.test.Shape()[0])
	shown := min(4*perLine, t.test.Shape()[0]) / pairsPerLine * pairsPerLine // whole lines, so that each stands above its own
	images := head(t.test, shown)
	back, err := net.Reconstruct(images)
	if err != nil {
		return err
	}
	pairs := filepath.Join(t.out, "reconstructions.png")
	both := interleave(images.Data().([]float32), back.Data().([]float32), t.width*t.height, pairsPerLine)
	if err := dataset.WriteGrid(pairs, both, t.width, t.height, pairsPerLine, scale); err != nil {
		return err
	}

	const steps = 100
	from := head(t.test, min(5*perLine, t.test.Shape()[0]))
	made, err := net.Generate(ctx, from.Shape()[0], dbn.GenerateConfig{Steps: steps, Seed: t.seed, From: from})
	if err != nil {
		return err
	}
	generated := filepath.Join(t.out, "generated.png")
	if err := dataset.WriteGrid(generated, made.Data().([]float32), t.width, t.height, perLine, scale); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "pictures:\n  %s: weights into units of the first layer\n  %s: test images, each above what the stack sees in it\n"+
		"  %s: images made up by chains that left the test images %d steps ago\n", filters, pairs, generated, steps)
	return nil
}

// interleave puts every line of images above the line of their reconstructions; there are whole lines only.
func interleave(images, back []float32, pixels, perLine int) []float32 {
	var rows []float32
	for lo := 0; lo < len(images); lo += perLine * pixels {
		hi := lo + perLine*pixels
		rows = append(rows, images[lo:hi]...)
		rows = append(rows, back[lo:hi]...)
	}
	return rows
}
