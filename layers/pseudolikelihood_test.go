package layers

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// Of every layer, the two costs are those of its own energies of all states.
func TestCostsWithoutPartitionFunction(t *testing.T) {
	type layer interface {
		Layer
		PseudoLikelihood(v *G.Node) (*G.Node, error)
		ProbabilityFlow(v *G.Node) (*G.Node, error)
	}
	biased := func(l layer) layer {
		for _, p := range l.Params() {
			if len(p.shape) == 1 && p.Name() != l.Name()+".W" {
				require.NoError(t, p.Set(normals(9, p.shape[0])))
			}
		}
		return l
	}
	f64 := tensor.Float64
	rbm := func(visible energy.Units, centered bool) *RBM {
		return biased(must(NewRBM("rbm", RBMConfig{Visible: visible, Hidden: energy.Spin(3), InitDeviation: 0.6, Centered: centered, Dtype: f64}))).(*RBM)
	}
	hopfield := func(visible energy.Units, temperature float64) *Hopfield {
		return biased(must(NewHopfield("net", HopfieldConfig{Units: visible, Temperature: temperature, InitDeviation: 0.6, Dtype: f64}))).(*Hopfield)
	}
	boltzmann := func(visible energy.Units, edges [][2]int) *Boltzmann {
		return biased(must(NewBoltzmann("bm", BoltzmannConfig{Visible: visible, Edges: edges, InitDeviation: 0.6, Dtype: f64}))).(*Boltzmann)
	}
	// free is F, or E without hidden units, over T.
	free := func(l layer, v *G.Node) (*G.Node, error) {
		switch l := l.(type) {
		case *RBM:
			return l.FreeEnergy(v)
		case *Boltzmann:
			return l.FreeEnergy(v)
		}
		h := l.(*Hopfield)
		return G.Mul(G.Must(h.Energy(v)), G.NewConstant(1/h.temperature(), G.WithName("beta")))
	}
	spins, bits, mixed := energy.Spin(4), energy.Bernoulli(4), energy.Join(energy.Bernoulli(1), energy.OneHot(1, 3), energy.Spin(1))
	edges := [][2]int{{0, 1}, {1, 3}, {2, 0}}
	for _, c := range []struct {
		name  string
		layer layer
		units energy.Units
	}{
		{"RBM of spins", rbm(spins, false), spins},
		{"centered RBM", rbm(bits, true), bits},
		{"RBM of joined units", rbm(mixed, false), mixed},
		{"Hopfield at half the temperature", hopfield(spins, 0.5), spins},
		{"Hopfield", hopfield(bits, 1), bits},
		{"Boltzmann", boltzmann(spins, nil), spins},
		{"Boltzmann of joined units", boltzmann(mixed, nil), mixed},
		{"Boltzmann on edges", boltzmann(bits, edges), bits},
	} {
		states := must(c.units.States(f64))
		g := G.NewGraph()
		v := input(g, "v", states)
		values := graphtest.Value(t, G.Must(free(c.layer, v)), G.Must(c.layer.PseudoLikelihood(v)))
		n, flips := c.units.Len(), len(c.units.Families()) == 1
		var flow []float64
		if flips {
			flow = graphtest.Value(t, G.Must(c.layer.ProbabilityFlow(v)))[0]
		} else {
			_, err := c.layer.ProbabilityFlow(v)
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, c.layer.Name())
		}
		for i, f := range values[0] {
			row, wantPL, wantFlow := states.Float64s()[i*n:(i+1)*n], 0.0, 0.0
			for unit := range n {
				if unit > 0 && c.units.UnitOf(unit) == c.units.UnitOf(unit-1) {
					continue
				}
				z := 0.0
				for j, other := range values[0] {
					differs := func(k int) bool {
						return states.Float64s()[j*n+k] != row[k] && c.units.UnitOf(k) != c.units.UnitOf(unit)
					}
					if slices.ContainsFunc([]int{0, 1, 2, 3, 4}[:n], differs) {
						continue
					}
					z += math.Exp(f - other)
					if j != i {
						wantFlow += math.Exp((f - other) / 2)
					}
				}
				wantPL -= math.Log(z)
			}
			require.InDelta(t, wantPL, values[1][i], 1e-12, c.name)
			if flips {
				require.InDelta(t, wantFlow, flow[i], 1e-12*max(1, wantFlow), c.name)
			}
		}
	}

	hidden := must(NewBoltzmann("bm", BoltzmannConfig{Visible: spins, Hidden: energy.Spin(2), Dtype: f64}))
	wide := func() *G.Node {
		return input(G.NewGraph(), "wide", dense(f64, tensor.Shape{1, 7}, make([]float64, 7)...))
	}
	for _, f := range []func(v *G.Node) (*G.Node, error){hidden.PseudoLikelihood, hidden.ProbabilityFlow} {
		_, err := f(wide())
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, `layers: Boltzmann "bm": P`)
		require.ErrorContains(t, err, "there are hidden units Spin(2), want a machine without")
	}
	for _, c := range []struct {
		what string
		f    func(v *G.Node) (*G.Node, error)
	}{
		{`layers: RBM "rbm": PseudoLikelihood: `, rbm(spins, false).PseudoLikelihood}, {`layers: RBM "rbm": ProbabilityFlow: `, rbm(spins, false).ProbabilityFlow},
		{`layers: Hopfield "net": PseudoLikelihood: `, hopfield(spins, 0.5).PseudoLikelihood}, {`layers: Hopfield "net": ProbabilityFlow: `, hopfield(spins, 0.5).ProbabilityFlow},
		{`layers: Boltzmann "bm": `, boltzmann(spins, nil).PseudoLikelihood}, {`layers: Boltzmann "bm": `, boltzmann(spins, nil).ProbabilityFlow},
	} {
		for _, x := range []*G.Node{nil, wide()} {
			_, err := c.f(x)
			require.ErrorIs(t, err, energy.ErrShape, c.what)
			require.ErrorContains(t, err, c.what)
		}
	}
}
