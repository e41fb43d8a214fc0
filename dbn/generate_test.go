package dbn_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// chain runs a Gibbs chain in the top machine and returns its last state.
func chain(r *layers.RBM, s *sampling.State, steps int, seed uint64, clamp []bool) *sampling.State {
	gibbs := &sampling.Gibbs{Model: r, Seed: seed, VisibleClamp: clamp}
	if _, err := sampling.Run(context.Background(), gibbs, s, sampling.Schedule{BurnIn: steps}); err != nil {
		panic(err)
	}
	return s
}

// drawnBack draws the visible units of each row.
func drawnBack[T float32 | float64](r *layers.RBM, h *tensor.Dense, seed uint64) *tensor.Dense {
	p, rows := must(layers.PlainOf[T](r)), h.Shape()[0]
	in, out := make([]T, rows*p.VisibleLen), make([]T, rows*p.VisibleLen)
	p.VisibleInput(in, h.Data().([]T), rows)
	for i := range rows {
		row := rng.New(seed, "descend "+r.Name()).Row(i, 0)
		p.Visible.Sample(out[i*p.VisibleLen:(i+1)*p.VisibleLen], in[i*p.VisibleLen:(i+1)*p.VisibleLen], nil, 1, row)
	}
	return tensor.New(tensor.WithShape(rows, p.VisibleLen), tensor.WithBacking(out))
}

// Generate is a Gibbs chain in the top machine and a pass down, to the bit: in a stack with one layer its RBM's own chain.
func TestGenerateIsAChainAndAPassDown(t *testing.T) {
	for _, dtype := range dtypes {
		for _, sizes := range [][]int{{6, 4}, {6, 5, 4, 3}} {
			d := newStack(dbn.Config{Sizes: sizes, Seed: 1, Centered: true, Dtype: dtype})
			scale(d)
			rbms := d.RBMs()
			top := rbms[len(rbms)-1]
			down := func(s *sampling.State) []float64 {
				x := s.Visible
				switch {
				case len(rbms) == 1:
					return numbers(backMeans(top, s.Hidden))
				case dtype == tensor.Float32:
					x = drawnBack[float32](rbms[1], x, 5)
				default:
					x = drawnBack[float64](rbms[1], x, 5)
				}
				return numbers(backMeans(rbms[0], x))
			}
			random := func() *sampling.State { return must(sampling.RandomState(top, 8, 5)) }

			got := must(d.Generate(context.Background(), 8, dbn.GenerateConfig{Steps: 7, Seed: 5}))
			require.Equal(t, tensor.Shape{8, 6}, got.Shape())
			require.Equal(t, dtype, got.Dtype())
			require.Equal(t, down(chain(top, random(), 7, 5, nil)), numbers(got))

			got = must(d.Generate(context.Background(), 8, dbn.GenerateConfig{Seed: 5}))
			require.Equal(t, down(chain(top, random(), 200, 5, nil)), numbers(got), "200 steps unless told")

			from := grey(dtype, 8, 6)
			below := from
			for _, r := range rbms[:len(rbms)-1] {
				below = means(r, below)
			}
			got = must(d.Generate(context.Background(), 8, dbn.GenerateConfig{Steps: 1, Seed: 5, From: from}))
			require.Equal(t, down(chain(top, must(sampling.NewState(top, below)), 1, 5, nil)), numbers(got))
			require.Equal(t, numbers(grey(dtype, 8, 6)), numbers(from), "From is left as it is")
		}
	}
}

// In a labelled stack the classes are clamped or, without Labels, drawn; from given rows they start undecided.
func TestGenerateClampsLabels(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Labels: 2, Seed: 1, Dtype: tensor.Float64})
	scale(d)
	bottom, top := d.RBMs()[0], d.RBMs()[1]
	down := func(s *sampling.State) []float64 { return numbers(backMeans(bottom, cut(s.Visible, 5))) }
	clamp := []bool{false, false, false, false, false, true, true}
	labels, from := []int{1, 0, 1}, grey(tensor.Float64, 3, 6)

	state := must(sampling.RandomState(top, 3, 8))
	free := numbers(must(d.Generate(context.Background(), 3, dbn.GenerateConfig{Steps: 4, Seed: 8})))
	require.Equal(t, down(chain(top, must(sampling.RandomState(top, 3, 8)), 4, 8, nil)), free)

	for i, l := range labels {
		copy(state.Visible.Float64s()[7*i+5:], [][]float64{{1, 0}, {0, 1}}[l])
	}
	clamped := numbers(must(d.Generate(context.Background(), 3, dbn.GenerateConfig{Steps: 4, Seed: 8, Labels: labels})))
	require.Equal(t, down(chain(top, state, 4, 8, clamp)), clamped)
	const rows = 500 // so many that the classes make a difference to a draw
	require.NotEqual(t,
		numbers(must(d.Generate(context.Background(), rows, dbn.GenerateConfig{Steps: 4, Seed: 8}))),
		numbers(must(d.Generate(context.Background(), rows, dbn.GenerateConfig{Steps: 4, Seed: 8, Labels: make([]int, rows)}))))

	many := grey(tensor.Float64, 2000, 6) // so many that a little makes a difference to a draw
	started := func(classes ...float64) []float64 {
		return down(chain(top, must(sampling.NewState(top, behind(means(bottom, many), classes...))), 1, 8, nil))
	}
	got := numbers(must(d.Generate(context.Background(), 2000, dbn.GenerateConfig{Steps: 1, Seed: 8, From: many})))
	require.Equal(t, started(0.5, 0.5), got)
	require.NotEqual(t, started(0.6, 0.4), got)

	decided := must(sampling.NewState(top, behind(means(bottom, from), 0, 1)))
	require.Equal(t, down(chain(top, decided, 4, 8, clamp)),
		numbers(must(d.Generate(context.Background(), 3, dbn.GenerateConfig{Steps: 4, Seed: 8, From: from, Labels: []int{1, 1, 1}}))))
}

// Row i of many is row i alone, and seeds make the rows.
func TestGenerateIsDeterminedByItsSeed(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1})
	scale(d)
	rows := func(count int, seed uint64) []float64 {
		return numbers(must(d.Generate(context.Background(), count, dbn.GenerateConfig{Steps: 5, Seed: seed})))
	}
	require.Equal(t, rows(20, 1), rows(20, 1))
	require.Equal(t, rows(20, 1)[:18], rows(3, 1))
	require.NotEqual(t, rows(20, 1), rows(20, 2))
}

func TestGenerateEndsWithItsContext(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1})
	ctx := &mortal{Context: context.Background(), breaths: 10}
	rows, err := d.Generate(ctx, 2, dbn.GenerateConfig{Steps: 1 << 40})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, `dbn: DBN "net": Generate: `)
	require.Nil(t, rows)
}

// mortal is a context that ends after it was asked so many times whether it has.
type mortal struct {
	context.Context
	breaths int
}

func (m *mortal) Err() error {
	if m.breaths--; m.breaths < 0 {
		return context.Canceled
	}
	return nil
}

// A small machine that was trained by the exact gradient generates its own distribution: v drawn from the returned means
// stands within the sampling noise of the enumerated p(v). Chains that have not left their start do not. The training is cut
// short while 40 steps still are many times what the chains take to mix.
func TestGeneratedDistribution(t *testing.T) {
	const count, steps, alpha = 10000, 40, 1e-6
	data := matrix(tensor.Float64, [][]float64{{1, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 1}, {1, 0, 1, 0}, {1, 1, 1, 1}})
	d := newStack(dbn.Config{Sizes: []int{4, 3}, Seed: 1, Dtype: tensor.Float64})
	must(d.Pretrain(context.Background(), data, dbn.PretrainConfig{
		Epochs: 100, Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.02}, Seed: 1,
	}))
	plain := must(layers.PlainOf[float64](d.RBMs()[0]))
	oracle := exact.Harmonium{
		Visible: exact.Side{Family: exact.Bernoulli, Units: 4}, Hidden: exact.Side{Family: exact.Bernoulli, Units: 3},
		W: plain.W, B: plain.B, C: plain.C,
	}
	states, p, err := oracle.Probabilities()
	require.NoError(t, err)
	index := map[string]int{}
	for i, s := range states {
		index[fmt.Sprint(s)] = i
	}
	draw := func(seed uint64, config dbn.GenerateConfig) []int {
		config.Seed = seed
		r, counts := rand.New(rand.NewPCG(seed, 1)), make([]int, len(p))
		rows := numbers(must(d.Generate(context.Background(), count, config)))
		for i := range count {
			v := make([]float64, 4)
			for j := range v {
				if r.Float64() < rows[4*i+j] {
					v[j] = 1
				}
			}
			counts[index[fmt.Sprint(v)]]++
		}
		return counts
	}
	corner := make([][]float64, count)
	for i := range corner {
		corner[i] = []float64{0, 0, 1, 1}
	}
	for seed := range uint64(3) {
		require.NoError(t, stattest.Distribution(draw(seed, dbn.GenerateConfig{Steps: steps}), p, alpha))
		require.NoError(t, stattest.Distribution(draw(seed, dbn.GenerateConfig{Steps: steps, From: matrix(tensor.Float64, corner)}), p, alpha))
		require.Error(t, stattest.Distribution(draw(seed, dbn.GenerateConfig{Steps: 1, From: matrix(tensor.Float64, corner)}), p, alpha))
	}
}

// The mean of what a stack of three machines generates is E[v] of its directed model, enumerated: the layers in between are
// drawn. Were their means passed down instead, it would be another number. Hoeffding: the mean of n numbers in [0, 1] is off by
// more than √(log(2/alpha)/(2n)) with probability alpha.
func TestGeneratedMeanIsAncestral(t *testing.T) {
	const count, steps, alpha = 20000, 30, 1e-6
	limit := math.Sqrt(math.Log(2/alpha) / (2 * count))
	d := newStack(dbn.Config{Sizes: []int{1, 2, 2, 2}, Seed: 1, Dtype: tensor.Float64})
	set := func(i int, w, b, c []float64) {
		for k, x := range [][]float64{w, b, c} {
			require.NoError(t, d.RBMs()[i].Params()[k].Set(x))
		}
	}
	set(0, []float64{6, 6}, []float64{-9}, []float64{0, 0})
	set(1, []float64{2, -2, 1, 2}, []float64{-0.5, 0.5}, []float64{0, 0})
	set(2, []float64{1, -1, 0.5, 1}, []float64{0.2, -0.3}, []float64{0.1, -0.1})

	top := must(layers.PlainOf[float64](d.RBMs()[2]))
	oracle := exact.Harmonium{
		Visible: exact.Side{Family: exact.Bernoulli, Units: 2}, Hidden: exact.Side{Family: exact.Bernoulli, Units: 2},
		W: top.W, B: top.B, C: top.C,
	}
	states, p, err := oracle.Probabilities()
	require.NoError(t, err)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	drawn, passed := 0.0, 0.0 // E[v] with h1 drawn given h2, and with its means in its place
	for k, h2 := range states {
		m := [2]float64{sigmoid(2*h2[0] - 2*h2[1] - 0.5), sigmoid(h2[0] + 2*h2[1] + 0.5)}
		passed += p[k] * sigmoid(6*m[0]+6*m[1]-9)
		for a := range 2 {
			for b := range 2 {
				ph := [2]float64{1 - m[0], m[0]}[a] * [2]float64{1 - m[1], m[1]}[b]
				drawn += p[k] * ph * sigmoid(6*float64(a)+6*float64(b)-9)
			}
		}
	}
	require.Greater(t, math.Abs(drawn-passed), 3*limit, "the test can tell the two apart")
	for seed := range uint64(3) {
		rows := numbers(must(d.Generate(context.Background(), count, dbn.GenerateConfig{Steps: steps, Seed: seed})))
		mean := 0.0
		for _, v := range rows {
			mean += v / count
		}
		require.InDelta(t, drawn, mean, limit)
	}
}
