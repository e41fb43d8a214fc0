package op

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// makeUnique chooses the salt that gives the op's node a hash of its own, unless the very node is in the graph already.
// Gorgonia knows nodes by 32-bit hashes: a graph merges nodes of one hash and op without looking at their children, and the
// tape machine merges all nodes of one hash. Arguments whose hash is another node's too cannot be saved and are an error.
func (o *fused) makeUnique(args G.Nodes) error {
	nodes := args[0].Graph().AllNodes()
	for _, a := range args {
		if i := slices.IndexFunc(nodes, func(n *G.Node) bool { return n != a && n.Hashcode() == a.Hashcode() }); i >= 0 {
			return fmt.Errorf("op: %s: Gorgonia gives %v and %v the same hash and would merge them: give an input another name", o.name, a, nodes[i])
		}
	}
	for o.salt = 0; ; o.salt++ {
		hash := o.nodeHash(args)
		if !slices.ContainsFunc(nodes, func(n *G.Node) bool { return n.Hashcode() == hash && !o.makes(n, args) }) {
			return nil
		}
	}
}

// nodeHash is what gorgonia.Node.Hashcode will be once the op is applied.
func (o *fused) nodeHash(args G.Nodes) uint32 {
	h := fnv.New32a()
	shapes := make([]tensor.Shape, len(args))
	for i, a := range args {
		shapes[i] = a.Shape()
	}
	shape, err := o.checkedShape(shapes)
	if err != nil {
		return 0 // ApplyOp will say the same
	}
	var t hm.Type = args[0].Dtype()
	if o.rank > 0 {
		t = G.TensorType{Dims: o.rank, Of: args[0].Dtype()}
	}
	fmt.Fprintf(h, "%v%v", t, shape)
	o.WriteHash(h)
	h.Write([]byte{byte(len(args))})
	for _, a := range args {
		c := a.Hashcode()
		h.Write([]byte{byte(c), byte(c >> 8), byte(c >> 16), byte(c >> 24)})
	}
	return h.Sum32()
}

// makes reports whether n is this op applied to args.
func (o *fused) makes(n *G.Node, args G.Nodes) bool {
	other, ok := n.Op().(interface{ base() *fused })
	if !ok || other.base().name != o.name {
		return false
	}
	i := 0
	for it := n.Graph().From(n.ID()); it.Next(); i++ {
		if i >= len(args) || it.Node().(*G.Node) != args[i] {
			return false
		}
	}
	return i == len(args)
}

func (o *fused) base() *fused { return o }
