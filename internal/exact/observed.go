package exact

import (
	"fmt"
	"math"
	"slices"
)

// A NaN in a row stands for a number that is missing: what is observed of the row counts, and the rest is summed out.

// ObservedFreeEnergy is F(v_O) = −log Σ exp(−F(v)) over the visible states v that have the observed numbers of a row, so that p(v_O) =
// exp(−F(v_O))/Z; of units without end it is the integral. Of Gaussian visible units the missing ones are integrated out given each hidden state.
func (m *Harmonium) ObservedFreeEnergy(row []float64) (float64, error) {
	sum, err := m.observed(row, func([]float64, float64) {})
	if err != nil {
		return 0, fmt.Errorf("exact: ObservedFreeEnergy: %w", err)
	}
	return -sum, nil
}

// MissingMeans is the row with E[v_M | v_O] in the places of what is missing.
func (m *Harmonium) MissingMeans(row []float64) ([]float64, error) {
	total, err := m.observed(row, func([]float64, float64) {})
	if err != nil {
		return nil, fmt.Errorf("exact: MissingMeans: %w", err)
	}
	mean := make([]float64, len(row))
	_, err = m.observed(row, func(v []float64, log float64) {
		for i, vi := range v {
			mean[i] += math.Exp(log-total) * vi
		}
	})
	return mean, err
}

// ObservedLogLikelihood is the mean of log p(v_O) over rows with missing numbers, each counted as often as its weight says; nil counts all alike.
func (m *Harmonium) ObservedLogLikelihood(rows [][]float64, weights []float64) (float64, error) {
	logZ, err := m.LogPartition()
	if err != nil {
		return 0, fmt.Errorf("exact: ObservedLogLikelihood: %w", err)
	}
	sum, total := 0.0, 0.0
	for k, row := range rows {
		f, err := m.ObservedFreeEnergy(row)
		if err != nil {
			return 0, err
		}
		sum += f * weightOf(weights, k)
		total += weightOf(weights, k)
	}
	return -sum/total - logZ, nil
}

func weightOf(weights []float64, k int) float64 {
	if weights == nil {
		return 1
	}
	return weights[k]
}

// ObservedGradient is the gradient of minus ObservedLogLikelihood for discrete visible units: that of the completed rows, each with the
// probability p(v_M | v_O) of its completion as weight.
func (m *Harmonium) ObservedGradient(rows [][]float64, weights []float64) (*Gradient, error) {
	if _, err := m.Visible.listable(maxTerms); err != nil {
		return nil, fmt.Errorf("exact: ObservedGradient: %w", err)
	}
	var completed [][]float64
	var shares []float64
	for k, row := range rows {
		total, err := m.observed(row, func([]float64, float64) {})
		if err != nil {
			return nil, fmt.Errorf("exact: ObservedGradient: %w", err)
		}
		m.observed(row, func(v []float64, log float64) {
			completed, shares = append(completed, slices.Clone(v)), append(shares, weightOf(weights, k)*math.Exp(log-total))
		})
	}
	return m.Gradient(completed, shares)
}

// observed returns log Σ over the completions of a row, and visits each with the logarithm of its term; of Gaussian visible units it visits the
// means of the missing ones given each hidden state.
func (m *Harmonium) observed(row []float64, visit func(v []float64, log float64)) (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	if len(row) != m.Visible.Units {
		return 0, fmt.Errorf("the row has %d numbers, want %d", len(row), m.Visible.Units)
	}
	sum := newLogSum()
	if m.Visible.Family == Gaussian {
		if _, err := m.Hidden.enumerable(maxTerms); err != nil {
			return 0, err
		}
		for h, logWeight := range m.Hidden.each() {
			log, v := dot(m.C, h)-m.Hidden.own(h)+logWeight, slices.Clone(row)
			for i, x := range row {
				field := m.B[i] + dot(m.W[i*len(h):(i+1)*len(h)], h)
				s := m.Visible.variance(i)
				if math.IsNaN(x) {
					log += s*field*field/2 + math.Log(2*math.Pi*s)/2
					v[i] = s * field
				} else {
					log += field*x - x*x/(2*s)
				}
			}
			sum.add(log)
			visit(v, log)
		}
		return sum.value(), nil
	}
	missing := m.Visible
	missing.Units = 0
	var columns []int
	for i, x := range row {
		if math.IsNaN(x) {
			columns = append(columns, i)
			missing.Units++
		}
	}
	if err := missing.check(); err != nil { // a part of a OneHot group
		return 0, err
	}
	if _, err := missing.enumerable(maxTerms); err != nil {
		return 0, err
	}
	v := slices.Clone(row)
	for x, logWeight := range missing.each() {
		for k, i := range columns {
			v[i] = x[k]
		}
		log := logWeight - m.freeEnergy(v)
		sum.add(log)
		visit(v, log)
	}
	return sum.value(), nil
}
