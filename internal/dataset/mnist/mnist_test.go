package mnist

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The checksums that have gone with MNIST's files since their first site.
var checksums = map[string]string{
	"train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
	"train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
	"t10k-images-idx3-ubyte.gz":  "9fb629c4189551a2d022fa330f9573f3",
	"t10k-labels-idx1-ubyte.gz":  "ec29112dd5afa0611ce80d1b7f02629c",
}

// requireGo skips a test where the go tool cannot have the files: a test binary
// that was built elsewhere and runs without it.
func requireGo(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go tool")
	}
	if err := exec.Command("go", "mod", "download", module).Run(); err != nil {
		t.Skip("module not cached and no network: ", err)
	}
}

func TestDirHasTheKnownFiles(t *testing.T) {
	requireGo(t)
	// Any folder will do, one outside of every module too.
	t.Chdir(t.TempDir())
	dir, err := Dir(t.Context())
	require.NoError(t, err)
	for name, want := range checksums {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		sum := md5.Sum(content)
		require.Equal(t, want, hex.EncodeToString(sum[:]), name)
	}
}

func TestLoad(t *testing.T) {
	requireGo(t)
	d, err := Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "MNIST", d.Name)
	require.Equal(t, []int{60000, 28, 28}, []int{d.Train.N, d.Train.Rows, d.Train.Cols})
	require.Equal(t, []int{10000, 28, 28}, []int{d.Test.N, d.Test.Rows, d.Test.Cols})
	require.Equal(t, 10, d.Classes())
	require.Equal(t, []int{5, 0, 4, 1, 9}, d.TrainLabels[:5])
	require.Equal(t, []int{7, 2, 1, 0, 4}, d.TestLabels[:5])

	// The mean pixel that everyone's preprocessing subtracts.
	var sum float64
	for _, p := range d.Train.Pixels {
		sum += float64(p)
	}
	require.InDelta(t, 0.1307, sum/float64(len(d.Train.Pixels)), 5e-5)
}

func TestDirWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Dir(t.Context())
	require.ErrorIs(t, err, exec.ErrNotFound)
	require.ErrorContains(t, err, "-data DIR")
	_, err = Load(t.Context())
	require.ErrorIs(t, err, exec.ErrNotFound)
}

func TestDirOffline(t *testing.T) {
	requireGo(t)
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOPROXY", "off")
	_, err := Dir(t.Context())
	require.ErrorContains(t, err, "GOPROXY=off")
	require.ErrorContains(t, err, "-data DIR")
}

func TestDirEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Dir(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
