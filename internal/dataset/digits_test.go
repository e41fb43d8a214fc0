package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// digits writes a tiny data set of 2×3 pixels under the names given for the
// four files, and returns its folder.
func digits(t *testing.T, trainImages, trainLabels, testImages, testLabels string) string {
	dir := filepath.Join(t.TempDir(), "tiny")
	require.NoError(t, os.Mkdir(dir, 0o700))
	write(t, dir, trainImages, twoPictures)
	write(t, dir, trainLabels, encode([]byte{3, 5}, 2))
	write(t, dir, testImages, encode([]byte{0, 0, 0, 0, 0, 255}, 1, 2, 3))
	write(t, dir, testLabels, compress(t, encode([]byte{9}, 1)))
	return dir
}

func plainDigits(t *testing.T) string {
	return digits(t, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz")
}

func TestLoad(t *testing.T) {
	for _, dir := range []string{
		plainDigits(t),
		digits(t, "train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte.gz"),
	} {
		d, err := Load(dir)
		require.NoError(t, err)
		require.Equal(t, "tiny", d.Name)
		require.Equal(t, 2, d.Train.N)
		require.Equal(t, []int{3, 5}, d.TrainLabels)
		require.Equal(t, []float32{0, 0, 0, 0, 0, 1}, d.Test.Pixels)
		require.Equal(t, []int{9}, d.TestLabels)
		require.Equal(t, 10, d.Classes())
	}

	t.Chdir(plainDigits(t))
	d, err := Load(".")
	require.NoError(t, err)
	require.Equal(t, "tiny", d.Name)
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		content []byte
		want    string
	}{
		"train labels too few": {"train-labels-idx1-ubyte", encode([]byte{3}, 1), "2 pictures"},
		"test labels too many": {"t10k-labels-idx1-ubyte.gz", encode([]byte{3, 3}, 2), "2 labels"},
		"label 10":             {"train-labels-idx1-ubyte", encode([]byte{3, 10}, 2), "label 10, want 0 to 9"},
		"broken pictures":      {"t10k-images-idx3-ubyte", twoPictures[:20], "header declares 12"},
		"broken labels":        {"t10k-labels-idx1-ubyte.gz", nil, "header has 0 bytes"},
		"other height":         {"t10k-images-idx3-ubyte", encode(make([]byte, 9), 1, 3, 3), "size (2, 3), t10k pictures (3, 3)"},
		"other width":          {"t10k-images-idx3-ubyte", encode(make([]byte, 4), 1, 2, 2), "size (2, 3), t10k pictures (2, 2)"},
	} {
		dir := plainDigits(t)
		write(t, dir, c.file, c.content)
		_, err := Load(dir)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, dir, name)
	}

	for _, file := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"} {
		dir := plainDigits(t)
		require.NoError(t, os.Remove(filepath.Join(dir, file)))
		_, err := Load(dir)
		require.ErrorIs(t, err, fs.ErrNotExist, file)
		require.ErrorContains(t, err, dir)
	}
	_, err := Load(write(t, t.TempDir(), "file", nil))
	require.Error(t, err, "a file for a folder")
}
