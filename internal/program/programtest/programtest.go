// Package programtest is what the tests of example programs have in common.
package programtest

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Lines returns the lines of an output, without the end of the last.
func Lines(out *bytes.Buffer) []string {
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// Size returns the size of a PNG file.
func Size(t testing.TB, path string) image.Point {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	return img.Bounds().Size()
}

// Canceller is an output that ends a context as soon as a word is printed, and remembers when.
type Canceller struct {
	Word   string
	Cancel context.CancelFunc
	At     time.Time
}

// Write satisfies io.Writer.
func (c *Canceller) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.Word) && c.At.IsZero() {
		c.At = time.Now()
		c.Cancel()
	}
	return len(p), nil
}
