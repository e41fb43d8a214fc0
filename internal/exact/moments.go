package exact

import (
	"fmt"
	"math"
)

// Moments are expectations under p(v,h).
type Moments struct {
	V, H   []float64 // E[v_i], E[h_j]
	VH     []float64 // E[v_i h_j], (visible, hidden) row major
	VV, HH []float64 // E[v_i²], E[h_j²]
}

// Moments enumerates the visible side, or the hidden one if that is better listed (see LogPartition), and takes the other side's moments given
// each of its states; Gaussian × Gaussian is a closed form.
func (m *Harmonium) Moments() (*Moments, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("exact: Moments: %w", err)
	}
	moments, err := m.moments()
	if err != nil {
		return nil, fmt.Errorf("exact: Moments: %w", err)
	}
	return moments, nil
}

func (m *Harmonium) moments() (*Moments, error) {
	switch {
	case m.Visible.Family == Gaussian && m.Hidden.Family == Gaussian:
		return m.gaussianMoments()
	case m.Visible.hardness() > m.Hidden.hardness():
		mirror, err := m.mirror().moments()
		if err != nil {
			return nil, err
		}
		n, k := m.Visible.Units, m.Hidden.Units
		vh := make([]float64, n*k)
		for i := range n {
			for j := range k {
				vh[i*k+j] = mirror.VH[j*n+i]
			}
		}
		return &Moments{V: mirror.H, H: mirror.V, VH: vh, VV: mirror.HH, HH: mirror.VV}, nil
	}
	logZ, err := m.logPartitionOverVisible()
	if err != nil {
		return nil, err
	}
	out := newMoments(m.Visible.Units, m.Hidden.Units)
	for v, logWeight := range m.Visible.each() {
		mean, second := m.Hidden.moments(m.hiddenField(v))
		out.add(math.Exp(logWeight-m.freeEnergy(v)-logZ), v, mean, second)
	}
	return out, nil
}

func newMoments(n, k int) *Moments {
	return &Moments{
		V: make([]float64, n), H: make([]float64, k), VH: make([]float64, n*k), VV: make([]float64, n), HH: make([]float64, k),
	}
}

// add adds weight times the moments of a fixed v and of h given v, whose E[h_j|v] is h and E[h_j²|v] is hh.
func (m *Moments) add(weight float64, v, h, hh []float64) {
	for i, vi := range v {
		m.V[i] += weight * vi
		m.VV[i] += weight * vi * vi
		for j, hj := range h {
			m.VH[i*len(h)+j] += weight * vi * hj
		}
	}
	for j, hj := range h {
		m.H[j] += weight * hj
		m.HH[j] += weight * hh[j]
	}
}

func (m *Harmonium) gaussianMoments() (*Moments, error) {
	joint, err := m.gaussian()
	if err != nil {
		return nil, err
	}
	n, k := m.Visible.Units, m.Hidden.Units
	out := newMoments(n, k)
	second := func(i, j int) float64 { return joint.covariance.At(i, j) + joint.mean[i]*joint.mean[j] }
	for i := range n {
		out.V[i], out.VV[i] = joint.mean[i], second(i, i)
		for j := range k {
			out.VH[i*k+j] = second(i, n+j)
		}
	}
	for j := range k {
		out.H[j], out.HH[j] = joint.mean[n+j], second(n+j, n+j)
	}
	return out, nil
}
