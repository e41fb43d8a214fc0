package training_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// meanPool is the mean over a bag or a set, zeros for an empty one.
type meanPool struct{}

func (meanPool) Name() string            { return "mean" }
func (meanPool) Params() []*layers.Param { return nil }

func (meanPool) Forward(x *G.Node) (*G.Node, error) {
	rows, err := op.Flatten(x)
	if err != nil {
		return nil, err
	}
	lengths, err := op.Lengths(x)
	if err != nil {
		return nil, err
	}
	return graphtest.BagMean(rows, lengths)
}

func (meanPool) ForwardBags(x, lengths *G.Node) (*G.Node, bool, error) {
	y, err := graphtest.BagMean(x, lengths)
	return y, true, err
}

func bagNet(all ...layers.Layer) *layers.Sequential { return must(layers.NewSequential("net", all...)) }

// bagsOf are random bags of 0 to 3 instances, of which the second is empty.
func bagsOf(seed uint64, n, width int) training.Bags {
	r, b, rows := rand.New(rand.NewPCG(seed, 4)), training.Bags{}, 0
	for i := range n {
		b.Lengths = append(b.Lengths, r.IntN(4))
		if i == 1 {
			b.Lengths[i] = 0
		}
		rows += b.Lengths[i]
	}
	b.Rows = normals(seed, rows, width)
	return b
}

// cube is a matrix with its rows cut up into sets of instances.
func cube(x *tensor.Dense, instances int) *tensor.Dense {
	rows, columns := x.Shape()[0], x.Shape()[1]
	return tensor.New(tensor.WithShape(rows, instances, columns/instances), tensor.WithBacking(x.Data()))
}

// A bag is of class 1 if one of its instances is large in the first column: a net that sees each instance and pools learns it.
func TestFitBagsLearns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	draw := func(n int) (training.Bags, *tensor.Dense) {
		var b training.Bags
		var data []float64
		var labels []int
		for range n {
			length, label := r.IntN(6), 0
			for range length {
				x := []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
				if r.IntN(6) == 0 {
					x[0], label = 4, 1
				}
				data = append(data, x...)
			}
			b.Lengths, labels = append(b.Lengths, length), append(labels, label)
		}
		b.Rows = tensor.New(tensor.WithShape(len(data)/3, 3), tensor.WithBacking(data))
		return b, must(training.OneHot(labels, 2))
	}
	x, y := draw(300)
	held, targets := draw(200)
	for _, dt := range dtypes {
		net := bagNet(linear("one", 3, 8, dt), layers.ReLU(), meanPool{}, linear("two", 8, 2, dt))
		report, err := training.Supervised{
			Solver: training.Adam{Rate: 0.02}, Epochs: 60, Batch: 32, Seed: 1, ValidationBags: held, ValidationTargets: targets,
		}.FitBags(context.Background(), net, x, y)
		require.NoError(t, err)
		require.Greater(t, report.Epochs[0].ValidationError, 0.2)
		require.Less(t, report.Last().ValidationError, 0.1, "%v", dt)
		require.Less(t, report.Last().Cost, 0.2)

		logits := must(training.PredictBags(context.Background(), net, held))
		require.Equal(t, tensor.Shape{200, 2}, logits.Shape())
		wrong := 0
		want := training.Classes(targets)
		for i, c := range training.Classes(logits) {
			if c != want[i] {
				wrong++
			}
		}
		require.InDelta(t, report.Last().ValidationError, float64(wrong)/200, 1e-12)
	}
}

// Bags of one length are a batch of sets, bit for bit, trained and run.
func TestBagsOfOneLengthAreSets(t *testing.T) {
	for _, dt := range dtypes {
		x, y := cube(normals(1, 22, 6), 3), classes(22, 3)
		bags := training.Bags{Rows: tensor.New(tensor.WithShape(66, 2), tensor.WithBacking(x.Data())), Lengths: make([]int, 22)}
		for i := range bags.Lengths {
			bags.Lengths[i] = 3
		}
		net := func() *layers.Sequential {
			return bagNet(linear("one", 2, 4, dt), layers.Softmax(), must(layers.NewDropout("drop", 0.3, 1)), meanPool{}, linear("two", 4, 3, dt))
		}
		fit := training.Supervised{Solver: training.Adam{Rate: 0.05}, Epochs: 3, Batch: 5, ClipNorm: 0.5, L1: 0.001}
		a, b := net(), net()
		ofBags, err := fit.FitBags(context.Background(), a, bags, y)
		require.NoError(t, err)
		ofSets, err := fit.Fit(context.Background(), b, x, y)
		require.NoError(t, err)
		require.Equal(t, values(b), values(a))
		require.Equal(t, untimed(ofSets), untimed(ofBags))
		require.Equal(t, must(training.Predict(context.Background(), a, x)).Data(), must(training.PredictBags(context.Background(), a, bags)).Data())
	}
}

// What padding with zeros gives by hand, a ragged batch gives without: a chain without biases makes zeros of zeros, so that the
// mean over a padded set is that of the bag but for the number of instances.
func TestBagsArePaddedSets(t *testing.T) {
	const most = 3
	bags := bagsOf(3, 40, 2)
	plain := func(name string, in, out int) layers.Layer {
		return must(layers.NewLinear(name, layers.LinearConfig{In: in, Out: out, NoBias: true, Seed: 1, Dtype: tensor.Float64}))
	}
	net := bagNet(plain("one", 2, 5), layers.ReLU(), meanPool{}, plain("two", 5, 2))
	padded, from := make([]float64, 40*most*2), 0
	for i, l := range bags.Lengths {
		copy(padded[i*most*2:], bags.Rows.Float64s()[from:from+2*l])
		from += 2 * l
	}
	sets := must(training.Predict(context.Background(), net, tensor.New(tensor.WithShape(40, most, 2), tensor.WithBacking(padded)))).Float64s()
	ragged := must(training.PredictBags(context.Background(), net, bags)).Float64s()
	for i, l := range bags.Lengths {
		for j := range 2 {
			want := 0.0
			if l > 0 {
				want = sets[2*i+j] * most / float64(l)
			}
			require.InDelta(t, want, ragged[2*i+j], 1e-12, "bag %d of length %d", i, l)
		}
	}
}

// The gradient of a batch is the mean of the gradients of its bags, each taken in a graph of its own.
func TestBagGradientsAreThoseOfEachBag(t *testing.T) {
	bags, y := bagsOf(5, 9, 4), classes(9, 3)
	net := func() *layers.Sequential {
		return bagNet(linear("one", 4, 5, tensor.Float64), layers.Tanh(), meanPool{}, linear("two", 5, 3, tensor.Float64))
	}
	step := func(b training.Bags, y *tensor.Dense) [][]float64 {
		m := net()
		before := values(m)
		_, err := training.Supervised{Solver: training.SGD{Rate: 1}, Epochs: 1}.FitBags(context.Background(), m, b, y)
		require.NoError(t, err)
		var gradient [][]float64
		for i, after := range values(m) {
			gradient = append(gradient, moved(before[i], after))
		}
		return gradient
	}
	whole := step(bags, y)
	sum := step(must(bags.Select([]int{0})), must(training.OneHot([]int{0}, 3)))
	for i := 1; i < 9; i++ {
		for p, g := range step(must(bags.Select([]int{i})), must(training.OneHot([]int{i % 3}, 3))) {
			for k := range g {
				sum[p][k] += g[k]
			}
		}
	}
	for p := range sum {
		for k := range sum[p] {
			require.InDelta(t, sum[p][k]/9, whole[p][k], 1e-12)
		}
	}
}

// reshaping is a layer of a user's that Gorgonia builds for one number of rows.
type reshaping struct{ built *int }

func (reshaping) Name() string            { return "reshaping" }
func (reshaping) Params() []*layers.Param { return nil }
func (r reshaping) Forward(x *G.Node) (*G.Node, error) {
	*r.built++
	flat, err := G.Reshape(x, tensor.Shape{x.Shape().TotalSize()})
	if err != nil {
		return nil, err
	}
	y, err := op.Combine([]float64{1}, flat)
	if err != nil {
		return nil, err
	}
	return G.Reshape(y, x.Shape().Clone())
}

// A layer that keeps to the shapes of its graph costs graphs, not results.
func TestBagsOfALayerThatKeepsShapes(t *testing.T) {
	bags, y := bagsOf(5, 22, 4), classes(22, 3)
	for i := range bags.Lengths {
		if bags.Lengths[i] == 0 { // Gorgonia's Reshape does not know what to do with nothing
			bags.Lengths[i] = 1
		}
	}
	rows := 0
	for _, l := range bags.Lengths {
		rows += l
	}
	bags.Rows = normals(4, rows, 4)
	built := 0
	for _, solver := range []training.Solver{training.SGD{Rate: 0.1}, training.Adam{Rate: 0.1}} {
		fit := training.Supervised{Solver: solver, Epochs: 3, Batch: 5}
		rigid := bagNet(linear("one", 4, 5, tensor.Float64), reshaping{&built}, layers.Tanh(), meanPool{}, linear("two", 5, 3, tensor.Float64))
		supple := bagNet(linear("one", 4, 5, tensor.Float64), layers.Tanh(), meanPool{}, linear("two", 5, 3, tensor.Float64))
		_, err := fit.FitBags(context.Background(), rigid, bags, y)
		require.NoError(t, err)
		_, err = fit.FitBags(context.Background(), supple, bags, y)
		require.NoError(t, err)
		require.Greater(t, built, 4, "the twin: without graphs of their own this would be one")
		require.Equal(t, values(supple), values(rigid))
		one := must(bags.Select([]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 3}))
		require.Equal(t, must(training.PredictBags(context.Background(), supple, one)).Data(), must(training.PredictBags(context.Background(), rigid, one)).Data())
	}
}

// Bags without an instance are what the model makes of nothing, alone and in a batch.
func TestEmptyBags(t *testing.T) {
	for _, dt := range dtypes {
		head := linear("two", 5, 3, dt)
		require.NoError(t, head.Params()[1].Set([]float64{1, -2, 0.5}))
		net := bagNet(linear("one", 4, 5, dt), layers.ReLU(), meanPool{}, head)
		nothing := training.Bags{Rows: tensor.New(tensor.Of(dt), tensor.WithShape(0, 4)), Lengths: []int{0, 0}}
		y, err := training.PredictBags(context.Background(), net, nothing)
		require.NoError(t, err)
		require.Equal(t, []float64{1, -2, 0.5, 1, -2, 0.5}, float64s(y))

		before := values(net)
		_, err = training.Supervised{Solver: training.SGD{Rate: 1}, Epochs: 2, Batch: 1}.FitBags(context.Background(), net, nothing, classes(2, 3))
		require.NoError(t, err)
		after := values(net)
		require.Equal(t, before[:3], after[:3], "nothing moves the weights")
		require.NotEqual(t, before[3], after[3])

		mixed := training.Bags{Rows: normals(1, 3, 4), Lengths: []int{0, 3, 0}}
		all := float64s(must(training.PredictBags(context.Background(), net, mixed)))
		require.Equal(t, after[3], all[:3])
		require.Equal(t, after[3], all[6:])
		require.NotEqual(t, all[:3], all[3:6])
	}
}

// Many bags and large ones run in several batches of few sizes, with the numbers of each bag alone.
func TestPredictBagsInParts(t *testing.T) {
	net := bagNet(linear("one", 2, 3, tensor.Float64), layers.Tanh(), meanPool{}, linear("two", 3, 2, tensor.Float64))
	bags := training.Bags{}
	rows := 0
	for i := range 1200 {
		bags.Lengths = append(bags.Lengths, []int{1, 0, 40, 3, 120}[i%5])
		rows += bags.Lengths[i]
	}
	bags.Lengths[7] = 20000 // more than are run at once
	rows += 20000 - 40
	bags.Rows = normals(1, rows, 2)
	all := must(training.PredictBags(context.Background(), net, bags)).Float64s()
	require.Len(t, all, 2400)
	for _, i := range []int{0, 1, 6, 7, 8, 499, 500, 501, 1199} {
		require.Equal(t, must(training.PredictBags(context.Background(), net, must(bags.Select([]int{i})))).Float64s(), all[2*i:2*i+2], "bag %d", i)
	}
	_, err := training.PredictBags(stopAt(1), net, bags)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, `training: PredictBags: layer "net"`)
}
