package modelfile

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain lets a test run itself again as another process, one that can be killed or cut off from the disk.
func TestMain(m *testing.M) {
	if job := os.Getenv("MODELFILE_CHILD"); job != "" {
		children[job](os.Getenv("MODELFILE_PATH"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(path string){
	// staged stops for ever between writing and renaming.
	"staged": func(path string) {
		temp, err := stage(filepath.Dir(path), bulk(2), nil)
		fmt.Println(temp, err)
		select {}
	},
	// loop writes two contents in turn until it is killed.
	"loop": func(path string) {
		for i := 0; ; i++ {
			if err := Write(path, bulk(1+i%2)); err != nil {
				fmt.Println(err)
				return
			}
			if i == 0 {
				fmt.Println("started")
			}
		}
	},
}

func child(job, path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MODELFILE_CHILD="+job, "MODELFILE_PATH="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// firstLine starts the child and returns the first line that it prints.
func firstLine(t *testing.T, cmd *exec.Cmd) string {
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill() })
	b := make([]byte, 4096)
	n, err := out.Read(b)
	require.NoError(t, err)
	return strings.TrimSpace(string(b[:n]))
}

// bulk is half a megabyte that says in its metadata what all of its values are.
func bulk(v int) *File {
	data := make([]float64, 1<<16)
	for i := range data {
		data[i] = float64(v)
	}
	return &File{Meta: map[string]string{"value": fmt.Sprint(v)}, Tensors: []Tensor{{"a", []int{len(data)}, data}}}
}

// leftovers are the files beside the model.
func leftovers(t *testing.T, path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestWriteIsDeterministic(t *testing.T) {
	f := sample()
	want := encoded(t, f)
	for range 20 { // maps are walked in another order each time
		require.Equal(t, want, encoded(t, f))
	}
	f.Tensors[0], f.Tensors[2] = f.Tensors[2], f.Tensors[0]
	require.Equal(t, want, encoded(t, f), "the order of the tensors is no part of the content")
}

func TestWriteDoesNotChangeTheFile(t *testing.T) {
	f := sample()
	require.NoError(t, Write(filepath.Join(t.TempDir(), "m"), f))
	require.Equal(t, sample(), f)
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	many, shared := make([]Tensor, 65), make([]float32, 1<<24)
	for i := range many {
		many[i] = Tensor{fmt.Sprint(i), []int{1 << 24}, shared}
	}
	tensors := func(ts ...Tensor) *File { return &File{Tensors: ts} }
	for _, c := range []struct {
		f    *File
		want string
	}{
		{nil, "file is nil"},
		{tensors(Tensor{"", []int{1}, one}), `tensor 0: name "" is empty, reserved`},
		{tensors(Tensor{"__metadata__", []int{1}, one}), `tensor 0: name "__metadata__" is empty, reserved`},
		{tensors(Tensor{"a\xff", []int{1}, one}), "not valid UTF-8"},
		{tensors(Tensor{"a", []int{1}, one}, Tensor{"a", []int{1}, one}), `tensor 1: name "a" is taken`},
		{tensors(Tensor{"a", []int{1}, []int{1}}), `tensor "a": has data []int, want []float32 or []float64`},
		{tensors(Tensor{"a", []int{1}, nil}), `tensor "a": has data <nil>`},
		{tensors(Tensor{"a", nil, one}), `tensor "a": has 0 axes, want 1 to 8`},
		{tensors(Tensor{"a", []int{1, 1, 1, 1, 1, 1, 1, 1, 1}, one}), `tensor "a": has 9 axes, want 1 to 8`},
		{tensors(Tensor{"a", []int{2}, one}), `tensor "a": has shape (2) of F32, which takes more than the 4 bytes`},
		{tensors(Tensor{"a", []int{1}, []float64{1, 2}}), `tensor "a": has shape (1) but 2 elements, want 1`},
		{tensors(Tensor{"a", []int{0}, one[:0]}), `tensor "a": has shape (0), want extents of at least 1`},
		{tensors(Tensor{"a", []int{-1, -1}, one}), `tensor "a": has shape (-1, -1), want extents of at least 1`},
		{tensors(Tensor{"a", []int{math.MaxInt, 2}, one}), `more than the 4 bytes`},
		{&File{Meta: map[string]string{"harmonium.format": "1"}}, `metadata key "harmonium.format" belongs to the format`},
		{&File{Meta: map[string]string{"harmonium.sha256": ""}}, `metadata key "harmonium.sha256" belongs to the format`},
		{&File{Meta: map[string]string{"k": "\xff"}}, "not valid UTF-8"},
		{&File{Meta: map[string]string{"\xff": "v"}}, "not valid UTF-8"},
		{&File{Meta: map[string]string{"k": strings.Repeat("v", maxHeader)}}, "would not be readable: header too long"},
		{&File{Tensors: many}, `tensor "63" brings the data to 4294967296 bytes`},
	} {
		path := put(t, goldenBytes(t))
		err := Write(path, c.f)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, `modelfile: Write "`+path+`": `)
		require.Empty(t, leftovers(t, path), "%v", err)
		got, err := Read(path)
		require.NoError(t, err)
		require.Equal(t, golden(), got)
	}
}

func TestWriteTargets(t *testing.T) {
	dir := t.TempDir()
	require.ErrorContains(t, Write(dir, golden()), "has mode drwx")
	require.DirExists(t, dir)

	err := Write(filepath.Join(dir, "none", "m"), golden())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoDirExists(t, filepath.Join(dir, "none"))

	err = Write(filepath.Join(dir, "m\x00"), golden())
	require.Error(t, err)

	link, file := filepath.Join(dir, "link"), filepath.Join(t.TempDir(), "file")
	require.NoError(t, Write(file, sample()))
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	require.NoError(t, Write(link, golden()))
	got, err := Read(file)
	require.NoError(t, err)
	require.Equal(t, golden(), got, "a link is followed")
	require.NoError(t, os.Remove(file))
	require.ErrorContains(t, Write(link, golden()), "has mode L", "a link to nothing is not a place for a file")
	require.Equal(t, []string{"link"}, leftovers(t, filepath.Join(dir, "m")))
}

func TestWriteKeepsPermissions(t *testing.T) {
	path := put(t, goldenBytes(t))
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o444} {
		require.NoError(t, os.Chmod(path, mode))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, Write(path, sample()))
		after, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, info.Mode(), after.Mode())
	}
}

// TestReadOnlyDirectory is a failure before the first byte.
func TestReadOnlyDirectory(t *testing.T) {
	path := put(t, goldenBytes(t))
	dir := filepath.Dir(path)
	require.NoError(t, os.Chmod(dir, 0o500))
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if probe, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		probe.Close()
		t.Skip("permissions do not bind this user")
	}
	require.ErrorIs(t, Write(path, sample()), fs.ErrPermission)
	got, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, golden(), got)
}

// TestFailedRename loses the directory between writing and renaming.
func TestFailedRename(t *testing.T) {
	dir := t.TempDir()
	temp, err := stage(dir, golden(), nil)
	require.NoError(t, err)
	require.Error(t, commit(temp, filepath.Join(dir, "none", "m")))
	require.NoFileExists(t, temp)

	// A target that became a directory: the rename itself fails.
	temp, err = stage(dir, golden(), nil)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "m"), 0o700))
	require.Error(t, commit(temp, filepath.Join(dir, "m")))
	require.NoFileExists(t, temp)
}

func TestKilledBeforeRename(t *testing.T) {
	path := put(t, goldenBytes(t))
	cmd := child("staged", path)
	temp, ok := strings.CutSuffix(firstLine(t, cmd), " <nil>")
	require.True(t, ok, temp)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	require.Equal(t, []string{filepath.Base(temp)}, leftovers(t, path), "the new content was there, but for its name")
	left, err := Read(temp)
	require.NoError(t, err)
	require.Equal(t, bulk(2), left)
	got, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, golden(), got)

	// What a killed writer leaves does not hinder the next one, nor is it taken away from a living one.
	require.NoError(t, Write(path, sample()))
	require.FileExists(t, temp)
}

// TestKilledAtAnyTime reads while another process writes, and after that process was killed.
func TestKilledAtAnyTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	want := map[string]*File{"1": bulk(1), "2": bulk(2)}
	for i := range 8 {
		cmd := child("loop", path)
		require.Equal(t, "started", firstLine(t, cmd))
		for value := ""; value != "2"; { // so that the file has changed under the reader at least once
			got, err := Read(path)
			require.NoError(t, err)
			value = got.Meta["value"]
			require.Equal(t, want[value], got)
		}
		time.Sleep(time.Duration(i) * 1700 * time.Microsecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		got, err := Read(path)
		require.NoError(t, err)
		require.Equal(t, want[got.Meta["value"]], got)
	}
}

func TestConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	errs := make(chan error)
	for v := range 4 {
		go func() {
			f := bulk(v)
			for range 5 {
				errs <- Write(path, f)
			}
		}()
	}
	for range 4 * 5 {
		require.NoError(t, <-errs)
	}
	got, err := Read(path)
	require.NoError(t, err)
	var v int
	_, err = fmt.Sscan(got.Meta["value"], &v)
	require.NoError(t, err)
	require.Equal(t, bulk(v), got)
	require.Empty(t, leftovers(t, path))
}

// TestWriterErrors fails the encoder at every one of its writes.
func TestWriterErrors(t *testing.T) {
	var whole bytes.Buffer
	require.NoError(t, encode(&whole, golden()))
	for n := range whole.Len() {
		require.ErrorIs(t, encode(&failing{left: n}, golden()), fs.ErrInvalid, "after %d bytes", n)
	}
	require.NoError(t, encode(&failing{left: whole.Len()}, golden()))
}

type failing struct{ left int }

func (w *failing) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return w.left, fs.ErrInvalid
	}
	w.left -= len(b)
	return len(b), nil
}
