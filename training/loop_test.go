package training_test

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/training"
)

func TestContextEndsTheRunWhereItStands(t *testing.T) {
	for _, name := range []string{"PCD, Adam, centered, schedules/float32", "squared error, AdamW/float64"} {
		c := caseNamed(name)
		_, start, err := c.run(options{ctx: stopAt(0)})
		require.ErrorIs(t, err, context.Canceled)
		report, model, err := c.run(options{ctx: stopAt(7)})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "stopped in epoch 2 after step 7")
		require.Len(t, report.Epochs, 1)
		require.Equal(t, uint64(7), report.Steps)
		require.NotEqual(t, values(start), values(model))

		_, twin, err := c.run(options{ctx: stopAt(8)})
		require.ErrorIs(t, err, context.Canceled)
		require.NotEqual(t, values(twin), values(model))
	}
}

func TestDeadlineIsTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	report, _, err := caseNamed("CD, momentum/float32").run(options{ctx: ctx})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "no epoch finished, 0 steps (grey values as they are)", report.String())
}

// Cancelled before its first step, a run leaves a checkpoint of its beginning, InitBias included, that resumes.
func TestCancelledBeforeTheFirstStep(t *testing.T) {
	c := caseNamed("PCD, Adam, centered, schedules/float64")
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	_, _, err := c.run(options{checkpoint: whole})
	require.NoError(t, err)
	report, _, err := c.run(options{ctx: stopAt(0), checkpoint: parts})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, report.Steps)
	require.Equal(t, positionOf{}, positionIn(t, parts))
	report, _, err = c.run(options{checkpoint: parts, resume: true, scramble: true})
	require.NoError(t, err)
	require.True(t, report.Resumed)
	require.Equal(t, state(whole), state(parts))
}

func TestProgressGoesToTerminalsOnly(t *testing.T) {
	var out bytes.Buffer
	for _, name := range []string{"CD, momentum/float32", "squared error, AdamW/float32"} {
		_, _, err := caseNamed(name).run(options{progress: &out})
		require.NoError(t, err)
	}
	require.Zero(t, out.Len())
}

func TestObserveSeesEveryEpochOnce(t *testing.T) {
	var seen []int
	report, _, err := caseNamed("CD, momentum/float32").run(options{observe: func(e training.Epoch) error {
		seen = append(seen, e.Epoch)
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, seen)
	for i, e := range report.Epochs {
		require.Equal(t, i+1, e.Epoch)
		require.Equal(t, uint64(5*(i+1)), e.Step)
	}
}

// TestRaceOfFits runs all cases, two at a time on two goroutines, under go test -race above all; alone they give the same bits.
func TestRaceOfFits(t *testing.T) {
	cases := fitCases()
	results := make([][][]float64, len(cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := range next {
				if _, model, err := cases[i].run(options{epochs: 2}); err == nil {
					results[i] = values(model)
				}
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, c := range cases {
		_, alone, err := c.run(options{epochs: 2})
		require.NoError(t, err)
		require.Equal(t, values(alone), results[i], c.name)
	}
}
