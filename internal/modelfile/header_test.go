package modelfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// craft puts a header before a data section of n zero bytes.
func craft(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

// claim is a file whose length field says n.
func claim(n uint64, rest string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), rest...)
}

const f32x2 = `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`

// hostile are files that are refused before anything behind the header is read.
var hostile = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "truncated: file has 0 bytes"},
	{"seven bytes", make([]byte, 7), "truncated: file has 7 bytes"},
	{"no header", claim(0, ""), "not valid JSON"},
	{"header length above the file", claim(100, "{}"), "truncated: header has 100 bytes, the file only 2"},
	{"header length above the limit", claim(maxHeader+1, strings.Repeat(" ", maxHeader+1)), "header too long: 1048577 bytes"},
	{"header length 2^64-1", claim(math.MaxUint64, "{}"), "header too long"},
	{"header length 2^64-8 wraps to the start", claim(math.MaxUint64-7, "{}"), "header too long"},
	{"header length 2^63", claim(1<<63, "{}"), "header too long"},
	{"not JSON", craft(`{"a":`, 0), "not valid JSON"},
	{"two values", craft(`{}{}`, 0), "not valid JSON"},
	{"trailing comma", craft(`{"a":`+f32x2+`,}`, 8), "not valid JSON"},
	{"not UTF-8", craft("{\"\xff\":"+f32x2+"}", 8), "not valid JSON"},
	{"ten thousand brackets", craft(strings.Repeat("[", 9000)+strings.Repeat("]", 9000), 0), `header: has "[", want "{"`},
	{"null", craft(`null`, 0), `want "{"`},
	{"list", craft(`[]`, 0), `want "{"`},
	{"tensor is null", craft(`{"a":null}`, 0), `header: "a": has "<nil>", want "{"`},
	{"tensor is a list", craft(`{"a":[]}`, 0), `header: "a": has "[", want "{"`},
	{"tensor without a name", craft(`{"":`+f32x2+`}`, 8), "no name"},

	{"duplicate tensor", craft(`{"a":`+f32x2+`,"a":`+f32x2+`}`, 8), `header: duplicate key "a"`},
	{"duplicate tensor, one escaped", craft(`{"a":`+f32x2+`,"\u0061":`+f32x2+`}`, 8), `header: duplicate key "a"`},
	{"duplicate tensor, lone surrogates", craft(`{"\ud800":`+f32x2+`,"\ud801":`+f32x2+`}`, 8), `duplicate key`},
	{"duplicate metadata section", craft(`{"__metadata__":{},"__metadata__":{}}`, 0), `duplicate key "__metadata__"`},
	{"duplicate metadata key", craft(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `"__metadata__": duplicate key "k"`},
	{"duplicate dtype", craft(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"a": duplicate key "dtype"`},
	{"duplicate shape", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"shape":[1]}}`, 8), `"a": duplicate key "shape"`},

	{"missing offsets", craft(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "expected 3 keys"},
	{"unknown key", craft(`{"a":{"dtype":"F32","shape":[2],"data_offset":[0,8]}}`, 8), `unknown key "data_offset"`},
	{"metadata is a string", craft(`{"__metadata__":"k"}`, 0), `"__metadata__": has "k", want "{"`},
	{"metadata value is a number", craft(`{"__metadata__":{"k":1}}`, 0), `has value "1", want a string`},
	{"metadata value is an object", craft(`{"__metadata__":{"k":{}}}`, 0), `has value "{", want a string`},
	{"dtype is a number", craft(`{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}`, 8), "want a string"},
	{"dtype is unknown", craft(`{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}`, 8), `invalid DType string value "F31"`},
	{"dtype is not held", craft(`{"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}`, 8), "has dtype I32, want F32 or F64"},

	{"scalar", craft(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4), "has 0 axes, want 1 to 8"},
	{"nine axes", craft(`{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}`, 4), "at most 8 natural numbers"},
	{"extent 0", craft(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0), "extents of at least 1"},
	{"extent 0 hides a huge one", craft(`{"a":{"dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0]}}`, 0), "more than the 0 bytes"},
	{"extent negative", craft(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "natural numbers"},
	{"extent is a fraction", craft(`{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}`, 8), "natural numbers"},
	{"extent is a string", craft(`{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}`, 8), "natural numbers"},
	{"extent is a list", craft(`{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}`, 8), "natural numbers"},
	{"extent 2^64", craft(`{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,0]}}`, 0), "value out of range"},
	{"product overflows to 0", craft(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "more than the 0 bytes"},
	{"product overflows to the data", craft(`{"a":{"dtype":"F32","shape":[2,9223372036854775809],"data_offsets":[0,8]}}`, 8), "more than the 8 bytes"},
	{"bytes overflow to the data", craft(`{"a":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}`, 8), "more than the 8 bytes"},
	{"huge tensor", craft(`{"a":{"dtype":"F64","shape":[1000000,1000000],"data_offsets":[0,8000000000000]}}`, 8), "more than the 8 bytes"},

	{"one byte missing", craft(`{"a":`+f32x2+`}`, 7), "more than the 7 bytes"},
	{"one byte too many", craft(`{"a":`+f32x2+`}`, 9), "data has 9 bytes, want the 8"},
	{"data without tensors", craft(`{}`, 4), "data has 4 bytes, want the 0"},
	{"one offset", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}`, 8), "expected array of 2"},
	{"three offsets", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), "at most 2 natural numbers"},
	{"offsets backwards", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "has data offsets [8 0], want [0 8]"},
	{"offsets too far", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}`, 8), "has data offsets [8 16], want [0 8]"},
	{"offsets wider than the shape", craft(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, 8), "has data offsets [0 8], want [0 4]"},
	{"offsets overflow", craft(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,0]}}`, 8), "without gap or overlap"},
	{"overlap", craft(`{"a":`+f32x2+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "without gap or overlap"},
	{"same place", craft(`{"a":`+f32x2+`,"b":`+f32x2+`}`, 8), "without gap or overlap"},
	{"gap", craft(`{"a":`+f32x2+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}`, 20), "without gap or overlap"},
	{"second tensor behind the end", craft(`{"a":`+f32x2+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}`, 12), `truncated: tensor "b" ends at byte 16`},
}

func TestHostileHeaders(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			_, err := readLayout(bytes.NewReader(c.file), int64(len(c.file)))
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 400, "an error must not repeat a hostile header")
		})
	}
}

// TestLayoutOfOtherWriters shows that the guard is not so strict as to refuse what the format allows: any order, white space, escapes.
func TestLayoutOfOtherWriters(t *testing.T) {
	file := craft(` {"b" : {"shape":[1,2,1,1,1,1,1,1], "data_offsets":[0,8], "dtype":"F32"},
		"\u0061":{"dtype":"F64","shape":[3],"data_offsets":[8,32]}, "__metadata__":{"b":"\n"}}  `, 32)
	lay, err := readLayout(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "\n"}, lay.meta)
	require.Len(t, lay.entries, 2)
	start := int64(len(file) - 32)
	require.Equal(t, []string{"a", "b"}, []string{lay.entries[0].name, lay.entries[1].name})
	require.Equal(t, []int64{start + 8, 24}, []int64{lay.entries[0].offset, lay.entries[0].bytes})
	require.Equal(t, []int64{start, 8}, []int64{lay.entries[1].offset, lay.entries[1].bytes})
}

// TestHeaderMemory bounds all that is ever allocated for a header of the greatest length, of the kinds that grow most.
func TestHeaderMemory(t *testing.T) {
	fill := func(head, tail string, item func(i int) string) []byte {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < maxHeader-200; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(item(i))
		}
		b.WriteString(tail)
		return craft(b.String(), 0)
	}
	for name, file := range map[string][]byte{
		"empty tensors":   fill(`{`, `}`, func(i int) string { return fmt.Sprintf(`"%x":{}`, i) }),
		"tensors":         fill(`{`, `}`, func(i int) string { return fmt.Sprintf(`"%x":{"dtype":"F32","shape":[],"data_offsets":[0,0]}`, i) }),
		"metadata":        fill(`{"__metadata__":{`, `}}`, func(i int) string { return fmt.Sprintf(`"%x":""`, i) }),
		"long shape":      fill(`{"a":{"shape":[`, `]}}`, func(int) string { return "1" }),
		"long number":     craft(`{"a":{"shape":[`+strings.Repeat("1", maxHeader-80)+`],"dtype":"F32","data_offsets":[0,8]}}`, 0),
		"long name":       craft(`{"`+strings.Repeat("a", maxHeader-50)+`":0}`, 0),
		"brackets":        craft(strings.Repeat("[", maxHeader), 0),
		"unknown objects": fill(`{"a":{"x":[`, `]}}`, func(int) string { return "{}" }),
	} {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, len(file), maxHeader+8)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := load(bytes.NewReader(file), int64(len(file)))
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			require.Less(t, len(err.Error()), 400)
			ratio := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(file))
			t.Logf("allocated %.1f times the file", ratio)
			require.Less(t, ratio, 60.0)
		})
	}
}
