package associative

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// ascent is the learning of Valleys at work. Its settings have their defaults.
type ascent struct {
	Valleys
	x      []float64 // the patterns
	n      int
	shares []float64 // a_p
	draws  rng.Stream

	h *Hopfield // what has been learned; nobody else has it yet
	// Σ_p a_p y_p y_pᵀ without its diagonal and Σ_p a_p y_p.
	second, first []float64
}

func (a *ascent) start() error {
	a.second, a.first = make([]float64, a.n*a.n), make([]float64, a.n)
	outer(a.second, a.n, 1, a.x, a.shares)
	weightedSum(a.first, a.n, 1, a.x, a.shares)
	var config HopfieldConfig
	if a.Bias {
		config.Bias = make([]float64, a.n)
	}
	m := make([]float64, a.n*a.n)
	if a.From != AllStates {
		copy(m, a.second)
		copy(config.Bias, a.first)
	}
	var err error
	a.h, err = newHopfield(m, a.n, 1, config)
	return err
}

// step makes an epoch. It returns false, and changes nothing, where there is nothing left to learn.
func (a *ascent) step(epoch int) bool {
	if a.From == AllStates {
		second, first := modelMoments(a.h, a.Temperature)
		kernel.Subtract(second, a.second, second)
		kernel.Subtract(first, a.first, first)
		worst := max(kernel.Max(second), -kernel.Min(second))
		if a.Bias {
			worst = max(worst, kernel.Max(first), -kernel.Min(first))
		}
		if worst <= a.Tolerance {
			return false
		}
		a.add(second, first)
		return true
	}
	moved, weights := a.unstable()
	if len(weights) == 0 {
		return false
	}
	second, first := make([]float64, a.n*a.n), make([]float64, a.n)
	if a.From == RandomStates {
		copy(second, a.second)
		copy(first, a.first)
		moved, weights = a.randomStates(epoch)
	} else {
		outer(second, a.n, 1, moved, weights)
		weightedSum(first, a.n, 1, moved, weights)
	}
	if a.From == NearTargets {
		a.descend(epoch, moved)
	} else {
		a.settle(epoch, moved)
	}
	outer(second, a.n, -1, moved, weights)
	weightedSum(first, a.n, -1, moved, weights)
	a.add(second, first)
	return true
}

// add moves the couplings and the biases.
func (a *ascent) add(second, first []float64) {
	kernel.Axpy(a.Rate, second, a.h.m)
	if a.Bias {
		kernel.Axpy(a.Rate, first, a.h.config.Bias)
	}
	a.h.bound()
}

// unstable copies the patterns that are not stable, with their weights. Those of weight 0 do not count.
func (a *ascent) unstable() (x, weights []float64) {
	sums := make([]float64, len(a.x))
	a.h.fieldsOf(sums, a.x)
	for mu, share := range a.shares {
		y := a.x[mu*a.n : (mu+1)*a.n]
		if share > 0 && !a.h.stable(y, sums[mu*a.n:(mu+1)*a.n], nil) {
			x, weights = append(x, y...), append(weights, share)
		}
	}
	return x, weights
}

// randomStates draws where valleys are looked for from.
func (a *ascent) randomStates(epoch int) (x, weights []float64) {
	x, weights = make([]float64, a.Starts*a.n), make([]float64, a.Starts)
	for k := range weights {
		weights[k] = 1 / float64(a.Starts)
		row := x[k*a.n : (k+1)*a.n]
		drawSpins(a.draws.Row(k, uint64(epoch)), row)
	}
	return x, weights
}

// settle lets states run into valleys, in random orders that differ from epoch to epoch.
func (a *ascent) settle(epoch int, x []float64) {
	Asynchronous{Seed: a.draws.Uint64(uint64(epoch))}.run(a.h, a.h.rows(x))
}

// descend lets Steps units of each state flip that want to, in a random order.
func (a *ascent) descend(epoch int, x []float64) {
	orders := newOrders(a.draws.Uint64(uint64(epoch)), a.n, false)
	each(a.h, a.h.rows(x), func(r *row) {
		flips := 0
		for sweep := 0; ; sweep++ {
			before := flips
			for _, i := range orders.at(sweep) {
				next := a.h.next(i, r.x[i], a.h.field(i, r.sums[i]))
				if next == r.x[i] {
					continue
				}
				r.set(a.h, i, next)
				if flips++; flips == a.Steps {
					return
				}
			}
			if flips == before {
				return
			}
		}
	})
}

// modelMoments sums over all states: Σ_x p(x) x xᵀ without its diagonal and Σ_x p(x) x, p(x) = exp(−E(x)/T)/Z.
func modelMoments(h *Hopfield, temperature float64) (second, first []float64) {
	n := h.n
	block := 1 << min(n, grayBits)
	x, sums := make([]float64, block*n), make([]float64, block*n)
	weights := make([]float64, 1<<n)
	eachBlock := func(f func(weights []float64)) {
		for at := 0; at < len(weights); at += block {
			for k := range block {
				h.number(at+k, x[k*n:(k+1)*n])
			}
			f(weights[at : at+block])
		}
	}
	eachBlock(func(weights []float64) {
		h.fieldsOf(sums, x)
		for k := range weights {
			weights[k] = -h.energy(x[k*n:(k+1)*n], sums[k*n:(k+1)*n]) / temperature
		}
	})
	total := kernel.ExpSum(weights, weights, kernel.Max(weights))
	kernel.Scale(weights, weights, 1/total)
	second, first = make([]float64, n*n), make([]float64, n)
	eachBlock(func(weights []float64) {
		outer(second, n, 1, x, weights)
		weightedSum(first, n, 1, x, weights)
	})
	return second, first
}

// outer adds factor·Σ_k weight_k x_k x_kᵀ to m, rows x_k of n spins, and leaves m symmetric with a zero diagonal.
func outer(m []float64, n int, factor float64, x, weights []float64) {
	weighted := make([]float64, len(x))
	for k, a := range weights {
		kernel.Scale(weighted[k*n:(k+1)*n], x[k*n:(k+1)*n], a)
	}
	kernel.Gemm(true, false, n, n, len(weights), factor, x, n, weighted, n, true, m, n)
	clearDiagonal(m, n)
	symmetrize(m, n)
}

// weightedSum adds factor·Σ_k weight_k x_k to sum.
func weightedSum(sum []float64, n int, factor float64, x, weights []float64) {
	for k, a := range weights {
		kernel.Axpy(factor*a, x[k*n:(k+1)*n], sum)
	}
}
