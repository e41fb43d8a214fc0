package modernhopfield

import (
	"math"
	"sort"

	"github.com/harmonium-go/harmonium/internal/association"
)

// separate is the separation function by bisection of its threshold τ.
func separate(rule association.Rule, z []float64) []float64 {
	p := make([]float64, len(z))
	if len(z) == 0 {
		return p
	}
	most := math.Inf(-1)
	for _, x := range z {
		most = max(most, x)
	}
	solve := func(weight func(i int, tau float64) float64, total func(tau float64) float64, want, lo, hi float64) {
		for range 200 {
			if mid := (lo + hi) / 2; total(mid) >= want {
				lo = mid
			} else {
				hi = mid
			}
		}
		for i := range p {
			p[i] = weight(i, lo)
		}
	}
	sum := func(f func(i int, tau float64) float64) func(float64) float64 {
		return func(tau float64) (s float64) {
			for i := range z {
				s += f(i, tau)
			}
			return s
		}
	}
	switch rule.Kind {
	case association.Entmax:
		a := rule.Alpha - 1
		f := func(i int, tau float64) float64 { return math.Pow(max(a*z[i]-tau, 0), 1/a) }
		solve(f, sum(f), 1, a*most-1, a*most)
	case association.Normmax:
		g := rule.Alpha
		inner := func(i int, tau float64) float64 { return math.Pow(max(z[i]-tau, 0), g/(g-1)) }
		solve(func(i int, tau float64) float64 { return math.Pow(max(z[i]-tau, 0), 1/(g-1)) }, sum(inner), 1, most-1, most)
		all := 0.0
		for _, w := range p {
			all += w
		}
		for i := range p {
			p[i] /= all
		}
	case association.Subsets:
		if len(z) <= rule.K {
			for i := range p {
				p[i] = 1
			}
			return p
		}
		f := func(i int, tau float64) float64 { return min(1, max(z[i]-tau, 0)) }
		least := most
		for _, x := range z {
			least = min(least, x)
		}
		solve(f, sum(f), float64(rule.K), least-1, most)
	default:
		order := make([]int, len(z))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool { return z[order[i]] > z[order[j]] })
		if rule.Kind == association.TopK {
			order = order[:min(rule.K, len(order))]
		}
		all := 0.0
		for _, i := range order {
			p[i] = math.Exp(z[i] - most)
			all += p[i]
		}
		for i := range p {
			p[i] /= all
		}
	}
	return p
}
