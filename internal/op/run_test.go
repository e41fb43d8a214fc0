package op

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/race"
)

func clone(v G.Value) G.Value {
	switch v := v.(type) {
	case *G.F32:
		return G.NewF32(float32(*v))
	case *G.F64:
		return G.NewF64(float64(*v))
	default:
		return v.(*tensor.Dense).Clone().(*tensor.Dense)
	}
}

// reshaped is the value itself, or its memory in the shape of another.
func reshaped(v, like G.Value) G.Value {
	if slices.Equal(v.Shape(), like.Shape()) {
		return v
	}
	return tensor.New(tensor.WithShape(like.Shape()...), tensor.WithBacking(v.Data()))
}

// Where an op says that its result may be written over an argument, the bits are those of a result that lies elsewhere.
func TestInPlace(t *testing.T) {
	seen := map[string]bool{}
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		for _, n := range b.withGradients(t, dtype, size) {
			eachOp(t, n, func(op ownOp, in []G.Value, out G.Value) {
				for _, i := range op.InPlace() {
					args := append([]G.Value{}, in...)
					args[i] = clone(in[i])
					over := reshaped(args[i], out)
					got, err := op.UsePreallocDo(over, args...)
					require.NoError(t, err)
					require.Same(t, over, got)
					require.Equal(t, out.Data(), got.Data(), "%v over argument %d", op, i)
					seen[fmt.Sprintf("%v over %d", op, i)] = true
				}
			})
		}
	})
	for _, some := range []string{"SigmoidGrad over 1", "Softmax over 0", "ShiftRows over 0", "CGFGrad/Bernoulli over 0", "scaleRows over 0", "Flatten over 0", "JoinRows(2) over 0"} {
		require.True(t, seen[some], some)
	}
}

// After its first runs on some shapes an op allocates nothing on any of them.
func TestRunsDoNotAllocate(t *testing.T) {
	for _, b := range builders() {
		if b.kept {
			continue // see TestMeanFieldDoesNotAllocate
		}
		for _, dtype := range dtypes {
			small, large := b.withGradients(t, dtype, sizes[1]), b.withGradients(t, dtype, sizes[0])
			for k := range small {
				twoSizes(t, small[k], large[k])
			}
		}
	}
}

// twoSizes runs the ops of a node in turns on their arguments and on those of the same node in another graph.
func twoSizes(t *testing.T, n, other *G.Node) {
	var in [][]G.Value
	var outs []G.Value
	eachOp(t, other, func(_ ownOp, args []G.Value, out G.Value) { in, outs = append(in, args), append(outs, out) })
	i := 0
	eachOp(t, n, func(op ownOp, args []G.Value, out G.Value) {
		otherArgs, otherOut := in[i], outs[i]
		i++
		requireNoAllocations(t, op, func() {
			_, err := op.UsePreallocDo(out, args...)
			_, otherErr := op.UsePreallocDo(otherOut, otherArgs...)
			if err != nil || otherErr != nil {
				t.Fatal(err, otherErr)
			}
		})
	})
}

func requireNoAllocations(t *testing.T, op ownOp, f func()) {
	t.Helper()
	allocations := testing.AllocsPerRun(3, f)
	require.True(t, allocations == 0 || race.Enabled, "%v allocates %v times", op, allocations)
}
