package kernel

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// No kernel of rows reads or writes behind its slices.
func TestKernelsStayInside(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testKernelsStayInside[float32])
		t.Run("float64", testKernelsStayInside[float64])
	})
}

func testKernelsStayInside[T Float](t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	const most = 70
	x, dst := beforeFault[T](t, most), beforeFault[T](t, most)
	for n := range most + 1 {
		x, dst := x[most-n:], dst[most-n:]
		for _, k := range rowKernels[T]() {
			require.NotPanics(t, func() { k.run(dst, x, x, x) }, "%s of %d", k.name, n)
		}
		require.NotPanics(t, func() { AddMultiplyExp(dst, x, x, x, 1, 1, 1) })
		for rows := 1; rows*7 <= n; rows += 3 {
			require.NotPanics(t, func() { ColSum(dst[:7], x[n-rows*7:], rows, 7) })
		}
	}
}
