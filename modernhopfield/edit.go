package modernhopfield

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// Entries are patterns for a Memory, with what belongs to them: Values and Labels are given if, and only if, the memory has some.
type Entries struct {
	Patterns *tensor.Dense // (n, d), or (d) for one
	Values   *tensor.Dense // (n, m), or (m) for one
	Labels   []int         // n
}

// maxLabel is the largest integer up to which all are float64 numbers, as which they stand in a file.
const maxLabel = 1 << 53

// Store adds patterns behind those that are there. They are copied. Cost: that of copying them, now and then of all.
//
// Errors are ErrShape, ErrDtype, ErrNotFinite and ErrConfig; the memory is unchanged then.
func (m *Memory) Store(e Entries) error {
	if err := m.check(e, -1); err != nil {
		return fmt.Errorf("modernhopfield: Memory: Store: %w", err)
	}
	m.add(e)
	return nil
}

// Replace puts patterns in the places of others: that with index at[i] becomes entry i, with its value and label. Errors are
// those of Store, and ErrRange for an index that is none; the memory is unchanged then. Cost: N·d.
func (m *Memory) Replace(at []int, e Entries) error {
	err := m.check(e, len(at))
	if err == nil {
		_, err = checkIndices(at, m.Len())
	}
	if err != nil {
		return fmt.Errorf("modernhopfield: Memory: Replace: %w", err)
	}
	m.store.replace(at, e)
	for i, label := range e.Labels {
		m.labels[at[i]] = label
	}
	return nil
}

// Forget removes patterns, with their values and labels; those behind them move up. It is an ErrRange to name an index that is none;
// nothing is removed then. What is removed last leaves a memory that is empty, can be stored to, and is an error to ask. Cost: N·d.
func (m *Memory) Forget(at ...int) error {
	forgotten, err := checkIndices(at, m.Len())
	if err != nil {
		return fmt.Errorf("modernhopfield: Memory: Forget: %w", err)
	}
	m.store.forget(forgotten)
	kept := m.labels[:0]
	for i, label := range m.labels {
		if !forgotten[i] {
			kept = append(kept, label)
		}
	}
	m.labels = kept
	return nil
}

// check says what is wrong with entries, of which there have to be count, or any number if it is negative.
func (m *Memory) check(e Entries, count int) error {
	if err := m.rows("patterns", e.Patterns, m.d); err != nil {
		return err
	}
	n := e.Patterns.DataSize() / m.d
	if count >= 0 && n != count {
		return fmt.Errorf("%d patterns for %d places: %w", n, count, energy.ErrShape)
	}
	if (m.width > 0) != (e.Values != nil) {
		return fmt.Errorf("values given: %t, but the memory has some: %t: %w", e.Values != nil, m.width > 0, energy.ErrConfig)
	}
	if e.Values != nil {
		if err := m.rows("values", e.Values, m.width); err != nil {
			return err
		}
		if got := e.Values.DataSize() / m.width; got != n {
			return fmt.Errorf("%d rows of values for %d patterns: %w", got, n, energy.ErrShape)
		}
	}
	if m.labeled != (e.Labels != nil) {
		return fmt.Errorf("labels given: %t, but the memory has some: %t: %w", e.Labels != nil, m.labeled, energy.ErrConfig)
	}
	if e.Labels != nil && len(e.Labels) != n {
		return fmt.Errorf("%d labels for %d patterns: %w", len(e.Labels), n, energy.ErrShape)
	}
	for i, label := range e.Labels {
		if int64(label) > maxLabel || int64(label) < -maxLabel {
			return fmt.Errorf("label %d is %d, want at most 2^53 in size: %w", i, label, energy.ErrRange)
		}
	}
	return nil
}

// add appends checked entries.
func (m *Memory) add(e Entries) {
	m.store.add(e)
	m.labels = append(m.labels, e.Labels...)
}
