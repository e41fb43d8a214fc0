package sampling

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// boltzmannSampler makes a kernel of a machine, or nil for machines that it is not for.
type boltzmannSampler func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel

var gibbsSamplers = map[string]boltzmannSampler{
	"SingleSite": func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
		return &SingleSite{Model: m.bm, Seed: seed, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
	},
	"ColourBlocks": func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
		if m.bm.Config().Edges == nil {
			return nil
		}
		return &ColourBlocks{Model: m.bm, Seed: seed, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
	},
}

// stays returns an objection to the states of a sampler that starts at exact draws, clamped or not.
func stays(c boltzmannCase, sampler boltzmannSampler, dtype tensor.Dtype, seed uint64, temperature float64, clamp bool, sign float64) error {
	m := c.make(dtype, seed, sign)
	var at []float64
	var visible, hidden, free []bool
	if clamp {
		at, visible, hidden, free = m.clamped(seed)
	}
	k := sampler(m, seed, temperature, visible, hidden)
	if k == nil {
		return nil
	}
	l := m.newLaw(orOne(temperature), at, free)
	s := m.drawn(l, chains, seed)
	for _, steps := range []uint64{1, 3, 12} {
		if err := runs(context.Background(), k, s, int(steps-s.Step)); err != nil {
			return err
		}
		if err := l.check(allRows(s)); err != nil {
			return err
		}
	}
	return nil
}

func eachBoltzmann(t *testing.T, test func(t *testing.T, c boltzmannCase)) {
	for _, c := range boltzmannCases {
		t.Run(c.name+" "+string(c.shape), func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

// Chains that start at exact draws of p(x)^(1/T) stay exact draws, with clamped units and without.
func TestSweepsAreStationary(t *testing.T) {
	eachBoltzmann(t, func(t *testing.T, c boltzmannCase) {
		for name, sampler := range gibbsSamplers {
			eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
				require.NoError(t, stays(c, sampler, dtype, seed, temperature, false, 0), "%s, seed %d", name, seed)
				require.NoError(t, stays(c, sampler, dtype, seed, temperature, true, 0), "%s, clamped, seed %d", name, seed)
			})
		}
	})
}

// sweepFault is a mistake that sweeps are made with.
type sweepFault string

const (
	soundSweep    sweepFault = ""
	hotSweep      sweepFault = "the temperature is another one"
	noBias        sweepFault = "the biases are missing"
	staleFields   sweepFault = "all fields are those of the beginning of the sweep"
	wrongChange   sweepFault = "fields hear of a change with the wrong sign"
	dividedFields sweepFault = "real units take f/T"
	flatNoise     sweepFault = "the noise of OneHot units is uniform"
	oneNoise      sweepFault = "all units of a chain have the noise of the first"
)

// sweeper is a sweep written once more, unit by unit, with fields from scratch; and with a fault.
type sweeper struct {
	m           boltzmann
	seed        uint64
	purpose     string
	temperature float64
	clamp       []bool
	blocks      [][]int // first columns
	fault       sweepFault
}

func (k sweeper) Step(s *State) (Info, error) {
	x := allRows(s)
	for i := range x {
		k.sweep(x[i], i, s.Step)
	}
	t := k.m.at(x)
	check(tensor.Copy(s.Visible, t.Visible))
	if s.Hidden != nil {
		check(tensor.Copy(s.Hidden, t.Hidden))
	}
	s.Step++
	return Info{}, nil
}

func (k sweeper) sweep(x []float64, chain int, step uint64) {
	n, t := len(x), orOne(k.temperature)
	if k.fault == hotSweep {
		t *= 2
	}
	u := k.m.bm.Units()
	family := make([]string, n)
	for _, f := range []string{"Bernoulli", "Spin", "OneHot", "Gaussian"} {
		for i, is := range u.Columns(f) {
			if is {
				family[i] = f
			}
		}
	}
	noise := make([]float64, n)
	for lo, part := 0, 0; lo < n; part++ {
		hi := lo
		for hi < n && family[hi] == family[lo] {
			hi++
		}
		draws := rng.New(k.seed, k.purpose).Row(chain, step).Part(part)
		if family[lo] == "Gaussian" {
			rng.Normal(draws, noise[lo:hi])
		} else {
			rng.Uniform(draws, noise[lo:hi])
		}
		lo = hi
	}
	if k.fault == oneNoise {
		for i := range noise {
			noise[i] = noise[0]
		}
	}
	before := slices.Clone(x)
	change := make([]float64, n) // what the fields have not heard of
	field := func(i int) (f float64) {
		f = k.m.k[i]
		if k.fault == noBias {
			f = 0
		}
		for j := range x {
			if j == i {
				continue
			}
			switch k.fault {
			case staleFields:
				f -= k.m.a[i][j] * before[j]
			default:
				f -= k.m.a[i][j] * (x[j] - change[j])
			}
		}
		return f
	}
	for _, block := range k.blocks {
		for _, i := range block {
			end := i + 1
			for family[i] == "OneHot" && end < n && u.UnitOf(end) == u.UnitOf(i) {
				end++
			}
			if k.clamp != nil && k.clamp[i] {
				continue
			}
			old := slices.Clone(x[i:end])
			switch family[i] {
			case "Gaussian":
				variance := 1 / k.m.a[i][i]
				f := field(i)
				if k.fault == dividedFields {
					f /= t
				}
				x[i] = variance*f + math.Sqrt(variance*t)*noise[i]
			case "OneHot":
				best, most := 0, math.Inf(-1)
				for at := i; at < end; at++ {
					g := -t * math.Log(-math.Log(noise[at]))
					if k.fault == flatNoise {
						g = t * noise[at]
					}
					if f := field(at) + g; f > most {
						best, most = at, f
					}
				}
				clear(x[i:end])
				x[best] = 1
			case "Spin":
				if f := field(i); noise[i] < 1/(1+math.Exp(-2*f/t)) {
					x[i] = 1
				} else {
					x[i] = -1
				}
			case "Bernoulli":
				if f := field(i); noise[i] < 1/(1+math.Exp(-f/t)) {
					x[i] = 1
				} else {
					x[i] = 0
				}
			}
			if k.fault == wrongChange {
				for at := i; at < end; at++ {
					change[at] = 2 * (x[at] - old[at-i])
				}
			}
		}
	}
}

// inOrder is one block of the first columns of all units.
func inOrder(m boltzmann) [][]int {
	var block []int
	for i := range m.k {
		if i == 0 || m.bm.Units().UnitOf(i) != m.bm.Units().UnitOf(i-1) {
			block = append(block, i)
		}
	}
	return [][]int{block}
}

// Twins with a fault are found.
func TestStationarityFindsFaultsOfSweeps(t *testing.T) {
	eachBoltzmann(t, func(t *testing.T, c boltzmannCase) {
		for _, f := range []sweepFault{hotSweep, noBias, staleFields, wrongChange, dividedFields, flatNoise, oneNoise} {
			if f == dividedFields && !c.real() || f == flatNoise && !slices.Contains(c.families(), "OneHot") {
				continue // right for the other families
			}
			require.True(t, found(func(seed uint64) error {
				return stays(c, func(m boltzmann, seed uint64, temperature float64, _, _ []bool) Kernel {
					return sweeper{m, seed, "single site", temperature, nil, inOrder(m), f}
				}, tensor.Float64, seed, 2, false, 0)
			}), f)
		}
	})
}

// wideBoltzmann is a machine of several blocks of columns, in which no unit is small.
func wideBoltzmann(dtype tensor.Dtype, shape shape) boltzmann {
	c := boltzmannCase{"wide", shape, sideOf(joined("joined", bernoulli(70), gaussian(9), oneHot(5, 3), spin(40), oneHot(1, 80))),
		sideOf(joined("joined", bernoulli(30), spin(33)))}
	m := c.make(dtype, 3, 0)
	w := m.bm.Param("W").Float64s()
	for i := range w {
		w[i] /= 8
	}
	check(m.bm.Param("W").Set(w))
	return boltzmannOf(m.bm, m.groups)
}

// A sweep by blocks is the sweep unit by unit that has its draws, and so is one by colours.
func TestSweepsAreUnitByUnit(t *testing.T) {
	for _, shape := range []shape{dense0, semi, sparse} {
		m := wideBoltzmann(tensor.Float64, shape)
		visible, hidden := make([]bool, m.visible), make([]bool, len(m.k)-m.visible)
		for _, i := range []int{3, 71, 79, 80, 81, 100} {
			visible[i] = true
		}
		hidden[2] = true
		for _, temperature := range []float64{0, 1.5, 0.05} { // cold chains change one by one
			kernels := []Kernel{&SingleSite{Model: m.bm, Seed: 5, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}}
			twins := []Kernel{sweeper{m, 5, "single site", temperature, slices.Concat(visible, hidden), inOrder(m), soundSweep}}
			if shape == sparse {
				k := &ColourBlocks{Model: m.bm, Seed: 5, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
				require.NoError(t, step(k, must(RandomBoltzmannState(m.bm, 1, 1))))
				var blocks [][]int
				for _, block := range k.blocks {
					blocks = append(blocks, nil)
					for _, i := range block {
						blocks[len(blocks)-1] = append(blocks[len(blocks)-1], int(i))
					}
				}
				kernels, twins = append(kernels, k), append(twins, sweeper{m, 5, "colour blocks", temperature, slices.Concat(visible, hidden), blocks, soundSweep})
			}
			for i, k := range kernels {
				s := must(RandomBoltzmannState(m.bm, 7, 1))
				twin := cloneState(s)
				require.NoError(t, runs(context.Background(), k, s, 6))
				require.NoError(t, runs(context.Background(), twins[i], twin, 6))
				want, got := allRows(twin), allRows(s)
				for r := range want {
					require.InDeltaSlice(t, want[r], got[r], 1e-9, "%s, T %g, %T", shape, temperature, k)
				}
			}
		}
	}
}

// Where the start has means instead of states, the first sweep takes them as they are.
func TestSweepsStartAtMeans(t *testing.T) {
	m := boltzmannCases[0].make(tensor.Float64, 1, 0)
	s := m.at([][]float64{{0.5, 0.25, 1, 0}})
	twin := cloneState(s)
	require.NoError(t, step(&SingleSite{Model: m.bm, Seed: 2}, s))
	require.NoError(t, step(sweeper{m, 2, "single site", 1, nil, inOrder(m), soundSweep}, twin))
	require.Equal(t, numbers(twin.Visible), numbers(s.Visible))
}

// A step of many sweeps draws what as many steps draw, and the fields that it keeps stay right: after 1,000 sweeps they are
// those of the state but for rounding.
func TestManySweepsAStep(t *testing.T) {
	m := wideBoltzmann(tensor.Float64, dense0)
	a := must(RandomBoltzmannState(m.bm, 5, 1))
	b := cloneState(a)
	require.NoError(t, step(&SingleSite{Model: m.bm, Seed: 5, Sweeps: 20}, a))
	require.NoError(t, runs(context.Background(), &SingleSite{Model: m.bm, Seed: 5}, b, 20))
	for i, want := range allRows(b) {
		require.InDeltaSlice(t, want, allRows(a)[i], 1e-9)
	}
	require.EqualValues(t, 1, a.Step)

	for _, c := range []struct {
		dtype     tensor.Dtype
		tolerance float64
	}{{tensor.Float64, 1e-10}, {tensor.Float32, 2e-3}} {
		m := wideBoltzmann(c.dtype, dense0)
		s := must(RandomBoltzmannState(m.bm, 5, 1))
		g := &SingleSite{Model: m.bm, Seed: 5, Sweeps: 1000}
		require.NoError(t, step(g, s))
		var kept, fresh []float64
		if c.dtype == tensor.Float64 {
			kept, fresh = fieldsOf[float64](g)
		} else {
			kept, fresh = fieldsOf[float32](g)
		}
		require.InDeltaSlice(t, fresh, kept, c.tolerance, "%v", c.dtype)
	}
}

func fieldsOf[T float32 | float64](g *SingleSite) (kept, fresh []float64) {
	w := g.work.(*sweepWork[T])
	for _, f := range w.chains.Fields {
		kept = append(kept, float64(f))
	}
	w.sweeper.Refresh(&w.chains)
	for _, f := range w.chains.Fields {
		fresh = append(fresh, float64(f))
	}
	return kept, fresh
}

// Fields are never old: neither after the state was changed nor after the machine was.
func TestChangesBetweenSteps(t *testing.T) {
	m := wideBoltzmann(tensor.Float64, dense0)
	g := &SingleSite{Model: m.bm, Seed: 5}
	s := must(RandomBoltzmannState(m.bm, 5, 1))
	require.NoError(t, step(g, s))
	other := must(RandomBoltzmannState(m.bm, 5, 2))
	other.Step = s.Step
	again := cloneState(other)
	require.NoError(t, step(g, other))
	require.NoError(t, step(&SingleSite{Model: m.bm, Seed: 5}, again))
	require.Equal(t, allRows(again), allRows(other))
	for _, p := range m.bm.Params() {
		x := p.Float64s()
		for i := range x {
			x[i] *= 0.9
		}
		require.NoError(t, p.Set(x))
	}
	require.NoError(t, step(g, other))
	require.NoError(t, step(&SingleSite{Model: m.bm, Seed: 5}, again))
	require.Equal(t, allRows(again), allRows(other))
}

// boltzmannSamplers are all kernels of Boltzmann machines.
func boltzmannSamplers() map[string]boltzmannSampler { return gibbsSamplers }

// The chains of a state do not depend on processors, on each other or on their number.
func TestBoltzmannChainsAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, dtype := range dtypes {
		for _, shape := range []shape{dense0, sparse} {
			m := wideBoltzmann(dtype, shape)
			for name, sampler := range boltzmannSamplers() {
				k := func() Kernel { return sampler(m, 4, 1.2, nil, nil) }
				if k() == nil {
					continue
				}
				after := func(n int) [][]float64 {
					s := must(RandomBoltzmannState(m.bm, n, 9))
					require.NoError(t, runs(context.Background(), k(), s, 4))
					return allRows(s)
				}
				runtime.GOMAXPROCS(1)
				want := after(150)
				for _, processors := range []int{2, 5} {
					runtime.GOMAXPROCS(processors)
					require.Equal(t, want, after(150), "%s, %v, GOMAXPROCS %d", name, dtype, processors)
				}
				for _, n := range []int{1, 2, 5, 33} {
					require.Equal(t, want[:n], after(n), "%s, %v, %d chains", name, dtype, n)
				}
			}
		}
	}
}

func TestBoltzmannStepsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("sync.Pool leaks under the race detector")
	}
	for _, shape := range []shape{dense0, sparse} {
		m := wideBoltzmann(tensor.Float32, shape)
		for name, sampler := range boltzmannSamplers() {
			k := sampler(m, 4, 1.2, make([]bool, m.visible), make([]bool, len(m.k)-m.visible))
			if k == nil {
				continue
			}
			s := must(RandomBoltzmannState(m.bm, 60, 9))
			require.Zero(t, testing.AllocsPerRun(20, func() { check(step(k, s)) }), "%s, %s", name, shape)
		}
	}
}

// Chains of a machine start at draws from the biases alone, or at rows with hidden units so drawn.
func TestRandomBoltzmannState(t *testing.T) {
	eachBoltzmann(t, func(t *testing.T, c boltzmannCase) {
		m := c.make(tensor.Float64, 1, 0)
		alone := m
		alone.a = make([][]float64, len(m.k))
		for i := range alone.a {
			alone.a[i] = make([]float64, len(m.k))
			alone.a[i][i] = m.a[i][i]
		}
		l := alone.newLaw(1, nil, nil)
		s := must(RandomBoltzmannState(m.bm, chains, 3))
		require.NoError(t, l.check(allRows(s)))
		require.NoError(t, step(&SingleSite{Model: m.bm}, s))
		require.Error(t, l.check(allRows(s)))

		at := must(RandomBoltzmannState(m.bm, 4, 8)).Visible
		from := must(NewBoltzmannState(m.bm, at, 3))
		require.Equal(t, numbers(at), numbers(from.Visible))
		require.NotSame(t, at, from.Visible)
		require.Equal(t, c.hidden == nil, from.Hidden == nil)
	})
}

func TestSweepsRefuse(t *testing.T) {
	m := boltzmannCase{"", dense0, sideOf(joined("", bernoulli(2), oneHot(1, 2))), sideOf(spin(2))}.make(tensor.Float32, 1, 0)
	sparseMachine := boltzmannCases[7].make(tensor.Float32, 1, 0)
	good := func() *State { return must(RandomBoltzmannState(m.bm, 2, 1)) }
	goodSparse := func() *State { return must(RandomBoltzmannState(sparseMachine.bm, 2, 1)) }
	single := func(spoil func(g *SingleSite, s *State)) func() error {
		return func() error {
			g, s := &SingleSite{Model: m.bm, Seed: 1}, good()
			spoil(g, s)
			before := ""
			if s.Visible != nil && s.Hidden != nil {
				before = bits(s.Visible) + bits(s.Hidden)
			}
			err := step(g, s)
			if before != "" {
				require.Equal(t, before, bits(s.Visible)+bits(s.Hidden), "an error changes nothing")
			}
			require.Zero(t, s.Step)
			return err
		}
	}
	coloured := func(blocks ...[]int) func() error {
		return func() error { return step(&ColourBlocks{Model: sparseMachine.bm, Colouring: blocks}, goodSparse()) }
	}
	for _, r := range []refused{
		{"sampling: SingleSite: Step: no model or no state given", energy.ErrConfig, single(func(g *SingleSite, _ *State) { g.Model = nil })},
		{"no model or no state given", energy.ErrConfig, single(func(_ *SingleSite, s *State) { s.Visible = nil })},
		{"no model or no state given", energy.ErrConfig, single(func(_ *SingleSite, s *State) { s.Hidden = nil })},
		{`SingleSite of Boltzmann "bm": Step: temperature is -1, want a positive float32`, energy.ErrConfig, single(func(g *SingleSite, _ *State) { g.Temperature = -1 })},
		{`temperature is 1e-60`, energy.ErrConfig, single(func(g *SingleSite, _ *State) { g.Temperature = 1e-60 })},
		{`Sweeps is -1, want at least 1`, energy.ErrConfig, single(func(g *SingleSite, _ *State) { g.Sweeps = -1 })},
		{`visible clamp has 3 columns, want 4`, energy.ErrShape, single(func(g *SingleSite, _ *State) { g.VisibleClamp = make([]bool, 3) })},
		{`visible clamp holds a part of the OneHot group at column 2`, energy.ErrConfig, single(func(g *SingleSite, _ *State) { g.VisibleClamp = []bool{false, false, true, false} })},
		{`hidden clamp has 1 columns, want 2`, energy.ErrShape, single(func(g *SingleSite, _ *State) { g.HiddenClamp = make([]bool, 1) })},
		{`visible state: shape (2, 3), want (rows, 4)`, energy.ErrShape, single(func(_ *SingleSite, s *State) {
			s.Visible = dense(tensor.Float32, tensor.Shape{2, 3}, 0, 0, 0, 0, 0, 0)
		})},
		{`hidden state: shape (3, 2), want (2, 2)`, energy.ErrShape, single(func(_ *SingleSite, s *State) {
			s.Hidden = dense(tensor.Float32, tensor.Shape{3, 2}, 1, 1, 1, 1, 1, 1)
		})},
		{`visible state: dtype float64, want float32`, energy.ErrDtype, single(func(_ *SingleSite, s *State) {
			s.Visible = dense(tensor.Float64, tensor.Shape{2, 4}, 0, 0, 1, 0, 0, 0, 1, 0)
		})},
		{`hidden state: row 0, column 1 is 3`, energy.ErrRange, single(func(_ *SingleSite, s *State) { s.Hidden.Float32s()[1] = 3 })},
		{`visible state: row 1, column 1 is NaN`, energy.ErrNotFinite, single(func(_ *SingleSite, s *State) { s.Visible.Float32s()[5] = float32(math.NaN()) })},
		{`a hidden state given for a machine without hidden units`, energy.ErrShape, func() error {
			s := goodSparse()
			s.Hidden = dense(tensor.Float32, tensor.Shape{2, 1}, 1, 1)
			return step(&SingleSite{Model: sparseMachine.bm}, s)
		}},
		{`a hidden clamp given for a machine without hidden units`, energy.ErrConfig, func() error {
			return step(&SingleSite{Model: sparseMachine.bm, HiddenClamp: []bool{}}, goodSparse())
		}},
		{`ColourBlocks of Boltzmann "bm": Step: the machine has no Edges`, energy.ErrConfig, func() error { return step(&ColourBlocks{Model: m.bm}, good()) }},
		{`Colouring: edge 0 joins units 0 and 1 of block 0, want no edge inside a block`, energy.ErrConfig, coloured([]int{0, 1}, []int{2}, []int{3}, []int{4})},
		{`Colouring: unit 4 stands in no block`, energy.ErrConfig, coloured([]int{0}, []int{1}, []int{2}, []int{3})},
		{`Colouring: unit 0 stands in blocks 0 and 1, want it once`, energy.ErrConfig, coloured([]int{0}, []int{0}, []int{2}, []int{3})},
		{`Colouring: block 1 holds column 5, want 0 to 4`, energy.ErrConfig, coloured([]int{0}, []int{5})},
		{`Colouring: block 0 holds column -1, want 0 to 4`, energy.ErrConfig, coloured([]int{-1})},
		{`Colouring: unit 0 stands in no block`, energy.ErrConfig, func() error {
			return step(&ColourBlocks{Model: sparseMachine.bm, Colouring: [][]int{}}, goodSparse())
		}},
		{`sampling: SingleSite: SetTemperature: temperature is 0, want a positive number`, energy.ErrConfig, func() error { return new(SingleSite).SetTemperature(0) }},
		{`sampling: RandomBoltzmannState: no model given`, energy.ErrConfig, func() error { _, err := RandomBoltzmannState(nil, 1, 1); return err }},
		{`sampling: Boltzmann "bm": RandomBoltzmannState: 0 chains, want at least 1`, energy.ErrConfig, func() error { _, err := RandomBoltzmannState(m.bm, 0, 1); return err }},
		{`sampling: NewBoltzmannState: no model given`, energy.ErrConfig, func() error { _, err := NewBoltzmannState(nil, nil, 1); return err }},
		{`sampling: Boltzmann "bm": NewBoltzmannState: no tensor given`, energy.ErrShape, func() error { _, err := NewBoltzmannState(m.bm, nil, 1); return err }},
	} {
		r.check(t)
	}
	nan := boltzmannCases[0].make(tensor.Float32, 1, 0)
	nan.bm.Param("W").Value().Float32s()[1] = float32(math.NaN())
	s := must(RandomBoltzmannState(nan.bm, 1, 1))
	refused{`SingleSite of Boltzmann "bm": Step: fields`, energy.ErrNotFinite, func() error { return step(&SingleSite{Model: nan.bm}, s) }}.check(t)
	sparseMachine.bm.Param("W").Value().Float32s()[1] = float32(math.Inf(1))
	refused{`Step: W, b or log_variance`, energy.ErrNotFinite, func() error { return step(&ColourBlocks{Model: sparseMachine.bm}, goodSparse()) }}.check(t)
}

// A colouring of the user's own is taken, also another one later.
func TestOwnColouring(t *testing.T) {
	m := boltzmannCase{"", sparse, sideOf(oneHot(2, 3)), sideOf(bernoulli(2))}.make(tensor.Float64, 1, 0)
	s := must(RandomBoltzmannState(m.bm, 5, 1))
	g := &ColourBlocks{Model: m.bm, Seed: 2}
	refused{`Colouring: block 0 holds column 1, want 0, the first of its unit`, energy.ErrConfig, func() error {
		return step(&ColourBlocks{Model: m.bm, Colouring: [][]int{{1}, {3}, {6}, {7}}}, cloneState(s))
	}}.check(t)
	for _, blocks := range [][][]int{{{0}, {3}, {6}, {7}}, {{7}, {3}, {6}, {0}}} {
		g.Colouring = blocks
		twin := cloneState(s)
		require.NoError(t, step(g, s))
		require.NoError(t, step(sweeper{m, 2, "colour blocks", 1, nil, blocks, soundSweep}, twin))
		require.Equal(t, allRows(twin), allRows(s))
	}
}

// Annealing finds the ground state of a frustrated machine where quenching is caught elsewhere.
func TestAnneal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	const n = 24
	bm := must(layers.NewBoltzmann("glass", layers.BoltzmannConfig{Visible: energy.Spin(n), Dtype: tensor.Float64}))
	w := make([]float64, n*n)
	for i := range n {
		for j := range i {
			w[i*n+j] = r.NormFloat64()
			w[j*n+i] = w[i*n+j]
		}
	}
	require.NoError(t, bm.Param("W").Set(w))
	p := must(layers.PlainBoltzmannOf[float64](bm))
	lowest := func(s *State) (least float64, share float64) {
		e := p.Energy(s.Visible.Float64s(), s.Visible.Shape()[0])
		least = slices.Min(e)
		for _, x := range e {
			if x < least+1e-9 {
				share += 1 / float64(len(e))
			}
		}
		return least, share
	}
	a := must(RandomBoltzmannState(bm, 100, 1))
	b := cloneState(a)
	g := &SingleSite{Model: bm, Seed: 1}
	info, err := Anneal(context.Background(), g, a, Annealing{From: 10, To: 0.1, Temperatures: 40})
	require.NoError(t, err)
	require.Zero(t, info)
	require.InDelta(t, 0.1, g.Temperature, 1e-12)
	require.EqualValues(t, 400, a.Step)
	require.NoError(t, runs(context.Background(), &SingleSite{Model: bm, Seed: 1, Temperature: 0.1}, b, 400))
	annealed, share := lowest(a)
	quenched, quenchedShare := lowest(b)
	require.LessOrEqual(t, annealed, quenched)
	require.Greater(t, share, 2*quenchedShare, "%v against %v", annealed, quenched)

	for _, x := range []refused{
		{`sampling: Anneal: no kernel or no state given`, energy.ErrConfig, func() error { _, err := Anneal(context.Background(), nil, a, Annealing{}); return err }},
		{`From is 0 and To 0, want positive numbers`, energy.ErrConfig, func() error { _, err := Anneal(context.Background(), g, a, Annealing{}); return err }},
		{`From is 1 and To 1, want temperatures that fall`, energy.ErrConfig, func() error { _, err := Anneal(context.Background(), g, a, Annealing{From: 1, To: 1}); return err }},
		{`Temperatures is 1, want at least 2`, energy.ErrConfig, func() error {
			_, err := Anneal(context.Background(), g, a, Annealing{From: 2, To: 1, Temperatures: 1})
			return err
		}},
		{`Steps is -1, want at least 1`, energy.ErrConfig, func() error {
			_, err := Anneal(context.Background(), g, a, Annealing{From: 2, To: 1, Steps: -1})
			return err
		}},
	} {
		x.check(t)
	}
}
