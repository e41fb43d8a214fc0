package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"gorgonia.org/tensor"
)

// idxBytes is the idx code of the element type "unsigned byte".
const idxBytes = 0x08

// idxLimit bounds the elements of one file. MNIST has 47 million; the bound is
// there for files that gzip squeezed a thousandfold to fill the memory.
const idxLimit = 1 << 30

// Images is a batch of N grey pictures of one size.
type Images struct {
	// Pixels holds the grey values in [0, 1], one picture after the other,
	// each row by row: N·Rows·Cols values.
	Pixels []float32

	N, Rows, Cols int
}

// Tensor returns the pictures as a matrix of shape (N, Rows·Cols) that shares
// the memory of Pixels. Every call makes a new header, so that two goroutines
// which each ask for their own do not race on it.
func (im *Images) Tensor() *tensor.Dense {
	return tensor.New(tensor.WithShape(im.N, im.Rows*im.Cols), tensor.WithBacking(im.Pixels))
}

// Bipolar is Tensor with black at −1 and white at 1: 2g − 1 of a grey value g,
// in memory of its own.
func (im *Images) Bipolar() *tensor.Dense {
	x := make([]float32, len(im.Pixels))
	for i, g := range im.Pixels {
		x[i] = 2*g - 1
	}
	return tensor.New(tensor.WithShape(im.N, im.Rows*im.Cols), tensor.WithBacking(x))
}

// ReadImages reads an idx3-ubyte file, plain or compressed by gzip, and scales
// its bytes to [0, 1].
//
// It returns an error that names the file when the file cannot be read, is not
// an idx file of three-dimensional unsigned bytes, declares an empty dimension
// or more than 2^30 pixels, or holds fewer or more bytes than it declares.
//
// Reference: "FILE FORMATS FOR THE MNIST DATABASE", Y. LeCun, C. Cortes, C. Burges.
func ReadImages(path string) (*Images, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: ReadImages: %w", err)
	}
	defer f.Close()
	im, err := readImages(f)
	if err != nil {
		return nil, fmt.Errorf("dataset: ReadImages %q: %w", path, err)
	}
	return im, nil
}

// ReadLabels reads an idx1-ubyte file, plain or compressed by gzip. Its errors
// are those of ReadImages, for one dimension instead of three.
func ReadLabels(path string) ([]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: ReadLabels: %w", err)
	}
	defer f.Close()
	labels, err := readLabels(f)
	if err != nil {
		return nil, fmt.Errorf("dataset: ReadLabels %q: %w", path, err)
	}
	return labels, nil
}

func readImages(r io.Reader) (*Images, error) {
	dims, data, err := readIDX(r, 3)
	if err != nil {
		return nil, err
	}
	im := &Images{Pixels: make([]float32, len(data)), N: dims[0], Rows: dims[1], Cols: dims[2]}
	for i, b := range data {
		im.Pixels[i] = float32(b) / 255
	}
	return im, nil
}

func readLabels(r io.Reader) ([]int, error) {
	_, data, err := readIDX(r, 1)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(data))
	for i, b := range data {
		labels[i] = int(b)
	}
	return labels, nil
}

// readIDX reads a whole idx stream of unsigned bytes with rank dimensions.
// Whether it is compressed is told by its first bytes, not by a name: gzip
// starts with 1f 8b and idx with 00 00.
func readIDX(r io.Reader, rank int) (dims []int, data []byte, err error) {
	br := bufio.NewReader(r)
	r = br
	// A stream shorter than two bytes fails below, where the header is missed.
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if r, err = gzip.NewReader(br); err != nil {
			return nil, nil, err
		}
	}

	header := make([]byte, 4+4*rank)
	if n, err := io.ReadFull(r, header); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil, fmt.Errorf("header has %d bytes, want %d: %w", n, len(header), io.ErrUnexpectedEOF)
		}
		return nil, nil, err
	}
	if want := []byte{0, 0, idxBytes, byte(rank)}; !bytes.Equal(header[:4], want) {
		return nil, nil, fmt.Errorf("magic number is %x, want %x (unsigned bytes, rank %d)", header[:4], want, rank)
	}
	dims = make([]int, rank)
	size := int64(1)
	for i := range dims {
		d := int64(binary.BigEndian.Uint32(header[4+4*i:]))
		if d == 0 {
			return nil, nil, fmt.Errorf("dimension %d is 0, want at least 1", i)
		}
		if d > idxLimit/size {
			return nil, nil, fmt.Errorf("header declares more than %d elements", idxLimit)
		}
		size *= d
		dims[i] = int(d)
	}

	// ReadAll grows with the bytes that come, so a header alone allocates
	// nothing. The one byte beyond size tells a stream that goes on, and makes
	// gzip reach its end and verify its checksum when it does not.
	data, err = io.ReadAll(io.LimitReader(r, size+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("after %d of the %d declared elements: %w", len(data), size, err)
	case int64(len(data)) < size:
		return nil, nil, fmt.Errorf("holds %d elements, header declares %d: %w", len(data), size, io.ErrUnexpectedEOF)
	case int64(len(data)) > size:
		return nil, nil, fmt.Errorf("bytes follow the %d declared elements", size)
	}
	return dims, data, nil
}
