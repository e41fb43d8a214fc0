package modernhopfield_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// denseInteractions are of every kind of arithmetic: sums in 64 bits, sums of float64, the exponential.
var denseInteractions = []energy.Interaction{
	energy.Power(2), energy.Power(3), energy.Power(4), energy.RectifiedPower(2), energy.RectifiedPower(3), energy.Power(30), energy.Power(31),
	energy.RectifiedPower(30), energy.Exponential(),
}

// randomSpins are rows of fair spins.
func randomSpins(seed uint64, rows, n int) []float64 {
	r, x := rand.New(rand.NewPCG(seed, 7)), make([]float64, rows*n)
	for i := range x {
		x[i] = float64(2*r.IntN(2) - 1)
	}
	return x
}

func spinTensor(x []float64, n int) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(x)/n, n), tensor.WithBacking(append([]float64{}, x...)))
}

func denseMemory(t *testing.T, f energy.Interaction, patterns []float64, n int) *modernhopfield.DenseMemory {
	m, err := modernhopfield.NewDenseMemory(spinTensor(patterns, n), modernhopfield.DenseConfig{Interaction: f})
	require.NoError(t, err)
	return m
}

// plainNet is a dense memory in plain loops: powers in whole numbers of any size, the exponential in 300 bits.
type plainNet struct {
	f        energy.Interaction
	patterns []float64
	n        int
}

// energy is E, exact but for the exponential's rounding.
func (p plainNet) energy(state []float64) *big.Float {
	e := new(big.Float).SetPrec(3000)
	for lo := 0; lo < len(p.patterns); lo += p.n {
		overlap := 0
		for i, s := range state {
			overlap += int(s * p.patterns[lo+i])
		}
		e.Sub(e, p.of(overlap))
	}
	return e
}

func (p plainNet) of(overlap int) *big.Float {
	x := new(big.Float).SetPrec(3000)
	switch {
	case p.f.Exponential(): // e^overlap from e to 17 digits: all terms are powers of one number, so comparisons are those of that number
		base, power := big.NewFloat(math.E), new(big.Float).SetPrec(3000).SetInt64(1)
		for range max(overlap, -overlap) {
			power.Mul(power, base)
		}
		if overlap < 0 {
			return x.Quo(x.SetInt64(1), power)
		}
		return power
	case overlap < 0 && p.f.Rectified():
		return x
	}
	return x.SetInt(new(big.Int).Exp(big.NewInt(int64(overlap)), big.NewInt(int64(p.f.Degree())), nil))
}

func (p plainNet) flipped(state []float64, i int) []float64 {
	other := append([]float64{}, state...)
	other[i] = -other[i]
	return other
}

// descend visits the units in order, and flips where the rule says so, until nothing changes or 50 sweeps are made.
func (p plainNet) descend(state []float64, flips func(state []float64, i int) bool) []float64 {
	state = append([]float64{}, state...)
	for range 50 {
		changed := false
		for i := range state {
			if flips(state, i) {
				state[i], changed = -state[i], true
			}
		}
		if !changed {
			break
		}
	}
	return state
}

func (p plainNet) lowers(state []float64, i int) bool {
	return p.energy(p.flipped(state, i)).Cmp(p.energy(state)) < 0
}

// The recall is the one of plain loops, state by state, ties included.
func TestDenseRecallEqualsPlainLoops(t *testing.T) {
	for _, f := range denseInteractions {
		for _, size := range [][2]int{{1, 5}, {4, 6}, {9, 7}, {25, 12}} {
			k, n := size[0], size[1]
			patterns, states := randomSpins(uint64(k), k, n), randomSpins(99, 12, n)
			net, m := plainNet{f, patterns, n}, denseMemory(t, f, patterns, n)
			got, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{InOrder: true})
			require.NoError(t, err)
			for i := range 12 {
				want := net.descend(states[i*n:(i+1)*n], net.lowers)
				require.Equal(t, want, got.States.Float64s()[i*n:(i+1)*n], "%v %v", f, size)
				require.True(t, got.Settled[i])
				e, _ := net.energy(want).Float64()
				if f.Exponential() {
					e = -math.Log(-e)
				}
				require.InDelta(t, e, got.Energy[i], 1e-12*max(1, math.Abs(e)), "%v %v", f, size)
			}
			again, err := m.Energy(got.States)
			require.NoError(t, err)
			require.Equal(t, got.Energy, again)
		}
	}
}

// laws are what every asynchronous recall owes: energy does not rise, and where it ends no flip lowers it.
func (p plainNet) laws(recall func(state []float64) []float64) error {
	for _, seed := range []uint64{1, 1754801282, 1698661970} {
		states := randomSpins(seed, 10, p.n)
		for lo := 0; lo < len(states); lo += p.n {
			from := states[lo : lo+p.n]
			to := recall(from)
			if p.energy(to).Cmp(p.energy(from)) > 0 {
				return fmt.Errorf("%v: the energy rose", p.f)
			}
			for i := range to {
				if p.lowers(to, i) {
					return fmt.Errorf("%v: a flip of unit %d still lowers the energy", p.f, i)
				}
			}
		}
	}
	return nil
}

func TestDenseRecallDescends(t *testing.T) {
	const k, n = 14, 10
	for _, f := range denseInteractions {
		net := plainNet{f, randomSpins(5, k, n), n}
		m := denseMemory(t, f, net.patterns, n)
		for seed := range uint64(3) {
			require.NoError(t, net.laws(func(state []float64) []float64 {
				got, err := m.Recall(spinTensor(state, n), modernhopfield.DenseRecall{Seed: seed})
				require.NoError(t, err)
				require.True(t, got.Settled[0])
				return got.States.Float64s()
			}))
		}
		// one unit at a time, all others clamped: no step raises the energy
		state := randomSpins(3, 1, n)
		for step := range 3 * n {
			clamped := make([]bool, n)
			for i := range clamped {
				clamped[i] = i != step%n
			}
			got, err := m.Recall(spinTensor(state, n), modernhopfield.DenseRecall{Clamped: clamped, InOrder: true})
			require.NoError(t, err)
			next := got.States.Float64s()
			require.LessOrEqual(t, net.energy(next).Cmp(net.energy(state)), 0)
			for i := range state {
				require.True(t, i == step%n || next[i] == state[i], "a clamped unit changed")
			}
			state = next
		}
	}
}

// The broken twins: the sign of the local field Σ ξ_i F'(ξ·σ), which counts the unit's own part in, and the wrong sign.
func TestDenseLawsCatchBrokenRules(t *testing.T) {
	const k, n = 14, 10
	for _, f := range denseInteractions {
		net := plainNet{f, randomSpins(5, k, n), n}
		require.NoError(t, net.laws(func(state []float64) []float64 { return net.descend(state, net.lowers) }))
		require.Error(t, net.laws(func(state []float64) []float64 {
			return net.descend(state, func(state []float64, i int) bool { return net.energy(net.flipped(state, i)).Cmp(net.energy(state)) > 0 })
		}), "%v", f)
		if f.Exponential() {
			continue // one pattern outweighs all others, and its field is right
		}
		require.Error(t, net.laws(func(state []float64) []float64 {
			return net.descend(state, func(state []float64, i int) bool {
				field := 0.0
				for lo := 0; lo < len(net.patterns); lo += n {
					overlap := 0.0
					for j, s := range state {
						overlap += s * net.patterns[lo+j]
					}
					if overlap > 0 || !f.Rectified() {
						field += net.patterns[lo+i] * math.Pow(overlap, float64(f.Degree()-1))
					}
				}
				return field*state[i] < 0
			})
		}), "%v", f)
	}
}

// Degree 2 is the classical Hopfield net with zero diagonal.
func TestDenseOfDegreeTwoIsHopfield(t *testing.T) {
	const k, n = 6, 21
	patterns, states := randomSpins(1, k, n), randomSpins(2, 40, n)
	m := denseMemory(t, energy.Power(2), patterns, n)
	got, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{InOrder: true})
	require.NoError(t, err)
	for row := range 40 {
		want := plainNet{n: n}.descend(states[row*n:(row+1)*n], func(state []float64, i int) bool {
			field := 0.0
			for j := range state {
				for mu := range k {
					if j != i {
						field += patterns[mu*n+i] * patterns[mu*n+j] * state[j]
					}
				}
			}
			return field*state[i] < 0
		})
		require.Equal(t, want, got.States.Float64s()[row*n:(row+1)*n])
	}
}

// XOR as completion: x and y are clamped, z is asked for (Krotov & Hopfield 2016, section 3).
func TestDenseXOR(t *testing.T) {
	xor := []float64{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}
	for degree := 2; degree <= 50; degree++ {
		for _, f := range []energy.Interaction{energy.Power(degree), energy.RectifiedPower(degree)} {
			m := denseMemory(t, f, xor, 3)
			var states, want []float64
			for _, x := range []float64{-1, 1} {
				for _, y := range []float64{-1, 1} {
					for _, z := range []float64{-1, 1} {
						states, want = append(states, x, y, z), append(want, x, y, -x*y)
					}
				}
			}
			got, err := m.Recall(spinTensor(states, 3), modernhopfield.DenseRecall{Clamped: []bool{true, true, false}})
			require.NoError(t, err)
			if degree%2 == 0 && !f.Rectified() {
				require.Equal(t, states, got.States.Float64s(), "%v has one energy, so every state stays", f)
				for _, e := range got.Energy {
					require.Equal(t, got.Energy[0], e)
				}
				continue
			}
			require.Equal(t, want, got.States.Float64s(), "%v", f)
		}
	}
}

// Patterns, and their order, and the bits of a row: none depends on the batch or the number of cores.
func TestDenseRecallOfARowAlone(t *testing.T) {
	const k, n, rows = 300, 70, 64
	for _, f := range []energy.Interaction{energy.Power(3), energy.RectifiedPower(30), energy.Exponential()} {
		m := denseMemory(t, f, randomSpins(1, k, n), n)
		states := randomSpins(2, rows, n)
		before := runtime.GOMAXPROCS(1)
		one, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{Seed: 3})
		require.NoError(t, err)
		runtime.GOMAXPROCS(4)
		many, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{Seed: 3})
		runtime.GOMAXPROCS(before)
		require.NoError(t, err)
		require.Equal(t, one, many)
		for _, i := range []int{0, 31, 63} {
			alone, err := m.Recall(spinTensor(states[i*n:(i+1)*n], n), modernhopfield.DenseRecall{Seed: 3})
			require.NoError(t, err)
			require.Equal(t, one.States.Float64s()[i*n:(i+1)*n], alone.States.Float64s())
			require.Equal(t, one.Energy[i], alone.Energy[0])
			require.Equal(t, one.Sweeps[i], alone.Sweeps[0])
		}
		other, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{Seed: 4})
		require.NoError(t, err)
		require.NotEqual(t, one.Sweeps, other.Sweeps, "another seed is another order")
	}
}

func TestDenseSynchronous(t *testing.T) {
	// one pattern (1, 1) and the state (1, −1): each unit follows the other, for ever
	m := denseMemory(t, energy.Power(2), []float64{1, 1}, 2)
	got, err := m.Recall(spinTensor([]float64{1, -1, 1, 1}, 2), modernhopfield.DenseRecall{Synchronous: true})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, got.Cycles)
	require.Equal(t, []bool{false, true}, got.Settled)
	require.Equal(t, []int{2, 1}, got.Sweeps)
	require.Equal(t, []float64{1, -1, 1, 1}, got.States.Float64s())

	// against plain loops: all units from one state
	const k, n = 9, 11
	for _, f := range denseInteractions {
		net := plainNet{f, randomSpins(1, k, n), n}
		states := randomSpins(2, 10, n)
		got, err := denseMemory(t, f, net.patterns, n).Recall(spinTensor(states, n), modernhopfield.DenseRecall{Synchronous: true, MaxSweeps: 1})
		require.NoError(t, err)
		for row := range 10 {
			from := states[row*n : (row+1)*n]
			for i, s := range from {
				if net.lowers(from, i) {
					s = -s
				}
				require.Equal(t, s, got.States.Float64s()[row*n+i], "%v", f)
			}
		}
	}
	// with a symmetric W synchronous updates end in a fixed point or in a cycle of two
	m = denseMemory(t, energy.Power(2), randomSpins(3, 8, 20), 20)
	got, err = m.Recall(spinTensor(randomSpins(4, 200, 20), 20), modernhopfield.DenseRecall{Synchronous: true})
	require.NoError(t, err)
	for i := range got.Settled {
		require.True(t, got.Settled[i] != got.Cycles[i])
	}
}

func TestDenseMemoryOverlapsAndDtypes(t *testing.T) {
	const k, n = 5, 67
	patterns, states := randomSpins(1, k, n), randomSpins(2, 3, n)
	m := denseMemory(t, energy.Interaction{}, patterns, n)
	require.Equal(t, energy.Exponential(), m.Interaction())
	gotK, gotN := m.Len()
	require.Equal(t, [2]int{k, n}, [2]int{gotK, gotN})
	single := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(3, n))
	for i, s := range states {
		single.Float32s()[i] = float32(s)
	}
	overlaps, err := m.Overlaps(single)
	require.NoError(t, err)
	for row := range 3 {
		for mu := range k {
			want := 0.0
			for i := range n {
				want += states[row*n+i] * patterns[mu*n+i]
			}
			require.Equal(t, int(want), overlaps[row][mu])
		}
	}
	a, err := m.Recall(single, modernhopfield.DenseRecall{})
	require.NoError(t, err)
	b, err := m.Recall(spinTensor(states, n), modernhopfield.DenseRecall{})
	require.NoError(t, err)
	require.Equal(t, tensor.Float32, a.States.Dtype())
	require.Equal(t, b.Energy, a.Energy)
	for i, s := range single.Float32s() {
		require.Equal(t, states[i], float64(s), "the states given are left alone")
	}
}

func TestDenseMemoryRefuses(t *testing.T) {
	good := spinTensor(randomSpins(1, 2, 3), 3)
	for i, c := range []struct {
		patterns *tensor.Dense
		f        energy.Interaction
		want     error
	}{
		{nil, energy.Power(2), energy.ErrShape},
		{tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 1, 1})), energy.Power(2), energy.ErrShape},
		{spinTensor([]float64{1, 0, 1}, 3), energy.Power(2), energy.ErrRange},
		{spinTensor([]float64{1, 2, 1}, 3), energy.Power(2), energy.ErrRange},
		{spinTensor([]float64{1, math.NaN(), 1}, 3), energy.Power(2), energy.ErrNotFinite},
		{tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]int{1, 1, 1})), energy.Power(2), energy.ErrDtype},
		{good, energy.Power(1), energy.ErrConfig},
	} {
		_, err := modernhopfield.NewDenseMemory(c.patterns, modernhopfield.DenseConfig{Interaction: c.f})
		require.ErrorIs(t, err, c.want, "%d", i)
		require.ErrorContains(t, err, "modernhopfield: NewDenseMemory: ")
	}
	m := denseMemory(t, energy.Power(3), randomSpins(1, 2, 3), 3)
	for i, c := range []struct {
		states *tensor.Dense
		r      modernhopfield.DenseRecall
		want   error
	}{
		{nil, modernhopfield.DenseRecall{}, energy.ErrShape},
		{spinTensor([]float64{1, 1}, 2), modernhopfield.DenseRecall{}, energy.ErrShape},
		{spinTensor([]float64{1, 0.5, 1}, 3), modernhopfield.DenseRecall{}, energy.ErrRange},
		{good, modernhopfield.DenseRecall{Clamped: []bool{true}}, energy.ErrShape},
		{good, modernhopfield.DenseRecall{MaxSweeps: -1}, energy.ErrConfig},
		{good, modernhopfield.DenseRecall{Synchronous: true, InOrder: true}, energy.ErrConfig},
		{good, modernhopfield.DenseRecall{Synchronous: true, Seed: 1}, energy.ErrConfig},
		{good, modernhopfield.DenseRecall{InOrder: true, Seed: 1}, energy.ErrConfig},
	} {
		_, err := m.Recall(c.states, c.r)
		require.ErrorIs(t, err, c.want, "%d", i)
		require.ErrorContains(t, err, "modernhopfield: DenseMemory: Recall: ")
	}
	_, err := m.Energy(spinTensor([]float64{1, 1}, 2))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = m.Overlaps(spinTensor([]float64{1, 1}, 2))
	require.ErrorIs(t, err, energy.ErrShape)
}
