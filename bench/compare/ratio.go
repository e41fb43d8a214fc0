package main

import (
	"cmp"
	"slices"
)

// target is a ratio that is to be reached.
type target struct {
	name string
	row  string
	peer string // a library; empty for the best of all
	most float64
}

var targets = []target{
	{"cd1_f32_torch", "cd1_f32", "torch", 0.50},
	{"cd1_f32_numpy", "cd1_f32", "numpy", 0.60},
	{"cd1_f32_sklearn", "cd1_f32", "sklearn", 0.30},
	{"cd1_f64", "cd1_f64", "", 0.80},
	{"pcd_epoch", "pcd_epoch", "", 0.30},
	{"assoc_fwd", "assoc_fwd", "", 0.40},
	{"assoc_bwd", "assoc_bwd", "", 0.50},
	{"dbn_sgd", "dbn_sgd", "", 0.55},
	{"dbn_adam", "dbn_adam", "", 0.55},
	{"gibbs", "gibbs", "", 0.40},
	{"sample", "sample", "", 0.15},
	{"boltzmann", "boltzmann", "", 0.20},
	{"lattice", "lattice", "", 1},
	{"hopfield_sync", "hopfield_sync", "", 0.30},
	{"hopfield_async", "hopfield_async", "", 0.30},
	{"hopfield_packed", "hopfield_packed", "", 0.30},
	{"gemm_1", "gemm_1", "", 1},
	{"gemm_2", "gemm_2", "", 1},
	{"gemm_3", "gemm_3", "", 1},
	{"gemm_4", "gemm_4", "", 1},
	{"gemm_5", "gemm_5", "", 1},
}

// ratio is how long ours takes, over the peer that is fastest.
type ratio struct {
	target
	ours, theirs timing
	value        float64 // the median over the rounds
	least        float64 // of the least times, which say more on a machine that others use
	peak         float64 // ours, as a share of the fastest product's rate, of half of it in float64; 0 where there is none
}

// ratios pairs each target with its measurement. Where a level holds everybody back, no more than parity is asked.
func ratios(all []measurement, peak float64, parity bool) []ratio {
	var out []ratio
	for _, t := range targets {
		i := slices.IndexFunc(all, func(m measurement) bool { return m.row.Name == t.row })
		if i < 0 {
			continue
		}
		m := all[i]
		we, peers := m.times[0], m.of(t.peer)
		if len(peers) == 0 {
			continue
		}
		r := ratio{target: t, ours: we, theirs: slices.MinFunc(peers, byMedian)}
		if parity {
			r.most = 1
		}
		var each []float64
		for k, s := range we.rounds {
			each = append(each, s/r.theirs.rounds[k])
		}
		r.value = median(each)
		r.least = slices.Min(we.rounds) / slices.Min(slices.MinFunc(peers, byLeast).rounds)
		if peak > 0 {
			r.peak = m.row.Flops / median(r.ours.rounds) / peak
		}
		if m.row.Double {
			r.peak *= 2
		}
		out = append(out, r)
	}
	return out
}

// of returns the timings of a library, or of all peers where it has no name.
func (m measurement) of(library string) []timing {
	var found []timing
	for _, t := range m.times[1:] {
		if library == "" || t.player.name == library {
			found = append(found, t)
		}
	}
	return found
}

func byMedian(a, b timing) int { return cmp.Compare(median(a.rounds), median(b.rounds)) }
func byLeast(a, b timing) int  { return cmp.Compare(slices.Min(a.rounds), slices.Min(b.rounds)) }
