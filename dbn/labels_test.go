package dbn_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// labelled trains a stack with a class group on bars and stripes.
func labelled(t testing.TB, seed uint64, sizes ...int) *dbn.DBN {
	data, labels := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: append([]int{16}, sizes...), Labels: 2, Centered: true, Seed: seed})
	require.Equal(t, 2, d.Labels())
	_, err := d.Pretrain(context.Background(), data, dbn.PretrainConfig{
		Epochs: 1500, Negative: sampling.PCD{Chains: 60}, Solver: training.Adam{Rate: 0.02}, Labels: labels, Seed: seed,
		Fit: func(layer int, fit *training.Contrastive) { fit.Rate = training.Linear(0.02, 0, 1500) },
	})
	require.NoError(t, err)
	return d
}

// belowByChance is the number that a count of n trials with success p stays under but for a chance of about 1e-6.
func belowByChance(n int, p float64) float64 {
	return float64(n)*p + 4.75*math.Sqrt(float64(n)*p*(1-p))
}

// kindOf says whether a generated row is nearer to a bar or to a stripe; ok is false where it is as near to both.
func kindOf(row []float64) (kind int, ok bool) {
	patterns, labels := bars(tensor.Float64)
	nearest := []float64{math.Inf(1), math.Inf(1)}
	for i, l := range labels {
		distance := 0.0
		for j, x := range patterns.Float64s()[16*i : 16*i+16] {
			distance += (row[j] - x) * (row[j] - x)
		}
		nearest[l] = min(nearest[l], distance)
		if sum(patterns.Float64s()[16*i:16*i+16]) == 0 || sum(patterns.Float64s()[16*i:16*i+16]) == 16 {
			nearest[stripe] = min(nearest[stripe], distance) // all-off and all-on are both
		}
	}
	return slices.Index(nearest, min(nearest[0], nearest[1])), nearest[0] != nearest[1]
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

// A stack with a class group tells classes by free energy, and generates what its clamped classes say. The yardstick for
// generated rows is the nearest pattern, of which the model knows nothing.
func TestLabelledStack(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for several seconds")
	}
	const count = 200
	for _, sizes := range [][]int{{40}, {24, 40}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			d := labelled(t, 1, sizes...)
			data, labels := bars(tensor.Float32)
			right := 30 - wrong(must(d.Classify(data)), labels)
			t.Logf("free energy tells %d of 30", right)
			require.GreaterOrEqual(t, right, 25) // by chance once in 6,000

			for seed := range uint64(3) {
				asked := make([]int, count)
				for i := range asked {
					asked[i] = i % 2
				}
				matches := func(labels []int) (hits, clear int) {
					rows := numbers(must(d.Generate(context.Background(), count, dbn.GenerateConfig{Steps: 100, Seed: seed, Labels: labels})))
					for i := range asked {
						if kind, ok := kindOf(rows[16*i : 16*i+16]); ok {
							clear++
							if kind == asked[i] {
								hits++
							}
						}
					}
					return hits, clear
				}
				hits, clear := matches(asked)
				t.Logf("%d of %d generated rows are of the class that was asked for", hits, clear)
				require.Greater(t, clear, count/2)
				require.Greater(t, float64(hits), belowByChance(clear, 0.5))
				hits, clear = matches(nil) // free classes know nothing of what is asked
				t.Logf("%d of %d with free classes", hits, clear)
				require.Less(t, float64(hits), belowByChance(clear, 0.5))
				require.Greater(t, float64(hits), float64(clear)-belowByChance(clear, 0.5))
			}
		})
	}
}

// On real digits the free energy tells ten classes far better than chance.
func TestLabelledDigits(t *testing.T) {
	data, labels := someDigits(t, 0, 500)
	held, heldLabels := someDigits(t, 1000, 1500)
	d := newStack(dbn.Config{Sizes: []int{784, 60, 100}, Labels: 10, Centered: true, Seed: 1})
	must(d.Pretrain(context.Background(), data, dbn.PretrainConfig{Epochs: 6, Labels: labels, Batch: 20, Seed: 1}))
	right := 500 - wrong(must(d.Classify(held)), heldLabels)
	t.Logf("free energy tells %d of 500 held-out digits", right)
	require.Greater(t, float64(right), belowByChance(500, 0.1))
}

// Classify by free energy is argmin_y F(h, y), held against the graph of F.
func TestClassifyByFreeEnergy(t *testing.T) {
	for _, dtype := range dtypes {
		for _, sizes := range [][]int{{6, 4}, {6, 5, 4}} {
			d := newStack(dbn.Config{Sizes: sizes, Labels: 3, Seed: 2, Dtype: dtype})
			scale(d)
			top := d.RBMs()[len(sizes)-2]
			x := grey(dtype, 50, 6)
			below := x
			for _, r := range d.RBMs()[:len(sizes)-2] {
				below = means(r, below)
			}
			energies := func() [3][]float64 {
				return [3][]float64{
					freeEnergies(t, top, behind(below, 1, 0, 0)), freeEnergies(t, top, behind(below, 0, 1, 0)), freeEnergies(t, top, behind(below, 0, 0, 1)),
				}
			}
			// Biases at which no class is the best on the whole, so that the rows decide.
			b := top.Param("b").Float64s()
			for y, f := range energies() {
				b[len(b)-3+y] += sum(f) / float64(len(f))
			}
			require.NoError(t, top.Param("b").Set(b))

			f, chosen := energies(), map[int]int{}
			for i, y := range must(d.Classify(x)) {
				chosen[y]++
				for other := range f {
					require.LessOrEqual(t, f[y][i], f[other][i]+1e-5)
				}
			}
			require.Greater(t, len(chosen), 1, "not one class for all")
		}
	}
}

// FineTune of a labelled stack leaves the class units at 0: their weights are not touched, and from then on the classifier
// tells the class.
func TestFineTuneLeavesClassUnitsAlone(t *testing.T) {
	data, labels := bars(tensor.Float64)
	for _, sizes := range [][]int{{16, 12}, {16, 10, 12}} {
		d := newStack(dbn.Config{Sizes: sizes, Labels: 2, Glorot: true, Centered: true, Seed: 3, Dtype: tensor.Float64})
		top := d.RBMs()[len(sizes)-2]
		before := top.Param("W").Float64s()
		must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 200, Solver: training.Adam{Rate: 0.02}, Seed: 1}))
		after := top.Param("W").Float64s()
		own := len(before) - 2*12
		require.Equal(t, before[own:], after[own:])
		require.NotEqual(t, before[:own], after[:own])

		logits := must(training.Predict(context.Background(), d, data))
		require.Equal(t, tensor.Shape{30, 2}, logits.Shape())
		require.Equal(t, training.Classes(logits), must(d.Classify(data)))

		// The classifier stands on what Features gives.
		features, head := numbers(must(d.Features(data))), weights(d)
		for i := range 30 {
			for k := range 2 {
				want := head["net.head.b"][k]
				for j := range 12 {
					want += features[12*i+j] * head["net.head.W"][2*j+k]
				}
				require.InDelta(t, want, numbers(logits)[2*i+k], 1e-10)
			}
		}
	}
}
