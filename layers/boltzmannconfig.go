package layers

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// BoltzmannConfig describes a Boltzmann machine. Visible must be given; with nothing else all pairs of visible units are coupled and there are
// no hidden ones.
type BoltzmannConfig struct {
	// Visible are units of any families: pixels beside a one-hot class, real features beside both.
	Visible energy.Units `json:"visible"`
	// Hidden are units of a finite number of states each, or the zero value for none.
	Hidden energy.Units `json:"hidden,omitzero"`
	// SemiRestricted leaves the hidden units uncoupled among themselves. Given the visible units they are independent then, so that free
	// energies are exact for any number of them. It is for a machine with hidden units and without Edges, which say it all.
	SemiRestricted bool `json:"semi_restricted,omitempty"`
	// Edges are the pairs of columns that are coupled, those of the hidden units following those of the visible ones; nil for all pairs. W then
	// has a number an edge. Lattices are made by package associative (Lattice and Ising.Boltzmann).
	Edges [][2]int `json:"edges,omitempty"`
	// Updates is how often Forward updates the means of hidden units that are coupled among themselves; 0 means 20.
	Updates int `json:"updates,omitempty"`

	// Seed of the initial weights: together with the layer's name it fixes them.
	Seed uint64 `json:"seed"`
	// InitDeviation is the standard deviation of the initial weights; 0 means 0.01.
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

func (c BoltzmannConfig) hasHidden() bool { return c.Hidden.Len() > 0 || len(c.Hidden.Families()) > 0 }

// check says what is wrong with a configuration.
func (c BoltzmannConfig) check() error {
	if err := c.Visible.Validate(); err != nil {
		return fmt.Errorf("Visible: %w", err)
	}
	if c.hasHidden() {
		if err := c.Hidden.Validate(); err != nil {
			return fmt.Errorf("Hidden: %w", err)
		}
	}
	for _, f := range c.Visible.Families() {
		if !slices.Contains([]string{"Bernoulli", "Spin", "OneHot", "Gaussian"}, f) {
			return fmt.Errorf("Visible are %v, want Bernoulli, Spin, OneHot and Gaussian units", c.Visible)
		}
	}
	for _, f := range c.Hidden.Families() {
		if !slices.Contains([]string{"Bernoulli", "Spin", "OneHot"}, f) {
			return fmt.Errorf("Hidden are %v, want Bernoulli, Spin and OneHot units", c.Hidden)
		}
	}
	switch {
	case c.SemiRestricted && !c.hasHidden():
		return errors.New("SemiRestricted cannot take effect without hidden units")
	case c.SemiRestricted && c.Edges != nil:
		return errors.New("SemiRestricted cannot take effect beside Edges, which say what is coupled")
	case c.Edges != nil && len(c.Edges) == 0:
		return errors.New("Edges are empty, want at least one pair, or nil for all pairs")
	case c.Updates < 0 || c.Updates > maxUpdates:
		return fmt.Errorf("Updates is %d, want 1 to 2^20, or 0 for 20", c.Updates)
	case c.Updates > 0 && (!c.hasHidden() || c.SemiRestricted):
		return errors.New("Updates cannot take effect without hidden units that are coupled among themselves")
	case math.IsNaN(c.InitDeviation) || math.IsInf(c.InitDeviation, 0) || c.InitDeviation < 0:
		return fmt.Errorf("InitDeviation is %g, want a positive number, or 0 for 0.01", c.InitDeviation)
	}
	return nil
}
