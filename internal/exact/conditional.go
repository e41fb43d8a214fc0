package exact

import "math"

// Given one side of a harmonium, the other has p(x) ∝ exp(−U(x) + I·x), where I is the field on it. For discrete units with an end the two
// functions below add up every state of the whole side, and so do not lean on the fact that its units are independent.

// logNormaliser is log Σ_x exp(−U(x) + I·x), an integral for Gaussian and ReLU units.
func (s Side) logNormaliser(field []float64) float64 {
	var total float64
	switch {
	case s.Family == Gaussian:
		for i, f := range field {
			total += s.variance(i)*f*f/2 + math.Log(2*math.Pi*s.variance(i))/2
		}
		return total
	case s.endless():
		for _, f := range field {
			logZ, _, _ := s.unit(f)
			total += logZ
		}
		return total
	}
	sum := newLogSum()
	for x := range s.each() {
		sum.add(dot(field, x) - s.own(x))
	}
	return sum.value()
}

// moments are E[x_i] and E[x_i²] under p(x) ∝ exp(−U(x) + I·x).
func (s Side) moments(field []float64) (mean, second []float64) {
	mean, second = make([]float64, s.Units), make([]float64, s.Units)
	switch {
	case s.Family == Gaussian:
		for i, f := range field {
			mean[i] = s.variance(i) * f
			second[i] = mean[i]*mean[i] + s.variance(i)
		}
		return mean, second
	case s.endless():
		for i, f := range field {
			_, mean[i], second[i] = s.unit(f)
		}
		return mean, second
	}
	logZ := s.logNormaliser(field)
	for x := range s.each() {
		p := math.Exp(dot(field, x) - s.own(x) - logZ)
		for i, xi := range x {
			mean[i] += p * xi
			second[i] += p * xi * xi
		}
	}
	return mean, second
}
