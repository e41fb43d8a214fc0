package exact

import "fmt"

// Gradient is the derivative of the mean negative log-likelihood of some rows.
type Gradient struct {
	W, B, C            []float64 // shaped as in Harmonium
	LogVarianceVisible []float64 // nil unless the visible units are Gaussian
	LogVarianceHidden  []float64 // nil unless the hidden units are Gaussian
}

// LogLikelihood is the mean of log p(v) = −F(v) − log Z over the rows, weighted if weights is not nil: Σ_k w_k log p(v_k) / Σ_k w_k.
// For Gaussian visible units it is the logarithm of a density.
func (m *Harmonium) LogLikelihood(rows [][]float64, weights []float64) (float64, error) {
	share, err := m.checkRows(rows, weights)
	if err != nil {
		return 0, fmt.Errorf("exact: LogLikelihood: %w", err)
	}
	logZ, err := m.logPartition()
	if err != nil {
		return 0, fmt.Errorf("exact: LogLikelihood: %w", err)
	}
	sum := -logZ
	for k, v := range rows {
		sum -= share[k] * m.freeEnergy(v)
	}
	return sum, nil
}

// Gradient is the gradient of minus LogLikelihood. Each component is E_data[∂E/∂θ] − E_model[∂E/∂θ], where E_data takes v from the
// rows and h from p(h|v), and E_model takes both from p(v,h):
//
//	∂E/∂W_ij = −v_i h_j    ∂E/∂b_i = −v_i    ∂E/∂c_j = −h_j    ∂E/∂s_i = −x_i²/(2σ_i²), s = log σ².
func (m *Harmonium) Gradient(rows [][]float64, weights []float64) (*Gradient, error) {
	share, err := m.checkRows(rows, weights)
	if err != nil {
		return nil, fmt.Errorf("exact: Gradient: %w", err)
	}
	model, err := m.moments()
	if err != nil {
		return nil, fmt.Errorf("exact: Gradient: %w", err)
	}
	data := newMoments(m.Visible.Units, m.Hidden.Units)
	for k, v := range rows {
		mean, second := m.Hidden.moments(m.hiddenField(v))
		data.add(share[k], v, mean, second)
	}
	return &Gradient{
		W:                  difference(model.VH, data.VH),
		B:                  difference(model.V, data.V),
		C:                  difference(model.H, data.H),
		LogVarianceVisible: logVarianceGradient(m.Visible, model.VV, data.VV),
		LogVarianceHidden:  logVarianceGradient(m.Hidden, model.HH, data.HH),
	}, nil
}

func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

func logVarianceGradient(s Side, model, data []float64) []float64 {
	if s.Family != Gaussian {
		return nil
	}
	d := difference(model, data)
	for i := range d {
		d[i] /= 2 * s.variance(i)
	}
	return d
}

// checkRows returns each row's share of the total weight.
func (m *Harmonium) checkRows(rows [][]float64, weights []float64) ([]float64, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no rows, want at least 1")
	}
	for k, v := range rows {
		if err := checkNumbers(fmt.Sprintf("row %d", k), v, m.Visible.Units); err != nil {
			return nil, err
		}
	}
	share := make([]float64, len(rows))
	if weights == nil {
		for k := range share {
			share[k] = 1 / float64(len(rows))
		}
		return share, nil
	}
	if err := checkNumbers("weights", weights, len(rows)); err != nil {
		return nil, err
	}
	var total float64
	for k, w := range weights {
		if w < 0 {
			return nil, fmt.Errorf("weights[%d] is %v, want at least 0", k, w)
		}
		total += w
	}
	if total == 0 {
		return nil, fmt.Errorf("the weights add up to 0")
	}
	for k, w := range weights {
		share[k] = w / total
	}
	return share, nil
}
