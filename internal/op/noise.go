package op

import (
	"fmt"
	"sync/atomic"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Noise is the source of the random draws of one layer: a stream and the step that it stands at. Every graph that the
// layer is in reads the same step, so two machines that run the same step draw alike, and a run draws the same numbers in
// its forward and its backward ops.
type Noise struct {
	stream rng.Stream
	step   atomic.Uint64
	id     uint64
}

var noises atomic.Uint64

// NewNoise returns the noise of a seed and a purpose, at step 0.
func NewNoise(seed uint64, purpose string) *Noise {
	return &Noise{stream: rng.New(seed, purpose), id: noises.Add(1)}
}

// SetStep moves to a step. It must not be called while a machine runs.
func (n *Noise) SetStep(step uint64) { n.step.Store(step) }

func uniforms[T kernel.Float](n *Noise, row int, dst []T) {
	rng.Uniform(n.stream.Row(row, n.step.Load()), dst)
}

// noisy is a fused op that draws random numbers while a machine trains, and runs its quiet kernels under gorgonia.EvalMode.
// A machine sets the mode of a graph's ops when it is made, so a training and an evaluating machine want a graph each.
type noisy struct {
	fused
	train3, quiet3 kernelFunc[float32]
	train6, quiet6 kernelFunc[float64]
}

var _ G.TrainModeOp = (*noisy)(nil)

// SetTraining satisfies gorgonia.TrainModeOp.
func (o *noisy) SetTraining(training bool) error {
	o.f32, o.f64 = o.quiet3, o.quiet6
	if training {
		o.f32, o.f64 = o.train3, o.train6
	}
	return nil
}

func (n *Noise) op(name string, train3 kernelFunc[float32], train6 kernelFunc[float64]) *noisy {
	o := &noisy{
		fused: fused{
			name:  fmt.Sprintf("%s/%d", name, n.id),
			ranks: []int{2}, rank: 2, wrt: []bool{true}, shape: sameShape, grain: costly,
		},
		train3: train3, quiet3: padColumns[float32](0),
		train6: train6, quiet6: padColumns[float64](0),
	}
	o.f32, o.f64 = train3, train6
	return o
}

// Dropout builds x_ij·m_ij/(1 − p) with a mask m that is 0 with probability p: (B, n) gives (B, n). Under
// gorgonia.EvalMode it is a copy of x. The gradient goes through the same mask.
//
// Reference: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).
func Dropout(x *G.Node, p float64, noise *Noise) (*G.Node, error) {
	o := noise.op(fmt.Sprintf("Dropout(%g)", p), dropout[float32](p, noise), dropout[float64](p, noise))
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := Dropout(g, p, noise)
		return G.Nodes{dx}, err
	}
	return o.applyAs(o, G.Nodes{x})
}

func dropout[T kernel.Float](p float64, noise *Noise) kernelFunc[T] {
	factor := T(1 / (1 - p))
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			d := dst.row(i)
			uniforms(noise, i, d)
			kernel.Drop(d, in[0].row(i), d, T(p), factor) // NaN where x is not finite, also under the mask
		}
	}
}

// Bernoulli builds draws of {0, 1} with the probabilities p: (B, n) gives (B, n). The gradient passes straight through, as
// if the draw were p itself: a biased estimate with little variance. Under gorgonia.EvalMode it is a copy of p.
//
// Reference: Y. Bengio, N. Léonard, A. Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
// Conditional Computation", arXiv:1308.3432, section 4.
func Bernoulli(p *G.Node, noise *Noise) (*G.Node, error) {
	o := noise.op("Bernoulli", bernoulli[float32](noise), bernoulli[float64](noise))
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dp, err := Combine([]float64{1}, g)
		return G.Nodes{dp}, err
	}
	return o.applyAs(o, G.Nodes{p})
}

func bernoulli[T kernel.Float](noise *Noise) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			d := dst.row(i)
			uniforms(noise, i, d)
			kernel.Below(d, d, in[0].row(i))
		}
	}
}
