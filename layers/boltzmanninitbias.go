package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// InitBias sets the visible part of b so that with zero weights the visible units have the means of the data, as RBM.InitBias does. Values move. Errors, which leave
// the machine as it was: what Visible().Check says of the data, ErrDtype if it is not of the machine's dtype, ErrNotFinite if a bias overflows.
func (bm *Boltzmann) InitBias(data *tensor.Dense) error {
	err := bm.config.Visible.Check(data)
	if err == nil && data.Dtype() != bm.Dtype() {
		err = fmt.Errorf("data of %v, want %v: %w", data.Dtype(), bm.Dtype(), energy.ErrDtype)
	}
	switch {
	case err != nil:
	case bm.Dtype() == tensor.Float32:
		err = initVisibleBias[float32](bm, data.Float32s())
	default:
		err = initVisibleBias[float64](bm, data.Float64s())
	}
	if err != nil {
		return fmt.Errorf("layers: Boltzmann %q: InitBias: %w", bm.name, err)
	}
	return nil
}

func initVisibleBias[T kernel.Float](bm *Boltzmann, data []T) error {
	n := bm.config.Visible.Len()
	means := make([]float64, n)
	for i, x := range data {
		means[i%n] += float64(x) / float64(len(data)/n)
	}
	mean, b := make([]T, n), make([]T, n)
	kernel.Convert(mean, means)
	logVariance := dataOf[T](bm.logVariance)
	if logVariance != nil {
		logVariance = logVariance[:n]
	}
	units.In[T](bm.config.Visible.Kind()).Inverse(b, mean, logVariance)
	if !kernel.AllFinite(b) { // a tiny variance can overflow
		return fmt.Errorf("a bias: %w", energy.ErrNotFinite)
	}
	copy(bm.b.data.([]T), b)
	return nil
}
