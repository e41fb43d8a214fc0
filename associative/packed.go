package associative

import (
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// PackedConfig says what of a PackedHopfield is not its patterns.
type PackedConfig struct {
	// Ties is what a unit does whose field is 0; the zero value is Keep.
	Ties Ties
	// KeepDiagonal leaves w_ii = P/n in place.
	KeepDiagonal bool
}

// PackedHopfield is the Hopfield network that Hebb makes, kept as its P patterns of n bits instead of n² couplings. Fields and energy
// are those of W = (1/n) Σ_μ ξ_μ ξ_μᵀ with a zero diagonal, by the overlaps of the state with the patterns:
//
//	m_μ = Σ_i ξ_μi x_i = n − 2·(bits that differ)
//	n h_i = Σ_μ m_μ ξ_μi − P x_i
//	n E(x) = −½ (Σ_μ m_μ² − P n)
//
// which are whole numbers, so that a recall ends in the very state, after the same sweeps and with the same energies, as that of
// Hebb{}'s network. A million units with a thousand patterns are 125 MB; recall by Asynchronous keeps every bit twice.
//
// Several goroutines may recall from a network at once, while none stores or forgets.
//
// Source: J. J. Hopfield, PNAS 79 (1982), eq. 2 and 7; overlaps as in D. J. Amit, H. Gutfreund, H. Sompolinsky, Annals of Physics 173 (1987).
type PackedHopfield struct {
	n, words int
	config   PackedConfig
	p        int
	rows     []uint64 // (p, words): the patterns
	// columns is (n, words of p bits): for each unit its bits in the patterns. Made when first needed.
	columns *made[[]uint64]
}

// maxPackedBits keeps every sum that a kernel makes in 32 bits.
const maxPackedBits = 1 << 34

// NewPackedHopfield makes a network of n units that has stored nothing yet: all fields are 0. Errors: ErrShape; ErrConfig for unknown
// Ties.
func NewPackedHopfield(n int, config PackedConfig) (*PackedHopfield, error) {
	if n < 1 || n > MaxPackedUnits {
		return nil, fmt.Errorf("associative: NewPackedHopfield: %d units, want 1 to %d: %w", n, MaxPackedUnits, energy.ErrShape)
	}
	if config.Ties != Keep && config.Ties != Minus {
		return nil, fmt.Errorf("associative: NewPackedHopfield: %v is not known, want Keep or Minus: %w", config.Ties, energy.ErrConfig)
	}
	h := &PackedHopfield{n: n, words: (n + 63) / 64, config: config}
	h.renew()
	return h, nil
}

// Len returns the number of units.
func (h *PackedHopfield) Len() int { return h.n }

// Stored returns P, the number of patterns.
func (h *PackedHopfield) Stored() int { return h.p }

// Config returns the configuration.
func (h *PackedHopfield) Config() PackedConfig { return h.config }

// Store adds patterns behind those that are stored; what is stored twice counts twice. Nothing is stored on an error.
// Errors: ErrShape; ErrRange for more than 2³⁴ bits in all. Cost: a copy of the patterns.
func (h *PackedHopfield) Store(patterns *PackedSpins) error {
	if err := h.check("Store", "patterns", patterns); err != nil {
		return err
	}
	if bits := int64(h.p+patterns.rows) * int64(h.n); bits > maxPackedBits {
		return fmt.Errorf("associative: PackedHopfield: Store: %d stored patterns and %d more of %d bits are %d bits, want at most %d: %w",
			h.p, patterns.rows, h.n, bits, int64(maxPackedBits), energy.ErrRange)
	}
	rows := make([]uint64, 0, len(h.rows)+len(patterns.bits)) // exactly as much as is needed
	h.rows = append(append(rows, h.rows...), patterns.bits...)
	h.p += patterns.rows
	cut(h.rows, h.n)
	h.renew()
	return nil
}

// Forget removes pattern k; those behind it move up. Errors: ErrRange. Cost: the patterns behind it are moved.
func (h *PackedHopfield) Forget(k int) error {
	if k < 0 || k >= h.p {
		return fmt.Errorf("associative: PackedHopfield: Forget: pattern %d of %d: %w", k, h.p, energy.ErrRange)
	}
	h.rows = slices.Delete(h.rows, k*h.words, (k+1)*h.words)
	h.p--
	h.renew()
	return nil
}

// renew forgets what was made of the patterns.
func (h *PackedHopfield) renew() { h.columns = new(made[[]uint64]) }

// Overlaps returns m_μ of every state with every pattern: (rows, P). Errors: ErrShape. Cost: P·n/64 words a state.
func (h *PackedHopfield) Overlaps(states *PackedSpins) ([][]int, error) {
	if err := h.check("Overlaps", "states", states); err != nil {
		return nil, err
	}
	x := h.start(states)
	out := make([][]int, len(x))
	for k, r := range x {
		out[k] = r.overlapsOf()
	}
	return out, nil
}

// Energy returns E(x) of each of the states. Errors: ErrShape. Cost: P·n/64 words a state.
func (h *PackedHopfield) Energy(states *PackedSpins) ([]float64, error) {
	if err := h.check("Energy", "states", states); err != nil {
		return nil, err
	}
	x := h.start(states)
	out := make([]float64, len(x))
	for k, r := range x {
		out[k] = r.energy()
	}
	return out, nil
}

// Stable reports for each of the states whether no unit would change. Errors: ErrShape. Cost: that of a synchronous sweep.
func (h *PackedHopfield) Stable(states *PackedSpins) ([]bool, error) {
	if err := h.check("Stable", "states", states); err != nil {
		return nil, err
	}
	x := h.start(states)
	out, next := make([]bool, len(x)), make([]uint64, h.words)
	for k, r := range x {
		r.together(next, nil)
		out[k] = slices.Equal(next, r.x)
	}
	return out, nil
}

// check says what is wrong with rows that are to have h.n spins.
func (h *PackedHopfield) check(operation, what string, s *PackedSpins) error {
	if s == nil || s.n != h.n || s.rows < 1 {
		return fmt.Errorf("associative: PackedHopfield: %s: %s: %v, want rows of %d: %w", operation, what, s, h.n, energy.ErrShape)
	}
	return nil
}

// transposed makes the columns.
func (h *PackedHopfield) transposed() []uint64 {
	deep := (h.p + 63) / 64
	columns := make([]uint64, h.n*deep)
	kernel.Parallel(h.words, 1+1<<8/max(deep, 1), func(lo, hi int) {
		for w := lo; w < hi; w++ {
			units := min(64, h.n-64*w)
			for d := range deep {
				var square [64]uint64
				for r := range min(64, h.p-64*d) {
					square[r] = h.rows[(64*d+r)*h.words+w]
				}
				transpose(&square)
				for i := range units {
					columns[(64*w+i)*deep+d] = square[i]
				}
			}
		}
	})
	return columns
}

// transpose exchanges bit j of word i with bit i of word j: halves are exchanged first, then quarters, and so on.
//
// Source: H. S. Warren, "Hacker's Delight", 2nd ed. (2013), section 7-3, for the bits counted from the lowest.
func transpose(square *[64]uint64) {
	for size, mask := 32, uint64(1)<<32-1; size > 0; size, mask = size/2, mask^mask<<(size/2) {
		for i := 0; i < 64; i = (i + size + 1) &^ size {
			swap := (square[i]>>size ^ square[i+size]) & mask
			square[i] ^= swap << size
			square[i+size] ^= swap
		}
	}
}
