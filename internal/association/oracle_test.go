package association

import (
	"math"
	"math/rand/v2"
	"slices"
)

// problem is a batch in float64 with all that can be in it, for plain loops.
type problem struct {
	config       Config
	depth, width int
	q, k, v      []float64
	beta, excess []float64
	queries      []int
	stored       []int
	ignored      []float64
	forbidden    []float64
	added        []float64
	perHead      bool
}

// random is a problem of bags of given lengths, with masks where asked.
func random(seed uint64, c Config, depth, width int, queries, stored []int, masked, perHead bool) problem {
	r := rand.New(rand.NewPCG(seed, 7))
	normal := func(n int, scale float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(float32(scale * r.NormFloat64()))
		}
		return x
	}
	c.Heads = max(1, c.Heads)
	rows, patterns := 0, 0
	for i := range queries {
		rows, patterns = rows+queries[i], patterns+stored[i]
	}
	p := problem{config: c, depth: depth, width: width, queries: queries, stored: stored, perHead: perHead}
	p.q, p.k, p.v = normal(rows*c.Heads*depth, 1), normal(patterns*c.Heads*depth, 1), normal(patterns*c.Heads*width, 1)
	for range c.Heads {
		p.beta = append(p.beta, float64(float32(0.5+r.Float64())))
	}
	if masked {
		covered := stored[0] - c.Extra
		n := queries[0] * covered
		if perHead {
			n *= c.Heads * len(queries)
		}
		p.ignored = make([]float64, patterns-c.Extra*len(stored))
		p.forbidden, p.added = make([]float64, n), normal(n, 1)
		for i := range p.ignored {
			p.ignored[i] = math.Floor(1.2 * r.Float64())
		}
		for i := range p.forbidden {
			p.forbidden[i] = math.Floor(1.3 * r.Float64())
		}
	}
	return p
}

// batchOf is the problem in a precision.
func batchOf[T float32 | float64](p problem) *Batch[T] {
	return &Batch[T]{
		Depth: p.depth, Width: p.width, Q: in[T](p.q), K: in[T](p.k), V: in[T](p.v), Beta: in[T](p.beta), Excess: in[T](p.excess),
		Queries: p.queries, Stored: p.stored, Ignored: in[T](p.ignored), Forbidden: in[T](p.forbidden), Added: in[T](p.added),
		ForbiddenPerHead: p.perHead, AddedPerHead: p.perHead,
	}
}

func in[T float32 | float64](x []float64) []T {
	if x == nil {
		return nil
	}
	y := make([]T, len(x))
	for i := range x {
		y[i] = T(x[i])
	}
	return y
}

func wide[T float32 | float64](x []T) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}

// solution is what the plain loops find.
type solution struct {
	out       []float64   // (ΣL, H·E)
	conjugate []float64   // (ΣL, H)
	weights   [][]float64 // of each query of each head of each bag in that order, head before query
}

func (p problem) solve() solution {
	h := p.config.Heads
	s := solution{}
	row, pattern, covered := 0, 0, 0
	for range p.queries {
		s.out = slices.Grow(s.out, 1)
	}
	for n := range p.queries {
		l, m := p.queries[n], p.stored[n]
		s.out = append(s.out, make([]float64, l*h*p.width)...)
		s.conjugate = append(s.conjugate, make([]float64, l*h)...)
		for head := range h {
			rule := p.config.Rule
			if p.excess != nil {
				rule.Alpha = 1 + p.excess[head]
			}
			for i := range l {
				z := make([]float64, m)
				for j := range z {
					q := p.q[((row+i)*h+head)*p.depth:][:p.depth]
					k := p.k[((pattern+j)*h+head)*p.depth:][:p.depth]
					z[j] = p.beta[head] * similarity(p.config.Similarity, q, k)
					z[j] += p.mask(n, head, i, j, covered)
				}
				w, conjugate := rule.apply(z)
				s.weights = append(s.weights, w)
				s.conjugate[(row+i)*h+head] = conjugate
				for j, x := range w {
					for e := range p.width {
						s.out[((row+i)*h+head)*p.width+e] += x * p.v[((pattern+j)*h+head)*p.width+e]
					}
				}
			}
		}
		row, pattern, covered = row+l, pattern+m, covered+m-p.config.Extra
	}
	return s
}

// mask is what is added to a score; covered is how many patterns of earlier bags masks cover.
func (p problem) mask(n, head, i, j, covered int) float64 {
	m := p.stored[n] - p.config.Extra
	if j >= m {
		return 0
	}
	add := 0.0
	if p.ignored != nil && p.ignored[covered+j] != 0 {
		return math.Inf(-1)
	}
	at := i*m + j
	if p.perHead {
		at += (n*p.config.Heads + head) * p.queries[n] * m
	}
	if p.forbidden != nil && p.forbidden[at] != 0 {
		return math.Inf(-1)
	}
	if p.added != nil {
		add = p.added[at]
	}
	return add
}

func similarity(s Similarity, q, k []float64) float64 {
	var dot, qq, kk, square, sum float64
	for d := range q {
		dot += q[d] * k[d]
		qq += q[d] * q[d]
		kk += k[d] * k[d]
		square += (q[d] - k[d]) * (q[d] - k[d])
		sum += math.Abs(q[d] - k[d])
	}
	switch s {
	case Cosine:
		if qq*kk == 0 {
			return 0
		}
		return dot / math.Sqrt(qq*kk)
	case Euclidean:
		return -square
	case Manhattan:
		return -sum
	}
	return dot
}

// apply makes weights of scores, by bisection where there is a threshold, and the conjugate of them.
func (r Rule) apply(z []float64) (p []float64, conjugate float64) {
	p = make([]float64, len(z))
	seen := 0
	top := math.Inf(-1)
	for _, x := range z {
		if !math.IsInf(x, -1) {
			seen++
		}
		top = max(top, x)
	}
	if seen == 0 {
		return p, math.Inf(-1)
	}
	kept := slices.Clone(z)
	if r.Kind == TopK {
		order := make([]int, len(z))
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case z[a] > z[b]:
				return -1
			case z[a] < z[b]:
				return 1
			}
			return 0
		})
		for _, j := range order[min(r.K, len(z)):] {
			kept[j] = math.Inf(-1)
		}
	}
	weights := func(tau float64) (p []float64, sum float64) {
		p = make([]float64, len(z))
		norm := 0.0
		for j, x := range z {
			switch t := x - top - tau; {
			case math.IsInf(x, -1):
			case r.Kind == Entmax:
				if t = (r.Alpha-1)*(x-top) - tau; t > 0 {
					p[j] = math.Pow(t, 1/(r.Alpha-1))
				}
				sum += p[j]
			case r.Kind == Normmax:
				if t > 0 {
					p[j] = math.Pow(t, 1/(r.Alpha-1))
					sum += p[j] * t
				}
				norm += p[j]
			default:
				p[j] = min(1, max(0, t))
				sum += p[j]
			}
		}
		if r.Kind == Normmax {
			for j := range p {
				p[j] /= norm
			}
		}
		return p, sum
	}
	switch r.Kind {
	case Softmax, TopK:
		total := 0.0
		for j, x := range kept {
			p[j] = math.Exp(x - top)
			total += p[j]
		}
		for j := range p {
			p[j] /= total
		}
		return p, top + math.Log(total)
	}
	goal, lo, hi := 1.0, -1.0, 0.0
	if r.Kind == Subsets {
		goal, lo = float64(min(r.K, seen)), -1e4
	}
	for range 200 {
		mid := lo + (hi-lo)/2
		if _, sum := weights(mid); sum >= goal {
			lo = mid
		} else {
			hi = mid
		}
	}
	p, _ = weights(lo)
	var linear, omega, powers float64
	for j, x := range p {
		if x > 0 {
			linear += x * z[j]
		}
		switch r.Kind {
		case Entmax:
			omega += (math.Pow(x, r.Alpha) - x) / (r.Alpha * (r.Alpha - 1))
		case Normmax:
			powers += math.Pow(x, r.Alpha)
		case Subsets:
			omega += x * x / 2
		}
	}
	if r.Kind == Normmax {
		omega = math.Pow(powers, 1/r.Alpha) - 1
	}
	return p, linear - omega
}
