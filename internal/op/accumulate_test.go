package op

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// adder is what a machine looks for in an op.
type adder interface {
	G.IncrDoer
	AddTo(to G.Value, alpha float64, in ...G.Value) error
}

func float64s(v G.Value) []float64 {
	if d := v.(*tensor.Dense); d.Dtype() == tensor.Float32 {
		return wide(d)
	}
	return v.(*tensor.Dense).Float64s()
}

func TestAddTo(t *testing.T) {
	kinds := []string{"Gemm", "ColSum", "vecMat", "AssociateGradV", "sumLast", "sumRepeats"}
	added := map[string]bool{}
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		for _, n := range b.withGradients(t, dtype, size) {
			eachOp(t, n, func(op ownOp, in []G.Value, out G.Value) {
				kind, _, _ := strings.Cut(op.String(), "(")
				o, ok := op.(adder)
				require.Equal(t, slices.Contains(kinds, kind), ok, "%v", op)
				if !ok {
					return
				}
				added[kind] = true
				for _, alpha := range []float64{1, -0.25, 0} {
					to := filled(out, 3)
					require.NoError(t, o.AddTo(to, alpha, in...))
					for i, x := range float64s(out) {
						require.InDelta(t, 3+alpha*x, float64s(to)[i], 20*tolerance[dtype], "%v times %v", op, alpha)
					}
				}
				to, same := filled(out, -5), filled(out, -5)
				require.NoError(t, o.IncrDo(to, in...))
				require.NoError(t, o.AddTo(same, 1, in...))
				require.Equal(t, same.Data(), to.Data())
				requireNoAllocations(t, op, func() { _ = o.AddTo(to, 0.5, in...) })

				wider := out.Shape().Clone()
				wider[0]++
				for _, wrong := range []G.Value{nil, G.NewF64(1), tensor.New(tensor.Of(dtype), tensor.WithShape(wider...)),
					tensor.New(tensor.Of(tensor.Int), tensor.WithShape(out.Shape()...))} {
					require.ErrorIs(t, o.IncrDo(wrong, in...), ErrShape)
				}
				args := append([]G.Value{}, in...)
				args[0] = tensor.New(tensor.Of(dtype), tensor.WithShape(append(in[0].Shape().Clone(), 2)...))
				require.ErrorIs(t, o.IncrDo(to, args...), ErrShape)
			})
		}
	})
	require.Len(t, added, len(kinds))
}
