package associative

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

func packed(t *testing.T, x *tensor.Dense) *PackedSpins {
	s, err := PackSpins(x)
	require.NoError(t, err)
	return s
}

// denseHebb is the network of Hebb's couplings, by the formula alone: it recalls through W.
func denseHebb(t *testing.T, patterns *tensor.Dense, config PackedConfig) *Hopfield {
	x, p, n := patterns.Float64s(), patterns.Shape()[0], patterns.Shape()[1]
	m := make([]float64, n*n)
	for i := range n {
		for j := range n {
			for mu := range p {
				if i != j || config.KeepDiagonal {
					m[i*n+j] += x[mu*n+i] * x[mu*n+j]
				}
			}
		}
	}
	h, err := newHopfield(m, n, 1/float64(n), HopfieldConfig{Ties: config.Ties, SelfCoupling: config.KeepDiagonal})
	require.NoError(t, err)
	return h
}

func packedHebb(t *testing.T, patterns *tensor.Dense, config PackedConfig) *PackedHopfield {
	h, err := NewPackedHopfield(patterns.Shape()[1], config)
	require.NoError(t, err)
	require.NoError(t, h.Store(packed(t, patterns)))
	return h
}

// dynamicsOf are recalls that end in all ways, some of units of which a third is held.
func dynamicsOf(r *rand.Rand, n int) []Dynamics {
	held := make([]bool, n)
	for i := range held {
		held[i] = r.IntN(3) == 0
	}
	seed := r.Uint64()
	return []Dynamics{
		Synchronous{}, Synchronous{MaxSweeps: 1}, Synchronous{MaxSweeps: 3, Clamped: held},
		Asynchronous{Seed: seed}, Asynchronous{InOrder: true}, Asynchronous{Seed: seed, MaxSweeps: 1}, Asynchronous{Seed: seed, Clamped: held},
	}
}

// The packed network and the couplings end every recall in the same state after the same sweeps with the same energies: equality, also
// where fields are 0 (even n with an even number of patterns has many ties) and where the last word of a row is not full.
func TestPackedIsHebb(t *testing.T) {
	ties, twos := 0, 0
	for seed, size := range [][2]int{{1, 1}, {2, 1}, {3, 2}, {5, 2}, {10, 4}, {16, 16}, {63, 9}, {64, 8}, {65, 70}, {100, 6}, {130, 64}, {200, 65}, {257, 30}, {320, 7}} {
		n, p := size[0], size[1]
		r := rand.New(rand.NewPCG(uint64(seed), 51))
		patterns, states := spins(r, p, n), spins(r, 12, n)
		for _, config := range []PackedConfig{{}, {Ties: Minus}, {KeepDiagonal: true}, {Ties: Minus, KeepDiagonal: true}} {
			dense, bits := denseHebb(t, patterns, config), packedHebb(t, patterns, config)
			for _, d := range dynamicsOf(r, n) {
				want := recall(t, dense, states, d)
				got, err := bits.Recall(packed(t, states), d)
				require.NoError(t, err)
				require.Equal(t, want.States.Float64s(), got.States.tensor(tensor.Float64).Float64s(), "%d units, %d patterns, %+v, %+v", n, p, config, d)
				require.Equal(t, want.Sweeps, got.Sweeps)
				require.Equal(t, want.Cycle, got.Cycle)
				require.Equal(t, want.Energy, got.Energy)
				require.Equal(t, want.Trace, got.Trace)
				for k, c := range got.Cycle {
					if c == 2 {
						twos++
					}
					for mu := range p {
						overlap := 0
						for i := range n {
							overlap += int(got.States.Spin(k, i)) * int(patterns.Float64s()[mu*n+i])
						}
						require.Equal(t, overlap, got.Overlaps[k][mu])
					}
				}
			}
			fields, err := dense.Fields(states)
			require.NoError(t, err)
			for _, f := range fields.Float64s() {
				if f == 0 {
					ties++
				}
			}
			wantEnergy, err := dense.Energy(states)
			require.NoError(t, err)
			gotEnergy, err := bits.Energy(packed(t, states))
			require.NoError(t, err)
			require.Equal(t, wantEnergy, gotEnergy)
			wantStable, err := dense.Stable(states)
			require.NoError(t, err)
			gotStable, err := bits.Stable(packed(t, states))
			require.NoError(t, err)
			require.Equal(t, wantStable, gotStable)
		}
	}
	require.Greater(t, ties, 500)
	require.Greater(t, twos, 20)
}

// What Hebb learned goes through overlaps where that is faster, and through couplings otherwise; nobody can tell.
func TestHebbRecallsAsItsCouplings(t *testing.T) {
	for seed, size := range [][2]int{{40, 3}, {64, 20}, {100, 60}, {129, 10}} {
		n, p := size[0], size[1]
		r := rand.New(rand.NewPCG(uint64(seed), 52))
		patterns, states := spins(r, p, n), spins(r, 9, n)
		for _, keep := range []bool{false, true} {
			for _, ties := range []Ties{Keep, Minus} {
				dense := denseHebb(t, patterns, PackedConfig{ties, keep})
				learned, err := Hebb{KeepDiagonal: keep}.Learn(context.Background(), patterns)
				require.NoError(t, err)
				learned, err = learned.WithTies(ties)
				require.NoError(t, err)
				for _, d := range dynamicsOf(r, n) {
					require.Equal(t, recall(t, dense, states, d), recall(t, learned, states, d), "%+v", d)
				}
				require.Equal(t, dense.Couplings().Float64s(), learned.Couplings().Float64s())
				single := matrix.Tensor(tensor.Float32, states.Float64s(), 9, n)
				require.Equal(t, recall(t, dense, single, Synchronous{}), recall(t, learned, single, Synchronous{}))
			}
		}
	}
}

// A user's memory may change after it has been learned.
func TestHebbKeepsNothingOfTheUser(t *testing.T) {
	patterns := spins(rand.New(rand.NewPCG(1, 53)), 3, 30)
	h, err := Hebb{}.Learn(context.Background(), patterns)
	require.NoError(t, err)
	want := denseHebb(t, patterns, PackedConfig{}).Couplings()
	clear(patterns.Float64s())
	require.Equal(t, want, h.Couplings())
}

func TestPackedStoreAndForget(t *testing.T) {
	const n = 150
	r := rand.New(rand.NewPCG(2, 54))
	patterns, states := spins(r, 70, n), packed(t, spins(r, 5, n))
	h, err := NewPackedHopfield(n, PackedConfig{})
	require.NoError(t, err)
	empty, err := h.Recall(states, Synchronous{})
	require.NoError(t, err)
	require.Equal(t, states, empty.States) // all fields are ties
	empty, err = h.Recall(states, Asynchronous{})
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 1, 1, 1}, empty.Cycle)
	require.Equal(t, make([]float64, 5), empty.Energy)

	all := packed(t, patterns)
	for k := range 70 {
		one, err := all.Part(k, k+1)
		require.NoError(t, err)
		require.NoError(t, h.Store(one))
	}
	same := func(want, got *PackedHopfield) {
		require.Equal(t, want.Stored(), got.Stored())
		for _, d := range []Dynamics{Synchronous{}, Asynchronous{Seed: 3}} {
			a, err := want.Recall(states, d)
			require.NoError(t, err)
			b, err := got.Recall(states, d)
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
	}
	same(packedHebb(t, patterns, PackedConfig{}), h)
	for _, k := range []int{69, 0, 30} { // the last, the first, one between
		require.NoError(t, h.Forget(k))
	}
	x := patterns.Float64s()
	left := slices.Concat(x[n:31*n], x[32*n:69*n])
	same(packedHebb(t, matrix.Tensor(tensor.Float64, left, 67, n), PackedConfig{}), h)
	require.ErrorIs(t, h.Forget(67), energy.ErrRange)
	require.ErrorIs(t, h.Forget(-1), energy.ErrRange)
	require.Equal(t, 67, h.Stored())
}

// Bits behind the last spin, which a user can set through Row, count nowhere.
func TestPackedIgnoresPadding(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 55))
	patterns, states := spins(r, 4, 70), spins(r, 3, 70)
	clean := packedHebb(t, patterns, PackedConfig{})
	want, err := clean.Recall(packed(t, states), Synchronous{})
	require.NoError(t, err)
	dirty := func(x *tensor.Dense) *PackedSpins {
		s := packed(t, x)
		for k := range s.Rows() {
			s.Row(k)[1] |= math.MaxUint64 - 63
		}
		return s
	}
	h, err := NewPackedHopfield(70, PackedConfig{})
	require.NoError(t, err)
	require.NoError(t, h.Store(dirty(patterns)))
	got, err := h.Recall(dirty(states), Synchronous{})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestPackedIsTheSameOnOneCore(t *testing.T) {
	patterns, err := RandomSpins(1, 40, 10_000)
	require.NoError(t, err)
	states, err := patterns.Noisy(2, 0.3)
	require.NoError(t, err)
	h, err := NewPackedHopfield(10_000, PackedConfig{})
	require.NoError(t, err)
	require.NoError(t, h.Store(patterns))
	for _, rows := range []int{1, 2, 40} {
		some, err := states.Part(0, rows)
		require.NoError(t, err)
		for _, d := range []Dynamics{Synchronous{}, Asynchronous{Seed: 1}} {
			want, err := h.Recall(some, d)
			require.NoError(t, err)
			require.Equal(t, patterns.Row(0), want.States.Row(0))
			before := runtime.GOMAXPROCS(1)
			got, err := h.Recall(some, d)
			runtime.GOMAXPROCS(before)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

// Run with -race: two goroutines recall from one network whose columns and couplings have not been made yet.
func TestConcurrentRecallFromPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 56))
	patterns, states := spins(r, 5, 90), spins(r, 6, 90)
	bits := packedHebb(t, patterns, PackedConfig{})
	learned, err := Hebb{}.Learn(context.Background(), patterns)
	require.NoError(t, err)
	var group sync.WaitGroup
	results := make([]*PackedRecalled, 4)
	for k := range results {
		group.Go(func() {
			results[k], _ = bits.Recall(packed(t, states), []Dynamics{Synchronous{}, Asynchronous{}}[k%2])
			learned.Recall(states, []Dynamics{Synchronous{}, Asynchronous{}, Gibbs{}, Block{Blocks: singles(ascending(90))}}[k])
		})
	}
	group.Wait()
	require.Equal(t, results[0], results[2])
	require.Equal(t, results[1], results[3])
}

func TestPackedSpins(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(5, 57)), 3, 130)
	s := packed(t, x)
	require.Equal(t, []int{3, 130}, []int{s.Rows(), s.Len()})
	for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		back, err := s.Tensor(dtype)
		require.NoError(t, err)
		require.Equal(t, matrix.Tensor(dtype, x.Float64s(), 3, 130), back)
	}
	require.Equal(t, int(x.Float64s()[2*130+129]), s.Spin(2, 129))
	other := s.Clone()
	other.Flip(1, 70)
	d, err := s.Distance(1, other, 1)
	require.NoError(t, err)
	require.Equal(t, 1, d)
	require.Equal(t, -s.Spin(1, 70), other.Spin(1, 70))

	same, err := s.Noisy(1, 0)
	require.NoError(t, err)
	require.Equal(t, s, same)
	none, err := s.Noisy(1, 1)
	require.NoError(t, err)
	for k := range 3 {
		d, err := s.Distance(k, none, k)
		require.NoError(t, err)
		require.Equal(t, 130, d)
	}
}

// Draws are balanced, along rows and between them, within five deviations; noise flips the share that it says.
func TestRandomSpins(t *testing.T) {
	const n = 100_003
	for _, seed := range []uint64{1, 1754801282, 1698661970} {
		s, err := RandomSpins(seed, 3, n)
		require.NoError(t, err)
		down, err := NewPackedSpins(1, n)
		require.NoError(t, err)
		distance := func(k int, other *PackedSpins, l int) float64 {
			d, err := s.Distance(k, other, l)
			require.NoError(t, err)
			return float64(d)
		}
		for k := range 3 {
			require.InDelta(t, n/2.0, distance(k, down, 0), 5*math.Sqrt(n)/2)
			require.InDelta(t, n/2.0, distance(k, s, (k+1)%3), 5*math.Sqrt(n)/2)
			noisy, err := s.Noisy(seed, 0.2)
			require.NoError(t, err)
			require.InDelta(t, 0.2*n, distance(k, noisy, k), 5*math.Sqrt(n*0.2*0.8))
			require.Greater(t, math.Abs(0.21*n-distance(k, noisy, k)), 5*math.Sqrt(n*0.2*0.8)) // the twin that flips too many
		}
		one, err := RandomSpins(seed, 1, n)
		require.NoError(t, err)
		require.Equal(t, one.Row(0), s.Row(0))
	}
}

func TestPackedErrors(t *testing.T) {
	for _, size := range [][2]int{{0, 5}, {5, 0}, {-1, 5}, {1, MaxPackedUnits + 1}} {
		_, err := NewPackedSpins(size[0], size[1])
		require.ErrorIs(t, err, energy.ErrShape)
		_, err = RandomSpins(1, size[0], size[1])
		require.ErrorIs(t, err, energy.ErrShape)
	}
	_, err := PackSpins(tensorOf([]float64{1, 0}))
	require.ErrorIs(t, err, energy.ErrRange)
	_, err = PackSpins(nil)
	require.ErrorIs(t, err, energy.ErrShape)
	s := packed(t, tensorOf([]float64{1, -1, 1}))
	wide := packed(t, tensorOf([]float64{1, -1, 1, 1}))
	_, err = s.Tensor(tensor.Int)
	require.ErrorIs(t, err, energy.ErrDtype)
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		_, err = s.Noisy(1, p)
		require.ErrorIs(t, err, energy.ErrRange)
	}
	for _, part := range [][2]int{{-1, 1}, {0, 2}, {1, 1}} {
		_, err = s.Part(part[0], part[1])
		require.ErrorIs(t, err, energy.ErrRange)
	}
	_, err = s.Distance(0, wide, 0)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = s.Distance(0, nil, 0)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = s.Distance(0, s, 1)
	require.ErrorIs(t, err, energy.ErrRange)

	for _, n := range []int{0, -1, MaxPackedUnits + 1} {
		_, err = NewPackedHopfield(n, PackedConfig{})
		require.ErrorIs(t, err, energy.ErrShape)
	}
	_, err = NewPackedHopfield(3, PackedConfig{Ties: 5})
	require.ErrorIs(t, err, energy.ErrConfig)
	h, err := NewPackedHopfield(3, PackedConfig{})
	require.NoError(t, err)
	require.ErrorIs(t, h.Store(wide), energy.ErrShape)
	require.ErrorIs(t, h.Store(nil), energy.ErrShape)
	require.Zero(t, h.Stored())
	for _, states := range []*PackedSpins{nil, wide, {}} {
		_, err = h.Recall(states, Synchronous{})
		require.ErrorIs(t, err, energy.ErrShape)
		_, err = h.Overlaps(states)
		require.ErrorIs(t, err, energy.ErrShape)
		_, err = h.Energy(states)
		require.ErrorIs(t, err, energy.ErrShape)
		_, err = h.Stable(states)
		require.ErrorIs(t, err, energy.ErrShape)
	}
	for _, d := range []Dynamics{nil, Gibbs{}, Block{}, Synchronous{MaxSweeps: -1}, Asynchronous{InOrder: true, Seed: 1}} {
		_, err = h.Recall(s, d)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err = h.Recall(s, Synchronous{Clamped: make([]bool, 2)})
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, "associative: PackedHopfield: Recall: associative.Synchronous: Clamped has 2 marks, want one for each of 3 units")
}

// More bits than sums are promised for are refused before anything is copied.
func TestPackedRefusesTooManyBits(t *testing.T) {
	h := &PackedHopfield{n: MaxPackedUnits, words: MaxPackedUnits / 64, p: 64}
	err := h.Store(&PackedSpins{rows: 1, n: MaxPackedUnits, words: MaxPackedUnits / 64})
	require.ErrorIs(t, err, energy.ErrRange)
	require.Equal(t, 64, h.Stored())
}

func TestTranspose(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 58))
	var square [64]uint64
	for i := range square {
		square[i] = r.Uint64()
	}
	turned := square
	transpose(&turned)
	for i := range 64 {
		for j := range 64 {
			require.Equal(t, square[i]>>j&1, turned[j]>>i&1)
		}
	}
}
