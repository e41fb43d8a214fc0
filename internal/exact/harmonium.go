package exact

import (
	"fmt"
	"math"
	"slices"
)

// Harmonium is a model of two layers, E(v,h) = U(v) + U(h) − bᵀv − cᵀh − vᵀWh.
type Harmonium struct {
	Visible, Hidden Side
	W               []float64 // (visible, hidden), row major
	B, C            []float64 // visible and hidden biases
}

func (m *Harmonium) check() error {
	if err := m.Visible.check(); err != nil {
		return fmt.Errorf("visible: %w", err)
	}
	if err := m.Hidden.check(); err != nil {
		return fmt.Errorf("hidden: %w", err)
	}
	if m.Visible.Units+m.Hidden.Units == 0 {
		return fmt.Errorf("no units, want at least 1")
	}
	for _, p := range []struct {
		name   string
		values []float64
		want   int
	}{
		{"W", m.W, m.Visible.Units * m.Hidden.Units},
		{"B", m.B, m.Visible.Units},
		{"C", m.C, m.Hidden.Units},
		{"visible LogVariance", m.Visible.LogVariance, len(m.Visible.LogVariance)},
		{"hidden LogVariance", m.Hidden.LogVariance, len(m.Hidden.LogVariance)},
	} {
		if err := checkNumbers(p.name, p.values, p.want); err != nil {
			return err
		}
	}
	return nil
}

func checkNumbers(name string, x []float64, want int) error {
	if len(x) != want {
		return fmt.Errorf("%s has %d numbers, want %d", name, len(x), want)
	}
	for i, xi := range x {
		if math.IsNaN(xi) || math.IsInf(xi, 0) {
			return fmt.Errorf("%s[%d] is %v, want a finite number", name, i, xi)
		}
	}
	return nil
}

// mirror is the same model with the two sides exchanged.
func (m *Harmonium) mirror() *Harmonium {
	n, k := m.Visible.Units, m.Hidden.Units
	w := make([]float64, len(m.W))
	for i := range n {
		for j := range k {
			w[j*n+i] = m.W[i*k+j]
		}
	}
	return &Harmonium{Visible: m.Hidden, Hidden: m.Visible, W: w, B: m.C, C: m.B}
}

// Energy is E(v,h) of one pair; v and h have as many numbers as their sides.
func (m *Harmonium) Energy(v, h []float64) float64 {
	e := m.Visible.own(v) + m.Hidden.own(h)
	for i, vi := range v {
		e -= m.B[i] * vi
		for j, hj := range h {
			e -= vi * m.W[i*len(h)+j] * hj
		}
	}
	for j, hj := range h {
		e -= m.C[j] * hj
	}
	return e
}

// hiddenField is vW + c.
func (m *Harmonium) hiddenField(v []float64) []float64 {
	field := slices.Clone(m.C)
	for i, vi := range v {
		for j := range field {
			field[j] += vi * m.W[i*len(field)+j]
		}
	}
	return field
}

func (m *Harmonium) freeEnergy(v []float64) float64 {
	return m.Visible.own(v) - dot(m.B, v) - m.Hidden.logNormaliser(m.hiddenField(v))
}

// checkGiven checks what the public functions of one visible vector need: a sound model, a vector that fits, hidden states to sum.
func (m *Harmonium) checkGiven(v []float64) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := checkNumbers("the given vector", v, m.Visible.Units); err != nil {
		return err
	}
	if m.Hidden.Family == Gaussian || m.Hidden.endless() {
		return nil
	}
	_, err := m.Hidden.enumerable(maxTerms)
	return err
}

// FreeEnergy is F(v) = −log Σ_h exp(−E(v,h)), so that p(v) = exp(−F(v))/Z. The sum goes over every hidden state; over Gaussian
// hidden units it is an integral in closed form, and over units without an end a sum or integral of which nothing is missing that float64
// would show. v need not be a state: the formula holds for any reals that have a U.
func (m *Harmonium) FreeEnergy(v []float64) (float64, error) {
	if err := m.checkGiven(v); err != nil {
		return 0, fmt.Errorf("exact: FreeEnergy: %w", err)
	}
	return m.freeEnergy(v), nil
}

// HiddenFreeEnergy is F(h) = −log Σ_v exp(−E(v,h)), the mirror image of FreeEnergy.
func (m *Harmonium) HiddenFreeEnergy(h []float64) (float64, error) {
	mirror, err := m.mirrorGiven(h)
	if err != nil {
		return 0, fmt.Errorf("exact: HiddenFreeEnergy: %w", err)
	}
	return mirror.freeEnergy(h), nil
}

// MeanHidden is E[h|v], of as many numbers as the hidden side.
func (m *Harmonium) MeanHidden(v []float64) ([]float64, error) {
	if err := m.checkGiven(v); err != nil {
		return nil, fmt.Errorf("exact: MeanHidden: %w", err)
	}
	mean, _ := m.Hidden.moments(m.hiddenField(v))
	return mean, nil
}

// MeanVisible is E[v|h], of as many numbers as the visible side.
func (m *Harmonium) MeanVisible(h []float64) ([]float64, error) {
	mirror, err := m.mirrorGiven(h)
	if err != nil {
		return nil, fmt.Errorf("exact: MeanVisible: %w", err)
	}
	mean, _ := mirror.Hidden.moments(mirror.hiddenField(h))
	return mean, nil
}

// mirrorGiven is checkGiven for the hidden side. It returns the mirrored model, which only a sound model has.
func (m *Harmonium) mirrorGiven(h []float64) (*Harmonium, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	mirror := m.mirror()
	return mirror, mirror.checkGiven(h)
}
