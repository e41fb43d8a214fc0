package training

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// monitorRows is how many rows the monitors look at: the first ones of the training and of the validation data.
const monitorRows = 1000

func (f *contrastiveFit) endEpoch(e *Epoch) error {
	if err := f.measureMixing(e); err != nil {
		return err
	}
	if f.model.Dtype() == tensor.Float32 {
		return monitor[float32](f, e)
	}
	return monitor[float64](f, e)
}

func monitor[T kernel.Float](f *contrastiveFit, e *Epoch) error {
	p, err := layers.PlainOf[T](f.model)
	if err != nil {
		return err
	}
	v, rows, err := head[T](f.source, e.Epoch-1)
	if err != nil {
		return err
	}
	e.ReconstructionError = reconstructionError(p, v, rows)
	energies := p.FreeEnergy(v, rows)
	if families := f.model.Visible().Families(); len(families) == 1 && families[0] == "Bernoulli" && binary(v) {
		e.PseudoLikelihood = pseudoLikelihood(p, v, energies, rng.New(f.Seed, "pseudo-likelihood"))
	}
	if f.validation != nil {
		held, heldRows, err := head[T](f.validation, e.Epoch-1)
		if err != nil {
			return err
		}
		e.FreeEnergyGap = mean(p.FreeEnergy(held, heldRows)) - mean(energies)
	}
	return nil
}

// head reads the first rows of a source.
func head[T kernel.Float](s Source, epoch int) ([]T, int, error) {
	n := min(s.Len(), monitorRows)
	data := make([]T, n*s.Width())
	return data, n, s.Read(tensor.New(tensor.WithShape(n, s.Width()), tensor.WithBacking(data)), between(0, n), epoch)
}

// reconstructionError is the mean over rows of Σ_j (v_j − E[v_j | E[h|v]])².
func reconstructionError[T kernel.Float](p layers.Plain[T], v []T, rows int) float64 {
	h, back := make([]T, rows*p.HiddenLen), make([]T, len(v))
	p.HiddenMean(h, v, rows)
	p.VisibleMean(back, h, rows)
	total := 0.0
	for i, x := range v {
		total += float64(x-back[i]) * float64(x-back[i])
	}
	return total / float64(rows)
}

// pseudoLikelihood is the mean over rows of n·log σ(F(v with bit i flipped) − F(v)) with one bit i drawn a row: an unbiased
// estimate of Σ_i log p(v_i | v_−i). The bits are the same at each epoch, so that epochs compare.
func pseudoLikelihood[T kernel.Float](p layers.Plain[T], v []T, energies []float64, draws rng.Stream) float64 {
	n := p.VisibleLen
	flipped := append([]T(nil), v...)
	for i := range energies {
		bit := i*n + int(draws.Uint64(uint64(i))%uint64(n))
		flipped[bit] = 1 - flipped[bit]
	}
	total := 0.0
	for i, f := range p.FreeEnergy(flipped, len(energies)) {
		total -= float64(n) * kernel.Softplus1(energies[i]-f)
	}
	return total / float64(len(energies))
}

func binary[T kernel.Float](v []T) bool {
	for _, x := range v {
		if x != 0 && x != 1 {
			return false
		}
	}
	return true
}

func mean(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	return kernel.Sum(x) / float64(len(x))
}
