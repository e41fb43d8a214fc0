package graphtest

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BagMean builds the mean of the instances of each bag, zeros for an empty one: x (R, n) and lengths (N) give (N, n). Gradient
// flows to x. It stands for what users write themselves: an op that is not the library's, for any number of rows.
func BagMean(x, lengths *G.Node) (*G.Node, error) { return G.ApplyOp(bagMean{}, x, lengths) }

type bagMean struct{}

var _ G.SDOp = bagMean{}

func (bagMean) Type() hm.Type {
	matrix, vector := G.TensorType{Dims: 2, Of: hm.TypeVariable('a')}, G.TensorType{Dims: 1, Of: hm.TypeVariable('a')}
	return hm.NewFnType(matrix, vector, matrix)
}

func (bagMean) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{shapes[1][0], shapes[0][1]}, nil
}

func (bagMean) Do(in ...G.Value) (G.Value, error) {
	x, lengths, n := numbers(in[0]), numbers(in[1]), in[0].Shape()[1]
	means := make([]float64, len(lengths)*n)
	forEachRow(lengths, func(bag, row int, weight float64) {
		for j := range n {
			means[bag*n+j] += weight * x[row*n+j]
		}
	})
	return Tensor(in[0].Dtype(), means, len(lengths), n), nil
}

func (bagMean) SymDiff(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
	dx, err := G.ApplyOp(bagMeanGrad{}, g, in[1], in[0])
	return G.Nodes{dx, nil}, err
}

func (bagMean) DiffWRT(int) []bool      { return []bool{true, false} }
func (bagMean) Arity() int              { return 2 }
func (bagMean) ReturnsPtr() bool        { return false }
func (bagMean) CallsExtern() bool       { return false }
func (bagMean) OverwritesInput() int    { return -1 }
func (bagMean) String() string          { return "BagMean" }
func (o bagMean) WriteHash(h hash.Hash) { fmt.Fprint(h, o.String()) }
func (o bagMean) Hashcode() uint32      { return hashcode(o) }

// forEachRow calls f with each row of each bag and its weight in the mean.
func forEachRow(lengths []float64, f func(bag, row int, weight float64)) {
	row := 0
	for bag, l := range lengths {
		for range int(l) {
			f(bag, row, 1/l)
			row++
		}
	}
}

// bagMeanGrad spreads gradients (N, n) over the rows of the bags: it takes those, the lengths and what the mean was of.
type bagMeanGrad struct{ bagMean }

func (bagMeanGrad) Type() hm.Type {
	matrix, vector := G.TensorType{Dims: 2, Of: hm.TypeVariable('a')}, G.TensorType{Dims: 1, Of: hm.TypeVariable('a')}
	return hm.NewFnType(matrix, vector, matrix, matrix)
}

func (bagMeanGrad) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	return shapes[2].Clone(), nil
}

func (bagMeanGrad) Do(in ...G.Value) (G.Value, error) {
	g, shape := numbers(in[0]), in[2].Shape()
	n, dx := shape[1], make([]float64, shape.TotalSize())
	forEachRow(numbers(in[1]), func(bag, row int, weight float64) {
		for j := range n {
			dx[row*n+j] = weight * g[bag*n+j]
		}
	})
	return Tensor(in[0].Dtype(), dx, shape...), nil
}

func (bagMeanGrad) DiffWRT(int) []bool      { return []bool{false, false, false} }
func (bagMeanGrad) Arity() int              { return 3 }
func (bagMeanGrad) String() string          { return "BagMeanGrad" }
func (o bagMeanGrad) WriteHash(h hash.Hash) { fmt.Fprint(h, o.String()) }
func (o bagMeanGrad) Hashcode() uint32      { return hashcode(o) }

func hashcode(o G.Op) uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}
