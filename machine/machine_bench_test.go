package machine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/machine"
)

// idle is an op in the machine's memory that does nothing.
type idle struct{ probe }

func (*idle) InPlace() []int                                         { return nil }
func (*idle) UsePreallocDo(v G.Value, _ ...G.Value) (G.Value, error) { return v, nil }

// What the machine itself costs for a node: a chain of 100 ops that do nothing.
func BenchmarkOverhead(b *testing.B) {
	g := G.NewGraph()
	n := vector(g, "x", 1, 2)
	for i := range 100 {
		n = G.Must(G.ApplyOp(&idle{probe{name: fmt.Sprint(i)}}, n))
	}
	m := newMachine(b, g, machine.Config{Outputs: G.Nodes{n}})
	require.NoError(b, m.RunAll())
	b.ReportAllocs()
	for b.Loop() {
		if err := m.RunAll(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/node")
}

// The gradient of contrastive divergence, 784×500 units and 100 rows, its plain SGD step included.
func BenchmarkContrastive(b *testing.B) {
	for _, descend := range []bool{false, true} {
		b.Run(fmt.Sprintf("descend=%v", descend), func(b *testing.B) {
			cost, wrt := contrastive(b, tensor.Float32, 784, 500, 100)
			c := machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt}
			if descend {
				c = machine.Config{Outputs: G.Nodes{cost}, Descend: wrt, Guard: cost}
			}
			m := newMachine(b, cost.Graph(), c)
			m.SetRate(1e-6)
			require.NoError(b, m.RunAll())
			b.ReportAllocs()
			for b.Loop() {
				if err := m.RunAll(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
