package op

import (
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/internal/units"
)

// array is an argument of a plain loop.
type array struct {
	x    []float64
	cols int
}

func (a array) rows() int           { return len(a.x) / a.cols }
func (a array) row(i int) []float64 { return a.x[i*a.cols : (i+1)*a.cols] }
func (a array) at(i, j int) float64 { return a.x[i*a.cols+j] }
func (a array) turned() (out array) {
	out.cols = a.rows()
	for j := range a.cols {
		for i := range a.rows() {
			out.x = append(out.x, a.at(i, j))
		}
	}
	return out
}

// each maps rows of the first argument.
func each(f func(row []float64) []float64) func([]array) []float64 {
	return func(in []array) (out []float64) {
		for i := range in[0].rows() {
			out = append(out, f(in[0].row(i))...)
		}
		return out
	}
}

func elementwise(f func(x float64) float64) func([]array) []float64 {
	return func(in []array) (out []float64) {
		for _, x := range in[0].x {
			out = append(out, f(x))
		}
		return out
	}
}

func logSum(row []float64) float64 {
	top, sum := slices.Max(row), 0.0
	if math.IsInf(top, 0) {
		return top
	}
	for _, x := range row {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}

func shares(row []float64) []float64 {
	p, lse := make([]float64, len(row)), logSum(row)
	for j, x := range row {
		p[j] = math.Exp(x-lse) + (lse - lse) // ∞ − ∞ is NaN: a row with an infinite sum has no distribution
	}
	return p
}

func product(a, b array) (out []float64) {
	for i := range a.rows() {
		for j := range b.cols {
			sum := 0.0
			for k := range a.cols {
				sum += a.at(i, k) * b.at(k, j)
			}
			out = append(out, sum)
		}
	}
	return out
}

// associationScores is β Q Kᵀ, with beta the last argument.
func associationScores(in []array) array {
	x := product(in[0], in[1].turned())
	for i := range x {
		x[i] *= in[len(in)-1].x[0]
	}
	return array{x, in[1].rows()}
}

func associated(in []array) []float64 {
	p := each(shares)([]array{associationScores(in)})
	return product(array{p, in[1].rows()}, in[2])
}

func plainSoftplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
func plainSigmoid(x float64) float64  { return 1 / (1 + math.Exp(-x)) }

func columns(in []array, f func(column []float64) float64) (out []float64) {
	turned := in[0].turned()
	for j := range turned.rows() {
		out = append(out, f(turned.row(j)))
	}
	return out
}

func sum(row []float64) (total float64) {
	for _, x := range row {
		total += x
	}
	return total
}

func mean(row []float64) float64 { return sum(row) / float64(len(row)) }

func dot(a, b []float64) (total float64) {
	for j := range a {
		total += a[j] * b[j]
	}
	return total
}

var coefficients = [...]float64{1, -2, 0.25}

func combined(in []array) (out []float64) {
	for i := range in[0].x {
		out = append(out, in[0].x[i]-2*in[1].x[i]+0.25*in[2].x[i])
	}
	return out
}

// family is a unit family in plain loops over a row and its log-variances; cols is the name of its number of columns.
type family struct {
	kind   units.Kind
	cols   string
	cgf    func(x, s []float64) float64
	mean   func(x, s []float64) []float64
	energy func(x, s []float64) float64
	signed bool // whether states may be negative
}

func total(f func(x, s float64) float64) func(x, s []float64) float64 {
	return func(x, s []float64) (sum float64) {
		for j := range x {
			sum += f(x[j], s[j])
		}
		return sum
	}
}

func mapped(f func(x, s float64) float64) func(x, s []float64) []float64 {
	return func(x, s []float64) (out []float64) {
		for j := range x {
			out = append(out, f(x[j], s[j]))
		}
		return out
	}
}

func noEnergy(_, _ []float64) float64 { return 0 }

var (
	bernoulliFamily = family{units.Bernoulli, "n", total(func(x, _ float64) float64 { return plainSoftplus(x) }),
		mapped(func(x, _ float64) float64 { return plainSigmoid(x) }), noEnergy, true}
	spinFamily = family{units.Spin, "n", total(func(x, _ float64) float64 { return math.Abs(x) + math.Log1p(math.Exp(-2*math.Abs(x))) }),
		mapped(func(x, _ float64) float64 { return math.Tanh(x) }), noEnergy, true}
	oneHotFamily = family{units.OneHot(3), "g", func(x, _ []float64) (sum float64) {
		for lo := 0; lo < len(x); lo += 3 {
			sum += logSum(x[lo : lo+3])
		}
		return sum
	}, func(x, _ []float64) (out []float64) {
		for lo := 0; lo < len(x); lo += 3 {
			whole := math.Exp(x[lo]) + math.Exp(x[lo+1]) + math.Exp(x[lo+2])
			if math.IsInf(whole, 1) {
				whole = math.NaN() // there is no such distribution, as RowSoftmax says
			}
			out = append(out, math.Exp(x[lo])/whole, math.Exp(x[lo+1])/whole, math.Exp(x[lo+2])/whole)
		}
		return out
	}, noEnergy, true}
	gaussianFamily = family{units.Gaussian, "n", total(func(x, s float64) float64 { return (math.Exp(s)*x*x + s + math.Log(2*math.Pi)) / 2 }),
		mapped(func(x, s float64) float64 { return math.Exp(s) * x }), total(func(x, s float64) float64 { return x * x / 2 / math.Exp(s) }), true}

	families = []family{bernoulliFamily, spinFamily, oneHotFamily, gaussianFamily, reluFamily, binomialFamily, poissonFamily, joinedFamily, countsFamily}
)

var joinedFamily = family{units.Joined([]units.Kind{units.Spin, units.Gaussian}, []int{1, 2}), "j",
	func(x, s []float64) float64 { return spinFamily.cgf(x[:1], s[:1]) + gaussianFamily.cgf(x[1:], s[1:]) },
	func(x, s []float64) []float64 {
		return append(spinFamily.mean(x[:1], s[:1]), gaussianFamily.mean(x[1:], s[1:])...)
	},
	func(x, s []float64) float64 { return gaussianFamily.energy(x[1:], s[1:]) },
	true,
}

var (
	rootHalfPi = math.Sqrt(math.Pi / 2)

	reluFamily = family{units.ReLU, "n", total(func(x, _ float64) float64 {
		if math.IsInf(x, -1) {
			return x
		}
		return x*x/2 + math.Log(rootHalfPi*math.Erfc(-x/math.Sqrt2))
	}), mapped(func(x, _ float64) float64 {
		if math.IsInf(x, -1) {
			return 0
		}
		return x + math.Exp(-x*x/2)/(rootHalfPi*math.Erfc(-x/math.Sqrt2))
	}), total(func(x, _ float64) float64 { return x*x/2 + outside(x < 0) }), false}

	binomialFamily = family{units.Binomial(4), "n", total(func(x, _ float64) float64 { return 4 * plainSoftplus(x) }),
		mapped(func(x, _ float64) float64 { return 4 * plainSigmoid(x) }), total(func(x, _ float64) float64 {
			if x < 0 || x > 4 {
				return math.Inf(1)
			}
			return math.Log(math.Gamma(x+1) * math.Gamma(5-x) / 24)
		}), false}

	poissonFamily = family{units.Poisson, "n", total(func(x, _ float64) float64 { return math.Exp(x) }), mapped(func(x, _ float64) float64 { return math.Exp(x) }),
		total(func(x, _ float64) float64 {
			if x < 0 {
				return math.Inf(1)
			}
			return math.Log(math.Gamma(x + 1))
		}), false}

	countsFamily = family{units.Joined([]units.Kind{units.Poisson, units.ReLU, units.Binomial(4)}, []int{1, 1, 1}), "j",
		func(x, s []float64) float64 {
			return poissonFamily.cgf(x[:1], s) + reluFamily.cgf(x[1:2], s) + binomialFamily.cgf(x[2:], s)
		},
		func(x, s []float64) []float64 {
			return slices.Concat(poissonFamily.mean(x[:1], s), reluFamily.mean(x[1:2], s), binomialFamily.mean(x[2:], s))
		},
		func(x, s []float64) float64 {
			return poissonFamily.energy(x[:1], s) + reluFamily.energy(x[1:2], s) + binomialFamily.energy(x[2:], s)
		}, false}
)

// outside is the energy of what cannot be.
func outside(is bool) float64 {
	if is {
		return math.Inf(1)
	}
	return 0
}
