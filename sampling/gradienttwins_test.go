package sampling_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// gradientFault is a mistake that samplers with gradients are made with.
type gradientFault string

const (
	soundStep   gradientFault = "sound"
	acceptsAll  gradientFault = "every proposal is accepted"
	upsideDown  gradientFault = "the energies stand upside down in the ratio"
	noWayBack   gradientFault = "the probabilities of the proposals are left out of the ratio"
	staleSlopes gradientFault = "the proposal follows the gradient of the state before"
	wholeKick   gradientFault = "the first kick of the momenta is a whole one"
)

// gradientTwin is one of the kernels, at T = 1 and in float64, written once more in plain loops and with a fault.
type gradientTwin struct {
	kernel string
	fault  gradientFault
	model  energyModel
	size   float64
	seed   uint64

	last [][]float64 // slopes of the step before
}

func (k *gradientTwin) Step(s *sampling.State) (sampling.Info, error) {
	chains, n := s.Visible.Shape()[0], s.Visible.Shape()[1]
	if k.last == nil {
		k.last = make([][]float64, chains)
	}
	info := sampling.Info{Proposed: chains}
	for i := range chains {
		x := s.Visible.Float64s()[i*n : (i+1)*n]
		slopes := slopesOf(k.model.loops, x)
		used := slopes
		if k.fault == staleSlopes && k.last[i] != nil {
			used = k.last[i]
		}
		k.last[i] = slopes
		at := rng.New(k.seed, k.kernel).Row(i, s.Step)
		var y []float64
		var ratio float64 // log q(x|y) − log q(y|x), or minus what the momenta gained
		switch k.kernel {
		case "langevin":
			y, ratio = k.langevin(x, used, at.Part(0))
		case "hmc":
			y, ratio = k.hmc(x, used, at.Part(0))
		case "gibbs with gradients":
			y, ratio = k.gibbs(x, used, at.Part(0))
		case "discrete langevin":
			y, ratio = k.discrete(x, used, at.Part(0))
		}
		gain := k.model.loops(x) - k.model.loops(y)
		switch k.fault {
		case upsideDown:
			gain = -gain
		case noWayBack:
			ratio = 0
		case acceptsAll:
			gain, ratio = 0, 0
		}
		var u [1]float64
		rng.Uniform(at.Part(1), u[:])
		if u[0] < math.Exp(gain+ratio) {
			copy(x, y)
			info.Accepted++
		}
	}
	s.Step++
	return info, nil
}

func (k *gradientTwin) langevin(x, slopes []float64, draws rng.Row) (y []float64, ratio float64) {
	y = make([]float64, len(x))
	rng.Normal(draws, y)
	for j, z := range y {
		y[j] = x[j] - k.size*slopes[j] + math.Sqrt(2*k.size)*z
	}
	log := func(from, to, slopes []float64) (l float64) {
		for j := range from {
			d := to[j] - from[j] + k.size*slopes[j]
			l -= d * d / (4 * k.size)
		}
		return l
	}
	return y, log(y, x, slopesOf(k.model.loops, y)) - log(x, y, slopes)
}

const twinLeapfrogs = 3

func (k *gradientTwin) hmc(x, slopes []float64, draws rng.Row) (y []float64, ratio float64) {
	p := make([]float64, len(x))
	rng.Normal(draws, p)
	kinetic := func() (e float64) {
		for _, v := range p {
			e += v * v / 2
		}
		return e
	}
	before := kinetic()
	y = slices.Clone(x)
	for l := range twinLeapfrogs {
		for j := range y {
			if l > 0 || k.fault == wholeKick {
				p[j] -= k.size * slopes[j]
			} else {
				p[j] -= k.size * slopes[j] / 2
			}
			y[j] += k.size * p[j]
		}
		slopes = slopesOf(k.model.loops, y)
	}
	for j := range y {
		p[j] -= k.size * slopes[j] / 2
	}
	return y, before - kinetic()
}

// neighbours are the states of one unit that differ from x, for each column the one whose move it names, or nil.
func (k *gradientTwin) neighbours(x []float64) [][]float64 {
	all, lo := make([][]float64, len(x)), 0
	for _, one := range k.model.units.Split() {
		for j := lo; j < lo+one.Len(); j++ {
			y := slices.Clone(x)
			switch family := one.Families()[0]; {
			case family == "Spin":
				y[j] = -x[j]
			case family == "Bernoulli":
				y[j] = 1 - x[j]
			case x[j] == 1:
				continue
			default:
				clear(y[lo : lo+one.Len()])
				y[j] = 1
			}
			all[j] = y
		}
		lo += one.Len()
	}
	return all
}

// moves are the neighbours of x with their log-probabilities to be proposed.
func (k *gradientTwin) moves(x, slopes []float64) (all [][]float64, logQ []float64) {
	all, logQ = k.neighbours(x), make([]float64, len(x))
	total := 0.0
	for j, y := range all {
		logQ[j] = math.Inf(-1)
		if y != nil {
			logQ[j] = 0
			for i := range y {
				logQ[j] -= slopes[i] * (y[i] - x[i]) / 2
			}
			total += math.Exp(logQ[j])
		}
	}
	for j := range logQ {
		logQ[j] -= math.Log(total)
	}
	return all, logQ
}

func (k *gradientTwin) gibbs(x, slopes []float64, draws rng.Row) (y []float64, ratio float64) {
	all, logQ := k.moves(x, slopes)
	var u [1]float64
	rng.Uniform(draws, u[:])
	column := 0
	for sum := math.Exp(logQ[0]); sum <= u[0] && column < len(x)-1; sum += math.Exp(logQ[column]) {
		column++
	}
	y = all[column]
	back, logBack := k.moves(y, slopesOf(k.model.loops, y))
	return y, logBack[slices.IndexFunc(back, func(z []float64) bool { return slices.Equal(z, x) })] - logQ[column]
}

func (k *gradientTwin) discrete(x, slopes []float64, draws rng.Row) (y []float64, ratio float64) {
	parts := k.model.units.Split()
	u := make([]float64, len(parts))
	rng.Uniform(draws, u)
	y = slices.Clone(x)
	// log-probabilities of the values of one unit, staying first
	values := func(x, slopes []float64, lo, n int) (states [][]float64, logQ []float64) {
		states = [][]float64{x}
		for _, z := range k.neighbours(x)[lo : lo+n] {
			if z != nil {
				states = append(states, z)
			}
		}
		total := 0.0
		for _, z := range states {
			l := 0.0
			for i := range z {
				d := z[i] - x[i]
				l -= slopes[i]*d/2 + d*d/(2*k.size)
			}
			logQ = append(logQ, l)
			total += math.Exp(l)
		}
		for i := range logQ {
			logQ[i] -= math.Log(total)
		}
		return states, logQ
	}
	lo := 0
	for i, one := range parts {
		states, logQ := values(x, slopes, lo, one.Len())
		order := make([]int, len(states)) // as the columns run: the kernel takes a flip first, and of a OneHot unit the columns in order
		for j := range order {
			order[j] = j
		}
		if one.Len() == 1 {
			order[0], order[1] = 1, 0
		} else {
			slices.SortFunc(order, func(a, b int) int {
				return slices.Index(states[a][lo:lo+one.Len()], 1) - slices.Index(states[b][lo:lo+one.Len()], 1)
			})
		}
		sum := 0.0
		for _, j := range order {
			if sum += math.Exp(logQ[j]); u[i] < sum || j == order[len(order)-1] {
				copy(y[lo:lo+one.Len()], states[j][lo:lo+one.Len()])
				break
			}
		}
		lo += one.Len()
	}
	slopesBack := slopesOf(k.model.loops, y)
	lo = 0
	for _, one := range parts {
		hi := lo + one.Len()
		log := func(from, slopes, to []float64) float64 {
			states, logQ := values(from, slopes, lo, one.Len())
			return logQ[slices.IndexFunc(states, func(z []float64) bool { return slices.Equal(z[lo:hi], to[lo:hi]) })]
		}
		ratio += log(y, slopesBack, x) - log(x, slopes, y)
		lo = hi
	}
	return y, ratio
}

// twinKernel is the library's kernel of a twin.
func (k gradientTwin) sampler() sampling.Kernel {
	switch k.kernel {
	case "langevin":
		return &sampling.Langevin{Energy: k.model.graph, StepSize: k.size, Adjusted: true, Seed: k.seed}
	case "hmc":
		return &sampling.HMC{Energy: k.model.graph, StepSize: k.size, Leapfrogs: twinLeapfrogs, Seed: k.seed}
	case "gibbs with gradients":
		return &sampling.GibbsWithGradients{Energy: k.model.graph, Units: k.model.units, Seed: k.seed}
	}
	return &sampling.DiscreteLangevin{Energy: k.model.graph, Units: k.model.units, StepSize: k.size, Adjusted: true, Seed: k.seed}
}

// gradientTwins are the kernels with models on which their faults show.
func gradientTwins(t *testing.T) []gradientTwin {
	joined := energy.Join(energy.OneHot(1, 3), energy.Spin(2), energy.Bernoulli(1))
	return []gradientTwin{
		{kernel: "gibbs with gradients", model: cubic("third degree", joined)},
		{kernel: "gibbs with gradients", model: freeEnergyOf(t, "RBM", energy.Bernoulli(4), tensor.Float64)},
		{kernel: "discrete langevin", model: cubic("third degree", joined), size: 2},
		{kernel: "discrete langevin", model: freeEnergyOf(t, "RBM", energy.Bernoulli(4), tensor.Float64), size: 2},
		{kernel: "langevin", model: doubleWell, size: 0.2},
		{kernel: "langevin", model: normal, size: 0.6},
		{kernel: "hmc", model: doubleWell, size: 0.4},
		{kernel: "hmc", model: normal, size: 0.6},
	}
}

// The twins without a fault go where the kernels go, so that a twin with one is wrong by its fault alone.
func TestGradientTwinsWithoutFault(t *testing.T) {
	for _, k := range gradientTwins(t) {
		k.fault, k.seed = soundStep, 5
		start := make([][]float64, 200)
		for i := range start {
			start[i] = make([]float64, k.model.units.Len())
			if count, err := k.model.units.StateCount(); err == nil {
				k.model.units.State(i%count, start[i])
			} else {
				start[i][0], start[i][1] = 0.01*float64(i)-1, 0.5 // real numbers
			}
		}
		got, want := stateOf(tensor.Float64, start), stateOf(tensor.Float64, start)
		kernel := k.sampler()
		for range 3 {
			a, err := kernel.Step(got)
			require.NoError(t, err)
			b, err := k.Step(want)
			require.NoError(t, err)
			require.Equal(t, b, a, k.kernel)
			require.InDeltaSlice(t, want.Visible.Float64s(), got.Visible.Float64s(), 1e-6, k.kernel)
		}
	}
}

// Each fault of each kernel is found with one model at least; energies that are nearly linear hardly show a gradient that is stale.
func TestStationarityFindsGradientFaults(t *testing.T) {
	found := map[string]bool{}
	for _, k := range gradientTwins(t) {
		target := k.model.target(t, 1)
		faults := []gradientFault{acceptsAll, upsideDown, noWayBack, staleSlopes, wholeKick}
		if testing.Short() {
			faults = faults[1:2]
		}
		for _, f := range faults {
			if hmc := k.kernel == "hmc"; hmc && (f == noWayBack || f == staleSlopes) || !hmc && f == wholeKick {
				continue // a trajectory has no way back of its own, and hardly shows that half of its first kick is stale
			}
			k.fault = f
			kernel := func(seed uint64) sampling.Kernel {
				twin := k
				twin.seed = seed
				return &twin
			}
			c := gradientConfig(tensor.Float64)
			name := fmt.Sprintf("%s: %s", k.kernel, f)
			err := samplertest.Stationary(target, kernel, c)
			if err != nil {
				require.ErrorContains(t, err, "stattest: ", name)
			}
			found[name] = found[name] || err != nil
		}
	}
	for name, ok := range found {
		require.True(t, ok, name)
	}
	require.Len(t, found, map[bool]int{true: 4, false: 15}[testing.Short()])
}
