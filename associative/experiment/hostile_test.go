package experiment_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/associative/experiment"
	"github.com/harmonium-go/harmonium/energy"
)

type noNetwork struct{ associative.Hebb }

func (noNetwork) Learn(context.Context, *tensor.Dense) (*associative.Hopfield, error) {
	return nil, nil
}

// Hidden units are counted by HiddenUnits; elsewhere a network that has them, or none at all, would be measured against other states.
func TestRulesThatMakeOtherNetworks(t *testing.T) {
	for _, rule := range []associative.Rule{noNetwork{}, associative.Padded{Rule: associative.Hebb{}, Hidden: 2}} {
		_, err := experiment.Basins(t.Context(), experiment.BasinConfig{Rule: rule, Units: 6, Sets: 2})
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "experiment: Basins: ")
		_, err = experiment.Spurious(t.Context(), experiment.SpuriousConfig{Rules: []associative.Rule{rule}, Units: 6, Sets: 2})
		require.ErrorIs(t, err, energy.ErrConfig)
		_, err = experiment.Endings(t.Context(), experiment.EndingConfig{Rules: []associative.Rule{rule}, Units: 6, Sets: 2})
		require.ErrorIs(t, err, energy.ErrConfig)
		_, err = experiment.Capacity(t.Context(), experiment.CapacityConfig{Rules: []associative.Rule{rule}, Units: []int{6}, Sets: 2})
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err := experiment.CountStable(t.Context(), nil, nil)
	require.ErrorIs(t, err, energy.ErrConfig)
}

// Counts that are all 1 are one power of ten, which is no range for a logarithmic axis.
func TestPictureOfOneValue(t *testing.T) {
	table, err := experiment.Spurious(t.Context(), experiment.SpuriousConfig{Rules: []associative.Rule{associative.Hebb{}}, Units: 1, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	require.NoError(t, table.Plot(filepath.Join(t.TempDir(), "ones.png")))
}
