// Package datasettest makes small sets of pictures for the tests of example programs.
package datasettest

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Pictures describes a set of pictures in the four files of MNIST.
type Pictures struct {
	Width, Height, Train, Test int
	// Label is the label of picture i of a set, Grey the value of a pixel of a picture of that label, 0 to 255.
	Label func(r *rand.Rand, i int) int
	Grey  func(r *rand.Rand, label, x, y int) int
}

// Garments is pictures of three classes: a bright bar at the left, in the middle or at the right, in noise.
func Garments(width, height int) Pictures {
	return Pictures{
		Width: width, Height: height, Train: 240, Test: 60,
		Label: func(_ *rand.Rand, i int) int { return i % 3 },
		Grey: func(r *rand.Rand, label, x, _ int) int {
			value := r.IntN(60)
			if x*3/width == label {
				value += 180
			}
			return value
		},
	}
}

// Write writes the files to a directory of the test's and returns it.
func (p Pictures) Write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	for _, set := range []struct {
		name string
		n    int
	}{{"train", p.Train}, {"t10k", p.Test}} {
		images, labels := header(set.n, p.Height, p.Width), header(set.n)
		for i := range set.n {
			label := p.Label(r, i)
			labels = append(labels, byte(label))
			for y := range p.Height {
				for x := range p.Width {
					images = append(images, byte(p.Grey(r, label, x, y)))
				}
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, set.name+"-images-idx3-ubyte"), images, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, set.name+"-labels-idx1-ubyte"), labels, 0o644))
	}
	return dir
}

// header begins an idx file of bytes.
func header(dims ...int) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return b
}
