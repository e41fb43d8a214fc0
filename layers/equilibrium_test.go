package layers

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// summed is an equilibrium by a plain sum over the states of all units that are not known, one by one; for real units the sum is the trapezoid
// rule, which is exact to the last digits on functions that decay like exp(−x²/2).
func summed(bm *Boltzmann, temperature float64, x []float64, known []bool) *Equilibrium {
	n := bm.Units().Len()
	gaussian := bm.Units().Columns("Gaussian")
	discrete, logVariance := make([]bool, n), make([]float64, n)
	if bm.logVariance != nil {
		logVariance = bm.logVariance.Float64s()
	}
	var reals []int
	for i := range n {
		discrete[i] = !known[i] && !gaussian[i]
		if gaussian[i] && !known[i] {
			reals = append(reals, i)
		}
	}
	part, at := bm.Units().Select(discrete), indices(discrete)
	count, row, state := must(part.StateCount()), make([]float64, n), make([]float64, part.Len())
	for i := range row {
		if known[i] {
			row[i] = x[i]
		}
	}
	energyOf := formula(bm)
	var energies, weights []float64
	var rows [][]float64
	var integrate func(k int, weight float64)
	integrate = func(k int, weight float64) {
		if k == len(reals) {
			rows, weights = append(rows, slices.Clone(row)), append(weights, weight)
			energies = append(energies, energyOf(row))
			return
		}
		deviation := math.Sqrt(temperature * math.Exp(logVariance[reals[k]]))
		for step := -24; step <= 24; step++ {
			row[reals[k]] = float64(step) * deviation / 2
			integrate(k+1, weight*deviation/2)
		}
	}
	for i := range count {
		part.State(i, state)
		for k, column := range at {
			row[column] = state[k]
		}
		integrate(0, 1)
	}
	e := &Equilibrium{Temperature: temperature, Mean: make([]float64, n), SecondMoment: make([]float64, n*n)}
	least := slices.Min(energies)
	z := 0.0
	for k, energy := range energies {
		z += weights[k] * math.Exp((least-energy)/temperature)
	}
	e.LogPartition = math.Log(z) - least/temperature
	e.HelmholtzFreeEnergy = -temperature * e.LogPartition
	for k, row := range rows {
		logP := -energies[k]/temperature - e.LogPartition
		p := weights[k] * math.Exp(logP)
		e.InternalEnergy += p * energies[k]
		e.Entropy -= p * logP
		for i := range n {
			e.Mean[i] += p * row[i]
			for j := range n {
				e.SecondMoment[i*n+j] += p * row[i] * row[j]
			}
		}
	}
	return e
}

func sameEquilibrium(t *testing.T, want, got *Equilibrium, tolerance float64, what ...any) {
	t.Helper()
	for _, q := range [][2]float64{
		{want.LogPartition, got.LogPartition}, {want.InternalEnergy, got.InternalEnergy}, {want.Entropy, got.Entropy},
		{want.HelmholtzFreeEnergy, got.HelmholtzFreeEnergy}, {got.InternalEnergy - got.Temperature*got.Entropy, got.HelmholtzFreeEnergy},
	} {
		require.InDelta(t, q[0], q[1], tolerance, what...)
	}
	require.InDeltaSlice(t, want.Mean, got.Mean, tolerance, what...)
	require.InDeltaSlice(t, want.SecondMoment, got.SecondMoment, tolerance, what...)
}

// The equilibrium is the sum over all states, also at other temperatures and with any units known: every second unit, the visible ones, the
// hidden ones, one, all but one, all.
func TestEquilibriumIsTheSum(t *testing.T) {
	for name, bm := range boltzmannCases(tensor.Float64) {
		units := unitsOf(bm.Units())
		visible, n, last := bm.Visible().Len(), len(units), units[len(units)-1]
		for pattern, is := range map[string]func(i int) bool{
			"none":          func(int) bool { return false },
			"every second":  func(i int) bool { return units[i]%2 == 0 },
			"the visible":   func(i int) bool { return i < visible },
			"the hidden":    func(i int) bool { return i >= visible },
			"the first":     func(i int) bool { return units[i] == 0 },
			"all but one":   func(i int) bool { return units[i] != last },
			"all but first": func(i int) bool { return units[i] > 0 },
			"all":           func(int) bool { return true },
		} {
			known, x := make([]bool, n), someRows(bm.Units(), 1)
			for i := range known {
				if known[i] = is(i); !known[i] {
					x[i] = math.NaN() // does not matter
				}
			}
			temperatures := []float64{0.5, 1, 2}
			if name == "mixed" && pattern != "none" {
				temperatures = []float64{0.7}
			}
			for _, temperature := range temperatures {
				got, err := bm.Conditional(temperature, x, known)
				require.NoError(t, err)
				sameEquilibrium(t, summed(bm, temperature, x, known), got, 1e-10, "%s, known %s, temperature %v", name, pattern, temperature)
				if pattern == "none" {
					require.Equal(t, must(bm.Equilibrium(temperature)), got)
				}
			}
		}
	}
}

// The probability of known units is the share of their sum in Z: over the states of some units they add up to 1, whatever else there is.
func TestConditionalsAreAPartition(t *testing.T) {
	for name, bm := range boltzmannCases(tensor.Float64) {
		const temperature = 1.3
		all := must(bm.Equilibrium(temperature))
		mask := bm.Units().Columns("Gaussian")
		units := unitsOf(bm.Units())
		for i := range mask {
			mask[i] = !mask[i] && units[i]%3 == 1
		}
		part, at := bm.Units().Select(mask), indices(mask)
		x, state := make([]float64, len(mask)), make([]float64, len(at))
		total, mean := 0.0, make([]float64, len(mask))
		for i := range must(part.StateCount()) {
			part.State(i, state)
			for k, column := range at {
				x[column] = state[k]
			}
			given := must(bm.Conditional(temperature, x, mask))
			p := math.Exp(given.LogPartition - all.LogPartition)
			total += p
			for j, m := range given.Mean {
				mean[j] += p * m
			}
		}
		require.InDelta(t, 1, total, 1e-12, name)
		require.InDeltaSlice(t, all.Mean, mean, 1e-12, "%s: the mean of the conditional means", name)
	}
}

// Probabilities of the visible rows add up to 1 in both dtypes.
func TestLogProbability(t *testing.T) {
	for _, dt := range dtypes {
		for name, bm := range boltzmannCases(dt) {
			count, err := bm.Visible().StateCount()
			if err != nil {
				continue // real units
			}
			states := must(bm.Visible().States(dt))
			for _, temperature := range []float64{0.5, 1, 3} {
				logP, err := bm.LogProbability(temperature, states)
				require.NoError(t, err)
				require.Len(t, logP, count)
				total := 0.0
				for _, x := range logP {
					total += math.Exp(x)
				}
				require.InDelta(t, 1, total, map[tensor.Dtype]float64{tensor.Float64: 1e-12, tensor.Float32: 3e-6}[dt], "%s %v", name, dt)
			}
		}
	}
	// a density: with one real unit alone, that of a normal distribution
	bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Gaussian(1), Dtype: tensor.Float64}))
	require.NoError(t, bm.Param("b").Set([]float64{0.5}))
	logP := must(bm.LogProbability(4, dense(tensor.Float64, tensor.Shape{2, 1}, 0.5, 2.5)))
	require.InDeltaSlice(t, []float64{-0.5 * math.Log(8*math.Pi), -0.5*math.Log(8*math.Pi) - 0.5}, logP, 1e-12)
	require.InDelta(t, 0.5*math.Log(8*math.Pi*math.E), must(bm.Equilibrium(4)).Entropy, 1e-12)
}

// What can be summed as a product is not enumerated: machines whose states are far too many, whichever side is the larger one.
func TestEquilibriumOfWideMachines(t *testing.T) {
	for _, c := range []BoltzmannConfig{
		{Visible: energy.Bernoulli(6), Hidden: energy.Spin(60), SemiRestricted: true},
		{Visible: energy.Join(energy.Gaussian(40), energy.Spin(8))},
	} {
		c.Seed, c.InitDeviation, c.Dtype = 2, 0.3, tensor.Float64
		bm := must(NewBoltzmann("wide", c))
		e := must(bm.Equilibrium(1))
		require.InDelta(t, e.HelmholtzFreeEnergy, e.InternalEnergy-e.Entropy, 1e-10)
	}
	// an RBM of many visible units, and a lattice whose squares are coloured like a chess board
	r := must(NewRBM("r", RBMConfig{Visible: energy.Spin(50), Hidden: energy.Spin(6), InitDeviation: 0.3, Seed: 1, Dtype: tensor.Float64}))
	rows := must(asBoltzmann(r))
	total := 0.0
	for _, f := range graphtest.Value(t, must(r.HiddenFreeEnergy(input(G.NewGraph(), "h", states(r.Hidden())))))[0] {
		total += math.Exp(-f)
	}
	require.InDelta(t, math.Log(total), must(rows.Equilibrium(1)).LogPartition, 1e-10)

	const side = 6
	var edges [][2]int
	for i := range side * side {
		if i%side < side-1 {
			edges = append(edges, [2]int{i, i + 1})
		}
		if i < side*(side-1) {
			edges = append(edges, [2]int{i, i + side})
		}
	}
	lattice := must(NewBoltzmann("ising", BoltzmannConfig{Visible: energy.Spin(side * side), Edges: edges, Dtype: tensor.Float64}))
	w := make([]float64, len(edges))
	for i := range w {
		w[i] = 1
	}
	require.NoError(t, lattice.Param("W").Set(w))
	// at T → ∞ Z is 2^36, and at T → 0 two states of energy −60 are left
	require.InDelta(t, 36*math.Ln2, must(lattice.Equilibrium(1e9)).LogPartition, 1e-6)
	cold := must(lattice.Equilibrium(0.1))
	require.InDelta(t, math.Ln2+600, cold.LogPartition, 1e-9)
	require.InDelta(t, -60, cold.InternalEnergy, 1e-9)
	require.InDelta(t, math.Ln2, cold.Entropy, 1e-9)
	require.InDelta(t, transferMatrix(side, 2.5), must(lattice.Equilibrium(2.5)).LogPartition, 1e-9)
}

// transferMatrix is log Z of an Ising lattice with free borders, row by row.
func transferMatrix(side int, temperature float64) float64 {
	spin := func(row, i int) float64 { return float64(2*(row>>i&1) - 1) }
	z := make([]float64, 1<<side)
	within := func(row int) (sum float64) {
		for i := range side - 1 {
			sum += spin(row, i) * spin(row, i+1)
		}
		return sum / temperature
	}
	for row := range z {
		z[row] = math.Exp(within(row))
	}
	for range side - 1 {
		next := make([]float64, len(z))
		for to := range next {
			for from, weight := range z {
				sum := 0.0
				for i := range side {
					sum += spin(from, i) * spin(to, i)
				}
				next[to] += weight * math.Exp(sum/temperature+within(to))
			}
		}
		z = next
	}
	total := 0.0
	for _, weight := range z {
		total += weight
	}
	return math.Log(total)
}

// Several blocks of states give the same bits on any number of processors.
func TestEquilibriumOfManyStates(t *testing.T) {
	bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Spin(14), Seed: 3, InitDeviation: 0.4, Dtype: tensor.Float64}))
	got := must(bm.Equilibrium(1))
	for i := range 14 {
		require.InDelta(t, 0, got.Mean[i], 1e-12, "without biases a state and its mirror image are alike")
		require.Equal(t, 1.0, got.SecondMoment[i*15])
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, got, must(bm.Equilibrium(1)))
}

func TestEquilibriumRefuses(t *testing.T) {
	bm := boltzmannCases(tensor.Float64)["mixed"] // Gaussian 2, OneHot 3, Bernoulli 1; Bernoulli 2, OneHot 2
	x := []float64{0, 0, 0, 1, 0, 1, 0, 1, 1, 0}
	mask := func(known ...int) []bool {
		m := make([]bool, len(x))
		for _, i := range known {
			m[i] = true
		}
		return m
	}
	with := func(i int, value float64) []float64 {
		y := slices.Clone(x)
		y[i] = value
		return y
	}
	given := func(x []float64, known []bool) func() error {
		return func() error { _, err := bm.Conditional(1, x, known); return err }
	}
	at := func(bm *Boltzmann, temperature float64) func() error {
		return func() error { _, err := bm.Equilibrium(temperature); return err }
	}
	rows := func(x *tensor.Dense) func() error {
		return func() error { _, err := bm.LogProbability(1, x); return err }
	}
	for name, r := range map[string]refusal{
		"temperature 0":   {at(bm, 0), energy.ErrConfig, `layers: Boltzmann "bm": Equilibrium: temperature is 0, want a positive number`},
		"temperature -1":  {at(bm, -1), energy.ErrConfig, `temperature is -1`},
		"temperature NaN": {at(bm, math.NaN()), energy.ErrConfig, `temperature is NaN`},
		"temperature Inf": {at(bm, math.Inf(1)), energy.ErrConfig, `temperature is +Inf`},
		"too cold":        {at(bm, 1e-308), energy.ErrNotFinite, "log Z is"},
		"many states": {at(must(NewBoltzmann("m", BoltzmannConfig{Visible: energy.Spin(22), InitDeviation: 1})), 1), energy.ErrConfig,
			`layers: Boltzmann "m": Equilibrium: 2097152 joint states of units that are coupled among themselves, want at most 1048576`},
		"more states": {at(must(NewBoltzmann("m", BoltzmannConfig{Visible: energy.Spin(99)})), 1), energy.ErrConfig, `more than 4194304 states cannot be enumerated`},
		"many units": {at(must(NewBoltzmann("m", BoltzmannConfig{Visible: energy.Spin(3000), Edges: [][2]int{{0, 1}}})), 1), energy.ErrConfig,
			`3000 columns of units, want at most 2048`},
		"short row":       {given(x[1:], mask()), energy.ErrShape, `layers: Boltzmann "bm": Conditional: a row of 9 numbers and a mask of 10, want 10`},
		"short mask":      {given(x, nil), energy.ErrShape, `a row of 10 numbers and a mask of 0`},
		"part of a unit":  {given(x, mask(0, 3)), energy.ErrConfig, `the mask holds a part of the OneHot unit at column 2`},
		"NaN":             {given(with(0, math.NaN()), mask(0)), energy.ErrNotFinite, "the known columns: row 0, column 0 is NaN"},
		"out of range":    {given(with(5, 2), mask(5)), energy.ErrRange, "the known columns: row 0, column 0 is 2"},
		"no distribution": {given(with(2, 1), mask(2, 3, 4)), energy.ErrRange, "the known columns"},
		"no rows":         {rows(nil), energy.ErrShape, `layers: Boltzmann "bm": LogProbability: no tensor given`},
		"other dtype":     {rows(dense(tensor.Float32, tensor.Shape{1, 6}, x[:6]...)), energy.ErrDtype, "rows of dtype float32, want float64"},
		"other width":     {rows(dense(tensor.Float64, tensor.Shape{1, 5}, x[:5]...)), energy.ErrShape, "shape (1, 5), want (rows, 6)"},
	} {
		t.Run(name, r.check)
	}
	deep := must(NewBoltzmann("deep", BoltzmannConfig{Visible: energy.Spin(2), Hidden: energy.Spin(15)}))
	_, err := deep.LogProbability(1, dense(tensor.Float32, tensor.Shape{1, 2}, 1, -1))
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, fmt.Sprintf("%d joint states of coupled hidden units", 1<<15))
}
