package sampling

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// mixedClamps is a sampler with a clamp of each chain, and exact draws to start from: the even chains are clamped as partClamped says, the odd
// ones in what it leaves free of the visible side. laws are those of the even and of the odd chains.
func mixedClamps(visible, hidden side, dtype tensor.Dtype, seed uint64, temperature float64) (laws [2]*law, g *Gibbs, s *State) {
	m := newMachine(visible, hidden, dtype, seed)
	var one *Gibbs
	laws[0], one = m.partClamped(seed, temperature)
	other := &Gibbs{VisibleClamp: make([]bool, len(one.VisibleClamp)), HiddenClamp: make([]bool, len(one.HiddenClamp))}
	free := make([]bool, len(laws[0].free))
	for i := range free {
		free[i] = true
	}
	for j, clamped := range one.VisibleClamp {
		other.VisibleClamp[j], free[j] = !clamped, clamped
	}
	at := numbers(dense(dtype, tensor.Shape{len(free)}, laws[0].states[0]...)) // any state there is
	laws[1] = m.newLaw(orOne(temperature), at, free)

	g = &Gibbs{Model: m.rbm, Seed: seed, Temperature: temperature}
	s = m.state(laws[0], chains, seed)
	odd := m.state(laws[1], chains, seed+1)
	for i := range chains {
		from, clamp := s, one
		if i%2 == 1 {
			from, clamp = odd, other
		}
		g.VisibleClamp = append(g.VisibleClamp, clamp.VisibleClamp...)
		g.HiddenClamp = append(g.HiddenClamp, clamp.HiddenClamp...)
		takeRow(s.Visible, from.Visible, i)
		takeRow(s.Hidden, from.Hidden, i)
	}
	return laws, g, s
}

func takeRow(dst, src *tensor.Dense, i int) {
	n := dst.Shape()[1]
	if dst.Dtype() == tensor.Float32 {
		copy(dst.Float32s()[i*n:(i+1)*n], src.Float32s()[i*n:(i+1)*n])
		return
	}
	copy(dst.Float64s()[i*n:(i+1)*n], src.Float64s()[i*n:(i+1)*n])
}

// checkMixed holds the even chains against the first law and the odd ones against the second.
func checkMixed(laws [2]*law, s *State) error {
	var halves [2][][]float64
	for i, x := range rows(s) {
		halves[i%2] = append(halves[i%2], x)
	}
	for i, l := range laws {
		if err := l.check(halves[i]); err != nil {
			return fmt.Errorf("chains that are %d modulo 2: %w", i, err)
		}
	}
	return nil
}

// Chains of one batch that are clamped in different columns stay, each, exact draws given its own.
func TestEachChainHasItsClamp(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
			laws, g, s := mixedClamps(visible, hidden, dtype, seed, temperature)
			require.NoError(t, checkMixed(laws, s))
			for _, steps := range []uint64{1, 4} {
				require.NoError(t, runs(context.Background(), g, s, int(steps-s.Step)))
				require.NoError(t, checkMixed(laws, s), "seed %d, T %g, %v, after %d steps", seed, temperature, dtype, steps)
			}
		})
		for name, fault := range map[string]func(g *Gibbs){
			"the neighbour's clamp": func(g *Gibbs) {
				g.VisibleClamp = slices.Concat(g.VisibleClamp[visible.units.Len():], g.VisibleClamp[:visible.units.Len()])
			},
			"the first chain's clamp": func(g *Gibbs) { g.VisibleClamp = g.VisibleClamp[:visible.units.Len()] },
			"no hidden clamp":         func(g *Gibbs) { g.HiddenClamp = nil },
		} {
			require.True(t, found(func(seed uint64) error {
				laws, g, s := mixedClamps(visible, hidden, tensor.Float64, seed, 1)
				fault(g)
				require.NoError(t, step(g, s))
				require.NoError(t, step(g, s))
				return checkMixed(laws, s)
			}), name)
		}
	})
}

// A clamp of each chain that is the same for all of them is a clamp of all chains, bit for bit.
func TestEqualClampsAreOne(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		clamp := make([]bool, m.rbm.Visible().Len())
		clamp[3], clamp[21] = true, true
		for i := 27; i < 30; i++ { // the first OneHot group
			clamp[i] = true
		}
		a := after(t, Gibbs{Model: m.rbm, Seed: 4, VisibleClamp: clamp}, 9)
		b := after(t, Gibbs{Model: m.rbm, Seed: 4, VisibleClamp: slices.Repeat(clamp, 9)}, 9)
		require.Equal(t, a.Visible.Data(), b.Visible.Data())
		require.Equal(t, a.Hidden.Data(), b.Hidden.Data())
	}
}
