package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The assembly in the tree is what the generator writes.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	for _, f := range families {
		require.NoError(t, write(dir, f.name, f.emit))
		for _, name := range []string{f.name + "_amd64.s", f.name + "_amd64.go"} {
			want, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join("..", name))
			require.NoError(t, err)
			require.True(t, string(want) == string(got), "%s is not what the generator writes: run go generate ./internal/kernel", name)
		}
	}
}
