package dataset

import (
	"bytes"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadBags(t *testing.T) {
	file := []byte("7,1,0.5,-1\n7,1,2,3\nx,0,4,5\n")
	want := newBags([]float32{0.5, -1, 2, 3, 4, 5}, 2, []int{2, 1}, []int{1, 0})
	for _, content := range [][]byte{file, compress(t, file)} {
		got, err := ReadBags(write(t, t.TempDir(), "file", content))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestReadBagsRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"empty":               {"", "no bags"},
		"no features":         {"1,0\n", "line 1: 2 values"},
		"one cell":            {"1\n", "line 1: 1 values"},
		"a short line":        {"1,0,1,2\n1,0,1\n", "line 2: 3 values, want a bag, a label and 2 features"},
		"a header":            {"bag,label,x\n", `line 1: label "label", want 0 or 1`},
		"another label":       {"1,-1,2\n", `line 1: label "-1"`},
		"two labels of a bag": {"1,0,2\n1,1,2\n", `line 2: bag "1" has label 1, and had 0 before`},
		"a bag in two parts":  {"1,0,2\n2,0,2\n1,0,2\n", `line 3: bag "1" goes on`},
		"a word":              {"1,0,x\n", `line 1: "x" in feature 0`},
		"infinite":            {"1,0,2,+Inf\n", `line 1: "+Inf" in feature 1`},
	} {
		path := write(t, t.TempDir(), "file", []byte(c.file))
		_, err := ReadBags(path)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
	}
	_, err := ReadBags(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func FuzzReadBags(f *testing.F) {
	f.Add([]byte("7,1,0.5,-1\n7,1,2,3\nx,0,4,5\n"))
	f.Add([]byte("1,0,2\n2,0,2\n1,0,2\n"))
	f.Add(compress(f, []byte("1,0,2\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		bags, err := readBags(bytes.NewReader(file))
		if err != nil {
			require.Nil(t, bags)
			return
		}
		require.Positive(t, bags.Len())
		require.Len(t, bags.Labels, bags.Len())
		require.Positive(t, slices.Min(bags.Lengths))
		_, end := bags.Range(bags.Len() - 1)
		require.Len(t, bags.Instances, end*bags.Width)
		for _, x := range bags.Instances {
			require.False(t, math.IsNaN(float64(x)) || math.IsInf(float64(x), 0))
		}
	})
}
