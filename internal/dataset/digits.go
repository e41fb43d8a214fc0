package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxLabel is the largest label of MNIST and of its drop-in replacements.
const maxLabel = 9

// Digits is MNIST or a drop-in replacement of it, such as Fashion-MNIST:
// pictures of one size with a label from 0 to 9 each, parted in a training and
// a test set.
type Digits struct {
	Train, Test             *Images
	TrainLabels, TestLabels []int

	// Name is the name of the folder that the files came from, unless whoever
	// loaded them knew better.
	Name string
}

// Classes returns the number of classes, one more than the largest label.
func (d *Digits) Classes() int {
	return 1 + max(slices.Max(d.TrainLabels), slices.Max(d.TestLabels))
}

// First leaves the first n pictures of each set with their labels, or all for
// n = 0.
func (d *Digits) First(n int) {
	d.Train, d.TrainLabels = d.Train.first(d.TrainLabels, n)
	d.Test, d.TestLabels = d.Test.first(d.TestLabels, n)
}

func (im *Images) first(labels []int, n int) (*Images, []int) {
	if n == 0 || n >= im.N {
		return im, labels
	}
	return &Images{Pixels: im.Pixels[:n*im.Rows*im.Cols], N: n, Rows: im.Rows, Cols: im.Cols}, labels[:n]
}

// Load reads the four files
//
//	train-images-idx3-ubyte   train-labels-idx1-ubyte
//	t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte
//
// from dir. Each may end in .gz, and each may be spelt with a dot before idx,
// as some archives do. Load returns an error when a file is missing or broken,
// when a set has not as many labels as pictures, when a label exceeds 9, and
// when the two sets hold pictures of different sizes.
func Load(dir string) (*Digits, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: Load %q: %w", dir, err)
	}
	d := &Digits{Name: filepath.Base(abs)}
	if d.Train, d.TrainLabels, err = loadSet(dir, "train"); err != nil {
		return nil, err
	}
	if d.Test, d.TestLabels, err = loadSet(dir, "t10k"); err != nil {
		return nil, err
	}
	if d.Train.Rows != d.Test.Rows || d.Train.Cols != d.Test.Cols {
		return nil, fmt.Errorf("dataset: Load %q: train pictures have size (%d, %d), t10k pictures (%d, %d), want the same",
			dir, d.Train.Rows, d.Train.Cols, d.Test.Rows, d.Test.Cols)
	}
	return d, nil
}

// loadSet reads the pictures and labels whose file names start with set.
func loadSet(dir, set string) (*Images, []int, error) {
	imagePath, err := locate(dir, set+"-images", "idx3-ubyte")
	if err != nil {
		return nil, nil, err
	}
	labelPath, err := locate(dir, set+"-labels", "idx1-ubyte")
	if err != nil {
		return nil, nil, err
	}
	// The labels first: they are small, and may tell that the rest is not worth reading.
	labels, err := ReadLabels(labelPath)
	if err != nil {
		return nil, nil, err
	}
	if top := slices.Max(labels); top > maxLabel {
		return nil, nil, fmt.Errorf("dataset: Load: %q has label %d, want 0 to %d", labelPath, top, maxLabel)
	}
	images, err := ReadImages(imagePath)
	if err != nil {
		return nil, nil, err
	}
	if images.N != len(labels) {
		return nil, nil, fmt.Errorf("dataset: Load: %q has %d pictures, %q has %d labels, want as many",
			imagePath, images.N, labelPath, len(labels))
	}
	return images, labels, nil
}

// locate finds the file called stem and kind, in any of its spellings.
func locate(dir, stem, kind string) (string, error) {
	for _, dash := range []string{"-", "."} {
		for _, suffix := range []string{"", ".gz"} {
			path := filepath.Join(dir, stem+dash+kind+suffix)
			_, err := os.Stat(path)
			if err == nil {
				return path, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("dataset: Load: %w", err)
			}
		}
	}
	return "", fmt.Errorf("dataset: Load %q: no file %s-%s, plain or .gz: %w", dir, stem, kind, fs.ErrNotExist)
}
