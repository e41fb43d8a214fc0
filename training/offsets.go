package training

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Offsets is whose means the offsets of a centered machine follow.
type Offsets int

// The means of the data, of the negative phase's samples, or the average of both: the enhanced gradient, which does not depend on
// whether units are written as 0 and 1 or the other way round.
//
// Sources: K. Cho, T. Raiko, A. Ilin, "Enhanced Gradient and Adaptive Learning Rate for Training Restricted Boltzmann Machines", ICML 2011; that
// it is centering by the average: J. Melchior, A. Fischer, L. Wiskott, JMLR 17 (2016), section 3 and table 1.
const (
	DataOffsets Offsets = iota
	ModelOffsets
	AverageOffsets
)

// String is data, model or average.
func (o Offsets) String() string {
	names := [...]string{"data", "model", "average"}
	if o < 0 || int(o) >= len(names) {
		return fmt.Sprintf("Offsets(%d)", int(o))
	}
	return names[o]
}

// offsetMeans builds the means that a centered machine's offsets move to, (1, visible) and (1, hidden), from those of the data.
func (p *contrastivePlan) offsetMeans(o Offsets, e energy.RBM, v, h *G.Node) (err error) {
	p.visibleMean, p.hiddenMean = v, h
	if o == DataOffsets {
		return nil
	}
	hidden := p.hiddenMeans // of a negative phase that knows them
	if hidden == nil {
		if hidden, err = e.HiddenMean(p.negative); err != nil {
			return err
		}
	}
	var shares *G.Node
	p.negativeShares, shares = input(v.Graph(), v.Dtype(), "negative shares", 1, p.negative.Shape()[0])
	of := func(data, negative *G.Node) (*G.Node, error) {
		model, err := op.Gemm(shares, negative, false, false)
		if err != nil || o == ModelOffsets {
			return model, err
		}
		return op.Combine([]float64{0.5, 0.5}, data, model)
	}
	if p.visibleMean, err = of(v, p.negative); err != nil {
		return err
	}
	p.hiddenMean, err = of(h, hidden)
	return err
}

func (o Offsets) validate(centered bool) error {
	switch {
	case o < DataOffsets || o > AverageOffsets:
		return fmt.Errorf("unknown Offsets %v, want DataOffsets, ModelOffsets or AverageOffsets: %w", o, energy.ErrConfig)
	case o != DataOffsets && !centered:
		return fmt.Errorf("Offsets %v cannot take effect on a machine that is not Centered: %w", o, energy.ErrConfig)
	}
	return nil
}
