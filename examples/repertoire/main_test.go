package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func small() config {
	return config{instances: 500, witnesses: 0.02, bags: 8, held: 20, epochs: 15, seed: 1}
}

func TestRun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), small(), &stdout, &stderr))
	require.Regexp(t, `(?m)^8 bags of 500 patterns of 32 numbers, 0 MB each, half of them with 10 witnesses$`, stdout.String())
	require.Regexp(t, `held-out AUC [01]\.\d{3} \(20 bags of 500 patterns, 2% witnesses\)\n$`, stdout.String())
	require.Empty(t, stderr.String(), "no bars where there is no terminal")

	c := small()
	c.quiet = true
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first, io.Discard))
	require.NoError(t, run(t.Context(), c, &second, io.Discard))
	require.Equal(t, first.String(), second.String(), "a seed makes a result")
	require.Equal(t, 1, bytes.Count(first.Bytes(), []byte("\n")))
}

// A bag is the same whichever others are drawn with it, and only the odd ones have witnesses.
func TestDraw(t *testing.T) {
	c := small()
	all, labels := c.draw(0, 4)
	require.Equal(t, []int{0, 1, 0, 1}, labels)
	third, label := c.draw(2, 1)
	require.Equal(t, all.Rows.Float32s()[2*500*width:3*500*width], third.Rows.Float32s())
	require.Equal(t, []int{0}, label)
	c.witnesses = 0
	none, _ := c.draw(0, 4)
	require.Equal(t, none.Rows.Float32s()[:500*width], all.Rows.Float32s()[:500*width])
	require.NotEqual(t, none.Rows.Float32s()[500*width:1000*width], all.Rows.Float32s()[500*width:1000*width])
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(), io.Discard, io.Discard), context.Canceled)
}

func TestRunRefuses(t *testing.T) {
	for text, spoil := range map[string]func(c *config){
		"-instances 0: want 1 to 100,000,000":       func(c *config) { c.instances = 0 },
		"-witnesses 2: want a share of 0 to 1":      func(c *config) { c.witnesses = 2 },
		"-bags 1 -held 20: want at least 2 of each": func(c *config) { c.bags = 1 },
		"-epochs 0: want at least 1":                func(c *config) { c.epochs = 0 },
	} {
		c := small()
		spoil(&c)
		require.ErrorContains(t, run(t.Context(), c, io.Discard, io.Discard), text)
	}
}
