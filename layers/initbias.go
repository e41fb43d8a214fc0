package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// InitBias sets b so that with zero weights the visible units have the means of the data (Hinton 2010, section 8.1), and in
// a centered machine μ to those means. Means nearer to the end of a range than 0.001 of its width, or than 0.001 to the end
// of a half line, are taken as that near. Values move.
// Errors, which leave the machine as it was: what Visible().Check says of the data, ErrDtype if it is not of the machine's
// dtype, ErrNotFinite if a bias overflows.
func (r *RBM) InitBias(data *tensor.Dense) error {
	if err := r.Visible().Check(data); err != nil {
		return fmt.Errorf("layers: RBM %q: InitBias: %w", r.name, err)
	}
	if data.Dtype() != r.Dtype() {
		return fmt.Errorf("layers: RBM %q: InitBias: data of %v, want %v: %w", r.name, data.Dtype(), r.Dtype(), energy.ErrDtype)
	}
	if r.Dtype() == tensor.Float32 {
		return initBias[float32](r, data)
	}
	return initBias[float64](r, data)
}

func initBias[T kernel.Float](r *RBM, data *tensor.Dense) error {
	n := r.Visible().Len()
	rows := len(data.Data().([]T)) / n
	means := make([]float64, n)
	for i, x := range data.Data().([]T) {
		means[i%n] += float64(x) / float64(rows)
	}
	mean, b := make([]T, n), make([]T, n)
	for j := range mean {
		mean[j] = T(means[j])
	}
	units.In[T](r.Visible().Kind()).Inverse(b, mean, dataOf[T](r.visibleVariance))
	if lambda := dataOf[T](r.hiddenOffset); lambda != nil {
		for i := range b { // b is the plain bias plus Wλ
			b[i] += T(kernel.Dot(r.w.data.([]T)[i*len(lambda):(i+1)*len(lambda)], lambda))
		}
	}
	if !kernel.AllFinite(b) { // a tiny variance can overflow
		return fmt.Errorf("layers: RBM %q: InitBias: a bias: %w", r.name, energy.ErrNotFinite)
	}
	copy(r.b.data.([]T), b)
	copy(dataOf[T](r.visibleOffset), mean)
	return nil
}
