package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/harmonium-go/harmonium/bench"
)

// sweepRounds is how often each size is timed; the least counts.
const sweepRounds = 7

// sweep times growing workloads of our own and prints the exponent of time in size.
func sweep(ctx context.Context, w io.Writer) error {
	for _, s := range bench.Sweeps() {
		fmt.Fprintln(w, s.Name)
		var sizes, times []float64
		for _, n := range s.Sizes {
			least, err := leastTime(ctx, s, n)
			if err != nil {
				return fmt.Errorf("compare: %s: size %d: %w", s.Name, n, err)
			}
			fmt.Fprintf(w, "  %6d  %s\n", n, duration(least))
			sizes, times = append(sizes, float64(n)), append(times, least)
		}
		fmt.Fprintf(w, "  time grows as size^%.2f\n", exponent(sizes, times))
	}
	return nil
}

func leastTime(ctx context.Context, s bench.Sweep, size int) (float64, error) {
	work, err := s.New(size)
	if err != nil {
		return 0, err
	}
	least := math.Inf(1)
	for range sweepRounds {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := work.Step(); err != nil { // the first of a round wakes the workers
			return 0, err
		}
		started := time.Now()
		if err := repeat(work, 3); err != nil {
			return 0, err
		}
		least = min(least, time.Since(started).Seconds()/3)
	}
	return least, nil
}

// exponent fits y = a·x^p by least squares in the logarithms and returns p.
func exponent(x, y []float64) float64 {
	var meanX, meanY, xy, xx float64
	n := float64(len(x))
	for i := range x {
		meanX += math.Log(x[i]) / n
		meanY += math.Log(y[i]) / n
	}
	for i := range x {
		d := math.Log(x[i]) - meanX
		xy += d * (math.Log(y[i]) - meanY)
		xx += d * d
	}
	return xy / xx
}
