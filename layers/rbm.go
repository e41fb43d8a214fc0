package layers

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// RBMConfig describes an RBM. Visible and Hidden must be given.
type RBMConfig struct {
	Visible energy.Units `json:"visible"`
	Hidden  energy.Units `json:"hidden"`

	// Seed of the initial weights: together with the layer's name it fixes them.
	Seed uint64 `json:"seed"`
	// InitDeviation is the standard deviation of the initial weights; 0 means 0.01 (Hinton 2010, section 8).
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Centered gives the machine offsets μ and λ (energy.RBM) that start at 0 and are moved by training: the centered gradient.
	Centered bool `json:"centered,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

// RBM is a restricted Boltzmann machine, or harmonium: two sides of units of any families, coupled by W.
//
//	E(v,h) = U(v) + U(h) − bᵀ(v−μ) − cᵀ(h−λ) − (v−μ)ᵀW(h−λ)        p(v) ∝ exp(−F(v))
//
// As a layer it is the conditional mean of its hidden units, differentiable in its input and in W, c, μ and the variances.
// Parameters: W (visible, hidden), b (visible), c (hidden); where there are any, visible_log_variance and
// hidden_log_variance; where Centered, visible_offset μ and hidden_offset λ, which are not learned by gradient.
//
// An RBM is safe for concurrent reading (graphs that only run); not while a solver steps.
type RBM struct {
	name   string
	config RBMConfig

	w, b, c                         *Param
	visibleVariance, hiddenVariance *Param // nil for variance 1
	visibleOffset, hiddenOffset     *Param // nil unless Centered

	moves any // scratch of MoveOffsets
}

// NewRBM makes an RBM with small random weights and zero biases. Weights between a Poisson unit and a Poisson or ReLU unit start
// negative, as they must be for Z to be finite; training does not keep them so, and Normalisable tells. Errors: ErrConfig, also for Poisson
// units opposite Gaussian ones, which no coupling but 0 leaves a distribution; ErrDtype.
func NewRBM(name string, config RBMConfig) (*RBM, error) { return newRBM(name, config, nil) }

func newRBM(name string, config RBMConfig, file *modelfile.File) (*RBM, error) {
	m := NewMaker("layers: RBM", name, config.Dtype, file)
	if m.err != nil {
		return nil, m.err
	}
	if err := config.Visible.Validate(); err != nil {
		return nil, fmt.Errorf("layers: RBM %q: Visible: %w", name, err)
	}
	if err := config.Hidden.Validate(); err != nil {
		return nil, fmt.Errorf("layers: RBM %q: Hidden: %w", name, err)
	}
	if err := couplable(config.Visible, config.Hidden); err != nil {
		return nil, fmt.Errorf("layers: RBM %q: %w", name, err)
	}
	deviation := config.InitDeviation
	switch {
	case math.IsNaN(deviation) || math.IsInf(deviation, 0) || deviation < 0:
		return nil, fmt.Errorf("layers: RBM %q: InitDeviation is %g, want a positive number, or 0 for 0.01: %w", name, deviation, energy.ErrConfig)
	case deviation == 0:
		deviation = 0.01
	}
	config.Dtype = m.dtype
	r := &RBM{name: name, config: config}
	nv, nh := config.Visible.Len(), config.Hidden.Len()
	r.w = m.Param("W", true, startSigns(config.Visible, config.Hidden, m.Normal(config.Seed, "W", deviation, nv*nh)), nv, nh)
	r.b = m.Param("b", true, nil, nv)
	r.c = m.Param("c", true, nil, nh)
	r.visibleVariance = m.variance("visible_log_variance", config.Visible)
	r.hiddenVariance = m.variance("hidden_log_variance", config.Hidden)
	if config.Centered {
		r.visibleOffset = m.Param("visible_offset", false, nil, nv)
		r.hiddenOffset = m.Param("hidden_offset", false, nil, nh)
	}
	if m.err != nil {
		return nil, fmt.Errorf("layers: RBM %q: %w", name, m.err)
	}
	return r, nil
}

func (m *Maker) variance(name string, u energy.Units) *Param {
	if m.err != nil {
		return nil // the sizes of a file's configuration are believed only once W, b and c have been found to have them
	}
	initial, learned := u.LogVariance()
	if initial == nil {
		return nil
	}
	return m.Param(name, learned, func(i int) float64 { return initial[i] }, u.Len())
}

// Name returns the layer's name.
func (r *RBM) Name() string { return r.name }

// Config returns the configuration, with defaults filled in for the dtype.
func (r *RBM) Config() RBMConfig { return r.config }

// Visible and Hidden describe the two sides.
func (r *RBM) Visible() energy.Units { return r.config.Visible }

// Hidden describes the hidden side.
func (r *RBM) Hidden() energy.Units { return r.config.Hidden }

// Dtype is the dtype of the parameters, and so of every graph that the layer can be in.
func (r *RBM) Dtype() tensor.Dtype { return r.config.Dtype }

// Params lists W, b, c and, where there are any, the log-variances and the offsets.
func (r *RBM) Params() []*Param {
	var all []*Param
	for _, p := range []*Param{r.w, r.b, r.c, r.visibleVariance, r.hiddenVariance, r.visibleOffset, r.hiddenOffset} {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// Param returns the parameter of a short name ("W", "b", …), or nil.
func (r *RBM) Param(name string) *Param {
	for _, p := range r.Params() {
		if p.name == r.name+"."+name {
			return p
		}
	}
	return nil
}

// Bind returns the energy of the machine over its parameter nodes in g: a graph-level view with every term of the energy.
func (r *RBM) Bind(g *G.ExprGraph) (energy.RBM, error) {
	e := energy.RBM{Name: fmt.Sprintf("layers: RBM %q", r.name), Visible: r.config.Visible, Hidden: r.config.Hidden}
	for _, bind := range []struct {
		param *Param
		node  **G.Node
	}{
		{r.w, &e.W}, {r.b, &e.B}, {r.c, &e.C},
		{r.visibleVariance, &e.VisibleLogVariance}, {r.hiddenVariance, &e.HiddenLogVariance},
		{r.visibleOffset, &e.VisibleOffset}, {r.hiddenOffset, &e.HiddenOffset},
	} {
		if bind.param == nil {
			continue
		}
		var err error
		if *bind.node, err = bind.param.Node(g); err != nil {
			return e, err
		}
	}
	return e, nil
}

func (r *RBM) on(what string, build func(e energy.RBM) (*G.Node, error), nodes ...*G.Node) (*G.Node, error) {
	g, err := graphOf(nodes...)
	if err != nil {
		return nil, fmt.Errorf("layers: RBM %q: %s: %w", r.name, what, err)
	}
	e, err := r.Bind(g)
	if err != nil {
		return nil, err
	}
	return build(e)
}

// Forward builds E[h|v]: v (B, visible) gives (B, hidden). Gradient flows to v, W, c, μ and the hidden log-variance.
// Errors: ErrShape, ErrDtype. Cost: one (B×visible)·(visible×hidden) product.
func (r *RBM) Forward(v *G.Node) (*G.Node, error) {
	return r.on("Forward", func(e energy.RBM) (*G.Node, error) {
		e.Name += ": Forward"
		return e.HiddenMean(v)
	}, v)
}

// Backward builds E[v|h]: h (B, hidden) gives (B, visible). Gradient flows to h, W, b, λ and the visible log-variance.
func (r *RBM) Backward(h *G.Node) (*G.Node, error) {
	return r.on("Backward", func(e energy.RBM) (*G.Node, error) {
		e.Name += ": Backward"
		return e.VisibleMean(h)
	}, h)
}

// Energy builds E(v,h): (B, visible) and (B, hidden) give (B), nats.
func (r *RBM) Energy(v, h *G.Node) (*G.Node, error) {
	return r.on("Energy", func(e energy.RBM) (*G.Node, error) { return e.Energy(v, h) }, v, h)
}

// FreeEnergy builds F(v) with p(v) ∝ exp(−F(v)): (B, visible) gives (B), nats. It shares its matrix product with Forward of
// the same node.
func (r *RBM) FreeEnergy(v *G.Node) (*G.Node, error) {
	return r.on("FreeEnergy", func(e energy.RBM) (*G.Node, error) { return e.FreeEnergy(v) }, v)
}

// HiddenFreeEnergy builds F(h) with p(h) ∝ exp(−F(h)): (B, hidden) gives (B), nats.
func (r *RBM) HiddenFreeEnergy(h *G.Node) (*G.Node, error) {
	return r.on("HiddenFreeEnergy", func(e energy.RBM) (*G.Node, error) { return e.HiddenFreeEnergy(h) }, h)
}

// ContrastiveCost builds mean F(positive) − mean F(negative), a scalar in nats, to be added to any other cost: data and
// model samples, (B, visible) and (B', visible). negative is an input node. See energy.ContrastiveCost.
func (r *RBM) ContrastiveCost(positive, negative *G.Node) (*G.Node, error) {
	return r.on("ContrastiveCost", func(e energy.RBM) (*G.Node, error) {
		e.Name += ": ContrastiveCost"
		plus, err := e.FreeEnergy(positive)
		if err != nil {
			return nil, err
		}
		minus, err := e.FreeEnergy(negative)
		if err != nil {
			return nil, err
		}
		return energy.ContrastiveCost(plus, minus)
	}, positive, negative)
}

// Save writes the machine to a file; Load and LoadRBM read it. See Save.
func (r *RBM) Save(path string) error { return Save(path, r) }

// LoadRBM reads a file that holds an RBM.
func LoadRBM(path string) (*RBM, error) {
	l, err := Load(path)
	if err != nil {
		return nil, err
	}
	r, ok := l.(*RBM)
	if !ok {
		return nil, fmt.Errorf("layers: %s: holds a %T, want an RBM: %w", path, l, energy.ErrConfig)
	}
	return r, nil
}

// Spec describes the machine for a file.
func (r *RBM) Spec() (kind string, config any) {
	return "rbm", Typed[RBMConfig]{r.config, r.config.Dtype}
}
