package samplertest

import (
	"fmt"
	"math/rand/v2"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
)

// Converges returns an error unless chains that all start at one row are draws of the target after the last of Config.Steps, which has
// to be given and long enough for the kernel to mix. It finds what is stationary and no sampler: a kernel that refuses every move
// or cannot reach a part of the states. Columns that are held must have in from the only value that the target gives them.
func Converges(target Target, kernel func(seed uint64) sampling.Kernel, from []float64, c Config) error {
	if err := c.check(target, kernel); err != nil {
		return fmt.Errorf("samplertest: Converges: %w", err)
	}
	if len(c.Steps) == 0 {
		return fmt.Errorf("samplertest: Converges: no Steps given, want how many the kernel needs: %w", energy.ErrConfig)
	}
	if n := len(target.Draw(rand.New(rand.NewPCG(0, 0)))); len(from) != n {
		return fmt.Errorf("samplertest: Converges: the row to start from has %d columns, want %d: %w", len(from), n, energy.ErrShape)
	}
	for _, seed := range c.seeds() {
		rows := make([][]float64, c.chains())
		for i := range rows {
			rows[i] = from
		}
		s := c.state(rows)
		fail := func(err error) error {
			return fmt.Errorf("samplertest: Converges: seed %d, %d steps from %v: %w", seed, s.Step, from, err)
		}
		if err := step(kernel(seed), s, c.Steps[len(c.Steps)-1]); err != nil {
			return fail(err)
		}
		if err := c.holds(rows, rowsOf(s)); err != nil {
			return fail(err)
		}
		if err := target.Check(rowsOf(s), alpha); err != nil {
			return fail(err)
		}
	}
	return nil
}
