package likelihood

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
)

func twoModes(n int, size, share float64, dtype tensor.Dtype) (*layers.RBM, *exact.Harmonium) {
	visible, hidden := bernoulli(n), bernoulli(3)
	m := newMachine(visible, hidden, dtype, 9, 0.3, 0.3, false)
	w, b, c := m.Param("W").Float64s(), make([]float64, n), m.Param("c").Float64s()
	for i := range b {
		b[i] = -size
		w[3*i] = 2 * size
	}
	c[0] = 0
	check(m.Param("W").Set(w))
	check(m.Param("b").Set(b))
	check(m.Param("c").Set(c))
	o := oracle(m, visible, hidden)
	// log-odds of hidden unit 0
	_, p := conditional(o)
	on := 0.0
	off := 0.0
	for i, q := range p {
		if i >= 4 {
			on += q
		} else {
			off += q
		}
	}
	c[0] = math.Log(off/on) + math.Log(1/share-1)
	check(m.Param("c").Set(c))
	return m, oracle(m, visible, hidden)
}

func TestExperimentTwoModes(t *testing.T) {
	for _, size := range []float64{1.5, 3, 5} {
		for _, n := range []int{10, 16} {
			m, o := twoModes(n, size, 0.01, tensor.Float32)
			logZ := must(o.LogPartition())
			all := draws(o, 2000, tensor.Float32, 3)
			var a, b []float64
			for i := range 2000 {
				on := 0.0
				row := make([]float64, n)
				for j := range n {
					row[j] = at(all, i, j)
					on += row[j]
				}
				if on < float64(n)/2 {
					a = append(a, row...)
				} else {
					b = append(b, row...)
				}
			}
			fmt.Println("size", size, "n", n, "logZ", logZ, "share A", float64(len(a))/float64(n)/2000)
			if len(a) == 0 {
				a = make([]float64, 5*n)
			}
			for name, data := range map[string]*tensor.Dense{"A": dense(tensor.Float32, len(a)/n, a), "B": dense(tensor.Float32, len(b)/n, b), "both": all} {
				for seed := range uint64(2) {
					bound, err := Certify(context.Background(), m, data, Config{Seed: seed, MaxStates: -1, MaxTemperatures: 4000, Tolerance: 1})
					require.NoError(t, err)
					wrong := bound.Certified && (logZ < bound.LogZLower-0.3 || logZ > bound.LogZUpper+0.3)
					fmt.Println("  ", name, seed, "WRONG", wrong, bound.Certified, bound.LogZLower, bound.LogZ, bound.LogZUpper, bound.Temperatures, bound.Reason)
				}
			}
		}
	}
	_ = os.Stderr
}
