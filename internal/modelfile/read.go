package modelfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// chunk is how many bytes are read and converted at once; a multiple of every element size.
const chunk = 64 << 10

// Read reads and checks the model file at path.
//
// It returns the metadata without the keys of the format, and the tensors sorted by name. It returns an error that names the
// file and the reason if path is not a regular file, if the file is truncated, too long or malformed in any way, if its version is not
// [Version], or if its content does not have the checksum that it states. A file that does not exist gives fs.ErrNotExist.
//
// Read may run concurrently with other readers and with Write. It holds the tensors once; the cost is that of
// reading and hashing the file.
func Read(path string) (*File, error) {
	f, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("modelfile: Read %q: %w", path, err)
	}
	return f, nil
}

func read(path string) (*File, error) {
	// Before opening: to open a pipe may block for ever, and to open a device may do anything.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("has mode %v, want a regular file", info.Mode())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// Since then another file may have been renamed to path: this one is the one that is read.
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("has mode %v, want a regular file", info.Mode())
	}
	return load(file, info.Size())
}

// load reads a file of this size.
func load(r io.ReaderAt, size int64) (*File, error) {
	lay, err := readLayout(r, size)
	if err != nil {
		return nil, err
	}
	switch v, ok := lay.meta[versionKey]; {
	case !ok:
		return nil, fmt.Errorf("no metadata key %q: not a model file of this library", versionKey)
	case v != Version:
		return nil, fmt.Errorf("format version %.80q, this library reads version %q", v, Version)
	}
	want, ok := lay.meta[checksumKey]
	if !ok {
		return nil, fmt.Errorf("no metadata key %q", checksumKey)
	}

	sum := newChecksum(lay.meta, len(lay.entries))
	f := &File{Meta: lay.meta, Tensors: make([]Tensor, len(lay.entries))}
	buf := make([]byte, chunk)
	for i, e := range lay.entries {
		sum.tensor(e.name, e.dtype, e.shape)
		data := allocate(e.dtype, int(e.bytes/int64(e.dtype.Size())))
		for at := int64(0); at < e.bytes; at += chunk {
			b := buf[:min(chunk, e.bytes-at)]
			if err := readFull(r, b, e.offset+at); err != nil {
				return nil, fmt.Errorf("tensor %.80q: %w", e.name, err)
			}
			sum.data(b)
			if err := decode(data, int(at/int64(e.dtype.Size())), b); err != nil {
				return nil, fmt.Errorf("tensor %.80q: %w", e.name, err)
			}
		}
		shape := make([]int, len(e.shape))
		for j, d := range e.shape {
			shape[j] = int(d)
		}
		f.Tensors[i] = Tensor{Name: e.name, Shape: shape, Data: data}
	}
	if got := sum.sum(); got != want {
		return nil, fmt.Errorf("damaged: content has SHA-256 %s, the file states %.80q", got, want)
	}
	delete(f.Meta, versionKey)
	delete(f.Meta, checksumKey)
	return f, nil
}

// readFull reads len(b) bytes that the size of the file promises; that they are missing means the file has shrunk since.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading %d bytes at %d: %w", len(b), at, err)
}
