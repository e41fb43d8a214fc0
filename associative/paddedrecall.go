package associative

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Start gives the hidden units of the network that Learn made values that go with visible states (B, N), for recall: random ones, which then
// follow their fields while the visible units are held. (B, N + K) in the dtype of the states. Errors: ErrConfig for a network with fewer units than
// are hidden; ErrShape, ErrDtype, ErrRange, ErrNotFinite.
func (r Padded) Start(h *Hopfield, states *tensor.Dense) (*tensor.Dense, error) {
	fail := func(err error) (*tensor.Dense, error) { return nil, fmt.Errorf("associative: %v: Start: %w", r, err) }
	n, err := r.visible(h)
	if err != nil {
		return fail(err)
	}
	x, _, err := matrix.Spins(states, n)
	if err != nil {
		return fail(fmt.Errorf("states: %w", err))
	}
	full, draws := make([]float64, len(x)/n*h.n), rng.New(r.Seed, "associative starts")
	for k := range len(x) / n {
		row := full[k*h.n : (k+1)*h.n]
		copy(row, x[k*n:(k+1)*n])
		drawSpins(draws.Row(k, 0), row[n:])
	}
	Asynchronous{Seed: r.Seed, Clamped: firstUnits(n, h.n)}.run(h, h.rows(full))
	return matrix.Tensor(states.Dtype(), full, len(x)/n, h.n), nil
}

// Visible cuts states (B, N + K) of the network that Learn made down to the visible units, (B, N). Errors: those of Start.
func (r Padded) Visible(h *Hopfield, states *tensor.Dense) (*tensor.Dense, error) {
	n, err := r.visible(h)
	var x []float64
	if err == nil {
		x, err = h.states("Visible", states)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Visible: %w", r, err)
	}
	out := make([]float64, 0, len(x)/h.n*n)
	for at := 0; at < len(x); at += h.n {
		out = append(out, x[at:at+n]...)
	}
	return matrix.Tensor(states.Dtype(), out, len(x)/h.n, n), nil
}

// Success recalls from states (B, N + K) in the network that Learn made, and reports for each whether the visible units come to be those of its
// pattern. The states are B/P for each of the patterns (P, N), one behind the other: those of Extend, to see whether what is stored stays,
// or those of Start, to see whether it is found by its visible part. Errors: those of Start and Recall; ErrShape for a B that is no
// multiple of P.
func (r Padded) Success(h *Hopfield, states, patterns *tensor.Dense, d Dynamics) ([]bool, error) {
	fail := func(err error) ([]bool, error) { return nil, fmt.Errorf("associative: %v: Success: %w", r, err) }
	n, err := r.visible(h)
	if err != nil {
		return fail(err)
	}
	want, _, err := matrix.Spins(patterns, n)
	if err != nil {
		return fail(fmt.Errorf("patterns: %w", err))
	}
	recalled, err := h.Recall(states, d)
	if err != nil {
		return fail(err)
	}
	x, _, err := matrix.Spins(recalled.States, h.n)
	if err != nil {
		return fail(err)
	}
	rows, p := len(x)/h.n, len(want)/n
	if rows%p != 0 {
		return fail(fmt.Errorf("%d states for %d patterns, want as many for each: %w", rows, p, energy.ErrShape))
	}
	right := make([]bool, rows)
	for k := range right {
		at := k / (rows / p)
		right[k] = slices.Equal(x[k*h.n:k*h.n+n], want[at*n:(at+1)*n])
	}
	return right, nil
}

// visible is how many units of a network are.
func (r Padded) visible(h *Hopfield) (int, error) {
	switch {
	case h == nil:
		return 0, fmt.Errorf("no network given: %w", energy.ErrConfig)
	case r.Hidden < 0 || h.n <= r.Hidden || h.config.Binary:
		return 0, fmt.Errorf("network of %d units, want one of bipolar units that Learn made, with %d hidden: %w", h.n, r.Hidden, energy.ErrConfig)
	}
	return h.n - r.Hidden, nil
}
