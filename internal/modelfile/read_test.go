package modelfile

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func encoded(t testing.TB, f *File) []byte {
	var b bytes.Buffer
	require.NoError(t, encode(&b, f))
	return b.Bytes()
}

func put(t testing.TB, b []byte) string {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

// reseal gives a file whose content was tampered with the checksum of what it now contains, as a forger would. It needs a
// readable layout that states a checksum plainly.
func reseal(b []byte) ([]byte, bool) {
	lay, err := readLayout(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, false
	}
	stated := []byte(lay.meta[checksumKey])
	if len(stated) != 64 || bytes.Count(b, stated) != 1 {
		return nil, false
	}
	sum := newChecksum(lay.meta, len(lay.entries))
	for _, e := range lay.entries {
		sum.tensor(e.name, e.dtype, e.shape)
		sum.data(b[e.offset : e.offset+e.bytes])
	}
	return bytes.Replace(b, stated, []byte(sum.sum()), 1), true
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	require.NoError(t, Write(path, sample()))
	got, err := Read(path)
	require.NoError(t, err)
	want := sample()
	want.Tensors = []Tensor{want.Tensors[1], want.Tensors[0], want.Tensors[2]}
	require.Equal(t, want, got)

	// What was read can be written again as it is.
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, Write(path, got))
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestRoundTripOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	require.NoError(t, Write(path, &File{}))
	got, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, &File{Meta: map[string]string{}, Tensors: []Tensor{}}, got)
}

// TestRoundTripAcrossChunks has tensors that end just before, at and just behind the bytes converted at once.
func TestRoundTripAcrossChunks(t *testing.T) {
	f := &File{Meta: map[string]string{}}
	for i, n := range []int{chunk/8 - 1, chunk / 8, chunk/8 + 1, chunk / 4, chunk/4 + 1, 3*chunk/4 + 5} {
		a, b := make([]float32, n), make([]float64, n)
		for j := range a {
			a[j], b[j] = float32(j)+0.5, float64(j)+1e-9
		}
		f.Tensors = append(f.Tensors,
			Tensor{Name: string(rune('a' + 2*i)), Shape: []int{n}, Data: a},
			Tensor{Name: string(rune('b' + 2*i)), Shape: []int{1, n}, Data: b})
	}
	got, err := Read(put(t, encoded(t, f)))
	require.NoError(t, err)
	require.Equal(t, f, got)
}

func TestBitsOfNaNSurvive(t *testing.T) {
	const quiet32, quiet64 = 0xffc12345, 0x7ff8000012345678
	f := &File{Tensors: []Tensor{
		{Name: "a", Shape: []int{1}, Data: []float32{math.Float32frombits(quiet32)}},
		{Name: "b", Shape: []int{1}, Data: []float64{math.Float64frombits(quiet64)}},
	}}
	got, err := Read(put(t, encoded(t, f)))
	require.NoError(t, err)
	require.EqualValues(t, uint32(quiet32), math.Float32bits(got.Tensors[0].Data.([]float32)[0]))
	require.EqualValues(t, uint64(quiet64), math.Float64bits(got.Tensors[1].Data.([]float64)[0]))
}

func TestHostileFiles(t *testing.T) {
	for _, c := range hostile {
		path := put(t, c.file)
		_, err := Read(path)
		require.ErrorContains(t, err, c.want, c.name)
		require.ErrorContains(t, err, path, c.name)
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	b := goldenBytes(t)
	for n := range b {
		_, err := load(bytes.NewReader(b[:n]), int64(n))
		require.Error(t, err, "first %d bytes", n)
	}
	_, err := load(bytes.NewReader(append(b, 0)), int64(len(b)+1))
	require.ErrorContains(t, err, "data has 17 bytes, want the 16")
}

func TestEveryBitFlipIsFound(t *testing.T) {
	good := goldenBytes(t)
	data := len(good) - len(goldenData)/2
	for i := range 8 * len(good) {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		_, err := load(bytes.NewReader(b), int64(len(b)))
		require.Error(t, err, "bit %d of byte %d", i%8, i/8)
		if i/8 < data {
			continue
		}
		require.ErrorContains(t, err, "damaged")
		// The checksum is what finds it: with the right one the file is as good as any.
		sealed, ok := reseal(b)
		require.True(t, ok)
		_, err = load(bytes.NewReader(sealed), int64(len(sealed)))
		require.NoError(t, err)
	}
}

// TestCheckedMetadata swaps parts of the header that all by themselves are fine.
func TestCheckedMetadata(t *testing.T) {
	good := string(goldenBytes(t))
	for _, c := range []struct{ old, new, want string }{
		{`visible`, `hiddens`, "damaged"},
		{`"config"`, `"Config"`, "damaged"},
		{`"a":{`, `"c":{`, "damaged"},
		{`[2,1]`, `[1,2]`, "damaged"},
		{`8188427f`, `8188427e`, "damaged"},
		{`8188427f`, `8188427F`, "damaged"},
		{`"harmonium.format":"1"`, `"harmonium.format":"2"`, `format version "2", this library reads version "1"`},
		{`"harmonium.format":"1"`, `"harmonium.forma_":"1"`, `no metadata key "harmonium.format": not a model file of this library`},
		{`"harmonium.sha256"`, `"harmonium.sha512"`, `no metadata key "harmonium.sha256"`},
		{`"__metadata__":{`, `"__metadata_":{"`, "header is not valid JSON"},
	} {
		require.Equal(t, 1, strings.Count(good, c.old))
		_, err := Read(put(t, []byte(strings.Replace(good, c.old, c.new, 1))))
		require.ErrorContains(t, err, c.want)
	}
	_, err := Read(put(t, craft(`{"a":`+f32x2+`}`, 8)))
	require.ErrorContains(t, err, "not a model file of this library")
}

// TestReorderedHeaderIsTheSameContent is what another tool may do when it writes the file again.
func TestReorderedHeaderIsTheSameContent(t *testing.T) {
	good := goldenBytes(t)
	header, data := goldenHeader, good[len(good)-len(goldenData)/2:]
	header = strings.NewReplacer(`[8,16]`, `[0,8]`, `[0,8]`, `[8,16]`, `"a":`, "\n \"\\u0061\": ").Replace(header)
	moved := append(craft(header, 0), data[8:]...)
	moved = append(moved, data[:8]...)
	got, err := Read(put(t, moved))
	require.NoError(t, err)
	require.Equal(t, golden(), got)
}

func TestNotARegularFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(dir)
	require.ErrorContains(t, err, `modelfile: Read "`+dir+`": has mode drwx`)

	_, err = Read(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestSparseFiles are files that claim much and cost their author nothing.
func TestSparseFiles(t *testing.T) {
	for _, c := range []struct {
		name, header string
		size         int64
		want         string
	}{
		{"header of another size", `{"a":` + f32x2 + `}`, 1 << 31, "want the 8 that the tensors take"},
		{"header of nulls", "", 1 << 31, "not valid JSON"},
		{"terabyte", `{"a":{"dtype":"F32","shape":[262144,1048576],"data_offsets":[0,1099511627776]}}`, 0, "want at most 4294967296"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := put(t, craft(c.header, 0))
			if c.size == 0 {
				c.size = int64(8+len(c.header)) + 1<<40
			}
			if err := os.Truncate(path, c.size); err != nil {
				t.Skip(err) // a file system without room for such a file cannot be used to attack
			}
			_, err := Read(path)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestShrinkingFile reads a file that loses its tail after its size was taken.
func TestShrinkingFile(t *testing.T) {
	b := goldenBytes(t)
	for _, n := range []int{4, 100, len(b) - 12, len(b) - 1} {
		_, err := load(bytes.NewReader(b[:n]), int64(len(b)))
		require.ErrorContains(t, err, "unexpected EOF", "%d bytes left", n)
	}
}

func TestConcurrentReaders(t *testing.T) {
	path := put(t, encoded(t, sample()))
	want, err := Read(path)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := Read(path)
				if err != nil || len(got.Tensors) != len(want.Tensors) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRead runs the whole reader on arbitrary bytes, also with the checksum made right. Whatever it accepts must survive being
// written and read.
func FuzzRead(f *testing.F) {
	for _, c := range hostile {
		if len(c.file) < 1<<16 {
			f.Add(c.file)
		}
	}
	good := encoded(f, sample())
	f.Add(good)
	f.Add(encoded(f, golden()))
	f.Add(encoded(f, &File{}))
	for n := 0; n < len(good); n += 37 {
		f.Add(good[:n])
		flipped := bytes.Clone(good)
		flipped[n] ^= 4
		f.Add(flipped)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		accept(t, b)
		if sealed, ok := reseal(b); ok {
			accept(t, sealed)
		}
	})
}

func accept(t *testing.T, b []byte) {
	got, err := load(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		require.Nil(t, got)
		require.Less(t, len(err.Error()), 2000)
		return
	}
	require.NoError(t, got.check(), "Write must take what Read returns")
	first := encoded(t, got)
	again, err := load(bytes.NewReader(first), int64(len(first)))
	require.NoError(t, err)
	require.Equal(t, first, encoded(t, again))
}

func BenchmarkRead50MB(b *testing.B) {
	path := filepath.Join(b.TempDir(), "m.safetensors")
	require.NoError(b, Write(path, big()))
	b.SetBytes(50e6)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Read(path)
		require.NoError(b, err)
	}
}

func BenchmarkWrite50MB(b *testing.B) {
	path := filepath.Join(b.TempDir(), "m.safetensors")
	f := big()
	b.SetBytes(50e6)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, Write(path, f))
	}
}

func big() *File {
	return &File{Tensors: []Tensor{
		{Name: "a", Shape: []int{2500, 2500}, Data: make([]float32, 2500*2500)},
		{Name: "b", Shape: []int{3125000}, Data: make([]float64, 3125000)},
	}}
}
