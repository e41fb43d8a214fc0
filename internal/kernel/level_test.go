package kernel

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChosenLevel(t *testing.T) {
	for _, c := range []struct {
		name string
		best Level
		want Level
		err  string
	}{
		{"", AVX512, AVX512, ""},
		{"", Plain, Plain, ""},
		{"go", AVX512, Plain, ""},
		{"avx2", AVX512, AVX2, ""},
		{"AVX2", AVX2, AVX2, ""},
		{"avx512", AVX512, AVX512, ""},
		{"avx512", AVX2, 0, `HARMONIUM_KERNEL is "avx512", but the best that this processor has is "avx2"`},
		{"sse", AVX512, 0, `HARMONIUM_KERNEL is "sse", want one of go, avx2, avx512`},
	} {
		got, err := chosen(c.name, c.best)
		require.Equal(t, c.want, got, c.name)
		if c.err == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.err)
		}
	}
}

// The variable is read when the process starts, so other processes show it.
func TestLevelVariable(t *testing.T) {
	const report = "HARMONIUM_TEST_REPORT_LEVEL"
	if os.Getenv(report) != "" {
		os.Stdout.WriteString("at " + Current().String())
		return
	}
	start := func(level string) (string, error) {
		c := exec.Command(os.Args[0], "-test.run=^TestLevelVariable$")
		c.Env = append(os.Environ(), LevelVariable+"="+level, report+"=1")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for _, l := range Levels() {
		out, err := start(l.String())
		require.NoError(t, err)
		require.Contains(t, out, "at "+l.String())
	}
	out, err := start("sse")
	require.Error(t, err)
	require.Contains(t, out, "want one of go, avx2, avx512")
}
