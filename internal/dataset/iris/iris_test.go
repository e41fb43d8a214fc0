package iris

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go tool")
	}
	flowers, err := Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"setosa", "versicolor", "virginica"}, flowers.Classes)
	require.Equal(t, 4, flowers.Width)
	require.Equal(t, 150, flowers.Len())
	count := make([]int, 3)
	mean := make([]float64, 4)
	for i, label := range flowers.Labels {
		count[label]++
		for j, x := range flowers.Row(i) {
			mean[j] += float64(x) / 150
		}
	}
	require.Equal(t, []int{50, 50, 50}, count)
	// The means that UCI's description of the set gives.
	for j, want := range []float64{5.843, 3.054, 3.759, 1.199} {
		require.InDelta(t, want, mean[j], 1e-3)
	}
}

func TestModuleIsTheOneInUse(t *testing.T) {
	file, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	require.Contains(t, string(file), "\t"+strings.ReplaceAll(module, "@", " ")+"\n")
}

func TestLoadWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Load(t.Context())
	require.ErrorIs(t, err, exec.ErrNotFound)
	require.ErrorContains(t, err, "-data DIR")
}
