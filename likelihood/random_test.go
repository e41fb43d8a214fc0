package likelihood

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

func TestExperimentRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	certified, refused, outside, wrong := 0, 0, 0, 0
	reasons := map[string]int{}
	for k := range 300 {
		nv, nh := 8+r.IntN(6), 2+r.IntN(8)
		visible, hidden := bernoulli(nv), bernoulli(nh)
		if k%3 == 1 {
			visible = spin(nv)
		}
		size := 0.5 + 4*r.Float64()
		m := newMachine(visible, hidden, tensor.Float32, uint64(k), size, size*r.Float64()*2, false)
		o := oracle(m, visible, hidden)
		logZ := must(o.LogPartition())
		data := draws(o, 200, tensor.Float32, uint64(k))
		kind := r.IntN(4)
		switch kind {
		case 1: // one row only
			data = dense(tensor.Float32, 1, numbers(data)[:nv])
		case 2: // what is near the last row
			x := numbers(data)
			last := x[len(x)-nv:]
			var near []float64
			for i := range 200 {
				d := 0
				for j := range nv {
					if x[i*nv+j] != last[j] {
						d++
					}
				}
				if d <= 2 {
					near = append(near, x[i*nv:(i+1)*nv]...)
				}
			}
			data = dense(tensor.Float32, len(near)/nv, near)
		case 3: // noise
			x := numbers(data)
			for i := range x {
				x[i] = x[r.IntN(len(x))]
			}
			data = dense(tensor.Float32, 200, x)
		}
		b, err := Certify(context.Background(), m, data, Config{Seed: uint64(k), MaxStates: -1, MaxTemperatures: 2000})
		require.NoError(t, err)
		if !b.Certified {
			refused++
			reasons[b.Reason[:20]]++
			continue
		}
		certified++
		if logZ < b.LogZLower || logZ > b.LogZUpper {
			outside++
			d := max(b.LogZLower-logZ, logZ-b.LogZUpper)
			if d > 0.1 {
				wrong++
			}
			fmt.Println("outside", k, kind, visible.units, hidden.units, size, "by", d, b.LogZLower-logZ, b.LogZUpper-logZ, "bridge", b.LogZ-logZ, b.Temperatures)
		}
	}
	fmt.Println("certified", certified, "refused", refused, "outside", outside, "wrong", wrong, reasons)
}

func numbers(x *tensor.Dense) []float64 {
	out := make([]float64, x.Shape().TotalSize())
	w := x.Shape()[1]
	for i := range out {
		out[i] = at(x, i/w, i%w)
	}
	return out
}
