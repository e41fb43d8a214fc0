package op

import G "gorgonia.org/gorgonia"

// Terms collects the terms of a sum and the first error of building them. The zero value is empty.
type Terms struct {
	coefficients []float64
	nodes        []*G.Node
	err          error
}

// Add returns what takes a term, as a builder returns it, times a coefficient: t.Add(-1)(MatVec(x, b)).
func (t *Terms) Add(coefficient float64) func(*G.Node, error) {
	return func(n *G.Node, err error) {
		t.coefficients, t.nodes = append(t.coefficients, coefficient), append(t.nodes, n)
		if t.err == nil {
			t.err = err
		}
	}
}

// Build builds the sum.
func (t *Terms) Build() (*G.Node, error) {
	if t.err != nil {
		return nil, t.err
	}
	return Combine(t.coefficients, t.nodes...)
}
