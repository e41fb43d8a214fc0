package modernhopfield

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// With β = 1/√D, no updates and nothing normalised the layer is the attention of a transformer (T12).
func TestAttentionIdentity(t *testing.T) {
	for _, dt := range dtypes {
		h := layerOf(Config{Input: 8, Heads: 2, StoredNorm: NoNorm, StateNorm: NoNorm, ProjectionNorm: NoNorm, NoBias: true}, dt)
		require.NoError(t, h.Param("beta").Set([]float64{0.5, 0.5})) // 1/√4
		g := G.NewGraph()
		x := random(g, "x", dt, 1, 5, 8)
		product := func(a *G.Node, name string) *G.Node {
			return must(op.Gemm(a, must(h.Param(name).Node(g)), false, false))
		}
		// softmax(Q Kᵀ/√d) V of each head out of Gorgonia's own columns, joined by W_output.
		q, k, v := product(x, "W_query"), product(x, "W_stored"), product(x, "W_value")
		var heads []*G.Node
		for i := range 2 {
			part := func(n *G.Node) *G.Node {
				pick := make([]float64, 8*4)
				for c := range 4 {
					pick[(4*i+c)*4+c] = 1
				}
				return must(op.Gemm(n, given(g, fmt.Sprintf("head %d of %v", i, n.ID()), dt, pick, 8, 4), false, false))
			}
			scores := must(op.Combine([]float64{0.5}, must(op.Gemm(part(q), part(k), false, true))))
			heads = append(heads, must(op.Gemm(must(op.Softmax(scores)), part(v), false, false)))
		}
		want := must(op.Gemm(must(G.Concat(1, heads...)), must(h.Param("W_output").Node(g)), false, false))
		values := graphtest.Value(t, must(h.Forward(x)), want)
		require.InDeltaSlice(t, values[1], values[0], 20*tolerances[dt])
	}
}

func TestDefaults(t *testing.T) {
	h := must(NewHopfield("h", Config{Input: 12, Heads: 3}))
	require.Equal(t, "h", h.Name())
	require.Equal(t, tensor.Float32, h.Dtype())
	require.Equal(t, tensor.Float32, h.Config().Dtype)
	learned := 0
	for _, p := range h.Params() {
		if p.Learned() {
			learned += p.Value().Shape().TotalSize()
		}
		switch short := p.Name()[2:]; short {
		case "stored_gain", "state_gain", "projection_gain":
			require.Equal(t, 1., p.Float64s()[11], short)
		case "beta":
			require.False(t, p.Learned())
			require.InDeltaSlice(t, []float64{0.5, 0.5, 0.5}, p.Float64s(), 1e-7)
		case "W_query", "W_stored", "W_value", "W_output":
			sum := 0.0
			for _, w := range p.Float64s() {
				sum += w * w
			}
			require.InDelta(t, 0.02, math.Sqrt(sum/144), 0.02*4/math.Sqrt(288), "four deviations of a deviation of 144 numbers")
		default:
			require.Zero(t, p.Float64s()[0], short)
		}
	}
	require.Equal(t, 3*144+36+144+12+6*12, learned, "as many as the reference's: 3E² + 3E + E² + E + 6E")
	require.Nil(t, h.Param("log_beta"))
	require.Nil(t, h.Param("h.beta"), "short names")
	require.NotEqual(t, h.Param("W_query").Float64s(), h.Param("W_stored").Float64s())
	require.NotEqual(t, h.Param("W_query").Float64s(), must(NewHopfield("h", Config{Input: 12, Heads: 3, Seed: 1})).Param("W_query").Float64s())
	require.Equal(t, h.Param("W_query").Float64s(), must(NewHopfield("h", Config{Input: 12, Heads: 3})).Param("W_query").Float64s())
	require.InDelta(t, 10*h.Param("W_query").Float64s()[3], must(NewHopfield("h", Config{Input: 12, Heads: 3, InitDeviation: 0.2})).Param("W_query").Float64s()[3], 1e-6)

	// Nothing that is not projected is normalised unless asked for: the default that users of the reference ran into.
	r := must(NewHopfield("r", RetrievalConfig(0, 1)))
	require.Len(t, r.Params(), 1)
	require.Equal(t, []float64{1}, r.Param("beta").Float64s())
}

// A bag in a batch, and a state among others, give the bits that they give alone.
func TestRowsAreAlone(t *testing.T) {
	for name, c := range settings() {
		for _, dt := range dtypes {
			h := layerOf(c, dt)
			widths, x := inputs(c, 60)
			g := G.NewGraph()
			in := nodesOf(g, dt, widths, x)
			all := graphtest.Value(t, must(h.Associate(in[0], in[1], in[2], Masks{})))[0]
			row := len(all) / bagCount / stateCount
			for n := range bagCount {
				g := G.NewGraph()
				part := func(i, count int) []float64 { return x[i][n*count*widths[i] : (n+1)*count*widths[i]] }
				stored := given(g, "stored", dt, part(0, storedCount), storedCount, widths[0])
				projection := given(g, "projection", dt, part(2, storedCount), storedCount, widths[2])
				states := given(g, "states", dt, part(1, stateCount), stateCount, widths[1])
				second := given(g, "second", dt, part(1, stateCount)[widths[1]:2*widths[1]], 1, widths[1])
				got := graphtest.Value(t, must(h.Associate(stored, states, projection, Masks{})), must(h.Associate(stored, second, projection, Masks{})))
				require.Equal(t, all[n*stateCount*row:(n+1)*stateCount*row], got[0], "%s: bag %d", name, n)
				require.Equal(t, all[(n*stateCount+1)*row:(n*stateCount+2)*row], got[1], "%s: state 1 of bag %d", name, n)
			}
		}
	}
}

// Bags of different lengths give what padded bags behind a mask do, and the order of stored patterns does not matter.
func TestRaggedBags(t *testing.T) {
	for name, c := range settings() {
		h := layerOf(c, tensor.Float64)
		widths, x := inputs(c, 70)
		stored, states := []int{3, 1}, []int{1, 3} // of 4 and 3
		pick := func(i, count int, lengths []int) (out []float64) {
			for n, l := range lengths {
				at := n * count * widths[i]
				out = append(out, x[i][at:at+l*widths[i]]...)
			}
			return out
		}
		g := G.NewGraph()
		in := nodesOf(g, tensor.Float64, widths, x)
		padding := given(g, "padding", tensor.Float64, []float64{0, 0, 0, 1, 0, 1, 1, 1}, bagCount, storedCount)
		padded := must(h.Associate(in[0], in[1], in[2], Masks{Padding: padding}))
		ragged := must(h.AssociateBags(
			given(g, "ragged stored", tensor.Float64, pick(0, storedCount, stored), 4, widths[0]),
			given(g, "ragged states", tensor.Float64, pick(1, stateCount, states), 4, widths[1]),
			given(g, "ragged projection", tensor.Float64, pick(2, storedCount, stored), 4, widths[2]),
			given(g, "stored lengths", tensor.Float64, []float64{3, 1}, 2), given(g, "state lengths", tensor.Float64, []float64{1, 3}, 2), Masks{}))
		turned := must(h.Associate(turn(in[0], storedCount), in[1], turn(in[2], storedCount), Masks{}))
		got := graphtest.Value(t, padded, ragged, must(h.Associate(in[0], in[1], in[2], Masks{})), turned)
		row := len(got[1]) / 4
		require.InDeltaSlice(t, got[0][:row], got[1][:row], 1e-12, name)
		require.InDeltaSlice(t, got[0][stateCount*row:], got[1][row:], 1e-12, name)
		require.InDeltaSlice(t, got[2], got[3], 1e-12, name)
	}
}

// turn is x, (N, S, F), with its stored patterns in the opposite order.
func turn(x *G.Node, count int) *G.Node {
	data := x.Value().Data().([]float64)
	width := x.Shape()[2]
	out := make([]float64, len(data))
	for i := range len(data) / width {
		n, s := i/count, i%count
		copy(out[(n*count+count-1-s)*width:][:width], data[i*width:])
	}
	return given(x.Graph(), "turned "+x.Name(), tensor.Float64, out, x.Shape()...)
}

// A state that nothing is left for retrieves zeros, and gradients stay finite; with a null or bias pattern it retrieves that.
func TestNothingLeft(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"plain": func(*Config) {}, "steps": func(c *Config) { c.Steps = 2 }, "sparse": func(c *Config) { c.Separation = energy.Entmax(1.5) },
		"subsets": func(c *Config) { c.Separation = energy.Subsets(2) }, "normmax": func(c *Config) { c.Separation = energy.Normmax(2) },
		"top": func(c *Config) { c.Separation = energy.TopK(2) }, "settled": func(c *Config) { c.Tolerance, c.Implicit = 1e-3, true },
		"null": func(c *Config) { c.NullPattern = true }, "bias": func(c *Config) { c.BiasPattern = true },
		"euclidean": func(c *Config) { c.Similarity, c.Steps = energy.Euclidean, 1 }, "cosine": func(c *Config) { c.Similarity, c.Steps = energy.Cosine, 1 },
	} {
		for _, dt := range dtypes {
			c := Config{Input: 4, Heads: 2, LearnBeta: true}
			change(&c)
			h := layerOf(c, dt)
			g := G.NewGraph()
			x := random(g, "x", dt, 1, 2, 3, 4)
			masks := Masks{Padding: given(g, "padding", dt, []float64{1, 1, 1, 0, 0, 0}, 2, 3)}
			y := must(h.Associate(x, x, x, masks))
			cost := must(G.Sum(must(G.HadamardProd(y, random(g, "c", dt, 2, 2, 3, 4)))))
			wrt := append(G.Nodes{x}, layers.Wrt(cost, h)...)
			values := graphtest.Value(t, append(G.Nodes{y}, must(G.Grad(cost, wrt...))...)...)
			want := h.Param("b_output").Float64s()
			if c.BiasPattern { // all weight is on it
				o := plainOf(&h.associator)
				want = o.linear("output", o.params["bias_value"])
			}
			for i := range 3 {
				require.InDeltaSlice(t, want, values[0][4*i:4*i+4], 1e-5, name)
			}
			for k, v := range values {
				for _, x := range v {
					require.False(t, math.IsNaN(x) || math.IsInf(x, 0), "%s: value %d", name, k)
				}
			}
			require.NotZero(t, values[1][12], "the other bag has a gradient")

			// The same of an empty bag.
			rows := given(g, "rows", dt, normals(1, 24)[12:], 3, 4)
			states := given(g, "states", dt, normals(1, 24), 6, 4)
			lengths := func(name string, x ...float64) *G.Node { return given(g, name, dt, x, 2) }
			ragged := must(h.AssociateBags(rows, states, rows, lengths("stored lengths", 0, 3), lengths("state lengths", 3, 3), Masks{}))
			both := graphtest.Value(t, ragged, must(h.Associate(x, x, x, masks)))
			require.InDeltaSlice(t, both[1], both[0], 2e-5, name)
		}
	}
}

// What settles: until the state moves by less than the tolerance, each state and head by itself; the implicit gradient is the unrolled one
// there, and none flows to the start.
func TestSettling(t *testing.T) {
	base := Config{Input: 5, Hidden: 4, Heads: 2, Betas: []float64{0.3, 0.6}, LearnBeta: true, StoredNorm: NoNorm, StateNorm: NoNorm, ProjectionNorm: NoNorm}
	with := func(change func(c *Config)) *Hopfield {
		c := base
		change(&c)
		h := layerOf(c, tensor.Float64)
		require.NoError(t, h.Param("log_beta").Set([]float64{-1.2, -0.5}))
		return h
	}
	long := with(func(c *Config) { c.Steps = 300 })
	settled := with(func(c *Config) { c.Tolerance = 1e-13 })
	implicit := with(func(c *Config) { c.Tolerance, c.Implicit = 1e-13, true })
	gradients := func(h *Hopfield) ([]float64, map[string][]float64) {
		g := G.NewGraph()
		stored, states := random(g, "stored", tensor.Float64, 1, 2, 4, 5), random(g, "states", tensor.Float64, 2, 2, 3, 5)
		y := must(h.Associate(stored, states, stored, Masks{}))
		cost := must(G.Sum(must(G.HadamardProd(y, random(g, "c", tensor.Float64, 3, 2, 3, 5)))))
		wrt := append(G.Nodes{stored, states}, layers.Wrt(cost, h)...)
		values := graphtest.Value(t, append(G.Nodes{y}, must(G.Grad(cost, wrt...))...)...)
		out := map[string][]float64{}
		for i, n := range wrt {
			out[n.Name()] = values[i+1]
		}
		return values[0], out
	}
	want, slopes := gradients(long)
	for name, h := range map[string]*Hopfield{"settled": settled, "implicit": implicit} {
		got, g := gradients(h)
		require.InDeltaSlice(t, want, got, 1e-11, name)
		require.Len(t, g, len(slopes))
		for n := range slopes {
			require.InDeltaSlice(t, slopes[n], g[n], 1e-8, "%s: %s", name, n)
		}
	}
	_, g := gradients(implicit)
	for _, name := range []string{"states", "h.W_query", "h.b_query"} {
		for _, x := range g[name] {
			require.Zero(t, x, name)
		}
	}
	// A tolerance that stops early differs from the fixed point, and from no updates.
	early, _ := gradients(with(func(c *Config) { c.Tolerance = 0.3 }))
	none, _ := gradients(with(func(*Config) {}))
	require.NotEqual(t, want, early)
	require.NotEqual(t, none, early)
}

// The energy is that of the oracle and falls with every update, to one that no more updates change.
func TestEnergyDescends(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"softmax": func(*Config) {}, "entmax": func(c *Config) { c.Separation = energy.Entmax(1.5) }, "sparsemax": func(c *Config) { c.Separation = energy.Sparsemax() },
		"normmax": func(c *Config) { c.Separation = energy.Normmax(2) }, "top": func(c *Config) { c.Separation = energy.TopK(2) },
		"subsets": func(c *Config) { c.Separation = energy.Subsets(2) }, "null": func(c *Config) { c.NullPattern = true },
		"euclidean": func(c *Config) { c.Similarity = energy.Euclidean }, "euclidean sparsemax": func(c *Config) { c.Similarity, c.Separation = energy.Euclidean, energy.Sparsemax() },
	} {
		var before []float64
		fell := 0
		for steps := range 6 {
			c := Config{Input: 5, Hidden: 4, Heads: 2, Betas: []float64{0.7, 2}, Steps: steps, SpaceNorm: PlainNorm}
			change(&c)
			h := layerOf(c, tensor.Float64)
			g := G.NewGraph()
			e := must(h.Energy(random(g, "stored", tensor.Float64, 1, 2, 6, 5), random(g, "states", tensor.Float64, 2, 2, 7, 5), Masks{}))
			require.Equal(t, tensor.Shape{2, 7, 2}, e.Shape())
			now := graphtest.Value(t, e)[0]
			for i := range before {
				require.LessOrEqual(t, now[i], before[i]+1e-12, "%s: step %d", name, steps)
				if now[i] < before[i]-1e-6 {
					fell++
				}
			}
			before = now
		}
		require.Greater(t, fell, 20, name)
	}
}

// The energy of one state by hand.
func TestEnergy(t *testing.T) {
	dot := RetrievalConfig(2, 0)
	euclidean := dot
	euclidean.Similarity = energy.Euclidean
	for _, c := range []struct {
		config Config
		want   float64
	}{
		{dot, (0.25+0.0625)/2 - math.Log(math.Exp(2*0.5)+math.Exp(2*0.5))/2},
		{euclidean, -math.Log(math.Exp(-2*0.3125)+math.Exp(-2*(0.25+1.75*1.75))) / 2},
	} {
		c.config.Dtype = tensor.Float64
		h := must(NewHopfield("h", c.config))
		g := G.NewGraph()
		stored := given(g, "stored", tensor.Float64, []float64{1, 0, 0, 2}, 2, 2)
		state := given(g, "state", tensor.Float64, []float64{0.5, 0.25}, 1, 2)
		require.InDelta(t, c.want, graphtest.Value(t, must(h.Energy(stored, state, Masks{})))[0][0], 1e-14)
	}
}

// The energy of a state that sees nothing is +Inf; the others' gradients do not suffer.
func TestEnergyOfNothing(t *testing.T) {
	for _, c := range []Config{{Input: 3, LearnBeta: true}, {Input: 3, LearnBeta: true, Steps: 1, Separation: energy.Entmax(1.5)}} {
		h := layerOf(c, tensor.Float64)
		g := G.NewGraph()
		x := random(g, "x", tensor.Float64, 1, 2, 2, 3)
		e := must(h.Energy(x, x, Masks{Padding: given(g, "padding", tensor.Float64, []float64{1, 1, 0, 0}, 2, 2)}))
		weighted := must(G.Sum(must(G.HadamardProd(e, given(g, "weights", tensor.Float64, []float64{0, 0, 1, 1}, 2, 2, 1)))))
		values := graphtest.Value(t, append(G.Nodes{e}, must(G.Grad(weighted, append(layers.Wrt(weighted, h), x)...))...)...)
		require.True(t, math.IsInf(values[0][0], 1) && math.IsInf(values[0][1], 1))
		for _, v := range values[1:] {
			for _, y := range v {
				require.False(t, math.IsNaN(y) || math.IsInf(y, 0))
			}
		}
		require.NotZero(t, values[1][0])
	}
}

// One graph serves bags of other numbers of rows, where a machine of the library runs it.
func TestGraphServesOtherBags(t *testing.T) {
	h := layerOf(Config{Input: 3, Heads: 3, BiasPattern: true, Steps: 1}, tensor.Float64)
	build := func(x *tensor.Dense, lengths ...float64) (*G.Node, *G.Node, *G.Node) {
		g := G.NewGraph()
		in, l := graphtest.Input(g, "x", x), given(g, "lengths", tensor.Float64, lengths, len(lengths))
		y, pooled, err := h.ForwardBags(in, l)
		require.NoError(t, err)
		require.False(t, pooled)
		return in, l, y
	}
	small, large := graphtest.Tensor(tensor.Float64, normals(1, 6), 2, 3), graphtest.Tensor(tensor.Float64, normals(2, 15), 5, 3)
	x, l, y := build(small, 2, 0)
	m := must(machine.New(y.Graph(), machine.Config{Outputs: G.Nodes{y}}))
	defer m.Close()
	require.NoError(t, m.RunAll())
	require.NoError(t, m.Let(x, large))
	require.NoError(t, m.Let(l, graphtest.Tensor(tensor.Float64, []float64{1, 0, 4}, 3)))
	require.NoError(t, m.RunAll())
	got := append([]float64(nil), m.Value(y).Data().([]float64)...)
	_, _, want := build(large, 1, 0, 4)
	require.Equal(t, graphtest.Value(t, want)[0], got)
}
