package modernhopfield

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// MostSteps is how many updates Retrieve makes at most where Steps is 0.
const MostSteps = 1000

// MemoryConfig is the settings of a Memory.
type MemoryConfig struct {
	// Beta is the inverse temperature β: the larger, the more a state prefers its best match. 0 means 1/√d, as in attention.
	Beta float64
	// Separation makes weights of the scores. The zero value is the softmax. An α that is learned is an error.
	Separation energy.Separation
	// Similarity makes the scores of a state and the stored patterns. The zero value is the dot product.
	Similarity energy.Similarity
	// Steps is the most updates of a state; 0 means until it has settled, and at most MostSteps.
	Steps int
	// Tolerance is the distance (Euclidean): a state that an update moves by no more has settled and is left alone. 0 means
	// 1e-5·M in float32 and 1e-10·M in float64, M being the largest norm of a stored pattern: what rounding leaves undecided.
	Tolerance float64

	// Values, (N, m), are what is read out in the place of the patterns (hetero-association); nil for none.
	Values *tensor.Dense
	// Labels are the classes of the patterns, for Classify: any integers up to 2^53 in size; nil for none.
	Labels []int
}

// Memory stores patterns x_1 … x_N and retrieves from them, off the graph: a continuous Hopfield network,
//
//	ξ ← f(ξ) = Σ_i p_i x_i,   p = separation(β·similarity(ξ, x_i)),
//
// one update of which, with β = 1/√d, is attention. Patterns and states are float32 or float64, all of one dtype.
//
// Row i of a batch of states gives the same bits as row i alone. The methods that read may be called at the same time by
// several goroutines; while Store, Replace or Forget is at work nothing else may be: that lock is the caller's.
//
// Source: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, equation 3; B. Millidge et al., "Universal Hopfield
// Networks", ICML 2022, for the similarities.
type Memory struct {
	config  MemoryConfig // Beta filled in, without Values and Labels
	dtype   tensor.Dtype
	d       int
	width   int // of the values; 0 for none
	labels  []int
	labeled bool
	store   store
}

// NewMemory makes a memory of patterns of shape (N, d), N at least 1. The patterns and the values are copied.
//
// Errors: ErrShape, ErrDtype and ErrNotFinite for patterns or values, ErrConfig for settings. Patterns that are too much alike to be
// told apart are no error: see Warning.
func NewMemory(patterns *tensor.Dense, config MemoryConfig) (*Memory, error) {
	fail := func(err error) (*Memory, error) { return nil, fmt.Errorf("modernhopfield: NewMemory: %w", err) }
	d, err := matrix.Check(patterns, 0)
	if err != nil {
		return fail(fmt.Errorf("patterns: %w", err))
	}
	entries := Entries{patterns, config.Values, config.Labels}
	width := 0
	if config.Values != nil {
		if width, err = matrix.Check(config.Values, 0); err != nil {
			return fail(fmt.Errorf("values: %w", err))
		}
	}
	m, err := emptyMemory(patterns.Dtype(), d, width, config.Labels != nil, config)
	if err != nil {
		return fail(err)
	}
	if err := m.check(entries, -1); err != nil {
		return fail(err)
	}
	m.add(entries)
	return m, nil
}

// emptyMemory validates the settings.
func emptyMemory(dtype tensor.Dtype, d, width int, labeled bool, config MemoryConfig) (*Memory, error) {
	c := config
	c.Values, c.Labels = nil, nil
	if c.Beta == 0 {
		c.Beta = 1 / math.Sqrt(float64(d))
	}
	if err := checkBeta(c.Beta); err != nil {
		return nil, err
	}
	if err := c.Separation.Validate(); err != nil {
		return nil, err
	}
	if c.Separation.Learned() {
		return nil, fmt.Errorf("%v: a memory learns nothing, want a fixed α: %w", c.Separation, energy.ErrConfig)
	}
	if err := c.Similarity.Validate(); err != nil {
		return nil, err
	}
	if c.Steps < 0 {
		return nil, fmt.Errorf("Steps is %d, want at least 0: %w", c.Steps, energy.ErrConfig)
	}
	if !(c.Tolerance >= 0) || math.IsInf(c.Tolerance, 0) {
		return nil, fmt.Errorf("Tolerance is %g, want at least 0: %w", c.Tolerance, energy.ErrConfig)
	}
	m := &Memory{config: c, dtype: dtype, d: d, width: width, labeled: labeled}
	if dtype == tensor.Float32 {
		if b := float32(c.Beta); b == 0 || math.IsInf(float64(b), 0) {
			return nil, fmt.Errorf("β is %g, which float32 has not: %w", c.Beta, energy.ErrConfig)
		}
		m.store = newNumbers[float32](c, d, width)
	} else {
		m.store = newNumbers[float64](c, d, width)
	}
	return m, nil
}

// Len is the number of stored patterns.
func (m *Memory) Len() int { return m.store.count() }

// Dim is the number of columns of patterns and states.
func (m *Memory) Dim() int { return m.d }

// Config returns the settings, Beta filled in, without Values and Labels.
func (m *Memory) Config() MemoryConfig { return m.config }

// Patterns returns a copy of the stored patterns, (N, d), or nil where there are none.
func (m *Memory) Patterns() *tensor.Dense {
	p, _ := m.store.tensors()
	return copied(p)
}

// Values returns a copy of the values, (N, m), or nil where there are none.
func (m *Memory) Values() *tensor.Dense {
	_, v := m.store.tensors()
	return copied(v)
}

func copied(t *tensor.Dense) *tensor.Dense {
	if t == nil {
		return nil
	}
	return t.Clone().(*tensor.Dense)
}

// Labels returns a copy of the labels, or nil where there are none.
func (m *Memory) Labels() []int { return slices.Clone(m.labels) }

// states checks the states that a method was given: (batch, d), or (d) for one, of the memory's dtype. A memory without patterns has
// nothing to say about any.
func (m *Memory) states(t *tensor.Dense) (rows int, err error) {
	if m.Len() == 0 {
		return 0, fmt.Errorf("nothing is stored: %w", energy.ErrConfig)
	}
	if err := m.rows("states", t, m.d); err != nil {
		return 0, err
	}
	return t.DataSize() / m.d, nil
}

func (m *Memory) rows(what string, t *tensor.Dense, columns int) error {
	if _, err := matrix.Check(t, columns); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if t.Dtype() != m.dtype {
		return fmt.Errorf("%s are %v, want %v as the memory is: %w", what, t.Dtype(), m.dtype, energy.ErrDtype)
	}
	return nil
}
