package sampling

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// fault is a mistake that Gibbs samplers are made with.
type fault string

const (
	sound         fault = "sound"
	noHiddenBias  fault = "the hidden bias is missing"
	noVisibleBias fault = "the visible bias is missing"
	wrongSign     fault = "the visible input has the sign of W wrong"
	staleHidden   fault = "the visible units are drawn given the hidden units of the step before"
	hotVisible    fault = "only the visible units are at another temperature"
	hotHidden     fault = "only the hidden units are at another temperature"
	sameStep      fault = "each step has the draws of the first"
	sameRow       fault = "each chain has the draws of the first"
	oneStream     fault = "both halves of a step have the same draws"
	dividedInput  fault = "every family takes input/T"
	unitVariance  fault = "variances are taken for 1"
	lateClamp     fault = "clamped units take part in the step and are put back at its end"
)

// faults are those that concern every machine.
var faults = []fault{noHiddenBias, noVisibleBias, wrongSign, staleHidden, hotVisible, hotHidden, sameStep, sameRow, oneStream}

// step is Gibbs.Step in float64, written once more and with a fault.
func (f fault) step(g *Gibbs, s *State) {
	p := must(layers.PlainOf[float64](g.Model))
	v, h := s.Visible.Data().([]float64), s.Hidden.Data().([]float64)
	chains := s.Visible.Shape()[0]
	before := copyOf(s)
	tv, th := g.temperature(), g.temperature()
	purpose, at := "gibbs visible", s.Step
	w := slices.Clone(p.W)
	switch f {
	case noHiddenBias:
		p.C = make([]float64, len(p.C))
	case noVisibleBias:
		p.B = make([]float64, len(p.B))
	case wrongSign:
		for i := range w {
			w[i] = -w[i]
		}
	case hotVisible:
		tv *= 3
	case hotHidden:
		th *= 3
	case sameStep:
		at = 0
	case oneStream:
		purpose = "gibbs hidden"
	case unitVariance:
		p.VisibleLogVariance, p.HiddenLogVariance = nil, nil
	}
	sample := func(family units.Family[float64], x, in, logVariance []float64, n int, t float64, clamp []bool, draws rng.Stream) {
		kept := slices.Clone(x)
		if f == dividedInput {
			for i := range in {
				in[i] /= t
			}
			t = 1
		}
		for i := range chains {
			row := i
			if f == sameRow {
				row = 0
			}
			family.Sample(x[i*n:(i+1)*n], in[i*n:(i+1)*n], logVariance, t, draws.Row(row, at))
		}
		for i := range x {
			if clamp != nil && clamp[i%n] && f != lateClamp {
				x[i] = kept[i]
			}
		}
	}
	in := make([]float64, len(h))
	p.HiddenInput(in, v, chains)
	sample(p.Hidden, h, in, p.HiddenLogVariance, p.HiddenLen, th, g.HiddenClamp, rng.New(g.Seed, "gibbs hidden"))

	from := h
	if f == staleHidden {
		from = before.Hidden.Data().([]float64)
	}
	in = make([]float64, len(v))
	p.W = w
	p.VisibleInput(in, from, chains)
	sample(p.Visible, v, in, p.VisibleLogVariance, p.VisibleLen, tv, g.VisibleClamp, rng.New(g.Seed, purpose))
	for _, side := range []struct {
		x, kept []float64
		clamp   []bool
	}{{v, before.Visible.Data().([]float64), g.VisibleClamp}, {h, before.Hidden.Data().([]float64), g.HiddenClamp}} {
		for i := range side.x {
			if side.clamp != nil && side.clamp[i%len(side.clamp)] {
				side.x[i] = side.kept[i]
			}
		}
	}
	s.Step++
}

// A twin without a fault draws what Gibbs draws, so that a twin with one is wrong by its fault alone.
func TestTwinWithoutFault(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		m := newMachine(visible, hidden, tensor.Float64, 1)
		s := m.state(m.newLaw(1, nil, nil), 20, 1)
		g := &Gibbs{Model: m.rbm, Seed: 3, Temperature: 1.5, VisibleClamp: make([]bool, visible.units.Len())}
		for j := range visible.groups[0].width {
			g.VisibleClamp[j] = true
		}
		twin := copyOf(s)
		for range 3 {
			require.NoError(t, step(g, s))
			sound.step(g, twin)
		}
		require.Equal(t, s.Visible.Data(), twin.Visible.Data())
		require.Equal(t, s.Hidden.Data(), twin.Hidden.Data())
		require.EqualValues(t, 3, s.Step)
	})
}
