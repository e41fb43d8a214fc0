package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// Boltzmann returns the model as a Boltzmann machine of Spin units on the graph of its bonds, with W = J and b = h: energies agree, so that
// its samplers at temperature T draw from the model. Bonds between the same two spins become one edge. The zero dtype means
// float32. Errors: ErrConfig for a model without bonds, which has no graph, and those of layers.NewBoltzmann and of Param.Set.
func (g *Ising) Boltzmann(name string, dtype tensor.Dtype) (*layers.Boltzmann, error) {
	pairs, strengths := g.pairs()
	if len(pairs) == 0 {
		return nil, fmt.Errorf("associative: Ising: Boltzmann: the model has no bonds: %w", energy.ErrConfig)
	}
	m, err := layers.NewBoltzmann(name, layers.BoltzmannConfig{Visible: energy.Spin(g.n), Edges: pairs, Dtype: dtype})
	if err != nil {
		return nil, fmt.Errorf("associative: Ising: Boltzmann: %w", err)
	}
	field := g.Field()
	if field == nil {
		field = make([]float64, g.n)
	}
	for name, values := range map[string][]float64{"W": strengths, "b": field} {
		if err := m.Param(name).Set(values); err != nil {
			return nil, fmt.Errorf("associative: Ising: Boltzmann: %w", err)
		}
	}
	return m, nil
}

// pairs are the pairs of spins that have bonds, in the order of their first ones, and the sum of the strengths of each.
func (g *Ising) pairs() (pairs [][2]int, strengths []float64) {
	at := make(map[[2]int]int, len(g.bonds))
	for _, b := range g.bonds {
		pair := [2]int{min(b.A, b.B), max(b.A, b.B)}
		k, ok := at[pair]
		if !ok {
			k = len(pairs)
			at[pair] = k
			pairs, strengths = append(pairs, pair), append(strengths, 0)
		}
		strengths[k] += b.J
	}
	return pairs, strengths
}
