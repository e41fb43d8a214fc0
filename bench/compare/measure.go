package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/harmonium-go/harmonium/bench"
)

// measurement is what a row took: seconds a step, by player, way and round. All have the same number of rounds.
type measurement struct {
	row   bench.Row
	times []timing // ours first
}

type timing struct {
	player *player
	way    string
	warm   int // steps before those that count, and those, in each round
	steps  int
	rounds []float64
}

func (t timing) String() string {
	if t.way == "" {
		return t.player.String()
	}
	return fmt.Sprintf("%v, %s", t.player, t.way)
}

// aim is how long a player is measured at a row in a round; a step that takes longer is measured once.
const aim = 0.05

// prepare checks that every player computes what ours, the first, does, and finds how many steps make a round.
func prepare(w io.Writer, rows []bench.Row, players []*player) ([]measurement, error) {
	var all []measurement
	for _, row := range rows {
		m := measurement{row: row}
		var want float64
		for _, p := range players {
			for _, way := range p.Rows[row.Name] {
				t := timing{player: p, way: way}
				a, err := p.ask(request{Row: row.Name, Way: way, Check: bench.CheckSteps})
				if err != nil {
					return nil, err
				}
				if p == players[0] {
					want = a.Sum
				}
				if !(math.Abs(a.Sum-want) <= row.Tolerance*math.Abs(want)) {
					return nil, fmt.Errorf("compare: row %s: the sum of %v is %g, and that of %v is %g: they do not do the same work", row.Name, t, a.Sum, players[0], want)
				}
				if err := t.calibrate(row.Name); err != nil {
					return nil, err
				}
				m.times = append(m.times, t)
			}
		}
		fmt.Fprintf(w, "%s: all agree\n", row.Name)
		all = append(all, m)
	}
	return all, nil
}

func (t *timing) calibrate(row string) error {
	if _, err := t.player.seconds(row, t.way, 0, 1); err != nil { // makes buffers
		return err
	}
	s, err := t.player.seconds(row, t.way, 0, 1)
	t.steps = min(max(int(aim/s), 1), 1000)
	if t.steps > 1 {
		t.warm = t.steps/5 + 1
	}
	return err
}

// run measures every row in every round, all players one after the other, each round beginning with another of them.
func run(ctx context.Context, w io.Writer, all []measurement, rounds int) error {
	started := time.Now()
	for r := range rounds {
		for i := range all {
			times := all[i].times
			for j := range times {
				t := &times[(r+j)%len(times)]
				s, err := t.player.seconds(all[i].row.Name, t.way, t.warm, t.steps)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					return err
				}
				t.rounds = append(t.rounds, s)
			}
		}
		fmt.Fprintf(w, "round %d of %d, %s\n", r+1, rounds, time.Since(started).Round(time.Second))
	}
	return nil
}

// peakOf returns the fastest float32 matrix product of any player in any round, in operations a second.
func peakOf(all []measurement) float64 {
	peak := 0.0
	for _, m := range all {
		if !strings.HasPrefix(m.row.Name, "gemm_") {
			continue
		}
		for _, t := range m.times {
			peak = max(peak, m.row.Flops/slices.Min(t.rounds))
		}
	}
	return peak
}

// median returns the middle number, or the mean of the two in the middle.
func median(x []float64) float64 {
	if len(x) == 0 {
		panic("compare: median of nothing")
	}
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
