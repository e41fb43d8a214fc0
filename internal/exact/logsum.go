package exact

import "math"

// logSum adds numbers that are given by their logarithms.
type logSum struct{ max, sum float64 }

func newLogSum() logSum { return logSum{max: math.Inf(-1)} }

func (l *logSum) add(x float64) {
	if x > l.max {
		l.sum = l.sum*math.Exp(l.max-x) + 1
		l.max = x
		return
	}
	l.sum += math.Exp(x - l.max)
}

func (l *logSum) value() float64 { return l.max + math.Log(l.sum) }

func dot(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// normalise turns logarithms of weights into probabilities in place and returns the logarithm of the sum of the weights.
func normalise(p []float64) float64 {
	sum := newLogSum()
	for _, x := range p {
		sum.add(x)
	}
	logZ := sum.value()
	for k, x := range p {
		p[k] = math.Exp(x - logZ)
	}
	return logZ
}
