package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/iris"
)

// debian is where Debian's python3-sklearn keeps its tables.
const debian = "/usr/lib/python3/dist-packages/sklearn/datasets/data"

// set is a table with its name.
type set struct {
	*dataset.Table
	name string
	// alike says that all columns measure one thing in one unit, as pixels do: they are scaled together, not each by itself.
	alike bool
}

// tables reads iris, from the module cache, and the tables of a directory. Without a directory given those that Debian's would
// have are left out where it is missing; missing says so, or is nil.
func tables(ctx context.Context, dir string) (sets []set, missing error, err error) {
	flowers, err := iris.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	sets = []set{{flowers, "iris", false}}
	given := dir != ""
	if !given {
		dir = debian
	}
	for _, more := range []struct {
		name, file string
		alike      bool
	}{{"wine", "wine_data.csv", false}, {"breast cancer", "breast_cancer.csv", false}, {"digits 8×8", "digits.csv.gz", true}} {
		table, err := dataset.ReadTable(filepath.Join(dir, more.file))
		if err != nil {
			if !given && errors.Is(err, fs.ErrNotExist) {
				return sets[:1], fmt.Errorf("only iris: %w; install python3-sklearn, or give a directory with its tables with -data", err), nil
			}
			return nil, nil, fmt.Errorf("-data: %w", err)
		}
		sets = append(sets, set{table, more.name, more.alike})
	}
	return sets, nil, nil
}

// fold is a table parted into rows to train on and rows held out, scaled by the former.
type fold struct {
	train, held *dataset.Table
	seed        uint64
}

func newFold(s set, train, held []int, seed uint64) fold {
	f := fold{s.Select(train), s.Select(held), seed}
	width := s.Width
	if s.alike {
		width = 1
	}
	scaling := dataset.NewScaling(f.train.Features, width)
	scaling.Apply(f.train.Features)
	scaling.Apply(f.held.Features)
	return f
}
