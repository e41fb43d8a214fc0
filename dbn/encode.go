package dbn

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Features returns the means of the top hidden units given each row, (rows, visible) to (rows, top), passed up mean by mean.
// In a stack with a class group the class units are left at 0.
func (d *DBN) Features(x *tensor.Dense) (*tensor.Dense, error) {
	below, err := d.belowTop("Features", x)
	if err != nil {
		return nil, err
	}
	if d.labels > 0 {
		below = widen(below, d.labels, nil)
	}
	return hiddenMeans(d.top(), below), nil
}

// belowTop returns what the top RBM sees of the rows, class group left out.
func (d *DBN) belowTop(what string, x *tensor.Dense) (*tensor.Dense, error) {
	if err := d.fieldsOf(x); err != nil {
		return nil, fmt.Errorf("dbn: DBN %q: %s: %w", d.name, what, err)
	}
	x = inDtype(x, d.dtype())
	for _, r := range d.rbms[:len(d.rbms)-1] {
		x = hiddenMeans(r, x)
	}
	return x, nil
}

// Reconstruct returns the rows as the stack sees them: passed up to the top hidden units and down again, mean by mean.
func (d *DBN) Reconstruct(x *tensor.Dense) (*tensor.Dense, error) {
	h, err := d.Features(x)
	if err != nil {
		return nil, err
	}
	return d.down(visibleMeans(d.top(), h)), nil
}

// down takes the visible side of the top RBM to the visible units of the stack, mean by mean.
func (d *DBN) down(x *tensor.Dense) *tensor.Dense {
	x = d.withoutLabels(x)
	for i := len(d.rbms) - 2; i >= 0; i-- {
		x = visibleMeans(d.rbms[i], x)
	}
	return x
}

// withoutLabels returns the visible side of the top RBM without its class group.
func (d *DBN) withoutLabels(x *tensor.Dense) *tensor.Dense {
	if d.labels == 0 {
		return x
	}
	return narrow(x, d.top().Visible().Len()-d.labels)
}

// classifyByFreeEnergy returns the class of least free energy at the top: argmin_y F(h, y).
func classifyByFreeEnergy(d *DBN, x *tensor.Dense) ([]int, error) {
	below, err := d.belowTop("Classify", x)
	if err != nil {
		return nil, err
	}
	if d.dtype() == tensor.Float32 {
		return leastFreeEnergy[float32](d, below), nil
	}
	return leastFreeEnergy[float64](d, below), nil
}

func leastFreeEnergy[T kernel.Float](d *DBN, below *tensor.Dense) []int {
	p, rows := plain[T](d.top()), below.Shape()[0]
	classes, least := make([]int, rows), make([]float64, rows)
	labels := make([]int, rows)
	for y := range d.labels {
		for i := range labels {
			labels[i] = y
		}
		for i, f := range p.FreeEnergy(withLabels(below, labels, d.labels).Data().([]T), rows) {
			if y == 0 || f < least[i] {
				classes[i], least[i] = y, f
			}
		}
	}
	return classes
}
