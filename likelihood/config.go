package likelihood

import (
	"fmt"
	"io"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// Config holds the settings of Certify and Exact; the zero value works.
type Config struct {
	// Tolerance is how many nats apart the bounds may be for a certificate; 0 means 0.5.
	Tolerance float64
	// Confidence of each interval; 0 means 0.95.
	Confidence float64
	// Chains is how many go each way; 0 means 100, fewer than 20 are too few to judge by.
	Chains int
	// MaxTemperatures is how long the ladder may get; it starts at 500 and doubles. 0 means 64,000.
	MaxTemperatures int
	// MaxStates is up to how many states a side is enumerated instead of anything being estimated; 0 means 2²⁰, negative never.
	MaxStates int
	// Convention says what grey values are taken for.
	Convention Convention
	// Seed of all draws.
	Seed uint64
	// Progress gets a line for each stage; nil for none.
	Progress io.Writer
}

const firstTemperatures = 500

func (c Config) withDefaults() (Config, error) {
	fail := func(format string, args ...any) (Config, error) {
		return c, fmt.Errorf(format+": %w", append(args, energy.ErrConfig)...)
	}
	if c.Tolerance == 0 {
		c.Tolerance = 0.5
	}
	if c.Confidence == 0 {
		c.Confidence = 0.95
	}
	if c.Chains == 0 {
		c.Chains = 100
	}
	if c.MaxTemperatures == 0 {
		c.MaxTemperatures = 64_000
	}
	if c.MaxStates == 0 {
		c.MaxStates = 1 << 20
	}
	switch {
	case !(c.Tolerance > 0) || math.IsInf(c.Tolerance, 0):
		return fail("Tolerance is %g nats, want a positive number, or 0 for 0.5", c.Tolerance)
	case !(c.Confidence > 0 && c.Confidence < 1):
		return fail("Confidence is %g, want between 0 and 1, or 0 for 0.95", c.Confidence)
	case c.Chains < 20:
		return fail("Chains is %d, want at least 20, or 0 for 100", c.Chains)
	case c.MaxTemperatures < firstTemperatures:
		return fail("MaxTemperatures is %d, want at least %d, or 0 for 64,000", c.MaxTemperatures, firstTemperatures)
	case c.MaxStates > energy.MaxStates:
		return fail("MaxStates is %d, want at most %d", c.MaxStates, energy.MaxStates)
	}
	return c, nil
}
