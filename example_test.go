package harmonium_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "harmonium")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bars.safetensors")
	bars := tensor.New(tensor.WithShape(4, 6), tensor.WithBacking([]float32{
		1, 0, 1, 0, 1, 0, // the bars and stripes of 3 by 2 pixels
		0, 1, 0, 1, 0, 1,
		1, 1, 0, 0, 0, 0,
		0, 0, 1, 1, 0, 0,
	}))

	rbm, err := layers.NewRBM("bars", layers.RBMConfig{
		Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(8), Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	report, err := training.Contrastive{
		Negative: sampling.PCD{Steps: 5, Chains: 100},
		Solver:   training.Adam{Rate: 0.02},
		Epochs:   500, Seed: 1,
	}.Fit(ctx, rbm, bars)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("reconstruction error %.1f\n", report.Last().ReconstructionError)
	if err := rbm.Save(path); err != nil {
		log.Fatal(err)
	}
	// Output:
	// reconstruction error 0.0
}

// The program on the page of the package is the one of the example.
func TestDocShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	from, to := strings.Index(string(source), "\trbm, err :="), strings.Index(string(source), "\t// Output:")
	require.True(t, 0 < from && from < to)
	var comment strings.Builder
	for line := range strings.Lines(string(source[from:to])) {
		comment.WriteString("//" + line)
	}
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	require.Contains(t, string(doc), comment.String())
}
