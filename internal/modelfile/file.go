package modelfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"
)

// Version is the version of the format that Write writes and Read demands.
const Version = "1"

const (
	versionKey  = "harmonium.format"
	checksumKey = "harmonium.sha256"
	// metadataKey stands among the tensor names of a safetensors header, so no tensor can have this name.
	metadataKey = "__metadata__"

	maxHeader = 1 << 20
	maxAxes   = 8
	// maxFile keeps a sparse file, which costs its author nothing, from asking for all of the machine's memory.
	maxFile = int64(1) << 32
)

// Tensor is one named array of a file.
type Tensor struct {
	Name  string
	Shape []int // 1 to 8 extents, each at least 1
	Data  any   // []float32 or []float64, row major; its length is the product of Shape
}

// File is the content of a model file.
type File struct {
	// Meta is the configuration. The keys harmonium.format and harmonium.sha256 belong to the format: Read removes
	// them and Write refuses them.
	Meta map[string]string
	// Tensors have distinct names. Read sorts them by name; Write takes them in any order.
	Tensors []Tensor
}

// Tensor returns the tensor of that name; it points into f. It is an error if there is none.
func (f *File) Tensor(name string) (*Tensor, error) {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i], nil
		}
	}
	return nil, fmt.Errorf("modelfile: no tensor %q among the %d of the file", name, len(f.Tensors))
}

// Fill copies the data of the tensor of that name into dst, a []float32 or []float64 as long as the product of shape.
//
// The tensor must have exactly this shape, and the element type of dst: nothing is converted, since a model read in another precision
// is another model. On an error dst is unchanged.
func (f *File) Fill(name string, shape []int, dst any) error {
	t, err := f.Tensor(name)
	if err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return fmt.Errorf("modelfile: tensor %q: %w", name, err)
	}
	if !slices.Equal(t.Shape, shape) {
		return fmt.Errorf("modelfile: tensor %q: has shape %s, want %s", name, formatShape(t.Shape), formatShape(shape))
	}
	switch dst := dst.(type) {
	case []float32:
		err = copyInto(dst, t.Data)
	case []float64:
		err = copyInto(dst, t.Data)
	default:
		err = fmt.Errorf("destination is %T, want []float32 or []float64", dst)
	}
	if err != nil {
		return fmt.Errorf("modelfile: tensor %q: %w", name, err)
	}
	return nil
}

func copyInto[T float32 | float64](dst []T, data any) error {
	src, ok := data.([]T)
	if !ok {
		return fmt.Errorf("has data %T, want %T", data, dst)
	}
	if len(dst) != len(src) {
		return fmt.Errorf("destination has length %d, want %d", len(dst), len(src))
	}
	copy(dst, src)
	return nil
}

// check says why f cannot be written, if it cannot. What only the encoded header can tell is left to stage.
func (f *File) check() error {
	if f == nil {
		return errors.New("file is nil")
	}
	for k, v := range f.Meta {
		if k == versionKey || k == checksumKey {
			return fmt.Errorf("metadata key %q belongs to the format", k)
		}
		// JSON would silently replace the bad bytes, and then two keys could become one.
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("metadata %.80q: %.80q is not valid UTF-8", k, v)
		}
	}
	total := int64(0)
	names := make(map[string]bool, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Name == "" || t.Name == metadataKey || !utf8.ValidString(t.Name) {
			return fmt.Errorf("tensor %d: name %.80q is empty, reserved or not valid UTF-8", i, t.Name)
		}
		if names[t.Name] {
			return fmt.Errorf("tensor %d: name %.80q is taken", i, t.Name)
		}
		names[t.Name] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("tensor %.80q: %w", t.Name, err)
		}
		n, dtype, _ := describe(t.Data)
		total += int64(n) * int64(dtype.Size())
		if total > maxFile-maxHeader {
			return fmt.Errorf("tensor %.80q brings the data to %d bytes, want at most %d", t.Name, total, maxFile-maxHeader)
		}
	}
	return nil
}

// check says whether the shape is one that a file can hold and the data has as many elements.
func (t *Tensor) check() error {
	n, dtype, ok := describe(t.Data)
	if !ok {
		return fmt.Errorf("has data %T, want []float32 or []float64", t.Data)
	}
	have := uint64(n) * dtype.Size()
	want, err := byteSize(dtype, t.Shape, have)
	if err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("has shape %s but %d elements, want %d", formatShape(t.Shape), n, want/dtype.Size())
	}
	return nil
}

// byteSize is the number of bytes of a tensor, or an error if the shape is not allowed or the number is above limit. The
// division finds that before the product can overflow.
func byteSize[T int | uint64](dtype safetensors.DType, shape []T, limit uint64) (uint64, error) {
	if len(shape) == 0 || len(shape) > maxAxes {
		return 0, fmt.Errorf("has %d axes, want 1 to %d", len(shape), maxAxes)
	}
	n := dtype.Size()
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("has shape %s, want extents of at least 1", formatShape(shape))
		}
		if uint64(d) > limit/n {
			return 0, fmt.Errorf("has shape %s of %v, which takes more than the %d bytes of data", formatShape(shape), dtype, limit)
		}
		n *= uint64(d)
	}
	return n, nil
}

func formatShape[T int | uint64](shape []T) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprint(d)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
