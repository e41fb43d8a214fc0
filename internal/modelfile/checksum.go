package modelfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"

	"github.com/nlpodyssey/safetensors"
)

// checksum hashes the content of a file in the order that the package comment gives. Every part is preceded by its length, so
// no two contents give the same bytes.
type checksum struct{ h hash.Hash }

// newChecksum hashes the metadata and the number of tensors. The tensors must follow in ascending order of their names.
func newChecksum(meta map[string]string, tensors int) checksum {
	c := checksum{sha256.New()}
	keys := slices.Sorted(maps.Keys(meta))
	keys = slices.DeleteFunc(keys, func(k string) bool { return k == checksumKey })
	c.uint(uint64(len(keys)))
	for _, k := range keys {
		c.string(k)
		c.string(meta[k])
	}
	c.uint(uint64(tensors))
	return c
}

// tensor hashes what says how to read the data; the data itself must follow.
func (c checksum) tensor(name string, dtype safetensors.DType, shape []uint64) {
	c.string(name)
	c.string(dtype.String())
	c.uint(uint64(len(shape)))
	for _, d := range shape {
		c.uint(d)
	}
}

// data hashes some or all bytes of a tensor.
func (c checksum) data(b []byte) { c.h.Write(b) }

func (c checksum) sum() string { return hex.EncodeToString(c.h.Sum(nil)) }

func (c checksum) uint(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	c.h.Write(b[:])
}

func (c checksum) string(s string) {
	c.uint(uint64(len(s)))
	c.h.Write([]byte(s))
}
