package exact

import "fmt"

// LogPartition is log Z = log Σ_v Σ_h exp(−E(v,h)), sums over Gaussian and ReLU units being integrals. It enumerates the visible side, or the
// hidden one if the visible units have no end and the hidden ones have, or if only the visible ones are Gaussian; Gaussian × Gaussian is a
// closed form, and ErrNotNormalisable where Z diverges.
func (m *Harmonium) LogPartition() (float64, error) {
	logZ, err := m.logPartition()
	if err != nil {
		return 0, fmt.Errorf("exact: LogPartition: %w", err)
	}
	return logZ, nil
}

// LogPartitionOverVisible is log Σ_v exp(−F(v)). Gaussian visible units are ErrNotEnumerable unless the hidden ones are Gaussian too.
func (m *Harmonium) LogPartitionOverVisible() (float64, error) {
	if err := m.check(); err != nil {
		return 0, fmt.Errorf("exact: LogPartitionOverVisible: %w", err)
	}
	logZ, err := m.logPartitionOverVisible()
	if err != nil {
		return 0, fmt.Errorf("exact: LogPartitionOverVisible: %w", err)
	}
	return logZ, nil
}

// LogPartitionOverHidden is log Σ_h exp(−F(h)). Gaussian hidden units are ErrNotEnumerable unless the visible ones are Gaussian too.
func (m *Harmonium) LogPartitionOverHidden() (float64, error) {
	if err := m.check(); err != nil {
		return 0, fmt.Errorf("exact: LogPartitionOverHidden: %w", err)
	}
	logZ, err := m.mirror().logPartitionOverVisible()
	if err != nil {
		return 0, fmt.Errorf("exact: LogPartitionOverHidden: %w", err)
	}
	return logZ, nil
}

func (m *Harmonium) logPartition() (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	if m.Visible.hardness() > m.Hidden.hardness() {
		return m.mirror().logPartitionOverVisible()
	}
	return m.logPartitionOverVisible()
}

func (m *Harmonium) logPartitionOverVisible() (float64, error) {
	if m.Visible.Family == Gaussian && m.Hidden.Family == Gaussian {
		joint, err := m.gaussian()
		if err != nil {
			return 0, err
		}
		return joint.logPartition, nil
	}
	if err := m.summable(); err != nil {
		return 0, err
	}
	sum := newLogSum()
	for v, logWeight := range m.Visible.each() {
		sum.add(logWeight - m.freeEnergy(v))
	}
	return sum.value(), nil
}

// summable reports whether the visible side, and for each of its states the hidden side, can be enumerated.
func (m *Harmonium) summable() error {
	states, err := m.Visible.enumerable(maxTerms)
	if err != nil {
		return err
	}
	if err := m.reach(); err != nil || m.Hidden.Family == Gaussian || m.Hidden.endless() {
		return err
	}
	_, err = m.Hidden.enumerable(maxTerms / states)
	return err
}

// Probabilities lists every visible state with p(v) = exp(−F(v))/Z. The visible units must be discrete.
func (m *Harmonium) Probabilities() (states [][]float64, p []float64, err error) {
	if err := m.check(); err != nil {
		return nil, nil, fmt.Errorf("exact: Probabilities: %w", err)
	}
	if _, err := m.Visible.listable(maxStates); err != nil {
		return nil, nil, fmt.Errorf("exact: Probabilities: visible: %w", err)
	}
	if err := m.summable(); err != nil {
		return nil, nil, fmt.Errorf("exact: Probabilities: %w", err)
	}
	states = m.Visible.list()
	p = make([]float64, len(states))
	for k, v := range states {
		p[k] = -m.freeEnergy(v)
	}
	normalise(p)
	return states, p, nil
}

// JointProbabilities lists every pair (v, h) with p(v,h), straight from Energy; both sides must be discrete. Pair k is v[k], h[k], p[k];
// h runs fastest, and pairs of one v share its slice.
func (m *Harmonium) JointProbabilities() (v, h [][]float64, p []float64, err error) {
	if err := m.check(); err != nil {
		return nil, nil, nil, fmt.Errorf("exact: JointProbabilities: %w", err)
	}
	states, err := m.Visible.listable(maxStates)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("exact: JointProbabilities: visible: %w", err)
	}
	if _, err := m.Hidden.listable(maxStates / states); err != nil {
		return nil, nil, nil, fmt.Errorf("exact: JointProbabilities: hidden: %w", err)
	}
	hidden := m.Hidden.list()
	for _, vk := range m.Visible.list() {
		for _, hk := range hidden {
			v, h, p = append(v, vk), append(h, hk), append(p, -m.Energy(vk, hk))
		}
	}
	normalise(p)
	return v, h, p, nil
}
