package associative

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

func tensorOf(rows ...[]float64) *tensor.Dense {
	return matrix.Tensor(tensor.Float64, slices.Concat(rows...), len(rows), len(rows[0]))
}

func recall(t *testing.T, h *Hopfield, states *tensor.Dense, d Dynamics) *Recalled {
	got, err := h.Recall(states, d)
	require.NoError(t, err)
	return got
}

// plainSweep is a sweep by the formula, with fields summed afresh for every unit or block.
func plainSweep(h *Hopfield, x []float64, blocks [][]int) {
	w := h.Couplings().Float64s()
	for _, block := range blocks {
		before := slices.Clone(x)
		for _, i := range block {
			field := h.bias(i)
			for j, v := range before {
				field += v * w[j*h.n+i]
			}
			switch {
			case field > 1e-9:
				x[i] = 1
			case field < -1e-9 || h.config.Ties == Minus:
				x[i] = h.low()
			}
		}
	}
}

func singles(order []int) [][]int {
	blocks := make([][]int, len(order))
	for k, i := range order {
		blocks[k] = []int{i}
	}
	return blocks
}

func ascending(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// Every kind of recall is the repetition of plain sweeps, whatever the units, the ties and the symmetry; so is the cycle it reports.
func TestRecallIsRepeatedSweeps(t *testing.T) {
	longest := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 2 + r.IntN(9)
		config := HopfieldConfig{Binary: seed%2 == 1, Ties: Ties(seed / 2 % 2), Asymmetric: true, SelfCoupling: true, Bias: make([]float64, n)}
		w := make([]float64, n*n)
		for k := range w {
			w[k] = float64(r.IntN(7) - 3)
		}
		for i := range config.Bias {
			config.Bias[i] = float64(r.IntN(3) - 1)
		}
		h, err := NewHopfield(matrix.Tensor(tensor.Float64, w, n, n), config)
		require.NoError(t, err)
		start := spins(r, 1, n).Float64s()
		for i := range start {
			start[i] = max(start[i], h.low())
		}
		order := r.Perm(n)
		cut := r.IntN(n)
		halves := slices.DeleteFunc([][]int{order[:cut], order[cut:]}, func(b []int) bool { return len(b) == 0 })
		for name, c := range map[string]struct {
			d      Dynamics
			blocks [][]int
		}{
			"in order":    {Asynchronous{InOrder: true, MaxSweeps: 3000}, singles(ascending(n))},
			"synchronous": {Synchronous{MaxSweeps: 3000}, [][]int{ascending(n)}},
			"blocks":      {Block{Blocks: halves, MaxSweeps: 3000}, halves},
		} {
			t.Run(fmt.Sprint(seed, " ", name), func(t *testing.T) {
				got := recall(t, h, tensorOf(start), c.d)
				x := slices.Clone(start)
				for range got.Sweeps[0] {
					plainSweep(h, x, c.blocks)
				}
				require.Equal(t, x, got.States.Float64s())
				length := 0 // until the state is back
				for again := slices.Clone(x); length == 0 || !slices.Equal(again, x); length++ {
					plainSweep(h, again, c.blocks)
				}
				require.Equal(t, length, got.Cycle[0])
				longest = max(longest, length)
				require.Len(t, got.Trace[0], got.Sweeps[0]+1)
				require.Equal(t, got.Energy[0], got.Trace[0][got.Sweeps[0]])
			})
		}
	}
	require.Greater(t, longest, 4)
}

// Rows are recalled as they are alone, on any number of processors, in both dtypes.
func TestRowsAloneAndProcessors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	const n, rows = 70, 9
	h := network(t, r, n, HopfieldConfig{})
	x := spins(r, rows, n)
	for _, d := range []Dynamics{Asynchronous{Seed: 3}, Asynchronous{InOrder: true}, Synchronous{}, Block{Blocks: [][]int{ascending(n)[:30], ascending(n)[30:]}}} {
		all := recall(t, h, x, d)
		for k := range rows {
			one := recall(t, h, tensorOf(x.Float64s()[k*n:(k+1)*n]), d)
			require.Equal(t, one.States.Float64s(), all.States.Float64s()[k*n:(k+1)*n])
			require.Equal(t, one.Trace[0], all.Trace[k])
			require.Equal(t, one.Cycle[0], all.Cycle[k])
		}
	}
	for _, d := range []Dynamics{Asynchronous{Seed: 3}, Synchronous{}, Gibbs{Temperature: 5, Sweeps: 7, Average: 3, Seed: 2}, Annealing{From: 9, To: 1, Seed: 2}} {
		before := runtime.GOMAXPROCS(1)
		one := recall(t, h, x, d)
		runtime.GOMAXPROCS(4)
		four := recall(t, h, x, d)
		runtime.GOMAXPROCS(before)
		require.Equal(t, one, four)
		single := recall(t, h, matrix.Tensor(tensor.Float32, x.Float64s(), rows, n), d)
		require.Equal(t, tensor.Float32, single.States.Dtype())
		require.Equal(t, one.Energy, single.Energy)
	}
}

func TestClampedUnitsStay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	const n, rows = 30, 20
	h := network(t, r, n, HopfieldConfig{})
	x, clamped := spins(r, rows, n), make([]bool, n)
	for i := range 10 {
		clamped[i] = true
	}
	for _, d := range []Dynamics{
		Asynchronous{Clamped: clamped}, Synchronous{Clamped: clamped}, Block{Blocks: [][]int{ascending(n)}, Clamped: clamped},
		Gibbs{Temperature: 8, Clamped: clamped}, Annealing{From: 9, To: 0.1, Clamped: clamped, Average: 2},
	} {
		got := recall(t, h, x, d).States.Float64s()
		moved := 0
		for k, v := range got {
			if k%n < 10 {
				require.Equal(t, x.Float64s()[k], v)
			} else if v != x.Float64s()[k] {
				moved++
			}
		}
		require.Positive(t, moved)
	}
	// At rest under clamps is what one more recall leaves.
	first := recall(t, h, x, Asynchronous{Clamped: clamped})
	again := recall(t, h, first.States, Asynchronous{Clamped: clamped, Seed: 9})
	require.Equal(t, first.States.Float64s(), again.States.Float64s())
}

// The example of a memory: digits of a stored pattern are found again from a part, and from noise.
func TestRecallCompletes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	const n = 200
	patterns := spins(r, 10, n)
	h, err := Hebb{}.Learn(t.Context(), patterns)
	require.NoError(t, err)
	noisy := slices.Clone(patterns.Float64s())
	clamped := make([]bool, n)
	for k := range noisy {
		if clamped[k%n] = k%n < n/2; !clamped[k%n] {
			noisy[k] = float64(2*r.IntN(2) - 1)
		}
	}
	got := recall(t, h, matrix.Tensor(tensor.Float64, noisy, 10, n), Asynchronous{Seed: 1, Clamped: clamped})
	require.Equal(t, patterns.Float64s(), got.States.Float64s())
}

func TestRecallRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	h := network(t, r, 3, HopfieldConfig{})
	ok := spins(r, 2, 3)
	for name, c := range map[string]struct {
		states *tensor.Dense
		d      Dynamics
		want   error
		text   string
	}{
		"no states":           {nil, Synchronous{}, energy.ErrShape, "states: no tensor given"},
		"columns":             {spins(r, 2, 4), Synchronous{}, energy.ErrShape, "states: shape (2, 4), want (rows, 3)"},
		"values":              {tensorOf([]float64{1, 0, 1}), Synchronous{}, energy.ErrRange, "row 0, column 1 is 0, want −1 or 1"},
		"NaN":                 {tensorOf([]float64{1, math.NaN(), 1}), Synchronous{}, energy.ErrNotFinite, "NaN"},
		"no dynamics":         {ok, nil, energy.ErrConfig, "no dynamics given"},
		"sweeps":              {ok, Synchronous{MaxSweeps: -1}, energy.ErrConfig, "Synchronous: MaxSweeps is -1, want at least 1, or 0 for 100"},
		"clamps":              {ok, Asynchronous{Clamped: []bool{true}}, energy.ErrShape, "Clamped has 1 marks, want one for each of 3 units"},
		"a seed for nothing":  {ok, Asynchronous{InOrder: true, Seed: 1}, energy.ErrConfig, "nothing is drawn"},
		"no block":            {ok, Block{}, energy.ErrConfig, "unit 0 stands in no block"},
		"an empty block":      {ok, Block{Blocks: [][]int{{0, 1, 2}, {}}}, energy.ErrConfig, "block 1 is empty"},
		"twice in the blocks": {ok, Block{Blocks: [][]int{{0, 1}, {1, 2}}}, energy.ErrConfig, "unit 1 stands in the blocks twice"},
		"not in the blocks":   {ok, Block{Blocks: [][]int{{0, 3}}}, energy.ErrRange, "holds unit 3, want 0 to 2"},
		"temperature":         {ok, Gibbs{Temperature: -1}, energy.ErrConfig, "Temperature is -1, want a number above 0"},
		"average":             {ok, Gibbs{Sweeps: 4, Average: 5}, energy.ErrConfig, "Average is 5, want 0 to 4"},
		"window":              {ok, Gibbs{Sweeps: 4, Window: 3}, energy.ErrConfig, "Window is 3, want 0 to 2"},
		"no temperatures":     {ok, Annealing{}, energy.ErrConfig, "From is 0, want a number above 0"},
		"rising":              {ok, Annealing{From: 1, To: 2}, energy.ErrConfig, "From is 1 and To 2, want temperatures that fall"},
		"one temperature":     {ok, Annealing{From: 2, To: 1, Temperatures: 1}, energy.ErrConfig, "Temperatures is 1"},
		"no sweeps":           {ok, Annealing{From: 2, To: 1, Sweeps: -1}, energy.ErrConfig, "Sweeps is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Recall(c.states, c.d)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "associative: Hopfield: Recall: ")
			require.ErrorContains(t, err, c.text)
		})
	}
}
