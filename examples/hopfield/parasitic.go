package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/dataset"
)

// ending is a state at rest that several searches ended in.
type ending struct {
	state  []float32
	times  int
	energy float64
	kind   string // stored, negative or parasitic
}

// search lets random states come to rest, falling and annealed, says what they end in, and draws the parasitic states most often met.
func (t *task) search(ctx context.Context, net *associative.Hopfield, r *result) error {
	random := t.coins("starts", t.starts)
	var drawn []ending
	for _, annealed := range []bool{false, true} {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := t.recall(net, r, random, nil, annealed)
		if err != nil {
			return err
		}
		endings := t.endings(got)
		share, depth, different := map[string]int{}, 0.0, 0
		for _, e := range endings {
			share[e.kind] += e.times
			depth += e.energy * float64(e.times) / float64(t.starts)
			if e.kind == "parasitic" {
				different++
			}
		}
		fmt.Fprintf(t.words, "  %-20s%-12s%d end in digits, %d in negatives, %d in %d parasitic states; depth %.3f\n",
			fmt.Sprintf("%d random states", t.starts), way(annealed), share["stored"], share["negative"], share["parasitic"], different, depth/r.energy)
		drawn = append(drawn, mostMet(endings)...)
	}
	if len(drawn) == 0 {
		return nil
	}
	return t.parasiticPicture(r.rule, drawn)
}

// perSearch parasitic states of each search are drawn.
const perSearch = 10

func mostMet(endings []ending) []ending {
	parasitic := slices.DeleteFunc(slices.Clone(endings), func(e ending) bool { return e.kind != "parasitic" })
	return parasitic[:min(perSearch, len(parasitic))]
}

// endings gathers equal states, those most often met first, and of these the deepest.
func (t *task) endings(got *associative.Recalled) []ending {
	met, order := map[string]*ending{}, []*ending{}
	for k := range got.Energy {
		state := got.States.Float32s()[k*t.pixels() : (k+1)*t.pixels()]
		var key strings.Builder
		for _, v := range state {
			key.WriteByte(byte('0' + int(v+1)/2))
		}
		e, known := met[key.String()]
		if !known {
			e = &ending{state: state, energy: got.Energy[k]}
			e.kind = t.kind(state)
			met[key.String()], order = e, append(order, e)
		}
		e.times++
	}
	endings := make([]ending, len(order))
	for k, e := range order {
		endings[k] = *e
	}
	slices.SortStableFunc(endings, func(a, b ending) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.energy, b.energy))
	})
	return endings
}

func (t *task) kind(state []float32) string {
	for d := range t.stored {
		wrong := 0
		for j, v := range t.digits[d*t.pixels() : (d+1)*t.pixels()] {
			if v != state[j] {
				wrong++
			}
		}
		if wrong == 0 {
			return "stored"
		}
		if wrong == len(state) {
			return "negative"
		}
	}
	return "parasitic"
}

func (t *task) parasiticPicture(rule associative.Rule, drawn []ending) error {
	var rows []float32
	for _, e := range drawn {
		for _, v := range e.state {
			rows = append(rows, (v+1)/2)
		}
	}
	path := filepath.Join(t.out, file("parasitic", rule))
	if err := dataset.WriteGrid(path, rows, t.width, t.height, min(perSearch, len(drawn)), 2); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "  wrote %s\n", path)
	return nil
}
