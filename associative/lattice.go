package associative

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// Lattice is an Ising model on a rectangular grid of any dimension: a chain has one side, the square lattice two, the cubic lattice three.
// Each spin has a bond with the next along every side. Spins are numbered row by row, the last side fastest: in two dimensions the spin in
// row r and column c is r·Sides[1] + c.
type Lattice struct {
	// Sides are how many spins there are along each dimension.
	Sides []int
	// Periodic also joins the last spin of each side to the first: a ring, a torus. Without it the borders are free. A periodic side of two
	// spins has both bonds between the same two, the way forth and the way round; one spin alone would be joined to itself, and is refused.
	Periodic bool
	// J is the strength of every bond; 0 means 1. Below 0 it is an antiferromagnet.
	J float64
	// Field is h of every spin; 0 is none.
	Field float64
}

// Ising makes the model, with Σ_k n(1 − 1/L_k) bonds, or d·n where it is Periodic, for n spins in d dimensions of sides L_k.
//
// Errors: ErrConfig for no sides, a side below 1, a Periodic side of 1, and more spins than can be numbered; ErrNotFinite.
func (l Lattice) Ising() (*Ising, error) {
	if len(l.Sides) == 0 {
		return nil, fmt.Errorf("associative: Lattice: Sides is empty, want one number of spins a dimension: %w", energy.ErrConfig)
	}
	n := 1
	for k, side := range l.Sides {
		switch {
		case side < 1:
			return nil, fmt.Errorf("associative: Lattice: side %d is %d, want at least 1: %w", k, side, energy.ErrConfig)
		case side == 1 && l.Periodic:
			return nil, fmt.Errorf("associative: Lattice: side %d is 1 and Periodic would join each spin to itself, want at least 2, or no such side: %w",
				k, energy.ErrConfig)
		case n > math.MaxInt32/side:
			return nil, fmt.Errorf("associative: Lattice: Sides %v are more than %d spins: %w", l.Sides, math.MaxInt32, energy.ErrConfig)
		}
		n *= side
	}
	if l.J == 0 {
		l.J = 1
	}
	var field []float64
	if l.Field != 0 {
		field = make([]float64, n)
		for i := range field {
			field[i] = l.Field
		}
	}
	bonds := make([]Bond, 0, len(l.Sides)*n)
	for spin := range n {
		for k, step := len(l.Sides)-1, 1; k >= 0; k-- {
			side := l.Sides[k]
			switch place := spin / step % side; {
			case place+1 < side:
				bonds = append(bonds, Bond{spin, spin + step, l.J})
			case l.Periodic:
				bonds = append(bonds, Bond{spin, spin - place*step, l.J})
			}
			step *= side
		}
	}
	model, err := NewIsing(n, bonds, field)
	if err != nil {
		return nil, fmt.Errorf("associative: Lattice: %w", err)
	}
	return model, nil
}
