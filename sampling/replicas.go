package sampling

import (
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// replicas are all replicas of a model: those of chain i are rows i·rungs to (i+1)·rungs − 1, from β = 1 down, so that how a chain goes does not
// depend on how many there are.
type replicas interface {
	on() *onLadder
	// read takes over what may change between steps: parameters, base and clamps.
	read(p *ParallelTempering) error
	// take sets the replicas at β = 1, and the clamped columns of all, to what a state has. Fresh ones start at draws of the base.
	take(s *State, fresh bool)
	// give sets a state to the replicas at β = 1.
	give(s *State)
	// step takes a step of all replicas with the draws of a step's number. The even pairs are at turns when turn is even.
	step(seen *swaps, number, turn uint64) Info
	save() *State
	restore(s *State)
	// follow sets the replicas of each rung to those of a rung of others, which are of the same model.
	follow(others replicas, rung []int)
}

// onLadder is what replicas of any model have in common.
type onLadder struct {
	model  any
	seed   uint64
	ladder []float64
	n      int // chains

	draws   rng.Stream
	beta    []float64 // of each row
	uniform []float64 // scratch
	fromHot []bool    // whether the replica has been at the end of the ladder since it was at the beginning
}

// pairs are rows that can change places.
type pairs interface {
	// ratio is the logarithm of the ratio of densities after and before rows r and r+1 have changed places.
	ratio(r int) float64
	swap(r int)
}

func (w *onLadder) on() *onLadder { return w }

func newOnLadder(p *ParallelTempering, model any, n int) onLadder {
	ladder := slices.Clone(p.ladder())
	w := onLadder{
		model: model, seed: p.Seed, ladder: ladder, n: n, draws: rng.New(p.Seed, "tempering places"),
		uniform: make([]float64, len(ladder)/2), fromHot: make([]bool, n*len(ladder)),
	}
	for range n {
		w.beta = append(w.beta, ladder...)
	}
	return w
}

// replicasOf returns the replicas of n chains, and whether they are new.
func (p *ParallelTempering) replicasOf(n int) (w replicas, fresh bool, err error) {
	var model any = p.Model
	if p.Boltzmann != nil {
		model = p.Boltzmann
	}
	if p.work != nil {
		if w := p.work.on(); w.model == model && w.seed == p.Seed && w.n == n && slices.Equal(w.ladder, p.ladder()) {
			return p.work, false, p.work.read(p)
		}
	}
	switch {
	case p.Boltzmann != nil && p.Boltzmann.Dtype() == tensor.Float32:
		w, err = newBoltzmannReplicas[float32](p, n)
	case p.Boltzmann != nil:
		w, err = newBoltzmannReplicas[float64](p, n)
	case p.Model.Dtype() == tensor.Float32:
		w, err = newRBMReplicas[float32](p, n)
	default:
		w, err = newRBMReplicas[float64](p, n)
	}
	if err != nil {
		return nil, false, err
	}
	p.work, p.swaps = w, newSwaps(len(p.ladder())-1)
	return w, true, nil
}

// exchange lets the pairs of rungs first and first+1, first+2 and first+3, … change places.
func (w *onLadder) exchange(seen *swaps, number uint64, first int, rows pairs) (info Info) {
	rungs := len(w.ladder)
	for i := range w.n {
		rng.Uniform(w.draws.Row(i, number), w.uniform)
		for k := first; k+1 < rungs; k += 2 {
			r := i*rungs + k
			accept := math.Exp(min(rows.ratio(r), 0))
			seen.see(k, accept)
			info.Proposed++
			if w.uniform[k/2] < accept {
				info.Accepted++
				rows.swap(r)
				w.fromHot[r], w.fromHot[r+1] = w.fromHot[r+1], w.fromHot[r]
			}
		}
		w.fromHot[(i+1)*rungs-1] = true
		if w.fromHot[i*rungs] {
			w.fromHot[i*rungs] = false
			seen.trips++
		}
	}
	return info
}

// partnerOf returns the row that row i may change places with where the pairs from first on are at turns, or i.
func (w *onLadder) partnerOf(i, first int) int {
	rungs := len(w.ladder)
	switch k := i % rungs; {
	case k >= first && (k-first)%2 == 0 && k+1 < rungs:
		return i + 1
	case k > first && (k-first)%2 == 1:
		return i - 1
	}
	return i
}

// clampOf is the marks of every replica, in memory that is kept where chains have clamps of their own.
func (w *onLadder) clampOf(kept, marks []bool, columns int) (clamp, memory []bool) {
	if len(marks) <= columns {
		return marks, kept
	}
	kept = kept[:0]
	for i := range w.n {
		for range w.ladder {
			kept = append(kept, marks[i*columns:(i+1)*columns]...)
		}
	}
	return kept, kept
}

// takeChain sets the replicas of chain i at β = 1, and the clamped columns of the others, or all of them, to a row.
func takeChain[T kernel.Float](w *onLadder, rows []T, i int, row []T, clamp []bool, all bool) {
	n, rungs := len(row), len(w.ladder)
	for k := range rungs {
		at := (i*rungs + k) * n
		to := rows[at : at+n]
		if k == 0 || all {
			copy(to, row)
			continue
		}
		marks := clamp
		if len(marks) > n {
			marks = marks[at : at+n]
		}
		for j, clamped := range marks {
			if clamped {
				to[j] = row[j]
			}
		}
	}
}

// followRows sets the rows of each rung to those of a rung of others, (rows, n) both.
func followRows[T kernel.Float](w, others *onLadder, dst, src []T, n int, rung []int) {
	for i := range w.n {
		for k, from := range rung {
			from += i * len(others.ladder)
			copy(dst[(i*len(w.ladder)+k)*n:][:n], src[from*n:])
		}
	}
}

// swapRows has rows r and r+1 of (rows, n) change places.
func swapRows[T kernel.Float](rows []T, r, n int, held []T) {
	a, b := rows[r*n:(r+1)*n], rows[(r+1)*n:(r+2)*n]
	copy(held[:n], a)
	copy(a, b)
	copy(b, held)
}
