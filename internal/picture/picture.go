// Package picture writes picture files.
package picture

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Write writes a file beside path and renames it, so that a reader of path, or a run that is cut short, never meets half a picture.
func Write(path string, encode func(w io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	// CreateTemp makes private files; a picture is for everyone to look at.
	if err = errors.Join(encode(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
