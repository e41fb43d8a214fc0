package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/harmonium-go/harmonium/bench"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Every player, ours and the peers, is a process that speaks one protocol: JSON objects, one a line. It begins with a
// hello and then gives one answer to each request.
type (
	hello struct {
		About string              `json:"about"`
		Rows  map[string][]string `json:"rows"` // to the ways in which the player does the row
	}
	// request asks for the sum of a row after so many steps of a new workload, or for the time of a step of a workload
	// that is kept: the mean over steps, after a few that are not counted.
	request struct {
		Row   string `json:"row"`
		Way   string `json:"way"`
		Check int    `json:"check,omitempty"`
		Warm  int    `json:"warm"`
		Steps int    `json:"steps,omitempty"`
	}
	answer struct {
		Sum     float64 `json:"sum,omitempty"`
		Seconds float64 `json:"seconds,omitempty"`
	}
)

// serve is our side of the protocol. It returns when in ends.
func serve(in io.Reader, out io.Writer) error {
	h := hello{
		About: fmt.Sprintf("harmonium with %v kernels, %s, %d cores", kernel.Current(), runtime.Version(), runtime.GOMAXPROCS(0)),
		Rows:  map[string][]string{},
	}
	rows := map[string]bench.Row{}
	for _, r := range bench.Rows() {
		h.Rows[r.Name] = []string{""}
		rows[r.Name] = r
	}
	to, from := json.NewEncoder(out), json.NewDecoder(in)
	if err := to.Encode(h); err != nil {
		return err
	}
	kept := map[string]*bench.Work{}
	for {
		var q request
		if err := from.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		row, known := rows[q.Row]
		if !known {
			return fmt.Errorf("compare: asked for row %q, which there is not", q.Row)
		}
		a, err := reply(q, row, kept)
		if err != nil {
			return fmt.Errorf("compare: row %s: %w", q.Row, err)
		}
		if err := to.Encode(a); err != nil {
			return err
		}
	}
}

func reply(q request, row bench.Row, kept map[string]*bench.Work) (answer, error) {
	if q.Check > 0 {
		work, err := row.New()
		if err != nil {
			return answer{}, err
		}
		if err := repeat(work, q.Check); err != nil {
			return answer{}, err
		}
		return answer{Sum: work.Sum()}, nil
	}
	if kept[q.Row] == nil {
		work, err := row.New()
		if err != nil {
			return answer{}, err
		}
		kept[q.Row] = work
	}
	if err := repeat(kept[q.Row], q.Warm); err != nil {
		return answer{}, err
	}
	started := time.Now()
	err := repeat(kept[q.Row], q.Steps)
	return answer{Seconds: time.Since(started).Seconds() / float64(q.Steps)}, err
}

func repeat(work *bench.Work, steps int) error {
	for range steps {
		if err := work.Step(); err != nil {
			return err
		}
	}
	return nil
}
