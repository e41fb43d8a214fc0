package training

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// plain is a negative phase without what it could hand on, and wrongCD hands on what belongs to other rows.
type (
	plain   struct{ sampling.Negative }
	wrongCD struct{ sampling.CD }

	plainPhase struct{ sampling.Phase }
	wrongPhase struct {
		sampling.Phase
		negative *tensor.Dense
		model    *layers.RBM
	}
)

func (c plain) Start(m *layers.RBM, seed uint64) (sampling.Phase, error) {
	p, err := c.Negative.Start(m, seed)
	return plainPhase{p}, err
}

func (c wrongCD) Start(m *layers.RBM, seed uint64) (sampling.Phase, error) {
	p, err := c.CD.Start(m, seed)
	return &wrongPhase{Phase: p, model: m}, err
}

func (p *wrongPhase) Next(data *tensor.Dense, weights []float64, step uint64) (*tensor.Dense, []float64, error) {
	rows, w, err := p.Phase.Next(data, weights, step)
	p.negative = rows
	return rows, w, err
}

// DataInputs are those of the negative rows.
func (p *wrongPhase) DataInputs() *tensor.Dense {
	form, err := layers.PlainOf[float64](p.model)
	if err != nil {
		panic(err)
	}
	rows := p.negative.Shape()[0]
	in := make([]float64, rows*form.HiddenLen)
	form.HiddenInput(in, p.negative.Float64s(), rows)
	return tensor.New(tensor.WithShape(rows, form.HiddenLen), tensor.WithBacking(in))
}

// A product that the negative phase hands on is the one that the cost would have computed, bit for bit.
func TestSharedInputsChangeNothing(t *testing.T) {
	const rows = 50 // the last batch is short
	for _, units := range []energy.Units{energy.Bernoulli(9), energy.Gaussian(9)} {
		for _, centered := range []bool{false, true} {
			fit := func(negative sampling.Negative) []float64 {
				m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: units, Hidden: energy.Bernoulli(7), Dtype: tensor.Float64, Centered: centered, Seed: 1})
				require.NoError(t, err)
				x := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(rows, 9))
				setFloats(x, randomBits(rows*9))
				_, err = Contrastive{
					Negative: negative, Solver: SGD{Rate: 0.05}, Epochs: 3, Batch: 20, InitBias: true, SparsityTarget: 0.1, SparsityCost: 0.1,
				}.Fit(context.Background(), m, x)
				require.NoError(t, err)
				return m.Param("W").Float64s()
			}
			for _, k := range []int{1, 3} {
				cd := sampling.CD{Steps: k}
				pcd := sampling.PCD{Steps: k, Chains: 30}
				require.Equal(t, fit(plain{cd}), fit(cd), "%v, CD-%d, centered %v", units, k, centered)
				require.Equal(t, fit(plain{pcd}), fit(pcd), "%v, PCD-%d, centered %v", units, k, centered)
				if !centered { // where nothing is handed on
					require.NotEqual(t, fit(cd), fit(wrongCD{cd}), "%v, CD-%d", units, k)
				}
			}
		}
	}
}
