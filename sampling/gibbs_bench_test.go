package sampling

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/layers"
)

func TestStepsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("sync.Pool leaks under the race detector")
	}
	for _, c := range []struct {
		name   string
		chains int
		sides  [2]side
	}{
		{"few", 2, [2]side{bernoulli(20), bernoulli(10)}},
		{"many", 500, [2]side{bernoulli(20), bernoulli(10)}},
		{"joined", 100, [2]side{joined("", bernoulli(20), oneHot(3, 4)), joined("", gaussian(5), spin(6))}},
	} {
		m := newMachine(c.sides[0], c.sides[1], tensor.Float32, 1)
		g, s := &Gibbs{Model: m.rbm, Seed: 1}, must(RandomState(m.rbm, c.chains, 1))
		n := testing.AllocsPerRun(50, func() { check(step(g, s)) }) // after a first run that does not count
		require.Zero(t, n, c.name)
		g.VisibleClamp, g.HiddenClamp = make([]bool, m.sides[0].units.Len()), make([]bool, m.sides[1].units.Len())
		require.Zero(t, testing.AllocsPerRun(50, func() { check(step(g, s)) }), "%s, clamped", c.name)
		g.VisibleClamp = make([]bool, c.chains*m.sides[0].units.Len())
		require.Zero(t, testing.AllocsPerRun(50, func() { check(step(g, s)) }), "%s, a clamp of each chain", c.name)
	}
}

func BenchmarkGibbs(b *testing.B) {
	rbm := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(784), Hidden: energy.Bernoulli(500), Seed: 1}))
	b.Run("v=784/h=500/chains=100", func(b *testing.B) {
		g, s := &Gibbs{Model: rbm, Seed: 1}, must(RandomState(rbm, 100, 1))
		check(step(g, s))
		b.ReportAllocs()
		for b.Loop() {
			check(step(g, s))
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
	})
}
