package dataset

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadTable(t *testing.T) {
	flowers := &Table{Features: []float32{5.5, 3, 1, -2, 0.25, 1e-3}, Width: 2, Labels: []int{0, 1, 0}, Classes: []string{"setosa", "virginica"}}
	plain := &Table{Features: flowers.Features, Width: 2, Labels: []int{2, 0, 2}, Classes: []string{"0", "1", "2"}}
	for name, c := range map[string]struct {
		file string
		want *Table
	}{
		"names":            {"length,width,species\n5.5,3,setosa\n1,-2,virginica\n0.25,1e-3,setosa\n", flowers},
		"counts":           {"3,2,setosa,virginica\n5.5,3,0\n1,-2,1\n0.25,1e-3,0\n", flowers},
		"numbers":          {"5.5,3,2\n1,-2,0\n0.25,1e-3,2\n", plain},
		"floating classes": {"5.5,3,2.000e+00\n1,-2,0.0\n0.25,1e-3,2\n", plain},
		"spaces":           {"\r\n 5.5, 3 ,2\r\n\r\n1,-2,0\r\n0.25,1e-3,2", plain},
	} {
		for _, content := range [][]byte{[]byte(c.file), compress(t, []byte(c.file))} {
			got, err := ReadTable(write(t, t.TempDir(), "file", content))
			require.NoError(t, err, name)
			require.Equal(t, c.want, got, name)
		}
	}
	require.Equal(t, 3, flowers.Len())
	require.Equal(t, []float32{1, -2}, flowers.Row(1))
	require.Equal(t, []int{3, 2}, []int(flowers.Tensor().Shape()))
	s := flowers.Select([]int{1, 1})
	require.Equal(t, &Table{Features: []float32{1, -2, 1, -2}, Width: 2, Labels: []int{1, 1}, Classes: flowers.Classes}, s)
	s.Features[0] = 7
	require.Equal(t, float32(1), flowers.Features[2], "a copy")
}

func TestReadTableRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"empty":                 {"", "no rows"},
		"a header only":         {"a,b,c\n", "no rows"},
		"counts only":           {"2,2,a,b\n", "no rows"},
		"fewer than it says":    {"2,1,a,b\n1,0\n", "1 rows, the header says 2"},
		"more than it says":     {"1,1,a,b\n1,0\n1,1\n", "2 rows, the header says 1"},
		"negative rows":         {"-3,1,a,b\n1,0\n", `line 1: the header says "-3" rows`},
		"rows that overflow":    {"99999999999999999999,1,a,b\n1,0\n", "line 1: the header says"},
		"no features declared":  {"2,0,a,b\n0\n", `line 1: the header says "0" features`},
		"too many features":     {"2,1000000000,a,b\n0\n", `line 1: the header says "1000000000" features`},
		"one column":            {"1\n", "line 1: 1 values, want at least 2"},
		"a name in the middle":  {"1,x,3\n", "line 1: is neither names nor numbers"},
		"a short line":          {"1,2,0\n1,0\n", "line 2: 2 values, want 2 features and a class"},
		"a long line":           {"1,2,0\n1,0,2,0\n", "line 2: 4 values"},
		"a word for a number":   {"1,2,0\n1,x,0\n", `line 2: "x" in feature 1`},
		"not a number":          {"a,b\nNaN,x\n", `line 2: "NaN" in feature 0`},
		"infinite":              {"1,0\n-Inf,0\n", `line 2: "-Inf" in feature 0`},
		"too large for float32": {"1,0\n1e39,0\n", `line 2: "1e39" in feature 0`},
		"nothing":               {"1,0\n,0\n", `line 2: "" in feature 0`},
		"a fraction of a class": {"1,0\n1,0.5\n", `line 2: class "0.5"`},
		"a negative class":      {"1,0\n1,-1\n", `line 2: class "-1"`},
		"a class too high":      {"1,0\n1,1000\n", `line 2: class "1000", want a whole number from 0 to 999`},
		"an infinite class":     {"1,0\n1,Inf\n", `line 2: class "Inf"`},
		"a class not declared":  {"1,1,a,b\n1,2\n", `line 2: class "2", want a whole number from 0 to 1`},
		"no class":              {"a,b\n1,\n", `line 2: class ""`},
		"a line without end":    {"1,0\n" + strings.Repeat("1", csvLine+1), "after line 1: "},
	} {
		path := write(t, t.TempDir(), "file", []byte(c.file))
		_, err := ReadTable(path)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
	}
	var many strings.Builder
	many.WriteString("a,b\n")
	for i := range maxClasses + 1 {
		fmt.Fprintf(&many, "1,class%d\n", i)
	}
	_, err := readTable(strings.NewReader(many.String()))
	require.ErrorContains(t, err, "want at most 1000 names")
	_, err = ReadTable(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	packed := compress(t, []byte("1,0\n"))
	packed[len(packed)-5] ^= 1 // in the checksum
	_, err = readTable(bytes.NewReader(packed))
	require.ErrorContains(t, err, "checksum")
}

// A file that unpacks to more than csvBytes is given up when it has, whether its cells are kept or not.
func TestReadCSVIsBounded(t *testing.T) {
	line := strings.Repeat(" ", csvLine-10) + "\n"
	bomb := compress(t, []byte(strings.Repeat(line, csvBytes/len(line)+20)))
	_, err := readTable(bytes.NewReader(bomb))
	require.ErrorContains(t, err, "more than 67108864 bytes")
	_, err = readBags(bytes.NewReader(bomb))
	require.ErrorContains(t, err, "more than 67108864 bytes")
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte("length,width,species\n5.5,3,setosa\n1,-2,virginica\n"))
	f.Add([]byte("3,2,setosa,virginica\n5.5,3,0\n1,-2,1\n0.25,1e-3,0\n"))
	f.Add([]byte("5.5,3,2\n1,-2,0\n"))
	f.Add(compress(f, []byte("1,0\n")))
	f.Add([]byte("1,1000\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		table, err := readTable(bytes.NewReader(file))
		if err != nil {
			require.Nil(t, table)
			return
		}
		require.Positive(t, table.Len())
		require.Positive(t, table.Width)
		require.Len(t, table.Features, table.Len()*table.Width)
		for _, x := range table.Features {
			require.False(t, math.IsNaN(float64(x)) || math.IsInf(float64(x), 0))
		}
		for _, l := range table.Labels {
			require.True(t, l >= 0 && l < len(table.Classes))
		}
	})
}
