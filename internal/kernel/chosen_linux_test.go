package kernel

import (
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// No kernel of bits reads behind the last row, or reads or writes behind the numbers.
func TestChosenStaysInside(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		const most, rows = 9, 3
		bits := unsafe.Slice((*uint64)(unsafe.Pointer(&beforeFault[float64](t, rows*most)[0])), rows*most)
		dst := unsafe.Slice((*int64)(unsafe.Pointer(&beforeFault[float64](t, 64*most)[0])), 64*most)
		weights := unsafe.Slice((*int32)(unsafe.Pointer(&beforeFault[float32](t, 64*most)[0])), 64*most)
		for words := range most + 1 {
			bits, dst, weights := bits[rows*(most-words):], dst[64*(most-words):], weights[64*(most-words):]
			require.NotPanics(t, func() { ChosenSums(dst, weights[len(weights)-min(rows, len(weights)):], bits, words, 0) })
			require.NotPanics(t, func() { ChosenSum(weights, bits[len(bits)-words:]) })
			require.NotPanics(t, func() { AddSigned(weights, bits[len(bits)-words:], 1) })
		}
	})
}
