package main

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/program/programtest"
)

var lastLine = regexp.MustCompile(`^held-out accuracy: bit patterns Hopfield (\d\.\d{3}), Pooling (\d\.\d{3}), Lookup (\d\.\d{3}) \(n = 64\); ` +
	`latch sequences Hopfield \d\.\d{3}, Pooling \d\.\d{3}, Lookup \d\.\d{3} \(n = 64\)$`)

// small is a run of seconds.
func small() config { return config{task: "all", epochs: 2, seed: 1, bags: 256, sequences: 256} }

func TestRun(t *testing.T) {
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), small(), &stdout, io.Discard))
	all := programtest.Lines(&stdout)
	require.Len(t, all, 2+len(bitRows)+2+len(latchRows)+1)
	require.Contains(t, all[0], "192 bags to train on, 64 held out")
	for i, r := range bitRows {
		require.Contains(t, all[2+i], r.layer)
		require.Contains(t, all[2+i], r.settings)
		require.Contains(t, all[2+i], r.reference)
	}
	require.Contains(t, all[2+len(bitRows)], "192 sequences to train on, 64 held out")
	require.Regexp(t, lastLine, all[len(all)-1])
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small()
	c.quiet, c.ours = true, true
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first, io.Discard))
	require.Len(t, programtest.Lines(&first), 1)
	require.Regexp(t, lastLine, programtest.Lines(&first)[0])
	require.NoError(t, run(t.Context(), c, &second, io.Discard))
	require.Equal(t, first.String(), second.String(), "a seed makes a table")
}

// A table of patterns is learned within seconds.
func TestALookupLearnsTheSignals(t *testing.T) {
	c := config{task: "bits", seed: 1}
	got, err := (&task{config: c}).train(t.Context(), bitPatterns(2048), bitRows[len(bitRows)-1])
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.held, 0.95)
}

// The reference's layers reach 0.85 at best on bit patterns, and 1 on latch sequences.
func TestOurSettingsSolveBothTasks(t *testing.T) {
	if testing.Short() {
		t.Skip("trains six models")
	}
	for _, c := range []struct {
		name string
		data split
		rows []row
		want float64
	}{
		{"bits", bitPatterns(2048), bitRows, 0.95},
		{"latch", latchSequences(1024), latchRows, 1},
	} {
		for _, r := range c.rows {
			if !r.ours {
				continue
			}
			t.Run(c.name+"/"+r.layer, func(t *testing.T) {
				t.Parallel()
				got, err := (&task{config: config{seed: 1}}).train(t.Context(), c.data, r)
				require.NoError(t, err)
				require.GreaterOrEqual(t, got.held, c.want)
			})
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	c := small()
	c.epochs = 1_000_000
	started := time.Now()
	require.ErrorIs(t, run(ctx, c, io.Discard, io.Discard), context.DeadlineExceeded)
	require.Less(t, time.Since(started), 20*time.Second, "it would take days")
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		spoil func(c *config)
		text  string
	}{
		{func(c *config) { c.task = "xor" }, `-task "xor": want bits, latch or all`},
		{func(c *config) { c.epochs = -1 }, "-epochs -1: want at least 1, or 0"},
	} {
		spoilt := small()
		c.spoil(&spoilt)
		var stdout bytes.Buffer
		require.ErrorContains(t, run(t.Context(), spoilt, &stdout, io.Discard), c.text)
		require.Empty(t, stdout.String(), "refused before any work")
	}
}
