// Command ising measures the magnetisation of the square Ising lattice against temperature, by cluster moves and by single spins, beside
// the exact solution of the infinite lattice. It writes the curve and pictures of the spins, and ends with how far the two lie apart.
//
//	go run ./examples/ising
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

func main() {
	var c config
	flag.IntVar(&c.side, "side", 64, "spins along each side of the periodic lattice")
	flag.IntVar(&c.chains, "chains", 8, "lattices at each temperature")
	flag.IntVar(&c.samples, "samples", 500, "samples of each, after half as many steps that do not count")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/ising", "directory for the pictures")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("ising", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout) })
}

// config is what the flags say.
type config struct {
	side, chains, samples int
	seed                  uint64
	out                   string
	quiet                 bool
}

// temperatures are looked at; the critical one is 2.269.
var temperatures = []float64{1.2, 1.5, 1.8, 2, 2.1, 2.15, 2.2, 2.25, 2.27, 2.3, 2.35, 2.4, 2.5, 2.7, 3, 3.5}

// pictured are the temperatures whose spins are drawn: below, near and above the critical one.
var pictured = []float64{2, 2.27, 3}

func run(ctx context.Context, c config, stdout io.Writer) error {
	if c.side < 2 || c.chains < 1 || c.samples < 100 {
		return fmt.Errorf("-side %d, -chains %d, -samples %d: want at least 2, 1 and 100", c.side, c.chains, c.samples)
	}
	if err := program.Writable(c.out); err != nil {
		return err
	}
	report := stdout
	if c.quiet {
		report = io.Discard
	}
	lattice, err := associative.Lattice{Sides: []int{c.side, c.side}, Periodic: true}.Ising()
	if err != nil {
		return err
	}
	bm, err := lattice.Boltzmann("lattice", tensor.Float32)
	if err != nil {
		return err
	}
	clusters := chart.Curve{Name: "Swendsen–Wang"}
	single := chart.Curve{Name: "colour blocks"}
	exact := chart.Curve{Name: "exact, infinite", Law: true}
	for t := temperatures[0]; t < temperatures[len(temperatures)-1]; t += 0.005 {
		m, err := associative.SpontaneousMagnetisation(t)
		if err != nil {
			return err
		}
		exact.AddKnown(t, m)
	}
	fmt.Fprintf(report, "%d×%d spins, %d lattices, %d samples each; |m| with its standard error and τ in steps\n\n   T    exact   Swendsen–Wang        τ     colour blocks        τ\n",
		c.side, c.side, c.chains, c.samples)
	worst, at := 0.0, 0.0
	for _, t := range temperatures {
		known, err := associative.SpontaneousMagnetisation(t)
		if err != nil {
			return err
		}
		a, err := c.measure(ctx, bm, &sampling.SwendsenWang{Model: bm, Seed: c.seed, Temperature: t})
		if err != nil {
			return err
		}
		b, err := c.measure(ctx, bm, &sampling.ColourBlocks{Model: bm, Seed: c.seed, Temperature: t})
		if err != nil {
			return err
		}
		a.on(&clusters, t)
		b.on(&single, t)
		fmt.Fprintf(report, "%5.3g  %.4f   %v   %v\n", t, known, a, b)
		if d := math.Abs(a.mean - known); t <= 2.1 && d >= worst {
			worst, at = d, t
		}
	}
	err = chart.Write(filepath.Join(c.out, "magnetisation.png"), &chart.Chart{
		Title: fmt.Sprintf("Magnetisation of the square Ising model, %d×%d", c.side, c.side), X: "temperature T (J = 1)", Y: "mean of |m|",
		Curves: []chart.Curve{exact, clusters, single},
	})
	if err != nil {
		return err
	}
	if err := c.draw(ctx, bm); err != nil {
		return err
	}
	fmt.Fprintf(report, "\npictures in %s\n", c.out)
	fmt.Fprintf(stdout, "up to T = 2.1 the magnetisation is within %.4f of Onsager and Yang's (T = %g)\n", worst, at)
	return nil
}

// estimate is a mean over samples and chains, its standard error and the autocorrelation time.
type estimate struct{ mean, err, tau float64 }

// String is the row of the table; where the samples are too few to tell τ there is no error.
func (e estimate) String() string {
	if math.IsInf(e.err, 0) {
		return fmt.Sprintf("%.4f ± ?       %6s", e.mean, "long")
	}
	return fmt.Sprintf("%.4f ± %.4f  %6.1f", e.mean, e.err, e.tau)
}

// on adds the estimate to a curve, with its interval where there is one.
func (e estimate) on(c *chart.Curve, t float64) {
	if math.IsInf(e.err, 0) {
		c.AddKnown(t, e.mean)
		return
	}
	c.Add(t, e.mean, e.mean-1.96*e.err, e.mean+1.96*e.err)
}

// measure starts with all spins up, which below the critical temperature is one of the two phases.
func (c config) measure(ctx context.Context, bm *layers.Boltzmann, kernel sampling.Kernel) (estimate, error) {
	state, err := c.up(bm, c.chains)
	if err != nil {
		return estimate{}, err
	}
	trace := &sampling.Trace{Of: magnetisation}
	if _, err := sampling.Run(ctx, kernel, state, sampling.Schedule{BurnIn: c.samples / 2, Samples: c.samples}, trace); err != nil {
		return estimate{}, err
	}
	var e estimate
	for _, chain := range trace.Chains() {
		for _, m := range chain {
			e.mean += m / float64(c.chains*c.samples)
		}
	}
	if e.err, err = sampling.StandardError(trace.Chains()); err != nil {
		return e, err
	}
	e.tau, _, err = sampling.AutocorrelationTime(trace.Chains())
	return e, err
}

func (c config) up(bm *layers.Boltzmann, chains int) (*sampling.State, error) {
	spins := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(chains, c.side*c.side))
	if err := spins.Memset(float32(1)); err != nil {
		return nil, err
	}
	return sampling.NewBoltzmannState(bm, spins, c.seed)
}

// magnetisation is |m| of each lattice.
func magnetisation(s *sampling.State) ([]float64, error) {
	chains, n := s.Visible.Shape()[0], s.Visible.Shape()[1]
	m := make([]float64, chains)
	for i, spin := range s.Visible.Float32s() {
		m[i/n] += float64(spin) / float64(n)
	}
	for i := range m {
		m[i] = math.Abs(m[i])
	}
	return m, nil
}

// draw writes one lattice at each of the pictured temperatures, spins up in white.
func (c config) draw(ctx context.Context, bm *layers.Boltzmann) error {
	var rows []float32
	for _, t := range pictured {
		state, err := c.up(bm, 1)
		if err != nil {
			return err
		}
		if _, err := sampling.Run(ctx, &sampling.SwendsenWang{Model: bm, Seed: c.seed, Temperature: t}, state, sampling.Schedule{BurnIn: c.samples}); err != nil {
			return err
		}
		for _, spin := range state.Visible.Float32s() {
			rows = append(rows, (1+spin)/2)
		}
	}
	return dataset.WriteGrid(filepath.Join(c.out, "spins.png"), rows, c.side, c.side, len(pictured), 3)
}
