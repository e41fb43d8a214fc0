package modernhopfield

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// add is norm(x + y) of rows, in plain loops, with the gain and bias of a name.
func (o plainLayer) add(name string, epsilon float64, x, y rows) (out rows) {
	for i := range x {
		sum := append([]float64(nil), x[i]...)
		for d := range sum {
			sum[d] += y[i][d]
		}
		out = append(out, o.norm(name, AffineNorm, epsilon, sum))
	}
	return out
}

func (o plainLayer) feed(activation string, epsilon float64, x rows) rows {
	var y rows
	for _, row := range x {
		inner := o.linear("expand", row)
		for i, v := range inner {
			inner[i] = activate(activation, v)
		}
		y = append(y, o.linear("contract", inner))
	}
	return o.add("feedforward", epsilon, x, y)
}

func blockOf(o *owner) plainLayer {
	return plainOf(&associator{owner: *o})
}

func causal(_, state, stored int) bool { return stored > state }

var causalMask = []float64{0, 1, 1, 0, 0, 1, 0, 0, 0}

// An encoder block is what its formula says, of batches, single bags and bags of other lengths, with and without a mask.
func TestEncoder(t *testing.T) {
	for _, dt := range dtypes {
		e := must(NewEncoder("e", EncoderConfig{Association: Config{Input: 4, Heads: 2, Steps: 1, NullPattern: true, Dtype: dt}, Feedforward: 5, Epsilon: 0.01}))
		shuffleParams(e, 2)
		o, inner := blockOf(&e.owner), plainOf(&e.association.associator)
		encode := func(x rows, mask oracleMask) []float64 {
			y := o.add("association", 0.01, x, inner.bag(x, x, x, mask))
			return o.feed("relu", 0.01, y).flat()
		}
		x := normals(4, 2*3*4)
		for i := range x {
			x[i] = float64(float32(x[i]))
		}
		one, two := splitIn(x[:12], 4), splitIn(x[12:], 4)
		plain := append(encode(one, oracleMask{}), encode(two, oracleMask{})...)
		masked := append(encode(one, oracleMask{hidden: causal}), encode(two, oracleMask{hidden: causal})...)
		ragged := append(encode(one[:1], oracleMask{}), encode(append(append(rows{}, one[1:]...), two...), oracleMask{})...)
		graphtest.Run(t, 10*tolerances[dt], func(g *G.ExprGraph) G.Nodes {
			batch := given(g, "x", dt, x, 2, 3, 4)
			flat := given(g, "rows", dt, x, 6, 4)
			bags, pooled, err := e.ForwardBags(flat, given(g, "lengths", dt, []float64{1, 0, 5}, 3))
			require.NoError(t, err)
			require.False(t, pooled)
			return G.Nodes{must(e.Forward(batch)), must(e.Encode(batch, Masks{Forbidden: given(g, "causal", dt, causalMask, 3, 3)})), bags,
				must(e.Forward(given(g, "one", dt, x[:12], 3, 4)))}
		}, graphtest.Tensor(dt, plain, 2, 3, 4), graphtest.Tensor(dt, masked, 2, 3, 4), graphtest.Tensor(dt, ragged, 6, 4), graphtest.Tensor(dt, plain[:12], 3, 4))
	}
}

// A decoder block is what its formula says.
func TestDecoder(t *testing.T) {
	for _, dt := range dtypes {
		d := must(NewDecoder("d", DecoderConfig{
			Self: Config{Input: 4, Heads: 2, Dtype: dt}, Cross: Config{Input: 4, Stored: 3, Hidden: 3, Steps: 1}, Feedforward: 5, Activation: "softplus",
		}))
		shuffleParams(d, 2)
		o, self, cross := blockOf(&d.owner), plainOf(&d.self.associator), plainOf(&d.cross.associator)
		decode := func(x, memory rows, mask oracleMask) []float64 {
			y := o.add("self", 1e-5, x, self.bag(x, x, x, mask))
			z := o.add("cross", 1e-5, y, cross.bag(memory, y, memory, oracleMask{}))
			return o.feed("softplus", 1e-5, z).flat()
		}
		x, m := normals(4, 2*3*4), normals(5, 2*2*3)
		for i := range x {
			x[i] = float64(float32(x[i]))
		}
		for i := range m {
			m[i] = float64(float32(m[i]))
		}
		one, two, m1, m2 := splitIn(x[:12], 4), splitIn(x[12:], 4), splitIn(m[:6], 3), splitIn(m[6:], 3)
		plain := append(decode(one, m1, oracleMask{}), decode(two, m2, oracleMask{})...)
		masked := append(decode(one, m1, oracleMask{hidden: causal}), decode(two, m2, oracleMask{hidden: causal})...)
		ragged := append(decode(one[:2], m1[:1], oracleMask{}), decode(append(append(rows{}, one[2:]...), two...), append(append(rows{}, m1[1:]...), m2...), oracleMask{})...)
		graphtest.Run(t, 10*tolerances[dt], func(g *G.ExprGraph) G.Nodes {
			target, memory := given(g, "x", dt, x, 2, 3, 4), given(g, "memory", dt, m, 2, 2, 3)
			return G.Nodes{
				must(d.Decode(target, memory, Masks{}, Masks{})),
				must(d.Decode(target, memory, Masks{Forbidden: given(g, "causal", dt, causalMask, 3, 3)}, Masks{})),
				must(d.DecodeBags(given(g, "rows", dt, x, 6, 4), given(g, "memory rows", dt, m, 4, 3), given(g, "lengths", dt, []float64{2, 4}, 2),
					given(g, "memory lengths", dt, []float64{1, 3}, 2), Masks{}, Masks{})),
			}
		}, graphtest.Tensor(dt, plain, 2, 3, 4), graphtest.Tensor(dt, masked, 2, 3, 4), graphtest.Tensor(dt, ragged, 6, 4))
	}
	// As a layer of a chain it has its target for a memory.
	d := must(NewDecoder("d", DecoderConfig{Self: Config{Input: 4}, Cross: Config{Input: 4}, Feedforward: 3}))
	shuffleParams(d, 1)
	g := G.NewGraph()
	x := random(g, "x", tensor.Float32, 1, 2, 3, 4)
	rows, pooled, err := d.ForwardBags(random(g, "rows", tensor.Float32, 1, 6, 4), given(g, "lengths", tensor.Float32, []float64{3, 3}, 2))
	require.NoError(t, err)
	require.False(t, pooled)
	values := graphtest.Value(t, must(d.Forward(x)), must(d.Decode(x, x, Masks{}, Masks{})), rows)
	require.Equal(t, values[0], values[1])
	require.Equal(t, values[0], values[2])
}

func TestBlockDefaults(t *testing.T) {
	e := must(NewEncoder("e", EncoderConfig{Association: Config{Input: 4}}))
	require.Equal(t, tensor.Shape{4, 2048}, e.Param("W_expand").Value().Shape())
	require.Equal(t, tensor.Shape{4, 4}, e.Param("association.W_query").Value().Shape())
	require.Equal(t, []float64{1, 1, 1, 1}, e.Param("association_gain").Float64s())
	sum := 0.0
	for _, w := range e.Param("W_contract").Float64s() {
		sum += w * w
	}
	require.InDelta(t, math.Sqrt(2./2052), math.Sqrt(sum/8192), math.Sqrt(2./2052)*4/math.Sqrt(2*8192), "Glorot's deviation")
	require.Equal(t, tensor.Float32, e.Dtype())
}
