package modernhopfield

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// DenseClassifierConfig describes a DenseClassifier.
type DenseClassifierConfig struct {
	Inputs   int `json:"inputs"`   // columns of the input, at least 1
	Classes  int `json:"classes"`  // columns of the output, at least 1
	Memories int `json:"memories"` // stored patterns, each with its votes for the classes, at least 1

	// Interaction is F, a power or a rectified power. The zero value means energy.RectifiedPower(2), with which the memories are
	// rectified linear units.
	Interaction energy.Interaction `json:"interaction"`
	// Temperature is T, the overlap from which on a memory counts; 0 means √Inputs/2. The larger the degree, the larger it has to be:
	// one at which (Inputs/T)^(n−1) could leave the dtype is refused.
	Temperature float64 `json:"temperature,omitempty"`

	// Seed of the initial memories and votes: together with the layer's name it fixes them.
	Seed uint64 `json:"seed"`
	// InitDeviation is the standard deviation of the initial memories, which are clipped to [−1, 1]; 0 means 0.3, the source's. That of
	// the votes is 0.05. For large degrees see Imprint.
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

// DenseClassifier is a dense associative memory asked for the label that completes an input, in one update, as a differentiable layer:
//
//	c_α = tanh[(2/Tⁿ) Σ_μ ζ_μα F'(ξ_μ·x)],   F'(h) = n h₊^(n−1)
//
// with parameters memories ξ (Memories, Inputs) and labels ζ (Memories, Classes), the two parts of a stored pattern. It is the first
// order in ζ of the energy difference between c_α on and off, with all label units at 0 before: the duality by which a dense memory is
// a network of one hidden layer with activation F'. Inputs, and memories too if training clips them (training.Box with Bound 1, as the
// source does), lie in [−1, 1]; then nothing overflows.
//
// Source: D. Krotov, J. J. Hopfield, "Dense Associative Memory for Pattern Recognition", NIPS 2016, sections 4 and 5, with β = 1/Tⁿ.
type DenseClassifier struct {
	name             string
	config           DenseClassifierConfig
	memories, labels *layers.Param
}

// initialVote is the standard deviation of the initial votes: small, so that no output is saturated at the start.
const initialVote = 0.05

const denseClassifierKind = "modernhopfield: DenseClassifier"

func init() {
	layers.Register("dense_classifier", layers.DecoderOf(func(name string, c DenseClassifierConfig, dtype tensor.Dtype, file *modelfile.File) (layers.Layer, error) {
		c.Dtype = dtype
		return newDenseClassifier(name, c, file)
	}))
}

// NewDenseClassifier makes a classifier of random memories. Errors: ErrConfig, ErrDtype.
func NewDenseClassifier(name string, config DenseClassifierConfig) (*DenseClassifier, error) {
	return newDenseClassifier(name, config, nil)
}

func newDenseClassifier(name string, c DenseClassifierConfig, file *modelfile.File) (*DenseClassifier, error) {
	m := layers.NewMaker(denseClassifierKind, name, c.Dtype, file)
	if m.Err() != nil {
		return nil, m.Err()
	}
	c.Dtype = m.Dtype()
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("%s %q: %w", denseClassifierKind, name, err)
	}
	l := &DenseClassifier{name: name, config: c}
	z := m.Normal(c.Seed, "memories", c.InitDeviation, c.Memories*c.Inputs)
	l.memories = m.Param("memories", true, func(i int) float64 { return min(max(z(i), -1), 1) }, c.Memories, c.Inputs)
	l.labels = m.Param("labels", true, m.Normal(c.Seed, "labels", initialVote, c.Memories*c.Classes), c.Memories, c.Classes)
	if err := m.Err(); err != nil {
		return nil, fmt.Errorf("%s %q: %w", denseClassifierKind, name, err)
	}
	return l, nil
}

// complete fills in defaults and validates.
func (c *DenseClassifierConfig) complete() error {
	const most = 1 << 30 // so that no product of two sizes overflows
	for _, size := range []int{c.Inputs, c.Classes, c.Memories} {
		if size < 1 || size > most {
			return fmt.Errorf("Inputs is %d, Classes %d and Memories %d, want 1 to 2^30: %w", c.Inputs, c.Classes, c.Memories, energy.ErrConfig)
		}
	}
	if c.Interaction == (energy.Interaction{}) {
		c.Interaction = energy.RectifiedPower(2)
	}
	if c.Temperature == 0 {
		c.Temperature = math.Sqrt(float64(c.Inputs)) / 2
	}
	if c.InitDeviation == 0 {
		c.InitDeviation = 0.3
	}
	if err := c.Interaction.Validate(); err != nil {
		return err
	}
	finite := !math.IsInf(c.Temperature+c.InitDeviation, 0)
	switch {
	case c.Interaction.Exponential():
		return fmt.Errorf("Interaction is %v, want Power or RectifiedPower: an exponential leaves every dtype: %w", c.Interaction, energy.ErrConfig)
	case !(c.Temperature > 0) || !(c.InitDeviation > 0) || !finite:
		return fmt.Errorf("Temperature is %g and InitDeviation %g, want positive numbers, or 0 for the defaults: %w", c.Temperature, c.InitDeviation, energy.ErrConfig)
	}
	limit := math.Sqrt(math.MaxFloat32) // of the largest output; a gradient multiplies two such numbers
	if c.Dtype == tensor.Float64 {
		limit = math.Sqrt(math.MaxFloat64)
	}
	if largest := float64(c.Memories) * c.gain() * math.Pow(float64(c.Inputs)/c.Temperature, float64(c.Interaction.Degree()-1)); !(largest < limit) {
		return fmt.Errorf("with Temperature %g the votes under %v may reach %.1g, want below %.1g in %v: raise Temperature: %w",
			c.Temperature, c.Interaction, largest, limit, c.Dtype, energy.ErrConfig)
	}
	return nil
}

// gain is what multiplies the votes ζ (h/T)^(n−1).
func (c *DenseClassifierConfig) gain() float64 {
	return 2 * float64(c.Interaction.Degree()) / c.Temperature
}

// Name returns the layer's name.
func (l *DenseClassifier) Name() string { return l.name }

// Params lists memories and labels.
func (l *DenseClassifier) Params() []*layers.Param { return []*layers.Param{l.memories, l.labels} }

// Memories returns ξ, (Memories, Inputs).
func (l *DenseClassifier) Memories() *layers.Param { return l.memories }

// Labels returns ζ, (Memories, Classes).
func (l *DenseClassifier) Labels() *layers.Param { return l.labels }

// Config returns the configuration with its defaults filled in.
func (l *DenseClassifier) Config() DenseClassifierConfig { return l.config }

// Forward builds c: (B, Inputs) gives (B, Classes) in (−1, 1). Gradient flows to x, memories and labels. Errors: ErrShape, ErrDtype.
// Cost: two products, (B×Inputs)·(Inputs×Memories) and (B×Memories)·(Memories×Classes).
func (l *DenseClassifier) Forward(x *G.Node) (*G.Node, error) {
	votes, err := l.Votes(x)
	if err != nil {
		return nil, err
	}
	return op.Tanh(votes)
}

// Votes builds what Forward takes the hyperbolic tangent of: logits.
func (l *DenseClassifier) Votes(x *G.Node) (*G.Node, error) {
	fail := func(err error) (*G.Node, error) {
		return nil, fmt.Errorf("%s %q: Forward: %w", denseClassifierKind, l.name, err)
	}
	if x == nil || x.Dims() != 2 || x.Shape()[1] != l.config.Inputs {
		shape := tensor.Shape{}
		if x != nil {
			shape = x.Shape()
		}
		return fail(fmt.Errorf("input has shape %v, want (batch, %d): %w", shape, l.config.Inputs, energy.ErrShape))
	}
	memories, err := l.memories.Node(x.Graph())
	if err != nil {
		return fail(err)
	}
	labels, err := l.labels.Node(x.Graph())
	if err != nil {
		return fail(err)
	}
	votes, err := l.votes(x, memories, labels)
	if err != nil {
		return fail(err)
	}
	return votes, nil
}

func (l *DenseClassifier) votes(x, memories, labels *G.Node) (*G.Node, error) {
	overlaps, err := op.Gemm(x, memories, false, true)
	if err != nil {
		return nil, err
	}
	active, err := op.Power(overlaps, op.Exponent{
		N: l.config.Interaction.Degree() - 1, Rectified: l.config.Interaction.Rectified(), Scale: 1 / l.config.Temperature, Factor: l.config.gain(),
	})
	if err != nil {
		return nil, err
	}
	return op.Gemm(active, labels, false, false)
}

// Spec describes the layer for a file.
func (l *DenseClassifier) Spec() (kind string, config any) {
	return "dense_classifier", layers.Typed[DenseClassifierConfig]{Config: l.config, Dtype: l.config.Dtype}
}

// DenseCost returns the cost of each row Σ_α ((c_α − t_α)/2)^2m, the source's divided by 4^m, for outputs c in [−1, 1] and targets
// t = ±1 that are given as 1 and 0, such as training.OneHot makes. A large m looks at the worst outputs alone. m is at least 1, else
// the cost is an ErrConfig.
//
// Source: D. Krotov, J. J. Hopfield, NIPS 2016, appendix A.
func DenseCost(m int) training.RowCost {
	return func(outputs, targets *G.Node) (*G.Node, error) {
		if m < 1 {
			return nil, fmt.Errorf("modernhopfield: DenseCost: m is %d, want at least 1: %w", m, energy.ErrConfig)
		}
		n, err := op.PowerError(outputs, targets, m)
		if err != nil {
			return nil, fmt.Errorf("modernhopfield: DenseCost: %w", err)
		}
		return n, nil
	}
}
