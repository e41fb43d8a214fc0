package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Config describes a Hopfield layer, and the association of the layers made of it. Of the zero value only Input has to be given.
type Config struct {
	// Input is the width of the state patterns. Where they are static it is Hidden.
	Input int `json:"input,omitempty"`
	// Stored is the width of the stored patterns; 0 means Input. Where they are static it is Hidden.
	Stored int `json:"stored,omitempty"`
	// Projection is the width of what values are projected from; 0 means Stored. Where it is static it is Pattern.
	Projection int `json:"projection,omitempty"`
	// Hidden is the width of the association space of each head; 0 means Input/Heads, or the width of a static input.
	Hidden int `json:"hidden,omitempty"`
	// Pattern is the width of the values of each head; 0 means Hidden, or the width of a static projection.
	Pattern int `json:"pattern,omitempty"`
	// Output is the width of the output projection; 0 means Input.
	Output int `json:"output,omitempty"`
	// Heads is the number of associations side by side, each with its own space and β; 0 means 1.
	Heads int `json:"heads,omitempty"`

	// Beta is the inverse temperature β > 0 of all heads, Betas that of each; neither means 1/√Hidden, and 1 for retrieval, where
	// nothing is projected (see RetrievalConfig).
	Beta  float64   `json:"beta,omitempty"`
	Betas []float64 `json:"betas,omitempty"`
	// LearnBeta makes log β of each head a parameter that starts there.
	LearnBeta bool `json:"learn_beta,omitempty"`

	// Steps is how often states are updated before the association that is read out: 0 is attention.
	Steps int `json:"steps,omitempty"`
	// Tolerance > 0 ends the updates of a state, of each head by itself, once one has moved it by less, as a Euclidean distance.
	// With Steps 0 they go on until then, at most 10,000 times. 0 means that all Steps are taken.
	Tolerance float64 `json:"tolerance,omitempty"`
	// HeadSteps and HeadTolerances give each head its own in place of Steps and Tolerance. In HeadSteps 0 is no update, and −1 is
	// until the state settles.
	HeadSteps      []int     `json:"head_steps,omitempty"`
	HeadTolerances []float64 `json:"head_tolerances,omitempty"`
	// Implicit takes the gradient of the updates at their fixed point, in memory that does not grow with their number. It flows to
	// the stored patterns, to β and to a learned α, but not to the states: where they end does not depend on where they started. A
	// state that has not settled, or whose update is no contraction there, has the gradient of its last 100 updates instead. It wants
	// a Tolerance, and the dot product or the Euclidean similarity.
	Implicit bool `json:"implicit,omitempty"`

	// Separation makes weights of scores; the zero value is the softmax.
	Separation energy.Separation `json:"separation,omitzero"`
	// Similarity is what scores measure between states and stored patterns; the zero value is the dot product.
	Similarity energy.Similarity `json:"similarity,omitempty"`

	// StoredNorm, StateNorm and ProjectionNorm normalise the three inputs, each with parameters of its own; SpaceNorm normalises
	// projected states and stored patterns within each head, with one gain and bias for both and for all heads.
	StoredNorm     Norm `json:"stored_norm,omitempty"`
	StateNorm      Norm `json:"state_norm,omitempty"`
	ProjectionNorm Norm `json:"projection_norm,omitempty"`
	SpaceNorm      Norm `json:"space_norm,omitempty"`
	// The epsilons are added to the variances of the four; 0 means 1e-5.
	StoredEpsilon     float64 `json:"stored_epsilon,omitempty"`
	StateEpsilon      float64 `json:"state_epsilon,omitempty"`
	ProjectionEpsilon float64 `json:"projection_epsilon,omitempty"`
	SpaceEpsilon      float64 `json:"space_epsilon,omitempty"`

	// StoredStatic, StateStatic and ProjectionStatic leave a projection out: every head gets the input as it is.
	StoredStatic     bool `json:"stored_static,omitempty"`
	StateStatic      bool `json:"state_static,omitempty"`
	ProjectionStatic bool `json:"projection_static,omitempty"`
	// ProjectionConnected projects values like stored patterns first: V = (y W_stored + b_stored) W_value + b_value, or without
	// the second where ProjectionStatic.
	ProjectionConnected bool `json:"projection_connected,omitempty"`
	// NoBias leaves out the biases of all projections.
	NoBias bool `json:"no_bias,omitempty"`
	// BiasPattern puts a learned pattern, bias_stored with the value bias_value, at the end of every bag.
	BiasPattern bool `json:"bias_pattern,omitempty"`
	// NullPattern puts a pattern of zeros with the value zero at the end of every bag: something to associate nothing with.
	NullPattern bool `json:"null_pattern,omitempty"`
	// NoOutput leaves out the output projection: the output is the heads' values side by side, Heads·Pattern columns.
	NoOutput bool `json:"no_output,omitempty"`
	// Activation is a function of the output: relu, tanh, sigmoid, softplus, or none.
	Activation string `json:"activation,omitempty"`

	// Dropout is the probability with which a weight of the association that is read out is dropped, 0 ≤ p < 1.
	Dropout float64 `json:"dropout,omitempty"`
	// Seed of the initial weights and of dropout: together with the layer's name it fixes them.
	Seed uint64 `json:"seed,omitempty"`
	// InitDeviation is the standard deviation of the initial weights and patterns; 0 means 0.02.
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

// RetrievalConfig is the configuration of a layer that projects nothing: softmax(β R Yᵀ) Y of states R and stored patterns Y, after the
// given number of updates. It has no learned parameters and takes patterns of any width.
func RetrievalConfig(beta float64, steps int) Config {
	return Config{Beta: beta, Steps: steps, StoredStatic: true, StateStatic: true, ProjectionStatic: true, NoOutput: true}
}

// plan is a configuration with every default filled in. Widths are 0 where they are the inputs' to say.
type plan struct {
	Config
	retrieval  bool             // nothing is projected
	updates    *op.SettleConfig // nil for none
	activation activation
}

// resolve checks a configuration and fills in the defaults. dtype is that of the parameters.
func (c Config) resolve(dtype tensor.Dtype) (plan, error) {
	p := plan{Config: c}
	p.Heads = or(c.Heads, 1)
	if err := c.checkNumbers(); err != nil {
		return p, err
	}
	p.retrieval = c.StoredStatic && c.StateStatic && c.ProjectionStatic && c.NoOutput && !c.ProjectionConnected &&
		(c.SpaceNorm == DefaultNorm || c.SpaceNorm == NoNorm)
	if err := p.resolveWidths(); err != nil {
		return p, err
	}
	if err := p.resolveNorms(); err != nil {
		return p, err
	}
	if err := p.resolveBetas(dtype); err != nil {
		return p, err
	}
	if err := p.resolveUpdates(); err != nil {
		return p, err
	}
	if err := p.checkEffects(); err != nil {
		return p, err
	}
	p.activation = activations[c.Activation]
	return p, nil
}

// or returns x, or what stands for 0.
func or[T int | float64](x, zero T) T {
	if x == 0 {
		return zero
	}
	return x
}

// resolveWidths fills in the widths. Those of static inputs are tied to each other.
func (p *plan) resolveWidths() error {
	if p.NoOutput && p.Output != 0 {
		return fmt.Errorf("Output is %d, but NoOutput leaves the output projection out: %w", p.Output, energy.ErrConfig)
	}
	free := p.Input == 0 && p.Stored == 0 && p.Projection == 0 && p.Hidden == 0 && p.Pattern == 0
	if free && p.retrieval {
		return nil
	}
	switch {
	case p.Hidden != 0:
	case p.StateStatic && p.Input != 0:
		p.Hidden = p.Input
	case p.StoredStatic && p.Stored != 0:
		p.Hidden = p.Stored
	case p.Input != 0 && p.Input%p.Heads == 0:
		p.Hidden = p.Input / p.Heads
	case p.Input != 0:
		return fmt.Errorf("Input is %d and Heads %d: want a multiple, or Hidden: %w", p.Input, p.Heads, energy.ErrConfig)
	default:
		return fmt.Errorf("Input is 0, want the width of the state patterns: %w", energy.ErrConfig)
	}
	if p.StateStatic {
		if err := tie("Input", &p.Input, "StateStatic and Hidden", p.Hidden); err != nil {
			return err
		}
	}
	if p.Input == 0 {
		return fmt.Errorf("Input is 0, want the width of the state patterns: %w", energy.ErrConfig)
	}
	if p.StoredStatic {
		if err := tie("Stored", &p.Stored, "StoredStatic and Hidden", p.Hidden); err != nil {
			return err
		}
	}
	p.Stored = or(p.Stored, p.Input)
	if p.ProjectionStatic && !p.ProjectionConnected {
		p.Projection = or(p.Projection, p.Pattern)
	}
	p.Projection = or(p.Projection, p.Stored)
	switch {
	case p.ProjectionConnected && p.Projection != p.Stored:
		return fmt.Errorf("Projection is %d, want that of Stored, %d, whose projection it is connected with: %w", p.Projection, p.Stored, energy.ErrConfig)
	case p.ProjectionConnected && p.ProjectionStatic:
		if err := tie("Pattern", &p.Pattern, "ProjectionConnected, ProjectionStatic and Hidden", p.Hidden); err != nil {
			return err
		}
	case p.ProjectionStatic:
		if err := tie("Pattern", &p.Pattern, "ProjectionStatic and Projection", p.Projection); err != nil {
			return err
		}
	}
	p.Pattern = or(p.Pattern, p.Hidden)
	if int64(p.Heads)*int64(p.Hidden) > maxSize || int64(p.Heads)*int64(p.Pattern) > maxSize {
		return fmt.Errorf("%d heads of widths %d and %d, want at most 2^30 columns: %w", p.Heads, p.Hidden, p.Pattern, energy.ErrConfig)
	}
	if p.NoOutput {
		p.Output = p.Heads * p.Pattern
	}
	p.Output = or(p.Output, p.Input)
	return nil
}

// tie gives a width that follows from another, and refuses a different one.
func tie(name string, width *int, from string, want int) error {
	if *width != 0 && *width != want {
		return fmt.Errorf("%s is %d, but from %s it follows that it is %d: %w", name, *width, from, want, energy.ErrConfig)
	}
	*width = want
	return nil
}

// resolveNorms fills in what DefaultNorm means.
func (p *plan) resolveNorms() error {
	for _, n := range []struct {
		name    string
		norm    *Norm
		epsilon *float64
		byItself,
		sized bool
	}{
		{"Stored", &p.StoredNorm, &p.StoredEpsilon, !p.StoredStatic, p.Stored != 0},
		{"State", &p.StateNorm, &p.StateEpsilon, !p.StateStatic, p.Input != 0},
		{"Projection", &p.ProjectionNorm, &p.ProjectionEpsilon, !p.ProjectionStatic || p.ProjectionConnected, p.Projection != 0},
		{"Space", &p.SpaceNorm, &p.SpaceEpsilon, false, p.Hidden != 0},
	} {
		switch {
		case *n.norm < 0 || *n.norm > AffineNorm:
			return fmt.Errorf("%sNorm is %v, want one of %v: %w", n.name, *n.norm, norms, energy.ErrConfig)
		case *n.norm == DefaultNorm && n.byItself:
			*n.norm = AffineNorm
		case *n.norm == DefaultNorm:
			*n.norm = NoNorm
		case *n.norm == AffineNorm && !n.sized:
			return fmt.Errorf("%sNorm is affine, which needs its width; Input is 0: %w", n.name, energy.ErrConfig)
		}
		if *n.norm == NoNorm && *n.epsilon != 0 {
			return fmt.Errorf("%sEpsilon is %g, but nothing is normalised there: %w", n.name, *n.epsilon, energy.ErrConfig)
		}
		*n.epsilon = or(*n.epsilon, 1e-5)
	}
	return nil
}

// resolveBetas checks the inverse temperatures and fills in the default.
func (p *plan) resolveBetas(dtype tensor.Dtype) error {
	if p.Betas != nil && (len(p.Betas) != p.Heads || p.Beta != 0) {
		return fmt.Errorf("Betas are %d and Beta is %g, want one of each of the %d heads, or Beta alone: %w", len(p.Betas), p.Beta, p.Heads, energy.ErrConfig)
	}
	betas := p.Betas
	if betas == nil {
		if p.Beta == 0 {
			p.Beta = 1
			if !p.retrieval {
				p.Beta = 1 / math.Sqrt(float64(p.Hidden))
			}
		}
		betas = []float64{p.Beta}
	}
	for h, beta := range betas {
		if dtype == tensor.Float32 {
			beta = float64(float32(beta))
		}
		if !(beta > 0) || math.IsInf(beta, 0) {
			return fmt.Errorf("Beta of head %d is %g, want a positive %v: %w", h, betas[h], dtype, energy.ErrConfig)
		}
	}
	return nil
}

// beta is the initial inverse temperature of a head.
func (p *plan) beta(h int) float64 {
	if p.Betas != nil {
		return p.Betas[h]
	}
	return p.Beta
}
