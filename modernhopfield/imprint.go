package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Imprint says how DenseClassifier.Imprint makes memories of data.
type Imprint struct {
	Scale float64 // of the rows; 0 means 0.5
	Noise float64 // standard deviation of the noise that is added to memories; 0 means none
	Vote  float64 // for the row's class, and against each other; 0 means 0.1
	Seed  uint64  // of the choice of rows and of the noise
}

// Imprint overwrites the memories with rows of x, (rows, Inputs) in [−1, 1], drawn without repetition as long as there are enough, and
// the labels with votes for their classes: memory μ is Scale·x + Noise·z within [−1, 1], its votes ±Vote.
//
// For large degrees training has to start so: (h/T)^(n−1) of a random memory is nearly 0 for every input, and so is its gradient.
// Errors: ErrShape, ErrDtype, ErrRange, ErrConfig; nothing is changed then.
func (l *DenseClassifier) Imprint(x *tensor.Dense, labels []int, c Imprint) error {
	fail := func(err error) error {
		return fmt.Errorf("%s %q: Imprint: %w", denseClassifierKind, l.name, err)
	}
	if c.Scale == 0 {
		c.Scale = 0.5
	}
	if c.Vote == 0 {
		c.Vote = 0.1
	}
	if !(c.Scale > 0 && c.Scale <= 1) || !(c.Vote > 0 && c.Vote <= 1) || !(c.Noise >= 0) || math.IsInf(c.Noise, 0) {
		return fail(fmt.Errorf("Scale is %g, Vote %g and Noise %g, want 0 to 1 and a noise of at least 0: %w", c.Scale, c.Vote, c.Noise, energy.ErrConfig))
	}
	inputs, classes, memories := l.config.Inputs, l.config.Classes, l.config.Memories
	if err := energy.Spin(inputs).Check(x); err != nil {
		return fail(err)
	}
	rows := x.Shape()[0]
	if len(labels) != rows {
		return fail(fmt.Errorf("%d labels for %d rows: %w", len(labels), rows, energy.ErrShape))
	}
	for i, label := range labels {
		if label < 0 || label >= classes {
			return fail(fmt.Errorf("label %d of row %d, want 0 to %d: %w", label, i, classes-1, energy.ErrRange))
		}
	}
	at := func(i int) float64 { return float64(x.Float32s()[i]) }
	if x.Dtype() == tensor.Float64 {
		at = func(i int) float64 { return x.Float64s()[i] }
	}
	draws := rng.New(c.Seed, "imprint")
	order := draws.Perm(rows, 0)
	patterns, votes, noise := make([]float64, memories*inputs), make([]float64, memories*classes), make([]float64, inputs)
	for mu := range memories {
		from := order[mu%rows]
		rng.Normal(draws.Row(mu, 1), noise)
		for j, z := range noise {
			patterns[mu*inputs+j] = min(max(c.Scale*at(from*inputs+j)+c.Noise*z, -1), 1)
		}
		for alpha := range classes {
			votes[mu*classes+alpha] = -c.Vote
		}
		votes[mu*classes+labels[from]] = c.Vote
	}
	if err := l.memories.Set(patterns); err != nil {
		return err
	}
	return l.labels.Set(votes)
}
