package layers

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func allPairs(n int) (edges [][2]int) {
	for i := range n {
		for j := range i {
			edges = append(edges, [2]int{i, j})
		}
	}
	return edges
}

// boltzmannCases are machines of every form, small enough to enumerate.
func boltzmannCases(dt tensor.Dtype) map[string]*Boltzmann {
	all := map[string]*Boltzmann{}
	for name, c := range map[string]BoltzmannConfig{
		"no hidden":       {Visible: energy.Spin(5)},
		"coupled":         {Visible: energy.Bernoulli(4), Hidden: energy.Spin(3)},
		"semi-restricted": {Visible: energy.Spin(4), Hidden: energy.Bernoulli(3), SemiRestricted: true},
		"one hidden":      {Visible: energy.Spin(3), Hidden: energy.Spin(1)},
		"one-hot":         {Visible: energy.OneHot(2, 3), Hidden: energy.OneHot(2, 2), SemiRestricted: true},
		"mixed":           {Visible: energy.Join(energy.LearnedGaussian(2, 0.6), energy.OneHot(1, 3), energy.Bernoulli(1)), Hidden: energy.Join(energy.Bernoulli(2), energy.OneHot(1, 2))},
		"mixed semi":      {Visible: energy.Join(energy.Bernoulli(2), energy.Gaussian(1)), Hidden: energy.Spin(2), SemiRestricted: true},
		"edges":           {Visible: energy.Spin(4), Hidden: energy.Bernoulli(3), Edges: allPairs(7)},
		"bipartite":       {Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(2), Edges: [][2]int{{0, 3}, {4, 1}, {3, 2}, {0, 1}}},
		"ring":            {Visible: energy.Spin(6), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}}},
	} {
		c.Dtype, c.Seed = dt, 3
		all[name] = must(NewBoltzmann("bm", c))
		shuffleParams(all[name], 2)
	}
	return all
}

// states returns rows of joint states of units; real columns get numbers of their own.
func someRows(u energy.Units, rows int) []float64 {
	discrete := u.Columns("Gaussian")
	for i, is := range discrete {
		discrete[i] = !is
	}
	part := u.Select(discrete)
	count, row, x := must(part.StateCount()), make([]float64, part.Len()), normals(1, rows*u.Len())
	for r := range rows {
		part.State((r*7+3)%count, row)
		for k, i := range indices(discrete) {
			x[r*u.Len()+i] = row[k]
		}
	}
	return x
}

// The free energy sums out hidden units exactly, whether they are coupled or not, dense or by edges, and as a graph and off it alike.
func TestBoltzmannFreeEnergy(t *testing.T) {
	for _, dt := range dtypes {
		tolerance := map[tensor.Dtype]float64{tensor.Float64: 1e-11, tensor.Float32: 1e-5}[dt]
		for name, bm := range boltzmannCases(dt) {
			const rows = 3
			visible, hidden := bm.Visible(), bm.Hidden()
			v := someRows(visible, rows)
			got := graphtest.Value(t, must(bm.FreeEnergy(input(G.NewGraph(), "v", dense(dt, tensor.Shape{rows, visible.Len()}, v...)))))[0]
			count := must(hidden.StateCount())
			for r := range rows {
				row := v[r*visible.Len() : (r+1)*visible.Len()]
				total := 0.0
				for i := range count {
					h := make([]float64, hidden.Len())
					hidden.State(i, h)
					total += math.Exp(-plainEnergy(t, bm, slices.Concat(row, h)))
				}
				require.InDelta(t, -math.Log(total), got[r], tolerance, "%s %v", name, dt)
			}
			f, err := plainOfRows(bm, v, 1)
			require.NoError(t, err)
			require.InDeltaSlice(t, got, f, tolerance, name)
		}
	}
}

func plainOfRows(bm *Boltzmann, v []float64, temperature float64) ([]float64, error) {
	x := dense(bm.Dtype(), tensor.Shape{len(v)}, v...)
	if bm.Dtype() == tensor.Float32 {
		return plainFreeEnergy(bm, x.Float32s(), temperature)
	}
	return plainFreeEnergy(bm, x.Float64s(), temperature)
}

// formula is E(x) of all units in plain loops.
func formula(bm *Boltzmann) func(x []float64) float64 {
	w, b, gaussian := bm.denseW(), bm.b.Float64s(), bm.joint.Columns("Gaussian")
	logVariance := make([]float64, len(b))
	if bm.logVariance != nil {
		logVariance = bm.logVariance.Float64s()
	}
	return func(x []float64) (e float64) {
		for i := range x {
			e -= b[i] * x[i]
			for j := range x {
				e -= x[i] * w[i*len(x)+j] * x[j] / 2
			}
			if gaussian[i] {
				e += x[i] * x[i] / 2 / math.Exp(logVariance[i])
			}
		}
		return e
	}
}

// plainEnergy is E of one row of all units, by the formula and by PlainBoltzmann.
func plainEnergy(t *testing.T, bm *Boltzmann, x []float64) float64 {
	e, row := formula(bm)(x), dense(bm.Dtype(), tensor.Shape{len(x)}, x...)
	if bm.Dtype() == tensor.Float32 {
		require.InDelta(t, e, must(PlainBoltzmannOf[float32](bm)).Energy(row.Float32s(), 1)[0], 1e-5)
	} else {
		require.InDelta(t, e, must(PlainBoltzmannOf[float64](bm)).Energy(row.Float64s(), 1)[0], 1e-12)
	}
	return e
}

func TestBoltzmannEnergyIsItsFormula(t *testing.T) {
	for _, dt := range dtypes {
		for name, bm := range boltzmannCases(dt) {
			const rows = 4
			n, visible := bm.Units().Len(), bm.Visible().Len()
			x := someRows(bm.Units(), rows)
			g := G.NewGraph()
			var v, h []float64
			var want []float64
			for row := range slices.Chunk(x, n) {
				v, h = append(v, row[:visible]...), append(h, row[visible:]...)
				want = append(want, plainEnergy(t, bm, row))
			}
			var hidden *G.Node
			if n > visible {
				hidden = input(g, "h", dense(dt, tensor.Shape{rows, n - visible}, h...))
			}
			got := graphtest.Value(t, must(bm.Energy(input(g, "v", dense(dt, tensor.Shape{rows, visible}, v...)), hidden)))[0]
			require.InDeltaSlice(t, want, got, map[tensor.Dtype]float64{tensor.Float64: 1e-12, tensor.Float32: 1e-5}[dt], name)
		}
	}
}

func TestGradientsOfBoltzmann(t *testing.T) {
	for name := range boltzmannCases(tensor.Float64) {
		layer := func(dt tensor.Dtype) Layer { return boltzmannCases(dt)[name] }
		bm := layer(tensor.Float64).(*Boltzmann)
		everything := "W b"
		if bm.logVariance != nil {
			everything += " log_variance"
		}
		visible, hidden := bm.Visible().Len(), bm.Hidden().Len()
		v, v2, h := tensor.Shape{3, visible}, tensor.Shape{2, visible}, tensor.Shape{3, hidden}
		cases := map[string]gradientCase{
			"FreeEnergy":      {inputs: []tensor.Shape{v}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) { return l.(*Boltzmann).FreeEnergy(in[0]) }},
			"ContrastiveCost": {inputs: []tensor.Shape{v, v2}, reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) { return l.(*Boltzmann).ContrastiveCost(in[0], in[1]) }},
			"Energy": {inputs: []tensor.Shape{v, h}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
				return l.(*Boltzmann).Energy(in[0], in[1])
			}},
			"Forward": {inputs: []tensor.Shape{v}, output: h, reach: "W b", build: forward},
		}
		if hidden == 0 {
			delete(cases, "Forward")
			cases["Energy"] = gradientCase{inputs: []tensor.Shape{v}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
				return l.(*Boltzmann).Energy(in[0], nil)
			}}
		}
		for what, c := range cases {
			c.layer = layer
			t.Run(name+"/"+what, c.check)
		}
	}
}

// Hidden units that are not coupled have exact means; those of coupled ones are a fixed point of the mean-field equations, and near the exact
// means where couplings are weak.
func TestBoltzmannForward(t *testing.T) {
	for name, bm := range boltzmannCases(tensor.Float64) {
		visible, hidden, n := bm.Visible(), bm.Hidden(), bm.Units().Len()
		if hidden.Len() == 0 {
			continue
		}
		v := someRows(visible, 1)
		x := slices.Concat(v, make([]float64, hidden.Len()))
		known := make([]bool, n)
		for i := range visible.Len() {
			known[i] = true
		}
		got := graphtest.Value(t, must(bm.Forward(input(G.NewGraph(), "v", dense(tensor.Float64, tensor.Shape{1, visible.Len()}, v...)))))[0]
		exact := must(bm.Conditional(1, x, known)).Mean[visible.Len():]
		if bm.HiddenStates() == energy.UncoupledHidden {
			require.InDeltaSlice(t, exact, got, 1e-12, name)
			continue
		}
		copy(x[visible.Len():], got)
		field := make([]float64, n)
		must(PlainBoltzmannOf[float64](bm)).Input(field, x, 1)
		mean := make([]float64, hidden.Len())
		hidden.Kind().F64.Mean(mean, field[visible.Len():], nil)
		require.InDeltaSlice(t, mean, got, 1e-4, name)

		w := bm.w.Float64s()
		for i := range w {
			w[i] /= 8
		}
		require.NoError(t, bm.w.Set(w))
		weak := graphtest.Value(t, must(bm.Forward(input(G.NewGraph(), "v", dense(tensor.Float64, tensor.Shape{1, visible.Len()}, v...)))))[0]
		exact = must(bm.Conditional(1, x, known)).Mean[visible.Len():]
		require.InDeltaSlice(t, exact, weak, 0.02, name)
		require.NotEqual(t, exact, weak, "an approximation")
	}
}

// A machine whose visible units are not coupled is an RBM.
func TestBoltzmannAsRBM(t *testing.T) {
	for _, pair := range [][2]energy.Units{
		{energy.Bernoulli(4), energy.Spin(3)},
		{energy.LearnedGaussian(3, 0.5), energy.Bernoulli(2)},
		{energy.Join(energy.Spin(2), energy.OneHot(1, 3)), energy.OneHot(2, 2)},
	} {
		for _, dt := range dtypes {
			tolerance := map[tensor.Dtype]float64{tensor.Float64: 1e-12, tensor.Float32: 1e-5}[dt]
			r := must(NewRBM("r", RBMConfig{Visible: pair[0], Hidden: pair[1], Dtype: dt}))
			shuffleParams(r, 4)
			bm := must(asBoltzmann(r))
			rows, visible, hidden := 3, pair[0].Len(), pair[1].Len()
			g := G.NewGraph()
			v := input(g, "v", dense(dt, tensor.Shape{rows, visible}, someRows(pair[0], rows)...))
			h := input(g, "h", dense(dt, tensor.Shape{rows, hidden}, someRows(pair[1], rows)...))
			got := graphtest.Value(t,
				must(r.Energy(v, h)), must(bm.Energy(v, h)), must(r.FreeEnergy(v)), must(bm.FreeEnergy(v)), must(r.Forward(v)), must(bm.Forward(v)))
			for k := 0; k < len(got); k += 2 {
				require.InDeltaSlice(t, got[k], got[k+1], tolerance, "%v %v", pair, dt)
			}
		}
	}
}

// asBoltzmann is the machine of an RBM's couplings.
func asBoltzmann(r *RBM) (*Boltzmann, error) {
	bm, err := NewBoltzmann("bm", BoltzmannConfig{Visible: r.Visible(), Hidden: r.Hidden(), SemiRestricted: true, Dtype: r.Dtype()})
	if err != nil {
		return nil, err
	}
	n, visible, hidden := bm.Units().Len(), r.Visible().Len(), r.Hidden().Len()
	w, from := make([]float64, n*n), r.Param("W").Float64s()
	for i := range visible {
		for j := range hidden {
			w[i*n+visible+j], w[(visible+j)*n+i] = from[i*hidden+j], from[i*hidden+j]
		}
	}
	if err := bm.Param("W").Set(w); err != nil {
		return nil, err
	}
	if p := r.Param("visible_log_variance"); p != nil {
		if err := bm.Param("log_variance").Set(slices.Concat(p.Float64s(), make([]float64, hidden))); err != nil {
			return nil, err
		}
	}
	return bm, bm.Param("b").Set(slices.Concat(r.Param("b").Float64s(), r.Param("c").Float64s()))
}

// Only couplings of W's form can be set; what is refused changes nothing.
func TestBoltzmannRefusesOtherCouplings(t *testing.T) {
	for _, dt := range dtypes {
		bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Join(energy.Spin(1), energy.OneHot(1, 2)), Hidden: energy.Spin(2), SemiRestricted: true, Seed: 1, Dtype: dt}))
		before, n := bm.w.Float64s(), 5
		with := func(i, j int, there, back float64) []float64 {
			w := slices.Clone(before)
			w[i*n+j], w[j*n+i] = there, back
			return w
		}
		for message, w := range map[string][]float64{
			"W has 0.5 at row 1, column 0, and 0.25 at row 0, column 1, want a symmetric matrix": with(0, 1, 0.25, 0.5),
			"W has 1 at row 2 of its diagonal, want 0":                                           with(2, 2, 1, 1),
			"W has 0.5 at row 1, column 2, a pair that is not coupled, want 0":                   with(1, 2, 0.5, 0.5),
			"W has -1 at row 3, column 4, a pair that is not coupled, want 0":                    with(3, 4, -1, -1),
		} {
			refusal{func() error { return bm.w.Set(w) }, energy.ErrConfig, "layers: bm.W: Set: " + message}.check(t)
			require.Equal(t, before, bm.w.Float64s())
			file := must(Encode(bm))
			file.Tensors[0].Data = dense(dt, tensor.Shape{n, n}, w...).Data()
			_, err := Decode([]byte(file.Meta[layerKey]), file)
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, `layers: Boltzmann "bm": `+message)
		}
		for i, x := range []float64{math.NaN(), math.Inf(1)} {
			refusal{func() error { return bm.w.Set(with(0, 3, x, x)) }, energy.ErrNotFinite, "layers: bm.W: Set: value 3"}.check(t)
			refusal{func() error { return bm.b.Set([]float64{0, 0, 0, 0, x}) }, energy.ErrNotFinite, fmt.Sprintf("value 4 is %v", []string{"NaN", "+Inf"}[i])}.check(t)
		}
	}
	require.Nil(t, boltzmannCases(tensor.Float64)["ring"].Param("log_variance"))
	_, err := PlainBoltzmannOf[float32](boltzmannCases(tensor.Float64)["ring"])
	require.ErrorIs(t, err, energy.ErrDtype)
}

// A machine draws its weights by name and seed, and keeps its own copy of the edges.
func TestNewBoltzmann(t *testing.T) {
	edges := [][2]int{{0, 1}, {1, 2}}
	c := BoltzmannConfig{Visible: energy.Spin(3), Edges: edges, Seed: 4}
	bm := must(NewBoltzmann("bm", c))
	edges[0] = [2]int{0, 2}
	require.Equal(t, [][2]int{{0, 1}, {1, 2}}, bm.Config().Edges)
	require.Equal(t, tensor.Float32, bm.Dtype())
	require.Equal(t, tensor.Shape{2}, bm.w.shape)
	require.NotEqual(t, bm.w.Float64s(), must(NewBoltzmann("other", c)).w.Float64s())
	large := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Spin(200), Seed: 1, Dtype: tensor.Float64})).w.Float64s()
	sum := 0.0
	for _, w := range large {
		sum += w * w
	}
	require.InDelta(t, 1e-4, sum/(200*199), 4*1e-4*math.Sqrt(2/(200*199/2.)))
	for name, want := range map[string]bool{"no hidden": true, "coupled": true, "edges": true, "bipartite": true} {
		require.Equal(t, want, boltzmannCases(tensor.Float64)[name].HasFreeEnergy())
	}
	require.False(t, must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Spin(2), Hidden: energy.Spin(15)})).HasFreeEnergy())
	require.Equal(t, energy.UncoupledHidden, boltzmannCases(tensor.Float64)["bipartite"].HiddenStates())
	require.Equal(t, energy.CoupledHidden, boltzmannCases(tensor.Float64)["edges"].HiddenStates())
}
