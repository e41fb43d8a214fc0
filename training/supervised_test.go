package training_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// xor is exclusive or: four rows and their classes.
func xor() (x, y *tensor.Dense) {
	return fromRows([][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}), must(training.OneHot([]int{0, 1, 1, 0}, 2))
}

func TestSupervisedLearnsExclusiveOr(t *testing.T) {
	x, y := xor()
	for _, solver := range []training.Solver{
		training.SGD{Rate: 0.5},
		training.SGD{Rate: 0.2, Momentum: 0.9},
		training.SGD{Rate: 0.2, Momentum: 0.9, Nesterov: true},
		training.Adam{Rate: 0.05},
		training.AdamW{Rate: 0.05, Decay: 1e-3},
	} {
		for _, dt := range dtypes {
			if testing.Short() && dt == tensor.Float64 {
				continue
			}
			t.Run(fmt.Sprintf("%+v/%v", solver, dt), func(t *testing.T) {
				net := sequential(linear("one", 2, 8, dt), layers.Tanh(), linear("two", 8, 2, dt))
				report, err := training.Supervised{
					Solver: solver, Epochs: 400, Seed: 1, Validation: x, ValidationTargets: y,
				}.Fit(context.Background(), net, x, y)
				require.NoError(t, err)
				require.Greater(t, report.Epochs[0].Cost, 0.5)
				require.Less(t, report.Last().Cost, 0.05) // a net that knows one row alone stays above (3/4)·log 2
				require.Less(t, report.Last().ValidationCost, 0.05)
				require.Zero(t, report.Last().ValidationError)
				require.Equal(t, []int{0, 1, 1, 0}, training.Classes(must(training.Predict(context.Background(), net, x))))
			})
		}
	}
}

func TestSupervisedLearnsThroughAnRBM(t *testing.T) {
	x, y := xor()
	rbm := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(2), Hidden: energy.Bernoulli(8), Seed: 1, InitDeviation: 1}))
	net := sequential(rbm, linear("head", 8, 2, tensor.Float32))
	before := values(rbm)
	report, err := training.Supervised{Solver: training.Adam{Rate: 0.05}, Epochs: 400, Seed: 1}.Fit(context.Background(), net, x, y)
	require.NoError(t, err)
	require.Less(t, report.Last().Cost, 0.05)
	after := values(rbm)
	require.NotEqual(t, before[0], after[0], "W is learned")
	require.Equal(t, before[1], after[1], "the output does not depend on the visible bias")
	require.NotEqual(t, before[2], after[2], "c is learned")
}

// A student of the teacher's shape finds a teacher that is linear.
func TestSupervisedFindsALinearTeacher(t *testing.T) {
	teacher, student := linear("teacher", 3, 2, tensor.Float64), linear("student", 3, 2, tensor.Float64)
	require.NoError(t, teacher.Params()[1].Set([]float64{1, -2}))
	x := normals(1, 50, 3)
	y := must(training.Predict(context.Background(), teacher, x))
	report, err := training.Supervised{
		Solver: training.SGD{Rate: 0.1}, Cost: layers.SquaredErrorRows, Epochs: 200, Batch: 20, Validation: x, ValidationTargets: y,
	}.Fit(context.Background(), student, x, y)
	require.NoError(t, err)
	for i, p := range student.Params() {
		require.InDeltaSlice(t, teacher.Params()[i].Float64s(), p.Float64s(), 1e-6)
	}
	require.Less(t, report.Last().ValidationCost, 1e-12)
}

// linearGradient is the gradient of the mean of ½|xW + b − y|² + l1·Σ|W| + l2/2·ΣW².
func linearGradient(w, b []float64, x, y *tensor.Dense, l1, l2 float64) (dw, db []float64) {
	rows, in, out := x.Shape()[0], x.Shape()[1], y.Shape()[1]
	dw, db = make([]float64, in*out), make([]float64, out)
	for r := range rows {
		for j := range out {
			residual := b[j] - y.Float64s()[r*out+j]
			for i := range in {
				residual += x.Float64s()[r*in+i] * w[i*out+j]
			}
			db[j] += residual / float64(rows)
			for i := range in {
				dw[i*out+j] += x.Float64s()[r*in+i] * residual / float64(rows)
			}
		}
	}
	for i := range w {
		dw[i] += l1*math.Copysign(1, w[i]) + l2*w[i]
	}
	return dw, db
}

func TestSupervisedMakesTheGradientStep(t *testing.T) {
	const l1, l2 = 0.1, 0.3
	net, x, y := linear("net", 4, 3, tensor.Float64), normals(1, 9, 4), normals(2, 9, 3)
	before := values(net)
	report, err := training.Supervised{
		Solver: training.SGD{Rate: 1}, Cost: layers.SquaredErrorRows, Epochs: 1, L1: l1, L2: l2,
	}.Fit(context.Background(), net, x, y)
	require.NoError(t, err)
	dw, db := linearGradient(before[0], before[1], x, y, l1, l2)
	require.InDeltaSlice(t, dw, moved(before[0], values(net)[0]), 1e-12)
	require.InDeltaSlice(t, db, moved(before[1], values(net)[1]), 1e-12)
	withoutL2, _ := linearGradient(before[0], before[1], x, y, l1, 0)
	require.Greater(t, distance(withoutL2, moved(before[0], values(net)[0])), 1e-3)
	require.Equal(t, uint64(1), report.Steps)
}

// The masks of dropout belong to the step: two runs draw alike, and another step draws otherwise.
func TestDropoutIsRedrawnEachStep(t *testing.T) {
	x := matrix(tensor.Float64, 1, 8, func(int, int) float64 { return 1 })
	y := matrix(tensor.Float64, 1, 1, func(int, int) float64 { return 0 })
	var costs []float64
	fit := training.Supervised{
		Solver: training.SGD{Rate: 1e-300}, Cost: layers.SquaredErrorRows, Epochs: 40,
		Observe: func(e training.Epoch) error {
			costs = append(costs, e.Cost)
			return nil
		},
	}
	run := func() []float64 {
		costs = nil
		net := sequential(must(layers.NewDropout("dropout", 0.5, 1)), linear("net", 8, 1, tensor.Float64))
		_, err := fit.Fit(context.Background(), net, x, y)
		require.NoError(t, err)
		return costs
	}
	first := run()
	require.Equal(t, first, run())
	different := map[float64]bool{}
	for _, c := range first {
		different[c] = true
	}
	// 40 of 256 masks: fewer than 20 different ones would be a miracle.
	require.Greater(t, len(different), 20)
}

func TestValidationErrorNeedsColumns(t *testing.T) {
	x, y := normals(1, 10, 3), normals(2, 10, 1)
	report, err := training.Supervised{
		Solver: training.SGD{Rate: 0.1}, Cost: layers.SquaredErrorRows, Epochs: 1, Validation: x, ValidationTargets: y,
	}.Fit(context.Background(), linear("net", 3, 1, tensor.Float64), x, y)
	require.NoError(t, err)
	require.True(t, math.IsNaN(report.Last().ValidationError))
	require.False(t, math.IsNaN(report.Last().ValidationCost))
	require.NotContains(t, report.String(), "validation error")
}

func TestValidationIsMeasuredWithoutNoiseOrPenalties(t *testing.T) {
	one, two := linear("one", 6, 5, tensor.Float64), linear("two", 5, 3, tensor.Float64)
	net := sequential(one, layers.Tanh(), must(layers.NewDropout("dropout", 0.5, 1)), two)
	x, y := normals(1, 8, 6), classes(7, 3)
	held := normals(2, 7, 6)
	report, err := training.Supervised{
		Solver: training.SGD{Rate: 0.1}, Epochs: 1, L2: 10, Validation: held, ValidationTargets: y,
	}.Fit(context.Background(), net, x, classes(8, 3))
	require.NoError(t, err)
	logits := must(training.Predict(context.Background(), sequential(one, layers.Tanh(), two), held)).Float64s()
	cost, wrong := 0.0, 0.0
	for i := range 7 {
		row, label, z, best := logits[3*i:3*i+3], i%3, 0.0, 0
		for j, l := range row {
			z += math.Exp(l)
			if l > row[best] {
				best = j
			}
		}
		cost += (math.Log(z) - row[label]) / 7
		if best != label {
			wrong += 1.0 / 7
		}
	}
	require.InDelta(t, cost, report.Last().ValidationCost, 1e-12)
	require.InDelta(t, wrong, report.Last().ValidationError, 1e-12)
}

func TestSupervisedTakesACostOfOnesOwn(t *testing.T) {
	net := linear("net", 3, 1, tensor.Float64)
	cost := func(y, target *G.Node) (*G.Node, error) { // |y − target|
		d, err := G.Sub(y, target)
		if err != nil {
			return nil, err
		}
		if d, err = G.Abs(d); err != nil {
			return nil, err
		}
		return G.Sum(d, 1)
	}
	x, y := normals(1, 10, 3), normals(2, 10, 1)
	want := 0.0
	out := must(training.Predict(context.Background(), net, x)).Float64s()
	for i, v := range out {
		want += math.Abs(v-y.Float64s()[i]) / 10
	}
	report, err := training.Supervised{Solver: training.SGD{Rate: 0.1}, Cost: cost, Epochs: 1}.Fit(context.Background(), net, x, y)
	require.NoError(t, err)
	require.InDelta(t, want, report.Last().Cost, 1e-12)
}
