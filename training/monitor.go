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
	var holes []bool
	if f.missing != nil {
		holes = settle(f.missing, v)
	}
	e.ReconstructionError = reconstructionError(p, v, holes, rows)
	energies, err := freeEnergies(f.model, p, v, holes)
	if err != nil || energies == nil {
		return err
	}
	if families := f.model.Visible().Families(); len(families) == 1 && families[0] == "Bernoulli" && binary(v) {
		if e.PseudoLikelihood, err = pseudoLikelihood(f.model, p, v, holes, energies, rng.New(f.Seed, "pseudo-likelihood")); err != nil {
			return err
		}
	}
	if f.validation != nil {
		held, _, err := head[T](f.validation, e.Epoch-1)
		if err != nil {
			return err
		}
		heldEnergies, err := freeEnergies(f.model, p, held, holesOf(held))
		if err != nil || heldEnergies == nil {
			return err
		}
		e.FreeEnergyGap = mean(heldEnergies) - mean(energies)
	}
	return nil
}

// head reads the first rows of a source.
func head[T kernel.Float](s Source, epoch int) ([]T, int, error) {
	n := min(s.Len(), monitorRows)
	data := make([]T, n*s.Width())
	return data, n, s.Read(tensor.New(tensor.WithShape(n, s.Width()), tensor.WithBacking(data)), between(0, n), epoch)
}

// reconstructionError is the mean over rows of Σ_j (v_j − E[v_j | E[h|v]])², over what is no hole.
func reconstructionError[T kernel.Float](p layers.Plain[T], v []T, holes []bool, rows int) float64 {
	h, back := make([]T, rows*p.HiddenLen), make([]T, len(v))
	p.HiddenMean(h, v, rows)
	p.VisibleMean(back, h, rows)
	total := 0.0
	for i, x := range v {
		if holes == nil || !holes[i] {
			total += float64(x-back[i]) * float64(x-back[i])
		}
	}
	return total / float64(rows)
}

// pseudoLikelihood is the mean over rows of k·log σ(F(v with bit i flipped) − F(v)) with one of a row's k bits that are no holes drawn as i: an
// unbiased estimate of Σ_i log p(v_i | the others of them). The bits are the same at each epoch, so that epochs compare.
func pseudoLikelihood[T kernel.Float](m *layers.RBM, p layers.Plain[T], v []T, holes []bool, energies []float64, draws rng.Stream) (float64, error) {
	n := p.VisibleLen
	flipped, counts := append([]T(nil), v...), make([]float64, len(energies))
	seen := make([]int, 0, n)
	for i := range energies {
		seen = seen[:0]
		for j := i * n; j < (i+1)*n; j++ {
			if holes == nil || !holes[j] {
				seen = append(seen, j)
			}
		}
		if counts[i] = float64(len(seen)); len(seen) > 0 {
			bit := seen[draws.Uint64(uint64(i))%uint64(len(seen))]
			flipped[bit] = 1 - flipped[bit]
		}
	}
	after, err := freeEnergies(m, p, flipped, holes)
	if err != nil {
		return 0, err
	}
	total := 0.0
	for i, f := range after {
		total -= counts[i] * kernel.Softplus1(energies[i]-f)
	}
	return total / float64(len(energies)), nil
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
