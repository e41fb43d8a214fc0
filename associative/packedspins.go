package associative

import (
	"fmt"
	"slices"
	"sync/atomic"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// PackedSpins is a batch of rows of n spins, a bit each: 1 is the spin 1 and 0 the spin −1. A million spins are 125 kB.
type PackedSpins struct {
	rows, n, words int
	bits           []uint64 // (rows, words); bits behind the last spin of a row are 0
}

// MaxPackedUnits is how many spins a packed row can have, so that whatever is counted stays exact.
const MaxPackedUnits = 1 << 28

// maxPackedWords bounds a batch, 128 GiB: a slip is an error, and not the end of the program.
const maxPackedWords = 1 << 34

// NewPackedSpins makes rows of n spins that are all −1. Errors: ErrShape; ErrRange for more than 2⁴⁰ spins in all.
func NewPackedSpins(rows, n int) (*PackedSpins, error) {
	if rows < 1 || n < 1 || n > MaxPackedUnits {
		return nil, fmt.Errorf("associative: NewPackedSpins: %d rows of %d spins, want at least 1 row of 1 to %d: %w", rows, n, MaxPackedUnits, energy.ErrShape)
	}
	words := (n + 63) / 64
	if int64(rows) > maxPackedWords/int64(words) {
		return nil, fmt.Errorf("associative: NewPackedSpins: %d rows of %d spins are more than 2^40 bits: %w", rows, n, energy.ErrRange)
	}
	return &PackedSpins{rows, n, words, make([]uint64, rows*words)}, nil
}

// RandomSpins draws rows of n spins that are −1 or 1 with equal probability. Row k depends on the seed, on k and on n only.
// Errors: ErrShape.
func RandomSpins(seed uint64, rows, n int) (*PackedSpins, error) {
	s, err := NewPackedSpins(rows, n)
	if err != nil {
		return nil, err
	}
	draws := rng.New(seed, "associative spins")
	kernel.Parallel(rows, 1+1<<12/s.words, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			rng.Words(draws.Row(k, 0), s.Row(k))
		}
	})
	cut(s.bits, n)
	return s, nil
}

// PackSpins packs a contiguous (rows, n) tensor of −1 and 1. Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite.
func PackSpins(spins *tensor.Dense) (*PackedSpins, error) {
	s, err := packSpins(spins, 0)
	if err != nil {
		return nil, fmt.Errorf("associative: PackSpins: %w", err)
	}
	return s, nil
}

// packSpins packs a tensor of so many columns, or of any number where that is 0.
func packSpins(spins *tensor.Dense, columns int) (*PackedSpins, error) {
	n, err := matrix.Check(spins, columns)
	if err != nil {
		return nil, err
	}
	s, err := NewPackedSpins(spins.DataSize()/n, n)
	if err != nil {
		return nil, err
	}
	var all bool
	if spins.Dtype() == tensor.Float32 {
		all = pack(s, spins.Float32s())
	} else {
		all = pack(s, spins.Float64s())
	}
	if !all {
		_, _, err = matrix.Spins(spins, n) // says which is none
	}
	return s, err
}

// pack packs finite numbers, and reports whether all are −1 or 1.
func pack[T kernel.Float](s *PackedSpins, x []T) (all bool) {
	var other atomic.Bool
	kernel.Parallel(s.rows, 1+1<<14/s.n, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			row, bits := x[k*s.n:(k+1)*s.n], s.Row(k)
			for w := range bits {
				word := uint64(0)
				for i, v := range row[64*w : min(64*w+64, s.n)] {
					if v*v != 1 { // rounding brings no other square to 1
						other.Store(true)
					}
					word |= uint64(int(v)+1) >> 1 << i // no branch that is taken every other time
				}
				bits[w] = word
			}
		}
	})
	return !other.Load()
}

// unpack writes spins as numbers.
func unpack[T kernel.Float](x []T, s *PackedSpins) {
	kernel.Parallel(s.rows, 1+1<<14/s.n, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			row, bits := x[k*s.n:(k+1)*s.n], s.Row(k)
			for i := range row {
				row[i] = T(int(bits[i/64]>>(i%64)&1)*2 - 1)
			}
		}
	})
}

// cut clears the bits behind the last of n spins in rows.
func cut(rows []uint64, n int) {
	if n%64 == 0 {
		return
	}
	for last := (n+63)/64 - 1; last < len(rows); last += (n + 63) / 64 {
		rows[last] &= 1<<(n%64) - 1
	}
}

// Tensor unpacks: (rows, n) of −1 and 1 in a dtype. Errors: ErrDtype.
func (s *PackedSpins) Tensor(dtype tensor.Dtype) (*tensor.Dense, error) {
	if dtype != tensor.Float32 && dtype != tensor.Float64 {
		return nil, fmt.Errorf("associative: PackedSpins: Tensor: dtype %v, want float32 or float64: %w", dtype, energy.ErrDtype)
	}
	return s.tensor(dtype), nil
}

func (s *PackedSpins) tensor(dtype tensor.Dtype) *tensor.Dense {
	if dtype == tensor.Float64 {
		x := make([]float64, s.rows*s.n)
		unpack(x, s)
		return tensor.New(tensor.WithShape(s.rows, s.n), tensor.WithBacking(x))
	}
	x := make([]float32, s.rows*s.n)
	unpack(x, s)
	return tensor.New(tensor.WithShape(s.rows, s.n), tensor.WithBacking(x))
}

// Rows returns the number of rows.
func (s *PackedSpins) Rows() int { return s.rows }

// Len returns n, the number of spins of a row.
func (s *PackedSpins) Len() int { return s.n }

// Row returns the bits of row k, its own memory: spin i is bit i%64 of word i/64. Bits behind the last spin must stay 0.
func (s *PackedSpins) Row(k int) []uint64 { return s.bits[k*s.words : (k+1)*s.words] }

// Spin returns spin i of row k, −1 or 1.
func (s *PackedSpins) Spin(k, i int) int { return int(s.Row(k)[i/64]>>(i%64)&1)*2 - 1 }

// Flip turns spin i of row k round.
func (s *PackedSpins) Flip(k, i int) { s.Row(k)[i/64] ^= 1 << (i % 64) }

// Clone returns a copy.
func (s *PackedSpins) Clone() *PackedSpins {
	return &PackedSpins{s.rows, s.n, s.words, slices.Clone(s.bits)}
}

// Part returns a copy of rows lo to hi−1. Errors: ErrRange.
func (s *PackedSpins) Part(lo, hi int) (*PackedSpins, error) {
	if lo < 0 || lo >= hi || hi > s.rows {
		return nil, fmt.Errorf("associative: PackedSpins: Part: rows %d to %d of %d: %w", lo, hi, s.rows, energy.ErrRange)
	}
	return &PackedSpins{hi - lo, s.n, s.words, slices.Clone(s.bits[lo*s.words : hi*s.words])}, nil
}

// Noisy returns a copy in which every spin is turned round with a probability. Row k depends on the seed, on itself and on k only.
// Errors: ErrRange.
func (s *PackedSpins) Noisy(seed uint64, probability float64) (*PackedSpins, error) {
	if !(probability >= 0 && probability <= 1) {
		return nil, fmt.Errorf("associative: PackedSpins: Noisy: probability is %v, want 0 to 1: %w", probability, energy.ErrRange)
	}
	const step = 64 // words of a row that are drawn at a time
	out, draws := s.Clone(), rng.New(seed, "associative noise")
	kernel.Parallel(s.rows, 1+1<<10/s.words, func(lo, hi int) {
		u := make([]float64, 64*step)
		for k := lo; k < hi; k++ {
			row := out.Row(k)
			for w := 0; w < s.words; w += step {
				part := row[w:min(w+step, s.words)]
				rng.Uniform(draws.Row(k, uint64(w/step)), u[:64*len(part)])
				for i, v := range u[:64*len(part)] {
					if v < probability {
						part[i/64] ^= 1 << (i % 64)
					}
				}
			}
		}
	})
	cut(out.bits, s.n)
	return out, nil
}

// Distance returns in how many spins row k differs from row l of other. Errors: ErrShape, ErrRange.
func (s *PackedSpins) Distance(k int, other *PackedSpins, l int) (int, error) {
	switch {
	case other == nil || other.n != s.n:
		return 0, fmt.Errorf("associative: PackedSpins: Distance: other %v, want rows of %d spins: %w", other, s.n, energy.ErrShape)
	case k < 0 || k >= s.rows || l < 0 || l >= other.rows:
		return 0, fmt.Errorf("associative: PackedSpins: Distance: row %d of %d and row %d of %d: %w", k, s.rows, l, other.rows, energy.ErrRange)
	}
	return kernel.Hamming(s.Row(k), other.Row(l)), nil
}

// String says how many rows of how many spins there are.
func (s *PackedSpins) String() string {
	if s == nil {
		return "no spins"
	}
	return fmt.Sprintf("%d rows of %d spins", s.rows, s.n)
}
