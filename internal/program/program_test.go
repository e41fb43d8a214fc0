package program

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	require.NoError(t, Writable(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	require.ErrorContains(t, Writable(file), "-out: ")
	require.ErrorContains(t, Writable(filepath.Join(file, "below")), "-out: ")
}
