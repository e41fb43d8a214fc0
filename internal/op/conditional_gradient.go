package op

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// conditionalGradient is what the gradient ops of ConditionalInput work with.
type conditionalGradient[T kernel.Float] struct {
	dinput, dvariance []T // (B, H)
	dv                []T // (B, n)
	means, high, low  []T // (B, H): Γ' at the inputs, and at the points at hand
	drift             []T // (B, H): what a group's a is to get
	direct            []T // (B, columns of a block, H): what the rows of W get of each row of the batch
	block             []choice[T]
	first, wide       int // the columns of the block
}

// blockNumbers bounds direct, unless one group needs more.
const blockNumbers = 1 << 20

// gradients computes the gradient of W, into dst, and the others for the methods below to take.
func (r *conditional[T]) gradients(dst operand[T], in []operand[T], _, _ int) {
	r.bind(in[:len(in)-1])
	r.dst, r.g = dst, in[len(in)-1]
	batch, h := in[0].rows(), r.h
	for _, s := range []*[]T{&r.dinput, &r.dvariance, &r.means, &r.high, &r.low, &r.drift} {
		*s = sized(*s, batch*h)
	}
	r.dv = sized(r.dv, len(in[1].data))
	clear(r.dinput)
	clear(r.dvariance)
	for i := range batch {
		r.hidden.Mean(r.means[i*h:(i+1)*h], in[0].row(i), r.logVariance)
	}
	most := max(1, blockNumbers/max(1, batch*h))
	for from := 0; from < len(r.groups); {
		to, columns := from+1, r.groups[from].width
		for to < len(r.groups) && columns+r.groups[to].width <= most {
			columns += r.groups[to].width
			to++
		}
		r.block, r.first, r.wide = r.groups[from:to], r.groups[from].at, columns
		r.direct = sized(r.direct, batch*columns*h)
		kernel.Parallel(batch, 1, r.gradientsOfRows)
		kernel.Parallel(columns, 1, r.gradientsOfColumns)
		from = to
	}
}

// rowGradients goes through the groups of the block for some rows of the batch. With m(p) = Γ' at a point p, the drift D of a group
// is the gradient with regard to its a, so that its v_i get −w_i·D, and its w_i −v_i·D beside what they get as ends of the points.
func (r *conditional[T]) rowGradients(lo, hi int) {
	for i := lo; i < hi; i++ {
		part := func(x []T) []T { return x[i*r.h : (i+1)*r.h] }
		input, v, g := r.in[0].row(i), r.in[1].row(i), r.g.row(i)
		dinput, drift, means := part(r.dinput), part(r.drift), part(r.means)
		here := T(0) // the gradient with regard to Γ(I)
		for _, c := range r.block {
			if c.width == 1 {
				gain, direct := g[c.at]*c.scale, r.directOf(i, c.at)
				high := r.mean(part(r.high), i, input, c.at, 1-v[c.at], gain)
				kernel.Scale(direct, high, gain)
				low := r.mean(part(r.low), i, input, c.at, c.low-v[c.at], -gain)
				if c.low != 0 {
					kernel.Axpy(-c.low*gain, low, direct)
				}
				kernel.Combine(drift, high, low, gain, -gain, 0)
			} else {
				active := r.without(i, input, v, c)
				clear(drift)
				for k := c.at; k < c.at+c.width; k++ {
					here -= g[k]
					from, by := part(r.base), T(1)
					if k == active {
						from, by = input, 0
					}
					mean := r.mean(part(r.high), i, from, k, by, g[k])
					kernel.Scale(r.directOf(i, k), mean, g[k])
					kernel.Axpy(g[k], mean, drift)
				}
			}
			for k := c.at; k < c.at+c.width; k++ {
				if v[k] != 0 {
					kernel.Axpy(-v[k], drift, r.directOf(i, k))
				}
				r.dv[i*r.columns+k] = -T(kernel.Dot(r.in[2].row(k), drift))
			}
			kernel.Axpy(1, drift, dinput)
		}
		if here != 0 {
			kernel.Axpy(here, means, dinput)
			r.addVarianceGrad(i, input, here)
		}
	}
}

// mean returns Γ'(from + by·w_k), in dst unless it is known, and takes note of the gradient g with regard to Γ there.
func (r *conditional[T]) mean(dst []T, row int, from []T, k int, by, g T) []T {
	point := from
	if by == 0 {
		dst = r.means[row*r.h : (row+1)*r.h]
	} else {
		point = r.shifted(row, from, k, by)
		r.hidden.Mean(dst, point, r.logVariance)
	}
	r.addVarianceGrad(row, point, g)
	return dst
}

func (r *conditional[T]) addVarianceGrad(row int, point []T, g T) {
	if scaled, ok := r.hidden.(units.Scaled[T]); ok && r.logVariance != nil {
		scaled.CGFLogVarianceGrad(r.dvariance[row*r.h:(row+1)*r.h], point, r.logVariance, g)
	}
}

// directOf is what row k of W, which is in the block, gets of a row of the batch.
func (r *conditional[T]) directOf(row, k int) []T {
	at := (row*r.wide + k - r.first) * r.h
	return r.direct[at : at+r.h]
}

// columnGradients sums what some rows of W in the block get over the batch, in its order.
func (r *conditional[T]) columnGradients(lo, hi int) {
	for k := r.first + lo; k < r.first+hi; k++ {
		dw := r.dst.row(k)
		clear(dw)
		for i := range r.g.rows() {
			kernel.Axpy(1, r.directOf(i, k), dw)
		}
	}
}

func (r *conditional[T]) inputGrad(dst operand[T], _ []operand[T], _, _ int) {
	copy(dst.data, r.dinput)
}
func (r *conditional[T]) visibleGrad(dst operand[T], _ []operand[T], _, _ int) { copy(dst.data, r.dv) }

func (r *conditional[T]) varianceGrad(dst operand[T], _ []operand[T], _, _ int) {
	kernel.ColSum(dst.data, r.dvariance, len(r.dvariance)/r.h, r.h)
}
