package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
)

// coreTypes are the processors that Debian's OpenBLAS has kernels for, of those that can be worth trying. Left alone, it takes
// processors that are younger than itself for one of 2004, and is four times slower.
var coreTypes = []string{"SkylakeX", "Cooperlake", "Haswell", "Zen"}

// vectors are the instruction sets that PyTorch's elementwise loops can be told to use.
var vectors = []string{"avx2", "avx512"}

// avx2Only holds every player to AVX2, as on a processor that has no more.
var avx2Only = settings{
	ours: []string{"HARMONIUM_KERNEL=avx2"},
	peers: []string{"OPENBLAS_CORETYPE=Haswell", "ATEN_CPU_CAPABILITY=avx2",
		"NPY_DISABLE_CPU_FEATURES=AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"},
}

// settings are the environments of the players.
type settings struct{ ours, peers []string }

// bestSettings tries what the peers run fastest with.
func bestSettings(ctx context.Context, w io.Writer, y python) (settings, error) {
	core, err := fastest(ctx, w, y, "numpy", "OPENBLAS_CORETYPE", coreTypes, nil, "gemm_1", "gemm_4")
	if err != nil {
		return settings{}, err
	}
	vector, err := fastest(ctx, w, y, "torch", "ATEN_CPU_CAPABILITY", vectors, []string{core}, "assoc_fwd", "sample")
	return settings{peers: []string{core, vector}}, err
}

// fastest returns the setting of a variable with which a library takes the least time, the geometric mean of two rows, on two
// threads. What this processor cannot run ends the process that tries it, and is passed over.
func fastest(ctx context.Context, w io.Writer, y python, library, variable string, values, environment []string, rows ...string) (string, error) {
	var tried []timing
	var names []string
	var failure error
	for _, v := range values {
		setting := variable + "=" + v
		p, err := y.start(ctx, library, 2, append(slices.Clone(environment), setting)...)
		if err != nil {
			return "", err
		}
		defer p.end()
		tried, names = append(tried, timing{player: p}), append(names, setting)
	}
	for range 7 {
		for i := range tried {
			t := &tried[i]
			s, err := meanTime(t.player, rows)
			if err != nil {
				failure, s = err, math.Inf(1)
			}
			t.rounds = append(t.rounds, s)
		}
	}
	best, least := "", math.Inf(1)
	for i, t := range tried {
		s := median(t.rounds)
		fmt.Fprintf(w, "%s: %s takes %s\n", names[i], library, duration(s))
		if s < least {
			best, least = names[i], s
		}
	}
	if best == "" {
		return "", failure
	}
	return best, ctx.Err()
}

// meanTime is the geometric mean of the times of rows.
func meanTime(p *player, rows []string) (float64, error) {
	logs := 0.0
	for _, row := range rows {
		s, err := p.seconds(row, "", 2, 5)
		if err != nil {
			return 0, err
		}
		logs += math.Log(s)
	}
	return math.Exp(logs / float64(len(rows))), nil
}
