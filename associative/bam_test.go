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
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// randomBAM draws whole-number couplings and biases, so that energies are exact and ties happen.
func randomBAM(t testing.TB, r *rand.Rand, n, k int, biases bool) *BAM {
	w := make([]float64, n*k)
	for i := range w {
		w[i] = float64(r.IntN(7) - 3)
	}
	var config BAMConfig
	if biases {
		config = BAMConfig{BiasX: make([]float64, n), BiasY: make([]float64, k)}
		for _, b := range [][]float64{config.BiasX, config.BiasY} {
			for i := range b {
				b[i] = float64(r.IntN(5) - 2)
			}
		}
	}
	m, err := NewBAM(matrix.Tensor(tensor.Float64, w, n, k), config)
	require.NoError(t, err)
	return m
}

// plainPairEnergy is −xWyᵀ − b·x − c·y by its formula.
func plainPairEnergy(m *BAM, x, y []float64) (e float64) {
	for i, xi := range x {
		e -= m.biasX[i] * xi
		for j, yj := range y {
			e -= xi * m.w[i*m.k+j] * yj
		}
	}
	for j, yj := range y {
		e -= m.biasY[j] * yj
	}
	return e
}

// everyState lists the 2^n states of n units.
func everyState(n int) *tensor.Dense {
	x := make([]float64, n<<n)
	for i := range x {
		x[i] = float64(2*(i/n>>(i%n)&1) - 1)
	}
	return matrix.Tensor(tensor.Float64, x, 1<<n, n)
}

// everyPair lists the pairs of all states, in the order of x and then y.
func everyPair(n, k int) (x, y *tensor.Dense) {
	both := everyState(n + k).Float64s()
	var xs, ys []float64
	for ; len(both) > 0; both = both[n+k:] {
		xs, ys = append(xs, both[:n]...), append(ys, both[n:n+k]...)
	}
	return matrix.Tensor(tensor.Float64, xs, 1<<(n+k), n), matrix.Tensor(tensor.Float64, ys, 1<<(n+k), k)
}

var bamRecalls = []Dynamics{Synchronous{}, Asynchronous{}, Asynchronous{Seed: 9}, Asynchronous{InOrder: true}}

// risen says where the energy rose along the traces, checked against the energies of the ends by the formula.
func risen(m *BAM, got *BAMRecalled) error {
	for row, trace := range got.Trace {
		for i, e := range trace[1:] {
			if e > trace[i] {
				return fmt.Errorf("row %d: the energy rose from %v to %v", row, trace[i], e)
			}
		}
		x, y := got.X.Float64s()[row*m.n:(row+1)*m.n], got.Y.Float64s()[row*m.k:(row+1)*m.k]
		if e := plainPairEnergy(m, x, y); e != trace[len(trace)-1] || e != got.Energy[row] {
			return fmt.Errorf("row %d: the trace ends at %v and the energy is %v, want %v", row, trace[len(trace)-1], got.Energy[row], e)
		}
		if got.Cycle[row] != 1 {
			return fmt.Errorf("row %d is no fixed pair", row)
		}
	}
	return nil
}

// The energy never rises, exactly, over random couplings, biases, orders and starts, and every recall ends. A backward matrix that is not the
// transpose breaks that, and the same check sees it.
func TestBAMEnergyNeverRises(t *testing.T) {
	flips, broken := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 28))
		n, k := 1+r.IntN(12), 1+r.IntN(12)
		m := randomBAM(t, r, n, k, seed%2 == 0)
		x, y := spins(r, 20, n), spins(r, 20, k)
		twin := *m
		twin.back = randomBAM(t, r, k, n, false).w
		for _, recall := range bamRecalls {
			for _, start := range [][2]*tensor.Dense{{x, y}, {x, nil}, {nil, y}} {
				got, err := m.Recall(start[0], start[1], recall)
				require.NoError(t, err)
				require.NoError(t, risen(m, got), "seed %d, %+v", seed, recall)
				for _, trace := range got.Trace {
					flips += len(trace) - 1
				}
			}
			got, err := twin.Recall(x, y, recall)
			require.NoError(t, err)
			if risen(&twin, got) != nil {
				broken++
			}
		}
	}
	require.Greater(t, flips, 10_000)
	require.Greater(t, broken, 200, "of 240 with a backward matrix of its own")
}

// In every half sweep one side takes the least energy that it can have while the other stands.
func TestBAMHalfSweepsAreMinima(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 29))
		n, k := 1+r.IntN(6), 1+r.IntN(6)
		m := randomBAM(t, r, n, k, true)
		x, y := spins(r, 1, n), spins(r, 1, k)
		got, err := m.Recall(x, y, Synchronous{MaxSweeps: 1})
		require.NoError(t, err)
		require.Len(t, got.Trace[0], 3)
		least := func(x, y *tensor.Dense) float64 {
			energies, err := m.Energy(x, y)
			require.NoError(t, err)
			return slices.Min(energies)
		}
		require.Equal(t, least(matrix.Tensor(tensor.Float64, slices.Repeat(x.Float64s(), 1<<k), 1<<k, n), everyState(k)), got.Trace[0][1])
		require.Equal(t, least(everyState(n), matrix.Tensor(tensor.Float64, slices.Repeat(got.Y.Float64s(), 1<<n), 1<<n, k)), got.Trace[0][2])
	}
}

// The pairs that recall leaves alone are exactly the local minima: those that no single flip lowers, by enumeration of all pairs. Every
// recall ends in one of them.
func TestBAMFixedPairsAreTheLocalMinima(t *testing.T) {
	minima, flat := 0, 0
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 30))
		n := 1 + r.IntN(8)
		k := 1 + r.IntN(min(8, 11-n))
		m := randomBAM(t, r, n, k, seed%3 > 0)
		x, y := everyPair(n, k)
		pairs := 1 << (n + k)
		energies := make([]float64, pairs)
		for p := range pairs {
			energies[p] = plainPairEnergy(m, x.Float64s()[p*n:(p+1)*n], y.Float64s()[p*k:(p+1)*k])
		}
		minimum := make([]bool, pairs)
		for p := range pairs {
			minimum[p] = true
			for unit := range n + k { // the pairs are in the order of their bits
				neighbour := energies[p^1<<unit]
				minimum[p] = minimum[p] && neighbour >= energies[p]
				if neighbour == energies[p] {
					flat++
				}
			}
		}
		library, err := m.Energy(x, y)
		require.NoError(t, err)
		require.Equal(t, energies, library)
		for _, recall := range bamRecalls {
			got, err := m.Recall(x, y, recall)
			require.NoError(t, err)
			for p := range pairs {
				fixed := slices.Equal(got.X.Float64s()[p*n:(p+1)*n], x.Float64s()[p*n:(p+1)*n]) &&
					slices.Equal(got.Y.Float64s()[p*k:(p+1)*k], y.Float64s()[p*k:(p+1)*k])
				require.Equal(t, minimum[p], fixed)
				require.Equal(t, minimum[p], got.Sweeps[p] == 1)
				end := 0
				for i, v := range slices.Concat(got.X.Float64s()[p*n:(p+1)*n], got.Y.Float64s()[p*k:(p+1)*k]) {
					if v > 0 {
						end |= 1 << i
					}
				}
				require.True(t, minimum[end])
			}
		}
		for _, is := range minimum {
			if is {
				minima++
			}
		}
	}
	require.Greater(t, minima, 100)
	require.Greater(t, flat, 100, "ties")
}

// A BAM is the Hopfield network with the couplings (0 W; Wᵀ 0): in energy, by an oracle and by the library, and in its fixed points.
func TestBAMIsAHopfieldNetwork(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 31))
		n, k := 1+r.IntN(10), 1+r.IntN(10)
		m := randomBAM(t, r, n, k, true)
		all := n + k
		couplings, bias := make([]float64, all*all), slices.Concat(m.biasX, m.biasY)
		for i := range n {
			for j := range k {
				couplings[i*all+n+j], couplings[(n+j)*all+i] = m.w[i*k+j], m.w[i*k+j]
			}
		}
		oracle := exact.Quadratic{W: couplings, B: bias}
		net, err := NewHopfield(matrix.Tensor(tensor.Float64, couplings, all, all), HopfieldConfig{Bias: bias})
		require.NoError(t, err)
		x, y := spins(r, 30, n), spins(r, 30, k)
		var both []float64
		for p := range 30 {
			both = slices.Concat(both, x.Float64s()[p*n:(p+1)*n], y.Float64s()[p*k:(p+1)*k])
		}
		states := matrix.Tensor(tensor.Float64, both, 30, all)
		energies, err := m.Energy(x, y)
		require.NoError(t, err)
		for p, e := range energies {
			require.InDelta(t, oracle.Energy(both[p*all:(p+1)*all]), e, 1e-9)
		}
		hopfield, err := net.Energy(states)
		require.NoError(t, err)
		require.Equal(t, hopfield, energies)
		// Asynchronous sweeps in order, and by the same seed, are the network's; synchronous ones are its updates by two blocks.
		for _, c := range []struct {
			bam Dynamics
			net Dynamics
		}{
			{Asynchronous{InOrder: true}, Asynchronous{InOrder: true}},
			{Asynchronous{Seed: seed}, Asynchronous{Seed: seed}},
			{Synchronous{}, Block{Blocks: [][]int{ascending(all)[n:], ascending(n)}}},
		} {
			pair, err := m.Recall(x, y, c.bam)
			require.NoError(t, err)
			single := recall(t, net, states, c.net)
			require.Equal(t, single.Energy, pair.Energy)
			require.Equal(t, single.Sweeps, pair.Sweeps)
			for p := range 30 {
				require.Equal(t, single.States.Float64s()[p*all:(p+1)*all], slices.Concat(pair.X.Float64s()[p*n:(p+1)*n], pair.Y.Float64s()[p*k:(p+1)*k]))
			}
		}
	}
}

// Kosko's example: the pairs of his adaptive memories (Applied Optics 26, 1987) in bipolar form, and their matrix.
func TestBAMOfKosko(t *testing.T) {
	x := tensorOf([]float64{1, -1, 1, -1, 1, -1}, []float64{1, 1, 1, -1, -1, -1})
	y := tensorOf([]float64{1, 1, -1, -1}, []float64{1, -1, 1, -1})
	l := must(Correlation(x, y))(t)
	require.Equal(t, []float64{2, 0, 0, -2, 0, -2, 2, 0, 2, 0, 0, -2, -2, 0, 0, 2, 0, 2, -2, 0, -2, 0, 0, 2}, l.W().Float64s())
	m, err := l.BAM(BAMConfig{})
	require.NoError(t, err)
	require.Equal(t, l.W().Float64s(), m.Couplings().Float64s())
	energies, err := m.Energy(x, y)
	require.NoError(t, err)
	require.Equal(t, []float64{-24, -24}, energies, "−(6·4 + (x_1·x_2)(y_1·y_2)), y_1·y_2 = 0")
	for _, recall := range bamRecalls {
		noisy := x.Clone().(*tensor.Dense)
		noisy.Float64s()[0], noisy.Float64s()[6+5] = -1, 1
		got, err := m.Recall(noisy, nil, recall)
		require.NoError(t, err)
		require.Equal(t, y.Float64s(), got.Y.Float64s())
		require.Equal(t, x.Float64s(), got.X.Float64s())
		require.Equal(t, energies, got.Energy)
		got, err = m.Recall(nil, inSingle(y), recall)
		require.NoError(t, err)
		require.Equal(t, inSingle(x).Float32s(), got.X.Float32s())
		require.Equal(t, tensor.Float32, got.Y.Dtype())
	}
}

// Of orthogonal pairs each is a fixed pair, and its negative is one too: the only symmetry of a memory without biases.
func TestBAMOfOrthogonalPairs(t *testing.T) {
	for pairs := 1; pairs <= 8; pairs++ {
		x := matrix.Tensor(tensor.Float64, hadamard(8).Float64s()[:pairs*8], pairs, 8)
		y := matrix.Tensor(tensor.Float64, hadamard(16).Float64s()[16:(pairs+1)*16], pairs, 16)
		for name, l := range map[string]*Linear{
			"correlation": must(Correlation(x, y))(t), "pseudoinverse": must(Pseudoinverse(x, y))(t),
			"bidirectional": must(Bidirectional(x, y))(t),
		} {
			m, err := l.BAM(BAMConfig{})
			require.NoError(t, err)
			for _, sign := range []float64{1, -1} {
				sx, sy := x.Clone().(*tensor.Dense), y.Clone().(*tensor.Dense)
				for _, d := range []*tensor.Dense{sx, sy} {
					for i := range d.Float64s() {
						d.Float64s()[i] *= sign
					}
				}
				for _, recall := range bamRecalls {
					got, err := m.Recall(sx, sy, recall)
					require.NoError(t, err)
					require.Equal(t, sx.Float64s(), got.X.Float64s(), name)
					require.Equal(t, sy.Float64s(), got.Y.Float64s(), name)
					require.Equal(t, slices.Repeat([]int{1}, pairs), got.Sweeps)
				}
			}
		}
	}
}

// Without biases recall of (−x, −y) is minus that of (x, y). One bias is enough to break that.
func TestBAMOfNegatives(t *testing.T) {
	apart := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 32))
		n, k := 1+r.IntN(12), 1+r.IntN(12)
		x, y := spins(r, 10, n), spins(r, 10, k)
		minus := func(d *tensor.Dense) *tensor.Dense {
			d = d.Clone().(*tensor.Dense)
			for i := range d.Float64s() {
				d.Float64s()[i] *= -1
			}
			return d
		}
		for _, biased := range []bool{false, true} {
			m := randomBAM(t, r, n, k, biased)
			for _, recall := range bamRecalls {
				got, err := m.Recall(x, y, recall)
				require.NoError(t, err)
				other, err := m.Recall(minus(x), minus(y), recall)
				require.NoError(t, err)
				same := slices.Equal(minus(got.X).Float64s(), other.X.Float64s()) && slices.Equal(minus(got.Y).Float64s(), other.Y.Float64s())
				require.True(t, same || biased)
				if !same {
					apart++
				}
			}
		}
	}
	require.Greater(t, apart, 80)
}

// A side that is not given is the signs of its fields, −1 at ties, and from there ties keep what there is.
func TestBAMWithoutAState(t *testing.T) {
	m, err := NewBAM(tensorOf([]float64{1, 1, 0}, []float64{-1, 1, 0}), BAMConfig{BiasY: []float64{0, 0, 0}})
	require.NoError(t, err)
	x := tensorOf([]float64{1, 1}, []float64{1, -1})
	got, err := m.Recall(x, nil, Synchronous{})
	require.NoError(t, err)
	require.Equal(t, []float64{-1, 1, -1, 1, -1, -1}, got.Y.Float64s(), "fields (0, 2, 0) and (2, 0, 0)")
	require.Equal(t, x.Float64s(), got.X.Float64s(), "(−1, 1) gives x the fields (0, 2), and the tie keeps 1")
	got, err = m.Recall(x, tensorOf([]float64{1, 1, 1}, []float64{1, 1, 1}), Synchronous{})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 1, 1, 1, 1}, got.Y.Float64s(), "ties keep the units that there are")

	first := tensorOf([]float64{-1, 1, -1}, []float64{1, -1, -1})
	got, err = m.Recall(nil, first, Asynchronous{})
	require.NoError(t, err)
	require.Equal(t, []float64{-1, 1, -1, -1}, got.X.Float64s()[:4], "fields (0, 2) and (0, −2)")
}

// A row is recalled in a batch as it is alone, and on one core as on several.
func TestBAMRowsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 33))
	const n, k, b = 40, 30, 50
	m, err := NewBAM(normalRows(r, n, k), BAMConfig{BiasX: normalRows(r, 1, n).Float64s()})
	require.NoError(t, err)
	x, y := spins(r, b, n), spins(r, b, k)
	for _, recall := range bamRecalls {
		got, err := m.Recall(x, y, recall)
		require.NoError(t, err)
		before := runtime.GOMAXPROCS(1)
		single, err := m.Recall(x, y, recall)
		runtime.GOMAXPROCS(before)
		require.NoError(t, err)
		require.Equal(t, got, single)
		longest := 0
		for row := range b {
			alone, err := m.Recall(matrix.Tensor(tensor.Float64, x.Float64s()[row*n:(row+1)*n], 1, n),
				matrix.Tensor(tensor.Float64, y.Float64s()[row*k:(row+1)*k], 1, k), recall)
			require.NoError(t, err)
			require.Equal(t, alone.X.Float64s(), got.X.Float64s()[row*n:(row+1)*n])
			require.Equal(t, alone.Y.Float64s(), got.Y.Float64s()[row*k:(row+1)*k])
			require.Equal(t, alone.Sweeps[0], got.Sweeps[row])
			require.Equal(t, alone.Trace[0], got.Trace[row])
			require.Equal(t, 1, got.Cycle[row])
			longest = max(longest, got.Sweeps[row])
			for i, e := range got.Trace[row][1:] {
				require.LessOrEqual(t, e, got.Trace[row][i]+1e-9)
			}
		}
		require.Greater(t, longest, 2)
		switch d := recall.(type) {
		case Synchronous:
			d.MaxSweeps = 1
			recall = d
		case Asynchronous:
			d.MaxSweeps = 1
			recall = d
		}
		short, err := m.Recall(x, y, recall)
		require.NoError(t, err)
		require.Contains(t, short.Cycle, 0)
	}
}

func TestBAMRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 34))
	m := randomBAM(t, r, 3, 2, false)
	w, x, y := m.Couplings(), spins(r, 2, 3), spins(r, 2, 2)
	integers := tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]int{1, 1, 1}))
	huge := tensorOf([]float64{1e308, 1e308}, []float64{1e308, 1e308})
	for name, c := range map[string]struct {
		err  error
		want error
		text string
	}{
		"no couplings":     {failure(NewBAM(nil, BAMConfig{})), energy.ErrShape, "associative: NewBAM: w: no tensor"},
		"couplings":        {failure(NewBAM(tensorOf([]float64{math.Inf(1)}), BAMConfig{})), energy.ErrNotFinite, "associative: NewBAM: w: row 0, column 0 is +Inf"},
		"too large":        {failure(NewBAM(huge, BAMConfig{})), energy.ErrNotFinite, "BAM: the couplings are so large"},
		"bias x":           {failure(NewBAM(w, BAMConfig{BiasX: []float64{1}})), energy.ErrShape, "BAM: BiasX has 1 numbers, want 3"},
		"bias y":           {failure(NewBAM(w, BAMConfig{BiasY: []float64{1}})), energy.ErrShape, "BAM: BiasY has 1 numbers, want 2"},
		"bias NaN":         {failure(NewBAM(w, BAMConfig{BiasY: []float64{1, math.NaN()}})), energy.ErrNotFinite, "BAM: BiasY holds a number"},
		"energy without x": {failure(m.Energy(nil, y)), energy.ErrShape, "BAM: Energy: x: no tensor"},
		"energy without y": {failure(m.Energy(x, nil)), energy.ErrShape, "BAM: Energy: y: no tensor"},
		"energy rows":      {failure(m.Energy(x, spins(r, 3, 2))), energy.ErrShape, "BAM: Energy: 2 rows of x and 3 of y"},
		"energy values":    {failure(m.Energy(normalRows(r, 2, 3), y)), energy.ErrRange, "BAM: Energy: x: row 0, column 0"},
		"nothing":          {failure(m.Recall(nil, nil, Synchronous{})), energy.ErrShape, "BAM: Recall: neither x nor y"},
		"x columns":        {failure(m.Recall(y, nil, Synchronous{})), energy.ErrShape, "BAM: Recall: x: shape (2, 2), want (rows, 3)"},
		"y columns":        {failure(m.Recall(nil, x, Synchronous{})), energy.ErrShape, "BAM: Recall: y: shape (2, 3), want (rows, 2)"},
		"x values":         {failure(m.Recall(normalRows(r, 2, 3), y, Synchronous{})), energy.ErrRange, "BAM: Recall: x: row 0, column 0"},
		"y values":         {failure(m.Recall(x, normalRows(r, 2, 2), Synchronous{})), energy.ErrRange, "BAM: Recall: y: row 0, column 0"},
		"dtype":            {failure(m.Recall(integers, nil, Synchronous{})), energy.ErrDtype, "BAM: Recall: x: dtype int"},
		"rows":             {failure(m.Recall(x, spins(r, 1, 2), Synchronous{})), energy.ErrShape, "BAM: Recall: 2 rows of x and 1 of y"},
		"no dynamics":      {failure(m.Recall(x, y, nil)), energy.ErrConfig, "BAM: Recall: no dynamics given"},
		"other dynamics":   {failure(m.Recall(x, y, Gibbs{})), energy.ErrConfig, "BAM: Recall: associative.Gibbs: want Synchronous or Asynchronous"},
		"clamped":          {failure(m.Recall(x, y, Synchronous{Clamped: make([]bool, 5)})), energy.ErrConfig, "BAM: Recall: associative.Synchronous: Clamped is set"},
		"clamped units":    {failure(m.Recall(x, y, Asynchronous{Clamped: make([]bool, 5)})), energy.ErrConfig, "Clamped is set"},
		"seed in order":    {failure(m.Recall(x, y, Asynchronous{InOrder: true, Seed: 1})), energy.ErrConfig, "BAM: Recall: associative.Asynchronous: Seed is 1"},
		"sweeps":           {failure(m.Recall(x, y, Synchronous{MaxSweeps: -1})), energy.ErrConfig, "BAM: Recall: associative.Synchronous: MaxSweeps is -1"},
	} {
		require.ErrorIs(t, c.err, c.want, name)
		require.ErrorContains(t, c.err, "associative: ", name)
		require.ErrorContains(t, c.err, c.text, name)
	}
}

// 0.1 + 0.2 − 0.3 is 5.6e-17 in float64 and a tie of the memory: rounding turns no unit over, whichever side it stands on.
func TestBAMTiesOfRoundedSums(t *testing.T) {
	column, row := tensorOf([]float64{0.1}, []float64{0.2}, []float64{0.3}), tensorOf([]float64{0.1, 0.2, 0.3})
	three, one := tensorOf([]float64{1, 1, -1}), tensorOf([]float64{-1})
	tall, err := NewBAM(column, BAMConfig{BiasX: []float64{5, 5, -5}})
	require.NoError(t, err)
	wide, err := NewBAM(row, BAMConfig{BiasY: []float64{5, 5, -5}})
	require.NoError(t, err)
	for _, recall := range bamRecalls {
		got, err := tall.Recall(three, one, recall)
		require.NoError(t, err)
		require.Equal(t, []float64{-1}, got.Y.Float64s())
		require.Equal(t, []int{1}, got.Sweeps)
		got, err = wide.Recall(one, three, recall)
		require.NoError(t, err)
		require.Equal(t, []float64{-1}, got.X.Float64s())
		require.Equal(t, []int{1}, got.Sweeps)
	}
}
