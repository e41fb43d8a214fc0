package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/fault"
)

// Errors that callers of the library test for; energy re-exports them.
var (
	ErrShape = fault.ErrShape
	ErrDtype = fault.ErrDtype
)

// fused is a Gorgonia op. name identifies the op and all its parameters: two ops of one name are the same function.
//
// An op belongs to one node of one graph, and one machine at a time runs a graph: running an op uses memory of its own.
type fused struct {
	name  string
	ranks []int // of the inputs
	rank  int   // of the result

	// shape checks the shapes of the inputs, whose ranks are right, and sets that of the result.
	shape func(out tensor.Shape, in []tensor.Shape) error

	f32 kernelFunc[float32]
	f64 kernelFunc[float64]

	// check32 and check64 refuse values of the inputs that a kernel cannot take; nil where it takes all.
	check32 func(in []operand[float32]) error
	check64 func(in []operand[float64]) error

	// grain is how many numbers are worth a goroutine, where rows may be computed apart. 0 leaves the work to one call.
	grain int

	// inPlace lists the arguments that the kernel may write its result over, all other arguments lying elsewhere.
	inPlace []int

	// diff returns the gradient with regard to each input, nil where wrt is false.
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
	wrt  []bool

	// salt tells this op from one whose node collides with its own in Gorgonia's 32-bit hash.
	salt int

	runner
}

// How many numbers are worth a goroutine, of work that is an exponential each, and of work that memory bounds.
const (
	costly = 2000
	cheap  = 1 << 15
)

var (
	_ G.SDOp            = (*fused)(nil)
	_ G.UsePreallocDoer = (*fused)(nil)
)

// apply adds the op to the graph of its arguments.
func (o *fused) apply(args ...*G.Node) (*G.Node, error) { return o.applyAs(o, args) }

// applyAs adds op, which is o or embeds it.
func (o *fused) applyAs(op G.Op, args G.Nodes) (*G.Node, error) {
	for i, a := range args {
		if a == nil {
			return nil, fmt.Errorf("op: %s: argument %d is nil, want a node of rank %d: %w", o.name, i, o.ranks[i], ErrShape)
		}
		if a.Dims() != o.ranks[i] {
			return nil, fmt.Errorf("op: %s: argument %d has shape %v, want rank %d: %w", o.name, i, a.Shape(), o.ranks[i], ErrShape)
		}
		if dt := a.Dtype(); dt != tensor.Float32 && dt != tensor.Float64 || dt != args[0].Dtype() {
			return nil, fmt.Errorf("op: %s: argument %d has dtype %v, argument 0 %v; want one of float32 and float64: %w",
				o.name, i, dt, args[0].Dtype(), ErrDtype)
		}
	}
	if err := o.makeUnique(args); err != nil {
		return nil, err
	}
	return G.ApplyOp(op, args...)
}

func (o *fused) Arity() int { return len(o.ranks) }

func (o *fused) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.ranks)+1)
	for _, r := range append(o.ranks[:len(o.ranks):len(o.ranks)], o.rank) {
		if r == 0 {
			types = append(types, hm.TypeVariable('a'))
		} else {
			types = append(types, G.TensorType{Dims: r, Of: hm.TypeVariable('a')})
		}
	}
	return hm.NewFnType(types...)
}

func (o *fused) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	return o.checkedShape(shapes)
}

func (o *fused) checkedShape(in []tensor.Shape) (tensor.Shape, error) {
	out := make(tensor.Shape, o.rank)
	return out, o.fit(out, in)
}

// fit checks the shapes of the inputs and sets that of the result.
func (o *fused) fit(out tensor.Shape, in []tensor.Shape) error {
	for i, s := range in {
		if s.Dims() != o.ranks[i] {
			return fmt.Errorf("op: %s: argument %d has shape %v, want rank %d: %w", o.name, i, s, o.ranks[i], ErrShape)
		}
	}
	if err := o.shape(out, in); err != nil {
		return fmt.Errorf("op: %s: %w", o.name, err)
	}
	return nil
}

func (o *fused) DiffWRT(int) []bool { return o.wrt }

func (o *fused) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("op: %s has no gradient", o.name)
	}
	return o.diff(in, out, grad)
}

// InPlace lists the arguments that the result may be written over: a machine may give UsePreallocDo a result in such an
// argument's own memory, which has as many numbers, if that is contiguous and shared with no other argument.
func (o *fused) InPlace() []int { return o.inPlace }

func (o *fused) ReturnsPtr() bool     { return true }
func (o *fused) CallsExtern() bool    { return false }
func (o *fused) OverwritesInput() int { return -1 }
func (o *fused) String() string       { return o.name }

func (o *fused) WriteHash(h hash.Hash) { fmt.Fprintf(h, "harmonium.%s#%d", o.name, o.salt) }

func (o *fused) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// sameShape is the shape rule of ops whose arguments are all of one shape. The result has it too, without its last dimensions
// where its rank is lower.
func sameShape(out tensor.Shape, in []tensor.Shape) error {
	for i, s := range in {
		if !slices.Equal(s, in[0]) {
			return fmt.Errorf("argument %d has shape %v, argument 0 %v: %w", i, s, in[0], ErrShape)
		}
	}
	copy(out, in[0])
	return nil
}

// shapedAs is the shape rule of ops whose arguments fit whatever their shapes, or are known to: the result has the shape of
// argument i, without its last dimensions where its rank is lower.
func shapedAs(i int) func(out tensor.Shape, in []tensor.Shape) error {
	return func(out tensor.Shape, in []tensor.Shape) error {
		copy(out, in[i])
		return nil
	}
}

func setShape(out tensor.Shape, dims ...int) error {
	copy(out, dims)
	return nil
}

// none is the wrt of a gradient op of n inputs.
func none(n int) []bool { return make([]bool, n) }
