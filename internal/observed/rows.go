package observed

import (
	"fmt"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
)

// maxTerms bounds the terms, rows × States, that are worked on at once.
const maxTerms = 1 << 20

// Group is rows that miss the same columns.
type Group struct {
	Missing []bool
	Rows    []int
}

// Groups sorts rows of n marks by what they miss, in the order in which it is met first.
func Groups(missing []bool, n int) []Group {
	var all []Group
	known := map[string]int{}
	key := make([]byte, n)
	for i := range len(missing) / n {
		marks := missing[i*n : (i+1)*n]
		for j, is := range marks {
			key[j] = 0
			if is {
				key[j] = 1
			}
		}
		at, ok := known[string(key)]
		if !ok {
			at = len(all)
			known[string(key)] = at
			all = append(all, Group{Missing: marks})
		}
		all[at].Rows = append(all[at].Rows, i)
	}
	return all
}

// Open reports whether each row's sum has at most so many terms.
func (m *Model[T]) Open(missing []bool, most int) bool {
	nh := m.Hidden.Len()
	if states, open := few(m.Hidden, nh); open && states <= most {
		return true
	}
	for _, group := range Groups(missing, m.Visible.Len()) {
		if states, open := few(m.Visible.Select(group.Missing), nh); !open || states > most {
			return false
		}
	}
	return true
}

// FreeEnergy returns F(v_O) of rows, (rows, visible), with marks of what is missing; what stands in the marked places does not matter. It is
// an ErrConfig where a row's sum is not open.
func (m *Model[T]) FreeEnergy(v []T, missing []bool) ([]float64, error) {
	f := make([]float64, len(v)/m.Visible.Len())
	err := m.each(v, missing, func(_ *Sum[T], rows []int, free, _ []float64) {
		for i, r := range rows {
			f[r] = free[i]
		}
	})
	return f, err
}

// Means sets the missing places of rows to E[v_M | v_O].
func (m *Model[T]) Means(v []T, missing []bool) error {
	return m.each(v, missing, func(s *Sum[T], rows []int, _, p []float64) {
		n := len(s.columns)
		means := make([]T, len(rows)*n)
		s.means(means, p, len(rows))
		for i, r := range rows {
			s.put(v, r, means[i*n:(i+1)*n])
		}
	})
}

// Draw sets the missing places of rows to draws from p(v_M | v_O), independent over rows and steps.
func (m *Model[T]) Draw(v []T, missing []bool, seed, step uint64) error {
	terms, values := rng.New(seed, "observed term"), rng.New(seed, "observed values")
	return m.each(v, missing, func(s *Sum[T], rows []int, _, p []float64) {
		drawn := make([]T, len(s.columns))
		for i, r := range rows {
			s.draw(drawn, p[i*s.States:(i+1)*s.States], terms.Row(r, step), values.Row(r, step))
			s.put(v, r, drawn)
		}
	})
}

func (s *Sum[T]) put(v []T, row int, values []T) {
	for k, j := range s.columns {
		v[row*s.model.Visible.Len()+j] = values[k]
	}
}

// PseudoLikelihood returns Σ_{i observed} log p(v_i | v_{O∖i}) of each row, the missing units summed out: Σ_i (F(v_{O∖i}) − F(v_O)) over the
// observed units, those of a OneHot group together; of real units it is the logarithm of a density. Cost: a sum for each observed unit.
func (m *Model[T]) PseudoLikelihood(v []T, missing []bool) ([]float64, error) {
	n := m.Visible.Len()
	total, err := m.FreeEnergy(v, missing)
	if err != nil {
		return nil, err
	}
	with := append([]bool(nil), missing...)
	pseudo := make([]float64, len(total))
	for lo := 0; lo < n; {
		hi := lo + 1
		for hi < n && m.Visible.UnitOf(hi) == m.Visible.UnitOf(lo) {
			hi++
		}
		for i := range total {
			for j := lo; j < hi; j++ {
				with[i*n+j] = true
			}
		}
		f, err := m.FreeEnergy(v, with)
		if err != nil {
			return nil, fmt.Errorf("column %d given the others: %w", lo, err)
		}
		for i := range total {
			pseudo[i] += f[i] - total[i] // 0 where it is missing anyway
			copy(with[i*n+lo:i*n+hi], missing[i*n+lo:i*n+hi])
		}
		lo = hi
	}
	return pseudo, nil
}

// each calls f on rows that miss the same: with F(v_O) of each, and the shares of the terms of each, (rows, States).
func (m *Model[T]) each(v []T, missing []bool, f func(s *Sum[T], rows []int, free, p []float64)) error {
	n, nh := m.Visible.Len(), m.Hidden.Len()
	family := units.In[T](m.Visible.Kind())
	for _, group := range Groups(missing, n) {
		s, err := NewSum(m, group.Missing)
		if err != nil {
			return fmt.Errorf("row %d: %w", group.Rows[0], err)
		}
		block := max(1, maxTerms/s.States)
		for lo := 0; lo < len(group.Rows); lo += block {
			rows := group.Rows[lo:min(lo+block, len(group.Rows))]
			seen, inputs := make([]T, len(rows)*n), make([]T, len(rows)*nh)
			for i, r := range rows {
				copy(seen[i*n:], v[r*n:(r+1)*n])
				for _, j := range s.columns {
					seen[i*n+j] = 0 // whose own energy is 0, and which adds nothing
				}
			}
			kernel.Affine(false, len(rows), nh, n, seen, m.W, m.C, inputs)
			free, p := make([]float64, len(rows)), make([]float64, len(rows)*s.States)
			s.weigh(p, free, inputs, len(rows))
			for i := range rows {
				row := seen[i*n : (i+1)*n]
				free[i] += float64(family.Energy(row, m.VisibleLogVariance)) - kernel.Dot(row, m.B)
			}
			f(s, rows, free, p)
		}
	}
	return nil
}
