package training

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Defaults of Adam and AdamW, those of the paper.
const (
	defaultBeta1   = 0.9
	defaultBeta2   = 0.999
	defaultEpsilon = 1e-8
)

// Adam is adaptive moment estimation. At step t, counted from 1, with η the rate and g the gradient:
//
//	m ← β₁ m + (1−β₁) g          m̂ = m / (1−β₁ᵗ)
//	v ← β₂ v + (1−β₂) g²         v̂ = v / (1−β₂ᵗ)
//	w ← w − η m̂ / (√v̂ + ε)
//
// Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
type Adam struct {
	Rate    float64 // η, positive; 0 is an error (the paper suggests 0.001)
	Beta1   float64 // β₁ in (0, 1); 0 means 0.9
	Beta2   float64 // β₂ in (0, 1); 0 means 0.999
	Epsilon float64 // ε, positive; 0 means 1e-8
}

// AdamW is Adam with decoupled weight decay: the last line becomes
//
//	w ← w − η ( m̂ / (√v̂ + ε) + λ w )
//
// for parameters of rank 2 or more, the weights; biases and other vectors do not decay. The decay does not enter the
// moments, which is what tells it from an L2 penalty in the cost.
//
// Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2. There λ is scaled
// by the schedule only; here, as in most programs, by the whole rate: λ of the paper is η λ here.
type AdamW struct {
	Rate    float64 // η, positive; 0 is an error
	Beta1   float64 // β₁ in (0, 1); 0 means 0.9
	Beta2   float64 // β₂ in (0, 1); 0 means 0.999
	Epsilon float64 // ε, positive; 0 means 1e-8
	Decay   float64 // λ, positive; 0 is an error: without decay it is Adam
}

var (
	_ Solver = Adam{}
	_ Solver = AdamW{}
)

// Name is "Adam".
func (c Adam) Name() string { return "Adam" }

// New makes the Stepper. Its state is two arrays a parameter: the first moment m, then the second, v.
func (c Adam) New() (*Stepper, error) { return newAdam("Adam", c, 0) }

// Name is "AdamW".
func (c AdamW) Name() string { return "AdamW" }

// New makes the Stepper. Its state is two arrays a parameter: the first moment m, then the second, v.
func (c AdamW) New() (*Stepper, error) {
	if !(c.Decay > 0) || math.IsInf(c.Decay, 1) {
		return nil, fmt.Errorf("training: AdamW: Decay is %v, want a finite positive number (Adam has no decay): %w", c.Decay, energy.ErrConfig)
	}
	return newAdam("AdamW", Adam{Rate: c.Rate, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon}, c.Decay)
}

func newAdam(name string, c Adam, decay float64) (*Stepper, error) {
	if err := checkRate(name, c.Rate); err != nil {
		return nil, err
	}
	if c.Beta1 == 0 {
		c.Beta1 = defaultBeta1
	}
	if c.Beta2 == 0 {
		c.Beta2 = defaultBeta2
	}
	if c.Epsilon == 0 {
		c.Epsilon = defaultEpsilon
	}
	switch {
	case !(c.Beta1 > 0 && c.Beta1 < 1):
		return nil, fmt.Errorf("training: %s: Beta1 is %v, want 0 < Beta1 < 1, or 0 for %v: %w", name, c.Beta1, defaultBeta1, energy.ErrConfig)
	case !(c.Beta2 > 0 && c.Beta2 < 1):
		return nil, fmt.Errorf("training: %s: Beta2 is %v, want 0 < Beta2 < 1, or 0 for %v: %w", name, c.Beta2, defaultBeta2, energy.ErrConfig)
	case !(c.Epsilon > 0) || math.IsInf(c.Epsilon, 1):
		return nil, fmt.Errorf("training: %s: Epsilon is %v, want a finite positive number, or 0 for %v: %w", name, c.Epsilon, defaultEpsilon, energy.ErrConfig)
	}
	return newStepper(name, &adam{beta1: c.Beta1, beta2: c.Beta2, epsilon: c.Epsilon, decay: decay}, c.Rate), nil
}

// adam is the rule of Adam (decay 0) and AdamW.
type adam struct {
	beta1, beta2, epsilon, decay float64

	rate  float64 // η / (1−β₁ᵗ): m̂'s correction, moved into the rate
	scale float64 // 1 / √(1−β₂ᵗ): √v̂ = scale √v
	keep  float64 // 1 − η λ
}

func (r *adam) arrays() int { return 2 }

func (r *adam) begin(step uint64, rate, _ float64) {
	t := float64(step)
	r.rate = rate / (1 - math.Pow(r.beta1, t))
	r.scale = 1 / math.Sqrt(1-math.Pow(r.beta2, t))
	r.keep = 1 - rate*r.decay
}

func (r *adam) update32(s span[float32]) { adapt(r, s) }
func (r *adam) update64(s span[float64]) { adapt(r, s) }

func adapt[T kernel.Float](r *adam, s span[T]) {
	keep := T(1)
	if s.matrix {
		keep = T(r.keep)
	}
	kernel.Adam(s.w, s.a, s.b, s.g, kernel.AdamStep[T]{
		Beta1: T(r.beta1), Beta2: T(r.beta2),
		Gain1: T(1 - r.beta1), Gain2: T(1 - r.beta2), // taken in float64: in float32 1−0.999 is off by 5e-5 of itself
		Rate: T(r.rate), Scale: T(r.scale), Epsilon: T(r.epsilon), Keep: keep,
	})
}
