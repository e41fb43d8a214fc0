package modelfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"
)

// layout is a checked header: where each tensor lies in the file.
type layout struct {
	meta    map[string]string
	entries []entry // sorted by name; together they cover the data section exactly once
}

type entry struct {
	name   string
	dtype  safetensors.DType
	shape  []uint64
	offset int64 // from the start of the file
	bytes  int64
}

// readLayout reads and checks the header of a file of this size. It reads nothing behind the header.
func readLayout(r io.ReaderAt, size int64) (*layout, error) {
	if size > maxFile {
		return nil, fmt.Errorf("file has %d bytes, want at most %d", size, maxFile)
	}
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("truncated: file has %d bytes, want at least the 8 of the header length", size)
	}
	if err := readFull(r, prefix[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader {
		return nil, fmt.Errorf("header too long: %d bytes, want at most %d", n, maxHeader)
	}
	start := int64(len(prefix)) + int64(n)
	if start > size {
		return nil, fmt.Errorf("truncated: header has %d bytes, the file only %d after the header length", n, size-int64(len(prefix)))
	}
	header := make([]byte, n)
	if err := readFull(r, header, int64(len(prefix))); err != nil {
		return nil, err
	}
	if err := guardJSON(header); err != nil {
		return nil, err
	}
	var parsed safetensors.Metadata
	if err := json.Unmarshal(header, &parsed); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	entries, err := place(parsed.Tensors(), start, size)
	if err != nil {
		return nil, err
	}
	return &layout{meta: parsed.Metadata(), entries: entries}, nil
}

// place checks that the tensors cover the bytes from start to size without gap or overlap, each with as many as its shape takes.
func place(tensors map[string]*safetensors.TensorInfo, start, size int64) ([]entry, error) {
	data := uint64(size - start)
	names := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Compare(tensors[a].DataOffsets[0], tensors[b].DataOffsets[0])
	})
	entries := make([]entry, 0, len(names))
	end := uint64(0)
	for _, name := range names {
		t := tensors[name]
		if t.DType != safetensors.F32 && t.DType != safetensors.F64 {
			return nil, fmt.Errorf("tensor %.80q: has dtype %v, want F32 or F64", name, t.DType)
		}
		n, err := byteSize(t.DType, t.Shape, data)
		if err != nil {
			return nil, fmt.Errorf("tensor %.80q: %w", name, err)
		}
		// end and n are both at most data, so that their sum does not overflow.
		if t.DataOffsets != [2]uint64{end, end + n} {
			return nil, fmt.Errorf("tensor %.80q: has data offsets %d, want [%d %d] for shape %s of %v without gap or overlap",
				name, t.DataOffsets, end, end+n, formatShape(t.Shape), t.DType)
		}
		if end+n > data {
			return nil, fmt.Errorf("truncated: tensor %.80q ends at byte %d of the data, which has %d bytes", name, end+n, data)
		}
		entries = append(entries, entry{name, t.DType, t.Shape, start + int64(end), int64(n)})
		end += n
	}
	if end != data {
		return nil, fmt.Errorf("data has %d bytes, want the %d that the tensors take", data, end)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return entries, nil
}

// guardJSON lets through only a header whose parsed form is not much larger than its text and says what the text says:
// encoding/json takes the last of several equal keys, replaces bad UTF-8, and builds any number of objects on the way to an error.
func guardJSON(header []byte) error {
	if !utf8.Valid(header) || !json.Valid(header) {
		return errors.New("header is not valid JSON in UTF-8")
	}
	g := guard{json.NewDecoder(bytes.NewReader(header))}
	g.dec.UseNumber()
	return g.object("header", func(name string) error {
		what := fmt.Sprintf("header: %.80q", name)
		if name == metadataKey {
			return g.object(what, func(string) error { return g.text(what) })
		}
		if name == "" {
			return errors.New("header: a tensor has no name")
		}
		return g.object(what, func(key string) error {
			switch key {
			case "dtype":
				return g.text(what)
			case "shape":
				return g.numbers(what, maxAxes)
			case "data_offsets":
				return g.numbers(what, 2)
			}
			return fmt.Errorf("%s: unknown key %.80q", what, key)
		})
	})
}

// guard walks over JSON that is known to be valid.
type guard struct{ dec *json.Decoder }

// object walks over an object; value walks over the value of one key.
func (g guard) object(what string, value func(key string) error) error {
	if err := g.open(what, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for g.dec.More() {
		tok, err := g.dec.Token()
		if err != nil {
			return err
		}
		key := tok.(string)
		if seen[key] {
			return fmt.Errorf("%s: duplicate key %.80q", what, key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	_, err := g.dec.Token()
	return err
}

// numbers walks over an array of at most n numbers of at most 20 characters, the length of the largest uint64.
func (g guard) numbers(what string, n int) error {
	if err := g.open(what, '['); err != nil {
		return err
	}
	for i := 0; g.dec.More(); i++ {
		tok, err := g.dec.Token()
		if err != nil {
			return err
		}
		if num, ok := tok.(json.Number); !ok || len(num) > 20 || i >= n {
			return fmt.Errorf("%s: unexpected %.80q in an array, want at most %d natural numbers", what, fmt.Sprint(tok), n)
		}
	}
	_, err := g.dec.Token()
	return err
}

func (g guard) text(what string) error {
	tok, err := g.dec.Token()
	if err != nil {
		return err
	}
	if _, ok := tok.(string); !ok {
		return fmt.Errorf("%s: has value %.80q, want a string", what, fmt.Sprint(tok))
	}
	return nil
}

func (g guard) open(what string, want json.Delim) error {
	tok, err := g.dec.Token()
	if err != nil {
		return err
	}
	if tok != want {
		return fmt.Errorf("%s: has %.80q, want %q", what, fmt.Sprint(tok), want.String())
	}
	return nil
}
