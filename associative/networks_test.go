package associative

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
)

// The stable states, by enumeration of all, are the rows and nothing else.
func TestNetworksByHand(t *testing.T) {
	for name, network := range map[string]func() (*Hopfield, [][]float64){"flip-flop": FlipFlop, "OR": Or, "XOR": XOr} {
		h, rows := network()
		require.Equal(t, rows, must(h.StableStates(t.Context()))(t), name)
		minus, err := h.WithTies(Minus)
		require.NoError(t, err)
		if strict := must(minus.StableStates(t.Context()))(t); name == "OR" {
			require.NotEqual(t, rows, strict, name)
		} else {
			require.Equal(t, rows, strict, name)
			for _, kappa := range must(h.Stabilities(tensorOf(rows...)))(t).Float64s() {
				require.Positive(t, kappa, name)
			}
		}
		binary, _ := h.Binary()
		for _, row := range rows {
			for i, v := range row {
				row[i] = (1 + v) / 2
			}
		}
		require.Equal(t, rows, must(binary.StableStates(t.Context()))(t), name)
	}
}

func TestRowsAreTruthTables(t *testing.T) {
	_, or := Or()
	_, xor := XOr()
	sign := map[bool]float64{true: 1, false: -1}
	for k := range 4 {
		a, b := k>>1 == 1, k&1 == 1
		require.Equal(t, []float64{sign[a], sign[b], sign[a || b]}, or[k])
		require.Equal(t, []float64{sign[a], sign[b], sign[a != b], sign[a && b]}, xor[k])
	}
}

// restingSets are the sets of the eight states of three units, a bit each, in which unit i can be made to be at rest by whole weights and a
// bias of at most a size, and by a weight to itself with self. The couplings of different units are chosen apart, so that W is any matrix.
func restingSets(most, i int, self bool, rests func(x, field int) bool) []int {
	selfs := most
	if !self {
		selfs = 0
	}
	var sets []int
	for w1 := -most; w1 <= most; w1++ {
		for w2 := -most; w2 <= most; w2++ {
			for bias := -most; bias <= most; bias++ {
				for own := -selfs; own <= selfs; own++ {
					set := 0
					for state := range 8 {
						spin := func(i int) int { return 2*(state>>(2-i%3)&1) - 1 }
						if rests(spin(i), w1*spin(i+1)+w2*spin(i+2)+own*spin(i)+bias) {
							set |= 1 << state
						}
					}
					if !slices.Contains(sets, set) {
						sets = append(sets, set)
					}
				}
			}
		}
	}
	return sets
}

// A search of three-unit networks, symmetric or not. OR is there with ties kept, and only then; XOR is not there at all, not even with
// self-couplings. Weights up to 2 make every set that larger ones make, so that the search leaves nothing out.
func TestThreeUnitsCannot(t *testing.T) {
	or, xor := 0, 0
	for a := range 2 {
		for b := range 2 {
			or |= 1 << (4*a + 2*b + max(a, b))
			xor |= 1 << (4*a + 2*b + (a ^ b))
		}
	}
	keep := func(x, field int) bool { return x*field >= 0 }
	minus := func(x, field int) bool { return x*field > 0 || field == 0 && x == -1 }
	strict := func(x, field int) bool { return x*field > 0 }
	contains := func(set, rows int) bool { return set&rows == rows }
	is := func(set, rows int) bool { return set == rows }
	count := func(rows int, self bool, rests func(x, field int) bool, found func(set, rows int) bool) (count int) {
		var sets [3][]int
		for i := range sets {
			sets[i] = restingSets(2, i, self, rests)
			require.ElementsMatch(t, sets[i], restingSets(4, i, self, rests))
		}
		for _, s0 := range sets[0] {
			for _, s1 := range sets[1] {
				for _, s2 := range sets[2] {
					if found(s0&s1&s2, rows) {
						count++
					}
				}
			}
		}
		return count
	}
	require.Positive(t, count(or, false, keep, is))
	require.Zero(t, count(or, false, minus, contains))
	require.Zero(t, count(or, false, strict, contains))

	for _, self := range []bool{false, true} {
		require.Zero(t, count(xor, self, keep, is))
		require.Zero(t, count(xor, self, minus, is))
		require.Zero(t, count(xor, self, strict, is))
	}
	require.Zero(t, count(xor, false, minus, contains))
	require.Zero(t, count(xor, false, strict, contains))
	require.Equal(t, 1, count(xor, false, keep, contains), "no couplings at all")
	require.Equal(t, 1, count(255, false, keep, is))
	require.Positive(t, count(xor, true, strict, contains), "units that hold on to what they are keep the rows, with others")
}

// permutations of 0 … n−1.
func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, p := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return all
}

// With the inputs clamped, recall computes the output, whatever the other units begin with and in whatever order units are updated. Free to
// move, every state falls to a row in every order.
func TestClampedInputsGiveTheOutput(t *testing.T) {
	for name, network := range map[string]func() (*Hopfield, [][]float64){"OR": Or, "XOR": XOr} {
		h, rows := network()
		clamped := make([]bool, h.n)
		clamped[0], clamped[1] = true, true
		orders := permutations(h.n)
		require.Len(t, orders, map[string]int{"OR": 6, "XOR": 24}[name])
		states := make([][]float64, 1<<h.n)
		for k := range states {
			states[k] = make([]float64, h.n)
			h.number(k, states[k])
		}
		for _, order := range orders {
			got := recall(t, h, tensorOf(states...), Block{Blocks: singles(order), Clamped: clamped})
			free := recall(t, h, tensorOf(states...), Block{Blocks: singles(order)})
			for k := range states {
				row := rows[k>>(h.n-2)]
				require.Equal(t, row, got.States.Float64s()[k*h.n:(k+1)*h.n], name)
				require.Equal(t, 1, got.Cycle[k], name)
				require.Contains(t, rows, free.States.Float64s()[k*h.n:(k+1)*h.n], name)
			}
		}
		for seed := range uint64(20) {
			got := recall(t, h, tensorOf(states...), Asynchronous{Seed: seed, Clamped: clamped})
			for k := range states {
				require.Equal(t, rows[k>>(h.n-2)], got.States.Float64s()[k*h.n:(k+1)*h.n], name)
			}
		}
	}
}

func TestSelfInhibitedNeverRests(t *testing.T) {
	h := SelfInhibited()
	_, err := NewHopfield(h.Couplings(), HopfieldConfig{Asymmetric: true})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.EqualError(t, err, "associative: NewHopfield: couplings: unit 0 is coupled to itself by -3, want 0: with such a unit the energy "+
		"may rise and recall may not end (SelfCoupling permits it): "+energy.ErrConfig.Error())
	_, err = NewHopfield(h.Couplings(), HopfieldConfig{SelfCoupling: true})
	require.NoError(t, err)
	require.Empty(t, must(h.StableStates(t.Context()))(t))

	got := recall(t, h, tensorOf([]float64{1, 1, 1}), Asynchronous{InOrder: true})
	require.Equal(t, []int{2}, got.Cycle)
	require.Equal(t, []float64{-2.5, 1.5, -2.5}, got.Trace[0], "the energy rises")
	random := recall(t, h, tensorOf([]float64{1, 1, 1}), Asynchronous{Seed: 1, MaxSweeps: 50})
	require.Equal(t, []int{0}, random.Cycle)
	require.Equal(t, []int{50}, random.Sweeps)

	// The energy of a flip, at every unit of every state: −2|h| − 2w_ii where a unit follows its field.
	rises := 0
	for k := range 8 {
		x := make([]float64, 3)
		h.number(k, x)
		fields := must(h.Fields(tensorOf(x)))(t).Float64s()
		for i, field := range fields {
			flipped := slices.Clone(x)
			flipped[i] = -x[i]
			own := h.Couplings().Float64s()[i*3+i]
			change := plainEnergy(h, flipped) - plainEnergy(h, x)
			require.Equal(t, 2*x[i]*field-2*own, change)
			if x[i]*field < 0 && change > 0 {
				require.Zero(t, i)
				rises++
			}
		}
	}
	require.Equal(t, 2, rises, "from (1, 1, 1) and (−1, −1, −1), where the others would have unit 0 stay")
}

func TestAsymmetricPairCycles(t *testing.T) {
	h := AsymmetricPair()
	_, err := NewHopfield(h.Couplings(), HopfieldConfig{SelfCoupling: true})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.EqualError(t, err, "associative: NewHopfield: couplings: w(1,0) is -1 and w(0,1) is 1, want them equal: without symmetry there is "+
		"no energy, and recall may not end (Asymmetric permits it): "+energy.ErrConfig.Error())
	_, err = NewHopfield(h.Couplings(), HopfieldConfig{Asymmetric: true})
	require.NoError(t, err)
	require.Empty(t, must(h.StableStates(t.Context()))(t))

	round := [][]float64{{1, 1}, {-1, 1}, {-1, -1}, {1, -1}}
	for k, start := range round {
		for sweeps := 1; sweeps <= 3; sweeps++ {
			got := recall(t, h, tensorOf(start), Synchronous{MaxSweeps: sweeps})
			require.Equal(t, round[(k+sweeps)%4], got.States.Float64s())
			require.Equal(t, []int{0}, got.Cycle)
		}
		both := recall(t, h, tensorOf(start), Synchronous{})
		require.Equal(t, []int{4}, both.Cycle)
		require.Equal(t, make([]float64, both.Sweeps[0]+1), both.Trace[0])

		inOrder := recall(t, h, tensorOf(start), Asynchronous{InOrder: true})
		require.Equal(t, []int{2}, inOrder.Cycle)
	}
	// One unit after the other, each update of a round is the next state.
	x := slices.Clone(round[0])
	for k := 1; k <= 8; k++ {
		plainSweep(h, x, [][]int{{(k - 1) % 2}})
		require.Equal(t, round[k%4], x)
	}
}
