package experiment

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
)

// Without hidden units the patterns that stay, and those that are found, are the stable ones; with many, all stay that Hebb alone loses.
func TestHiddenUnits(t *testing.T) {
	c := HiddenConfig{Rule: associative.Hebb{}, Units: 30, Stored: 10, Hidden: []int{0, 60}, Sets: 8, Seed: 3}
	got, err := HiddenUnits(t.Context(), c)
	require.NoError(t, err)
	drawn, stable := newSets(c.Seed, "patterns", c.Units, false), 0
	for set := range c.Sets {
		patterns := drawn.draw(set, c.Stored)
		h, err := learn(t.Context(), c.Rule, associative.Keep, patterns, c.Units)
		require.NoError(t, err)
		at, err := h.Stable(rows(patterns, c.Units))
		require.NoError(t, err)
		for _, s := range at {
			if s {
				stable++
			}
		}
	}
	want := float64(stable) / float64(c.Sets*c.Stored)
	require.Greater(t, want, 0.0)
	require.Less(t, want, 0.5)
	for w := range got.Paddings {
		require.InDelta(t, want, got.Stay[w][0].Value, 1e-12)
		require.InDelta(t, want, got.Found[w][0].Value, 1e-12)
	}
	require.Greater(t, got.Stay[0][1].Low, want+0.2, "random paddings")
	require.Greater(t, got.Stay[1][1].Value, got.Stay[0][1].Value, "decorrelated ones")
	again, err := HiddenUnits(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, got, again)

	lines := strings.Split(got.String(), "\n")
	require.Len(t, lines, 7)
	require.Equal(t, "Hebb, 10 patterns of 30 visible units: % that stay, and that are found by their visible units (8 sets)", lines[0])
	require.Regexp(t, `^Decorrelated: stay +\d+\.\d +\d+\.\d$`, lines[4])
	require.NoError(t, got.Plot(filepath.Join(t.TempDir(), "hidden.png")))
}

func TestHiddenUnitsRefuses(t *testing.T) {
	for text, c := range map[string]HiddenConfig{
		"Rule is nil":                      {},
		"Hidden 0 is -1, want 0 to 65486":  {Rule: associative.Hebb{}, Hidden: []int{-1}},
		"want them to ascend":              {Rule: associative.Hebb{}, Hidden: []int{5, 5}},
		"Sets is 1, want 2 to":             {Rule: associative.Hebb{}, Sets: 1},
		"Paddings(7)":                      {Rule: associative.Hebb{}, Paddings: []associative.Paddings{7}},
		"the patterns span all 10 dimensi": {Rule: associative.Projection{}, Units: 10, Stored: 30, Hidden: []int{0}},
	} {
		_, err := HiddenUnits(t.Context(), c)
		require.ErrorIs(t, err, energy.ErrConfig, text)
		require.ErrorContains(t, err, "experiment: HiddenUnits: ")
		require.ErrorContains(t, err, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := HiddenUnits(ctx, HiddenConfig{Rule: associative.Hebb{}})
	require.ErrorIs(t, err, context.Canceled)
}
