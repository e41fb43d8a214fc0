package picture

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	require.NoError(t, Write(path, text("one")))
	require.NoError(t, Write(path, text("two")))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(content))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm())
}

// What cannot be finished leaves the old file, and no other.
func TestWriteAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	require.NoError(t, Write(path, text("whole")))
	failure := errors.New("no more ink")
	require.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(text("ha")(w), failure) }), failure)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "whole", string(content))
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.Mkdir(taken, 0o700))
	require.ErrorContains(t, Write(taken, text("x")), taken)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.ErrorIs(t, Write(filepath.Join(dir, "nowhere", "a.png"), text("x")), os.ErrNotExist)
}
