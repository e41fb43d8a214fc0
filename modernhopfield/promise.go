package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// known reads the stored patterns for the theory, which is about the dot product.
func (m *Memory) known(softmax bool) (*patterns, error) {
	if m.Len() == 0 {
		return nil, fmt.Errorf("nothing is stored: %w", energy.ErrConfig)
	}
	if m.config.Similarity != energy.Dot || softmax && m.config.Separation != energy.Softmax() {
		return nil, fmt.Errorf("nothing is known of %v with the similarity %v: %w", m.config.Separation, m.config.Similarity, energy.ErrConfig)
	}
	p, _ := m.store.tensors()
	return newPatterns(p)
}

// Separation is the function Separation of the stored patterns. It is an ErrConfig to ask a memory that is empty or has another
// similarity than the dot product.
func (m *Memory) Separation() ([]float64, error) {
	p, err := m.known(false)
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Separation: %w", err)
	}
	return p.separation(), nil
}

// Storable says of each pattern whether it is proved to be stored: by the function Storable under softmax, and by ExactlyStored
// under separation functions with a finite margin. It is an ErrConfig to ask other memories, of which no such thing is known.
func (m *Memory) Storable() ([]bool, error) {
	p, least, err := m.need()
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Storable: %w", err)
	}
	return p.atLeast(least), nil
}

// need is the separation with which a pattern is stored.
func (m *Memory) need() (p *patterns, least float64, err error) {
	margin := m.config.Separation.Margin()
	if p, err = m.known(math.IsInf(margin, 1)); err != nil {
		return nil, 0, err
	}
	if math.IsInf(margin, 1) {
		return p, p.storableSeparation(m.config.Beta), nil
	}
	return p, margin / m.config.Beta, nil
}

// RetrievalBound is the function RetrievalBound of the stored patterns. It is an ErrConfig to ask a memory that is empty or has
// another separation than softmax or another similarity than the dot product.
func (m *Memory) RetrievalBound(radius float64) ([]float64, error) {
	p, err := m.known(true)
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: RetrievalBound: %w", err)
	}
	return RetrievalBound(p.tensor(), m.config.Beta, radius)
}

func (p *patterns) tensor() *tensor.Dense {
	return tensor.New(tensor.WithShape(p.n, p.d), tensor.WithBacking(p.x))
}

// Warning tells of patterns that are not proved to be stored. They are in the memory, and may well be retrieved: nothing promises it.
type Warning struct {
	Patterns   []int     // their indices, ascending
	Separation []float64 // of each, Δ_i
	Least      float64   // the separation from which on a pattern is stored at this β
	Stored     int       // how many patterns the memory has
}

// String describes the warning: "2 of 10 patterns are not proved
// to be stored, for which the separation has to be 0.42: pattern 3 has 0.1; pattern 7 has 0.1".
func (w *Warning) String() string {
	if w == nil {
		return "all patterns are stored"
	}
	text := fmt.Sprintf("%d of %d patterns are not proved to be stored, for which the separation has to be %.3g:", len(w.Patterns), w.Stored, w.Least)
	for i, at := range w.Patterns {
		if i == 3 {
			return text + " …"
		}
		text += fmt.Sprintf(" pattern %d has %.3g;", at, w.Separation[i])
	}
	return text[:len(text)-1]
}

// Warning returns which patterns are not proved to be stored, or nil if all are: what Storable says, with the reason. A larger β
// (BetaFor), or patterns that are less alike, help. Errors are those of Storable. Cost: N²·d, so a memory does not ask itself.
func (m *Memory) Warning() (*Warning, error) {
	p, least, err := m.need()
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Warning: %w", err)
	}
	w := &Warning{Least: least, Stored: p.n}
	for i, delta := range p.separation() {
		if !(delta >= least) {
			w.Patterns, w.Separation = append(w.Patterns, i), append(w.Separation, delta)
		}
	}
	if w.Patterns == nil {
		return nil, nil
	}
	return w, nil
}
