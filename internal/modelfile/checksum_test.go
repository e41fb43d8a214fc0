package modelfile

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"
)

// The bytes of a small file, made by a Python program from the package comment alone (struct, json and hashlib). They must never
// change while Version is "1".
const (
	goldenHeader = `{"__metadata__":{"config":"{\"visible\":2}","harmonium.format":"1",` +
		`"harmonium.sha256":"8188427fb019ef028170e51cec006fc8a79a963ae0fbf2706ee265702aaee1e5"},` +
		`"a":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}} `
	goldenData = "9a9999999999b93f" + "0000003f000000c0"
)

func golden() *File {
	return &File{
		Meta: map[string]string{"config": `{"visible":2}`},
		Tensors: []Tensor{
			{Name: "a", Shape: []int{2, 1}, Data: []float32{0.5, -2}},
			{Name: "b", Shape: []int{1}, Data: []float64{0.1}},
		},
	}
}

func goldenBytes(t *testing.T) []byte {
	data, err := hex.DecodeString(goldenData)
	require.NoError(t, err)
	return append(craft(goldenHeader, 0), data...)
}

func TestGoldenBytes(t *testing.T) {
	want := goldenBytes(t)
	require.Equal(t, want, encoded(t, golden()))
	got, err := load(bytes.NewReader(want), int64(len(want)))
	require.NoError(t, err)
	require.Equal(t, golden(), got)
}

// TestChecksumSeparatesContents moves bytes between neighbouring parts: contents that differ must not be hashed alike.
func TestChecksumSeparatesContents(t *testing.T) {
	type tensor struct {
		name  string
		dtype safetensors.DType
		shape []uint64
		data  string
	}
	seen := map[string]int{}
	contents := []struct {
		meta    map[string]string
		tensors []tensor
	}{
		{nil, nil},
		{map[string]string{"ab": "c"}, nil},
		{map[string]string{"a": "bc"}, nil},
		{map[string]string{"a": "b", "c": ""}, nil},
		{nil, []tensor{{"a", safetensors.F32, []uint64{2}, "12345678"}}},
		{nil, []tensor{{"b", safetensors.F32, []uint64{2}, "12345678"}}},
		{nil, []tensor{{"a", safetensors.F64, []uint64{1}, "12345678"}}},
		{nil, []tensor{{"a", safetensors.F32, []uint64{1, 2}, "12345678"}}},
		{nil, []tensor{{"a", safetensors.F32, []uint64{2, 1}, "12345678"}}},
		{nil, []tensor{{"a", safetensors.F32, []uint64{2}, "12345679"}}},
		{nil, []tensor{{"a", safetensors.F32, []uint64{1}, "1234"}, {"b", safetensors.F32, []uint64{1}, "5678"}}},
		{nil, []tensor{{"a", safetensors.F32, []uint64{1}, "5678"}, {"b", safetensors.F32, []uint64{1}, "1234"}}},
	}
	for i, c := range contents {
		sum := newChecksum(c.meta, len(c.tensors))
		for _, x := range c.tensors {
			sum.tensor(x.name, x.dtype, x.shape)
			sum.data([]byte(x.data))
		}
		got := sum.sum()
		require.NotContains(t, seen, got, "content %d", i)
		seen[got] = i
	}

	// What the file states about its checksum is not a part of what is checked.
	stated := newChecksum(map[string]string{checksumKey: "x"}, 0)
	require.Contains(t, seen, stated.sum())
}
