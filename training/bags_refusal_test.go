package training_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

func TestSelectBags(t *testing.T) {
	for _, dt := range dtypes {
		b := training.Bags{Rows: matrix(dt, 4, 1, func(i, _ int) float64 { return float64(i) }), Lengths: []int{1, 0, 3}}
		require.NoError(t, b.Validate())
		require.Equal(t, 3, b.Len())
		some := must(b.Select([]int{2, 1, 0, 2}))
		require.Equal(t, []int{3, 0, 1, 3}, some.Lengths)
		require.Equal(t, []float64{1, 2, 3, 0, 1, 2, 3}, float64s(some.Rows))
		require.Equal(t, dt, some.Rows.Dtype())
		none := must(b.Select([]int{1}))
		require.Equal(t, tensor.Shape{0, 1}, none.Rows.Shape())
		require.NoError(t, none.Validate())
		_, err := b.Select([]int{0, 3})
		require.ErrorIs(t, err, energy.ErrRange)
		require.ErrorContains(t, err, "training: Bags: Select: index 1 is 3, want 0 to 2")
		_, err = b.Select([]int{-1})
		require.ErrorIs(t, err, energy.ErrRange)
		_, err = b.Select(nil)
		require.ErrorIs(t, err, energy.ErrShape)
	}
}

func TestBagsAreRefused(t *testing.T) {
	good := bagsOf(1, 8, 6)
	withRows := func(x *tensor.Dense) training.Bags {
		return training.Bags{Rows: x, Lengths: []int{1, 2, 0, 1, 1, 1, 1, 1}}
	}
	lengths := func(l ...int) training.Bags { return training.Bags{Rows: normals(1, 4, 6), Lengths: l} }
	for _, c := range []struct {
		name     string
		bags     training.Bags
		sentinel error
		want     string
	}{
		{"nothing", training.Bags{}, energy.ErrShape, "Rows are no matrix"},
		{"no lengths", training.Bags{Rows: normals(1, 4, 6)}, energy.ErrShape, "no Lengths"},
		{"a cube", withRows(cube(normals(1, 8, 6), 2)), energy.ErrShape, "Rows are no matrix"},
		{"a sum below", lengths(1, 2), energy.ErrShape, "Lengths have the sum 3, want the 4 rows"},
		{"a sum above", lengths(1, 2, 2), energy.ErrShape, "bag 2 of length 2 begins with row 3 of 4"},
		{"a negative length", lengths(3, -1, 2), energy.ErrShape, "bag 1 of length -1"},
		{"an overflow", lengths(1, math.MaxInt, math.MaxInt, 5), energy.ErrShape, "bag 1 of length"},
		{"a view", withRows(columnView(6)), energy.ErrShape, "not contiguous"},
		{"NaN", withRows(with(nan)), energy.ErrNotFinite, "row 3, column 2 is NaN"},
		{"integers", withRows(tensor.New(tensor.WithShape(8, 6), tensor.WithBacking(make([]int, 48)))), energy.ErrDtype, "dtype int"},
		{"integers of no row", training.Bags{Rows: tensor.New(tensor.Of(tensor.Int), tensor.WithShape(0, 6)), Lengths: []int{0}}, energy.ErrDtype, "dtype int"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.bags.Validate()
			require.ErrorIs(t, err, c.sentinel)
			require.ErrorContains(t, err, "training: Bags: ")
			require.ErrorContains(t, err, c.want)
			_, err = c.bags.Select([]int{0})
			require.ErrorIs(t, err, c.sentinel)
			net := bagNet(linear("one", 6, 3, tensor.Float64), meanPool{})
			_, err = training.PredictBags(context.Background(), net, c.bags)
			require.ErrorIs(t, err, c.sentinel)
			require.ErrorContains(t, err, `training: PredictBags: layer "net": Bags: `)
			fit := training.Supervised{Solver: training.SGD{Rate: 1}, Epochs: 1}
			untouched(t, net, "", `training: Supervised: layer "net": Bags: `, func() (*training.Report, error) {
				return fit.FitBags(context.Background(), net, c.bags, classes(8, 3))
			}, c.sentinel, c.want)
			fit.ValidationBags, fit.ValidationTargets = c.bags, classes(8, 3)
			if c.name != "nothing" {
				untouched(t, net, "", `training: Supervised: layer "net": ValidationBags: `, func() (*training.Report, error) {
					return fit.FitBags(context.Background(), net, good, classes(8, 3))
				}, c.sentinel, c.want)
			}
		})
	}
}

func TestFitBagsRefuses(t *testing.T) {
	type input struct {
		training.Supervised
		model layers.BagLayer
		x     training.Bags
		y     *tensor.Dense
	}
	for _, c := range []struct {
		name     string
		change   func(in *input)
		sentinel error
		want     []string
	}{
		{"batch above bags", func(in *input) { in.Batch = 9 }, energy.ErrConfig, []string{"Batch is 9, want 1 to 8 bags"}},
		{"fewer targets", func(in *input) { in.y = classes(7, 3) }, energy.ErrShape, []string{"8 bags of inputs and 7 of targets"}},
		{"weights of rows", func(in *input) { in.Weights = make([]float64, 9) }, energy.ErrShape, []string{"9 Weights"}},
		{"no pool", func(in *input) { in.model = bagNet(linear("one", 6, 3, tensor.Float64)) }, energy.ErrConfig, []string{"the model does not pool"}},
		{"instances of another width", func(in *input) { in.x = bagsOf(1, 8, 5) }, energy.ErrShape, []string{`Linear "one"`, "want (batch, 6)"}},
		{"targets of another width", func(in *input) { in.y = classes(8, 4) }, energy.ErrShape, []string{"CrossEntropy", "(4, 3)", "(4, 4)"}},
		{"negative ClipNorm", func(in *input) { in.ClipNorm = -1 }, energy.ErrConfig, []string{"ClipNorm is -1"}},
		{"NaN ClipNorm", func(in *input) { in.ClipNorm = nan }, energy.ErrConfig, []string{"ClipNorm is NaN"}},
		{"infinite ClipNorm", func(in *input) { in.ClipNorm = inf }, energy.ErrConfig, []string{"ClipNorm is +Inf"}},
		{"validation rows", func(in *input) { in.Validation, in.ValidationTargets = bits(1, 3, 6), classes(3, 3) }, energy.ErrConfig, []string{"want ValidationBags"}},
		{"validation without targets", func(in *input) { in.ValidationBags = bagsOf(2, 3, 6) }, energy.ErrConfig, []string{"ValidationBags and ValidationTargets go together"}},
		{"targets without validation", func(in *input) { in.ValidationTargets = classes(3, 3) }, energy.ErrConfig, []string{"go together"}},
		{"validation of other bags", func(in *input) { in.ValidationBags, in.ValidationTargets = bagsOf(2, 3, 6), classes(4, 3) }, energy.ErrShape, []string{"Validation: 3 bags of inputs and 4 of targets"}},
		{"validation of another width", func(in *input) { in.ValidationBags, in.ValidationTargets = bagsOf(2, 3, 5), classes(3, 3) }, energy.ErrShape, []string{"inputs of 5 columns"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint")
			in := &input{
				Supervised: training.Supervised{Solver: training.SGD{Rate: 0.1}, Epochs: 3, Batch: 4, Checkpoint: path},
				model:      bagNet(linear("one", 6, 3, tensor.Float64), meanPool{}), x: bagsOf(1, 8, 6), y: classes(8, 3),
			}
			c.change(in)
			untouched(t, in.model, path, `training: Supervised: layer "net": `, func() (*training.Report, error) {
				return in.FitBags(context.Background(), in.model, in.x, in.y)
			}, c.sentinel, c.want...)
		})
	}
	_, err := training.Supervised{}.FitBags(context.Background(), nil, bagsOf(1, 2, 3), classes(2, 3))
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = training.PredictBags(context.Background(), nil, bagsOf(1, 2, 3))
	require.ErrorIs(t, err, energy.ErrConfig)
}

func TestCheckpointOfOtherBagsIsRefused(t *testing.T) {
	instances := normals(1, 5, 6)
	run := func(ctx context.Context, path string, change func(b *training.Bags)) error {
		bags := training.Bags{Rows: instances.Clone().(*tensor.Dense), Lengths: []int{2, 0, 3}}
		change(&bags)
		_, err := training.Supervised{Solver: training.Adam{Rate: 0.1}, Epochs: 3, Batch: 2, Checkpoint: path, Resume: true}.FitBags(
			ctx, bagNet(linear("one", 6, 3, tensor.Float64), meanPool{}), bags, classes(3, 3))
		return err
	}
	same := func(*training.Bags) {}
	for name, change := range map[string]func(b *training.Bags){
		"lengths":   func(b *training.Bags) { b.Lengths = []int{2, 1, 2} },
		"instances": func(b *training.Bags) { b.Rows.Float64s()[7]++ },
	} {
		path := filepath.Join(t.TempDir(), "checkpoint")
		require.ErrorIs(t, run(stopAt(3), path, same), context.Canceled)
		require.ErrorContains(t, run(context.Background(), path, change), "it is of another run", name)
		require.NoError(t, run(context.Background(), path, same))
	}
	// sets of instances are told from the rows that they are in memory
	path := filepath.Join(t.TempDir(), "checkpoint")
	fit := training.Supervised{Solver: training.Adam{Rate: 0.1}, Epochs: 3, Batch: 2, Checkpoint: path, Resume: true}
	net := func(x *tensor.Dense) layers.Layer {
		return bagNet(linear("one", x.Shape()[2], 3, tensor.Float64), meanPool{})
	}
	x := cube(normals(1, 3, 12), 2)
	_, err := fit.Fit(stopAt(3), net(x), x, classes(3, 3))
	require.ErrorIs(t, err, context.Canceled)
	other := cube(normals(1, 3, 12), 3)
	_, err = fit.Fit(context.Background(), net(other), other, classes(3, 3))
	require.ErrorContains(t, err, "it is of another run")
}
