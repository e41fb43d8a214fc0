package modernhopfield

import (
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// The oracle computes layers in plain loops over float64, a row, a head and a pattern at a time.

// rows are patterns.
type rows [][]float64

func splitIn(x []float64, width int) (out rows) {
	for lo := 0; lo < len(x); lo += width {
		out = append(out, x[lo:lo+width])
	}
	return out
}

func (r rows) flat() (out []float64) {
	for _, x := range r {
		out = append(out, x...)
	}
	return out
}

// oracleMask says which stored patterns a state may see, and what is added to its scores. The zero value is no mask.
type oracleMask struct {
	hidden func(head, state, stored int) bool
	added  func(head, state, stored int) float64
}

// plainLayer is a layer's configuration with its parameters by their short names.
type plainLayer struct {
	plan   plan
	params map[string][]float64
}

func plainOf(a *associator) plainLayer {
	o := plainLayer{a.plan, map[string][]float64{}}
	for _, p := range a.params {
		o.params[p.Name()[len(a.name)+1:]] = p.Float64s()
	}
	return o
}

func (o plainLayer) beta(h int) float64 {
	if b, ok := o.params["log_beta"]; ok {
		return math.Exp(b[h])
	}
	return o.params["beta"][h]
}

func (o plainLayer) norm(name string, norm Norm, epsilon float64, x []float64) []float64 {
	if norm == NoNorm {
		return x
	}
	mean, variance, out := 0.0, 0.0, make([]float64, len(x))
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	for i, v := range x {
		out[i] = (v - mean) / math.Sqrt(variance+epsilon)
		if norm == AffineNorm {
			out[i] = out[i]*o.params[name+"_gain"][i] + o.params[name+"_bias"][i]
		}
	}
	return out
}

func (o plainLayer) linear(name string, x []float64) []float64 {
	w, b := o.params["W_"+name], o.params["b_"+name]
	out := make([]float64, len(w)/len(x))
	for j := range out {
		for i, v := range x {
			out[j] += v * w[i*len(out)+j]
		}
		if b != nil {
			out[j] += b[j]
		}
	}
	return out
}

// head is what head h sees of a projected row.
func head(x []float64, h, heads int) []float64 {
	n := len(x) / heads
	return x[h*n : (h+1)*n]
}

func (o plainLayer) space(static bool, name string, x []float64) (out []float64) {
	if !static {
		x = o.linear(name, x)
	}
	for h := range o.plan.Heads {
		part := x
		if !static {
			part = head(x, h, o.plan.Heads)
		}
		out = append(out, o.norm("space", o.plan.SpaceNorm, o.plan.SpaceEpsilon, part)...)
	}
	return out
}

func (o plainLayer) query(x []float64) []float64 {
	return o.space(o.plan.StateStatic, "query", o.norm("state", o.plan.StateNorm, o.plan.StateEpsilon, x))
}

func (o plainLayer) key(x []float64) []float64 {
	return o.space(o.plan.StoredStatic, "stored", o.norm("stored", o.plan.StoredNorm, o.plan.StoredEpsilon, x))
}

func (o plainLayer) value(x []float64) (out []float64) {
	x = o.norm("projection", o.plan.ProjectionNorm, o.plan.ProjectionEpsilon, x)
	if o.plan.ProjectionConnected {
		x = o.linear("stored", x)
	}
	switch {
	case !o.plan.ProjectionStatic:
		return o.linear("value", x)
	case o.plan.ProjectionConnected:
		return x
	}
	for range o.plan.Heads {
		out = append(out, x...)
	}
	return out
}

// memory is the keys and values of a bag, with the patterns that the layer adds.
func (o plainLayer) memory(stored, projection rows) (keys, values rows) {
	for i := range stored {
		keys, values = append(keys, o.key(stored[i])), append(values, o.value(projection[i]))
	}
	if o.plan.BiasPattern {
		keys, values = append(keys, o.params["bias_stored"]), append(values, o.params["bias_value"])
	}
	if o.plan.NullPattern {
		space, width := o.plan.Heads*o.plan.Hidden, o.plan.Heads*o.plan.Pattern
		keys, values = append(keys, make([]float64, space)), append(values, make([]float64, width))
	}
	return keys, values
}

func similarity(s energy.Similarity, q, k []float64) (sum float64) {
	dot, qq, kk, square, absolute := 0.0, 0.0, 0.0, 0.0, 0.0
	for d := range q {
		dot += q[d] * k[d]
		qq += q[d] * q[d]
		kk += k[d] * k[d]
		square += (q[d] - k[d]) * (q[d] - k[d])
		absolute += math.Abs(q[d] - k[d])
	}
	switch s {
	case energy.Cosine:
		if qq*kk == 0 {
			return 0
		}
		return dot / math.Sqrt(qq*kk)
	case energy.Euclidean:
		return -square
	case energy.Manhattan:
		return -absolute
	}
	return dot
}

// weights is the association of one projected state in one head; patterns that it may not see have weight 0.
func (o plainLayer) weights(h, state, stored int, q []float64, keys rows, mask oracleMask) []float64 {
	var z []float64
	var seen []int
	for j, k := range keys {
		if j < stored && mask.hidden != nil && mask.hidden(h, state, j) {
			continue
		}
		score := o.beta(h) * similarity(o.plan.Similarity, q, head(k, h, o.plan.Heads))
		if j < stored && mask.added != nil {
			score += mask.added(h, state, j)
		}
		z, seen = append(z, score), append(seen, j)
	}
	rule := o.plan.Separation.Rule()
	if e, ok := o.params["log_excess"]; ok {
		rule.Alpha = 1 + math.Exp(e[h])
	}
	p := make([]float64, len(keys))
	for i, w := range separate(rule, z) {
		p[seen[i]] = w
	}
	return p
}

func average(p []float64, from rows, h, heads int) []float64 {
	out := make([]float64, len(from[0])/heads)
	for j, w := range p {
		for d, v := range head(from[j], h, heads) {
			out[d] += w * v
		}
	}
	return out
}

// updates is how often the states of a head are updated at most, and when they stop.
func (o plainLayer) updates(h int) (most int, tolerance float64) {
	most, tolerance = o.plan.Steps, o.plan.Tolerance
	if o.plan.HeadTolerances != nil {
		tolerance = o.plan.HeadTolerances[h]
	}
	if o.plan.HeadSteps != nil {
		most = o.plan.HeadSteps[h]
	} else if most == 0 && tolerance > 0 {
		most = -1
	}
	if most == -1 {
		most = 10000
	}
	return most, tolerance
}

// settled are the projected states, of every row and head, after the updates.
func (o plainLayer) settled(stored int, states rows, keys rows, mask oracleMask) (out []rows) {
	for i, x := range states {
		all := o.query(x)
		var heads rows
		for h := range o.plan.Heads {
			q := head(all, h, o.plan.Heads)
			most, tolerance := o.updates(h)
			for range most {
				next := average(o.weights(h, i, stored, q, keys, mask), keys, h, o.plan.Heads)
				moved := -similarity(energy.Euclidean, q, next)
				q = next
				if math.Sqrt(moved) < tolerance {
					break
				}
			}
			heads = append(heads, q)
		}
		out = append(out, heads)
	}
	return out
}

// bag is the output of the layer for the states of one bag.
func (o plainLayer) bag(stored, states, projection rows, mask oracleMask) (out rows) {
	keys, values := o.memory(stored, projection)
	if len(keys) == 0 { // zeros are what is retrieved
		keys, values = rows{make([]float64, o.plan.Heads*o.plan.Hidden)}, rows{make([]float64, o.plan.Heads*o.plan.Pattern)}
	}
	for i, q := range o.settled(len(stored), states, keys, mask) {
		var y []float64
		for h := range q {
			y = append(y, average(o.weights(h, i, len(stored), q[h], keys, mask), values, h, o.plan.Heads)...)
		}
		if !o.plan.NoOutput {
			y = o.linear("output", y)
		}
		for c, v := range y {
			y[c] = activate(o.plan.Activation, v)
		}
		out = append(out, y)
	}
	return out
}

func activate(name string, x float64) float64 {
	switch name {
	case "relu":
		return max(x, 0)
	case "tanh":
		return math.Tanh(x)
	case "sigmoid":
		return 1 / (1 + math.Exp(-x))
	case "softplus":
		return math.Log1p(math.Exp(x))
	}
	return x
}
