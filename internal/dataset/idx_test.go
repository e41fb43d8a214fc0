package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// encode writes an idx file of unsigned bytes.
func encode(data []byte, dims ...uint32) []byte {
	file := []byte{0, 0, idxBytes, byte(len(dims))}
	for _, d := range dims {
		file = binary.BigEndian.AppendUint32(file, d)
	}
	return append(file, data...)
}

func compress(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// write puts content in a new file called name and returns its path.
func write(t testing.TB, dir, name string, content []byte) string {
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// twoPictures are of 2×3 pixels.
var twoPictures = encode([]byte{0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6}, 2, 2, 3)

func TestReadImages(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"plain":             twoPictures,
		"packed.gz":         compress(t, twoPictures),
		"packed, no suffix": compress(t, twoPictures),
		"plain, suffix.gz":  twoPictures,
	} {
		im, err := ReadImages(write(t, dir, name, content))
		require.NoError(t, err, name)
		require.Equal(t, []int{2, 2, 3}, []int{im.N, im.Rows, im.Cols}, name)
		require.Equal(t, []float32{0, 0.2, 0.4, 0.6, 0.8, 1, 1. / 255, 2. / 255, 3. / 255, 4. / 255, 5. / 255, 6. / 255}, im.Pixels, name)
	}
}

func TestReadLabels(t *testing.T) {
	dir := t.TempDir()
	file := encode([]byte{7, 0, 255}, 3)
	for name, content := range map[string][]byte{"plain": file, "packed.gz": compress(t, file)} {
		labels, err := ReadLabels(write(t, dir, name, content))
		require.NoError(t, err)
		require.Equal(t, []int{7, 0, 255}, labels)
	}
}

func TestTensorSharesPixels(t *testing.T) {
	im, err := readImages(bytes.NewReader(twoPictures))
	require.NoError(t, err)
	a, b := im.Tensor(), im.Tensor()
	require.Equal(t, []int{2, 6}, []int(a.Shape()))
	im.Pixels[7] = 0.75
	got, err := a.At(1, 1)
	require.NoError(t, err)
	require.Equal(t, float32(0.75), got)
	require.NotSame(t, a, b)
}

func TestReadRefuses(t *testing.T) {
	packed := compress(t, twoPictures)
	broken := bytes.Clone(packed)
	broken[len(broken)-5] ^= 1 // in the checksum
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "header has 0 bytes, want 16"},
		"one byte":           {[]byte{0x1f}, "header has 1 bytes"},
		"half a header":      {twoPictures[:9], "header has 9 bytes, want 16"},
		"labels":             {encode([]byte{1}, 1), "header has 9 bytes"},
		"many labels":        {encode(make([]byte, 20), 20), "magic number is 00000801, want 00000803"},
		"floats":             {append([]byte{0, 0, 0x0d, 3}, twoPictures[4:]...), "magic number is 00000d03"},
		"no pictures":        {encode(nil, 0, 28, 28), "dimension 0 is 0"},
		"no columns":         {encode(nil, 2, 28, 0), "dimension 2 is 0"},
		"too large":          {encode(nil, 1<<20, 1<<10, 2), "more than 1073741824"},
		"overflow":           {encode(nil, 1<<31, 1<<31, 4), "more than 1073741824"},
		"overflow to zero":   {encode(nil, 1<<31, 1<<31, 1<<2), "more than 1073741824"},
		"one byte short":     {twoPictures[:len(twoPictures)-1], "holds 11 elements, header declares 12"},
		"one byte long":      {append(bytes.Clone(twoPictures), 0), "bytes follow the 12 declared"},
		"packed, short":      {compress(t, twoPictures[:20]), "holds 4 elements"},
		"packed, long":       {compress(t, append(bytes.Clone(twoPictures), 0)), "bytes follow"},
		"packed, cut":        {packed[:len(packed)-9], "unexpected EOF"},
		"packed, checksum":   {broken, "checksum"},
		"packed, then bytes": {append(bytes.Clone(packed), 0), "after 12 of the 12"},
		"packed twice":       {compress(t, packed), "magic number is 1f8b"},
		"not quite gzip":     {[]byte{0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "gzip"},
	} {
		path := write(t, t.TempDir(), "file", c.file)
		_, err := ReadImages(path)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
	}

	_, err := ReadLabels(write(t, t.TempDir(), "pictures", twoPictures))
	require.ErrorContains(t, err, "magic number is 00000803, want 00000801")
	_, err = ReadImages(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ReadLabels(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ReadImages(t.TempDir())
	require.Error(t, err, "a folder")
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Neither a header that promises a gigabyte nor a stream that unpacks to far
// more than its header promises makes the reader allocate for it.
func TestReadAllocatesWhatIsThere(t *testing.T) {
	promise := encode(make([]byte, 100), 1<<20, 1<<5, 1<<5)
	bomb := compress(t, encode(make([]byte, 64<<20), 1, 2, 2))
	for name, file := range map[string][]byte{"promise": promise, "packed promise": compress(t, promise), "bomb": bomb} {
		got := allocated(func() {
			_, err := readImages(bytes.NewReader(file))
			require.Error(t, err, name)
		})
		require.Less(t, got, uint64(1<<20), name)
	}

	// The measure sees what reading the bomb whole would take.
	require.Greater(t, allocated(func() {
		r, err := gzip.NewReader(bytes.NewReader(bomb))
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.NoError(t, err)
	}), uint64(64<<20))
}

func FuzzReadImages(f *testing.F) {
	f.Add(twoPictures)
	f.Add(compress(f, twoPictures))
	f.Add(twoPictures[:len(twoPictures)-1])
	f.Add(encode(nil, 1<<31, 1<<31, 4))
	f.Add(encode([]byte{9}, 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		im, err := readImages(bytes.NewReader(file))
		packed, packedErr := readImages(bytes.NewReader(compress(t, file)))
		if err != nil {
			require.Nil(t, im)
			if !bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
				require.Error(t, packedErr, "packing does not mend a file")
			}
			return
		}
		require.Len(t, im.Pixels, im.N*im.Rows*im.Cols)
		data := make([]byte, len(im.Pixels))
		for i, p := range im.Pixels {
			require.True(t, p >= 0 && p <= 1)
			data[i] = level(p)
		}
		if bytes.HasPrefix(file, []byte{0, 0}) {
			require.Equal(t, file, encode(data, uint32(im.N), uint32(im.Rows), uint32(im.Cols)))
			require.NoError(t, packedErr)
			require.Equal(t, im, packed)
		}
	})
}
