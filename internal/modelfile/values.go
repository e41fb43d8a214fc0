package modelfile

import (
	"encoding/binary"
	"fmt"

	"github.com/nlpodyssey/safetensors"
)

// describe returns the length and the dtype of the data of a tensor; ok is false for a type that a file cannot hold.
func describe(data any) (n int, dtype safetensors.DType, ok bool) {
	switch d := data.(type) {
	case []float32:
		return len(d), safetensors.F32, true
	case []float64:
		return len(d), safetensors.F64, true
	}
	return 0, 0, false
}

// allocate returns zeroed data of n elements.
func allocate(dtype safetensors.DType, n int) any {
	if dtype == safetensors.F32 {
		return make([]float32, n)
	}
	return make([]float64, n)
}

// decode sets the elements of data from index lo on from their little-endian bytes.
func decode(data any, lo int, b []byte) error {
	var err error
	switch d := data.(type) {
	case []float32:
		_, err = binary.Decode(b, binary.LittleEndian, d[lo:lo+len(b)/4])
	case []float64:
		_, err = binary.Decode(b, binary.LittleEndian, d[lo:lo+len(b)/8])
	default:
		panic(fmt.Sprintf("modelfile: decode into %T", data))
	}
	return err
}

// view shows a checked tensor to the safetensors encoder.
type view struct{ t *Tensor }

var _ safetensors.View = view{}

func (v view) DType() safetensors.DType {
	_, dtype, _ := describe(v.t.Data)
	return dtype
}

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.t.Shape))
	for i, d := range v.t.Shape {
		shape[i] = uint64(d)
	}
	return shape
}

func (v view) DataLen() uint64 {
	n, dtype, _ := describe(v.t.Data)
	return uint64(n) * dtype.Size()
}

// Data converts anew at each call, so that no more than one tensor is held twice.
func (v view) Data() []byte {
	b := make([]byte, v.DataLen())
	if _, err := binary.Encode(b, binary.LittleEndian, v.t.Data); err != nil {
		panic(fmt.Sprintf("modelfile: encode %T: %v", v.t.Data, err))
	}
	return b
}
