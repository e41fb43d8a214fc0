package training_test

import (
	"context"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

var nan, inf = math.NaN(), math.Inf(1)

// columnView is columns 0 … n−1 of a wider tensor, without a copy; transposed lies column by column in memory.
func columnView(n int) *tensor.Dense {
	return must(bits(1, 8, n+2).Slice(nil, G.S(0, n))).(*tensor.Dense)
}

func transposed(rows, columns int) *tensor.Dense {
	x := bits(1, columns, rows)
	if err := x.T(); err != nil {
		panic(err)
	}
	return x
}

func constant(v float64) training.Schedule { return func(int) float64 { return v } }

// with is 8 rows of 6 bits of which one number is another.
func with(v float64) *tensor.Dense {
	x := bits(1, 8, 6)
	x.Float64s()[3*6+2] = v
	return x
}

// untouched runs a fit that must be refused: with the sentinel, with the texts, without a report, a changed parameter or a file.
func untouched(t *testing.T, model layers.Layer, path, prefix string, fit func() (*training.Report, error), sentinel error, want ...string) {
	t.Helper()
	var before [][]float64
	if model != nil {
		before = values(model)
	}
	report, err := fit()
	require.ErrorIs(t, err, sentinel)
	require.ErrorContains(t, err, prefix)
	for _, text := range want {
		require.ErrorContains(t, err, text)
	}
	require.Nil(t, report)
	if model != nil {
		require.Equal(t, before, values(model))
	}
	info, err := os.Stat(path)
	require.True(t, err != nil || info.IsDir(), "a checkpoint was written")
}

// contrastiveInput is what a refused Contrastive is tried on.
type contrastiveInput struct {
	training.Contrastive
	visible, hidden energy.Units
	centered        bool
	data            *tensor.Dense
}

func newContrastiveInput(path string) *contrastiveInput {
	return &contrastiveInput{
		Contrastive: training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1, Momentum: 0.5}, Epochs: 3, Batch: 4, InitBias: true, Checkpoint: path,
		},
		visible: energy.Bernoulli(6), hidden: energy.Bernoulli(4), data: bits(1, 8, 6),
	}
}

func TestContrastiveRefuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(c *contrastiveInput)
		sentinel error
		want     []string
	}{
		{"no negative", func(c *contrastiveInput) { c.Negative = nil }, energy.ErrConfig, []string{"no Negative given, want sampling.CD"}},
		{"negative CD steps", func(c *contrastiveInput) { c.Negative = sampling.CD{Steps: -1} }, energy.ErrConfig, []string{"Steps is -1, want 1 to"}},
		{"negative chains", func(c *contrastiveInput) { c.Negative = sampling.PCD{Chains: -2} }, energy.ErrConfig, []string{"Chains is -2, want at least 1"}},
		{"exact of real units", func(c *contrastiveInput) { c.Negative, c.visible = sampling.Exact{}, energy.Gaussian(6) }, energy.ErrConfig, []string{"Gaussian(6)", "cannot be enumerated"}},
		{"exact of many units", func(c *contrastiveInput) {
			c.Negative, c.visible, c.data = sampling.Exact{}, energy.Bernoulli(17), bits(1, 8, 17)
		}, energy.ErrConfig, []string{"131072 visible states, want at most 65536"}},
		{"no solver", func(c *contrastiveInput) { c.Solver = nil }, energy.ErrConfig, []string{"no Solver given, want SGD, Adam or AdamW"}},
		{"solver without rate", func(c *contrastiveInput) { c.Solver = training.Adam{} }, energy.ErrConfig, []string{"Adam: Rate is 0"}},
		{"no epochs", func(c *contrastiveInput) { c.Epochs = 0 }, energy.ErrConfig, []string{"Epochs is 0, want at least 1"}},
		{"negative epochs", func(c *contrastiveInput) { c.Epochs = -3 }, energy.ErrConfig, []string{"Epochs is -3"}},
		{"negative batch", func(c *contrastiveInput) { c.Batch = -1 }, energy.ErrConfig, []string{"Batch is -1, want 1 to 8 rows"}},
		{"batch above rows", func(c *contrastiveInput) { c.Batch = 9 }, energy.ErrConfig, []string{"Batch is 9, want 1 to 8 rows"}},

		{"no data", func(c *contrastiveInput) { c.data = nil }, energy.ErrShape, []string{"no tensor given, want shape (rows, 6)"}},
		{"vector", func(c *contrastiveInput) { c.data = tensor.New(tensor.WithBacking(make([]float64, 6))) }, energy.ErrShape, []string{"shape (6), want (rows, 6)"}},
		{"wrong width", func(c *contrastiveInput) { c.data = bits(1, 8, 5) }, energy.ErrShape, []string{"shape (8, 5), want (rows, 6)"}},
		{"integers", func(c *contrastiveInput) {
			c.data = tensor.New(tensor.WithShape(8, 6), tensor.WithBacking(make([]int, 48)))
		}, energy.ErrDtype, []string{"dtype int, want float32 or float64"}},
		{"bytes", func(c *contrastiveInput) {
			c.data = tensor.New(tensor.WithShape(8, 6), tensor.WithBacking(make([]uint8, 48)))
		}, energy.ErrDtype, []string{"dtype uint8"}},
		{"NaN", func(c *contrastiveInput) { c.data = with(nan) }, energy.ErrNotFinite, []string{"data: row 3, column 2 is NaN"}},
		{"NaN tells of Missing", func(c *contrastiveInput) { c.data = with(nan) }, energy.ErrNotFinite, []string{"where Missing is set, NaN is a missing value"}},
		{"infinite beside missing", func(c *contrastiveInput) { c.data, c.visible, c.Missing = with(inf), energy.Gaussian(6), true }, energy.ErrNotFinite, []string{"data: row 3, column 2 is +Inf"}},
		{"a part of a OneHot group", func(c *contrastiveInput) { c.data, c.visible, c.Missing = with(nan), energy.OneHot(2, 3), true }, energy.ErrRange, []string{"of the OneHot group at column 0 a part is missing"}},
		{"missing steps alone", func(c *contrastiveInput) { c.MissingSteps = 2 }, energy.ErrConfig, []string{"MissingSteps cannot take effect without Missing"}},
		{"negative missing steps", func(c *contrastiveInput) { c.Missing, c.MissingSteps = true, -2 }, energy.ErrConfig, []string{"MissingSteps is -2, want 1 to 65536, or 0 for 1"}},
		{"Inf", func(c *contrastiveInput) { c.data, c.visible = with(inf), energy.Gaussian(6) }, energy.ErrNotFinite, []string{"data: row 3, column 2 is +Inf"}},
		{"grey levels to 255", func(c *contrastiveInput) { c.data = with(255) }, energy.ErrRange, []string{"row 3, column 2 is 255", "Bernoulli(6)", "0 to 1"}},
		{"below Bernoulli", func(c *contrastiveInput) { c.data = with(-0.1) }, energy.ErrRange, []string{"is -0.1", "0 to 1"}},
		{"beyond Spin", func(c *contrastiveInput) { c.data, c.visible = with(2), energy.Spin(6) }, energy.ErrRange, []string{"is 2", "−1 to 1"}},
		{"no group of a OneHot", func(c *contrastiveInput) { c.visible = energy.OneHot(2, 3) }, energy.ErrRange, []string{"groups of 3 that sum to 1"}},
		{"column view", func(c *contrastiveInput) { c.data = columnView(6) }, energy.ErrShape, []string{"not contiguous", "clone it"}},
		{"transposed", func(c *contrastiveInput) { c.data = transposed(8, 6) }, energy.ErrShape, []string{"not contiguous"}},

		{"too few weights", func(c *contrastiveInput) { c.Weights = make([]float64, 7) }, energy.ErrShape, []string{"7 Weights, want one a row (8)"}},
		{"negative weight", func(c *contrastiveInput) { c.Weights = []float64{1, 1, -2, 1, 1, 1, 1, 1} }, energy.ErrRange, []string{"weight -2 of row 2"}},
		{"NaN weight", func(c *contrastiveInput) { c.Weights = []float64{1, 1, nan, 1, 1, 1, 1, 1} }, energy.ErrRange, []string{"weight NaN of row 2"}},
		{"infinite weight", func(c *contrastiveInput) { c.Weights = []float64{inf, 1, 1, 1, 1, 1, 1, 1} }, energy.ErrRange, []string{"weight +Inf of row 0"}},
		{"no weight", func(c *contrastiveInput) { c.Weights = make([]float64, 8) }, energy.ErrRange, []string{"all Weights are 0"}},

		{"negative L1", func(c *contrastiveInput) { c.L1 = -1 }, energy.ErrConfig, []string{"L1 is -1"}},
		{"NaN L2", func(c *contrastiveInput) { c.L2 = nan }, energy.ErrConfig, []string{"L2 NaN"}},
		{"infinite L2", func(c *contrastiveInput) { c.L2 = inf }, energy.ErrConfig, []string{"L2 +Inf"}},
		{"sparsity target alone", func(c *contrastiveInput) { c.SparsityTarget = 0.1 }, energy.ErrConfig, []string{"SparsityTarget cannot take effect with a SparsityCost of 0"}},
		{"negative sparsity cost", func(c *contrastiveInput) { c.SparsityCost = -1 }, energy.ErrConfig, []string{"SparsityCost is -1"}},
		{"NaN sparsity target", func(c *contrastiveInput) { c.SparsityCost, c.SparsityTarget = 1, nan }, energy.ErrConfig, []string{"SparsityTarget NaN"}},
		{"offset rate without offsets", func(c *contrastiveInput) { c.OffsetRate = 0.1 }, energy.ErrConfig, []string{"OffsetRate cannot take effect on a machine that is not Centered"}},
		{"offset rate above 1", func(c *contrastiveInput) { c.centered, c.OffsetRate = true, 1.5 }, energy.ErrConfig, []string{"OffsetRate is 1.5, want more than 0 and at most 1"}},
		{"negative offset rate", func(c *contrastiveInput) { c.centered, c.OffsetRate = true, -1 }, energy.ErrConfig, []string{"OffsetRate is -1"}},
		{"NaN offset rate", func(c *contrastiveInput) { c.centered, c.OffsetRate = true, nan }, energy.ErrConfig, []string{"OffsetRate is NaN"}},
		{"offsets without offsets", func(c *contrastiveInput) { c.Offsets = training.AverageOffsets }, energy.ErrConfig, []string{"Offsets average cannot take effect on a machine that is not Centered"}},
		{"unknown offsets", func(c *contrastiveInput) { c.centered, c.Offsets = true, 3 }, energy.ErrConfig, []string{"unknown Offsets Offsets(3), want DataOffsets, ModelOffsets or AverageOffsets"}},

		{"constant rate", func(c *contrastiveInput) { c.Rate = constant(0.1) }, energy.ErrConfig, []string{"schedule Rate: the value is 0.1 in all 3 epochs"}},
		{"NaN rate", func(c *contrastiveInput) { c.Rate = constant(nan) }, energy.ErrConfig, []string{"schedule Rate: epoch 0: value is NaN"}},
		{"negative rate", func(c *contrastiveInput) { c.Rate = training.Linear(1, -1, 2) }, energy.ErrConfig, []string{"schedule Rate: epoch 2: value is -1"}},
		{"infinite rate", func(c *contrastiveInput) { c.Rate = constant(inf) }, energy.ErrConfig, []string{"schedule Rate: epoch 0: value is +Inf"}},
		{"momentum of Adam", func(c *contrastiveInput) {
			c.Solver, c.Momentum = training.Adam{Rate: 0.1}, training.Linear(0.1, 0.9, 3)
		}, energy.ErrConfig, []string{"schedule Momentum", "Adam", "has no momentum, want an SGD"}},
		{"momentum of a plain SGD", func(c *contrastiveInput) {
			c.Solver, c.Momentum = training.SGD{Rate: 0.1}, training.Linear(0.1, 0.9, 3)
		}, energy.ErrConfig, []string{"schedule Momentum", "has no momentum"}},
		{"momentum that gets to 1", func(c *contrastiveInput) { c.Momentum = training.Linear(0.5, 1, 2) }, energy.ErrConfig, []string{"schedule Momentum: epoch 2", "momentum is 1, want 0 ≤ momentum < 1"}},
		{"momentum above 1", func(c *contrastiveInput) { c.Momentum = training.Linear(0.5, 5, 2) }, energy.ErrConfig, []string{"schedule Momentum: epoch 1"}},
		{"constant momentum", func(c *contrastiveInput) { c.Momentum = constant(0.9) }, energy.ErrConfig, []string{"schedule Momentum: the value is 0.9 in all"}},
		{"steps of Exact", func(c *contrastiveInput) { c.Negative, c.Steps = sampling.Exact{}, training.Linear(1, 4, 3) }, energy.ErrConfig, []string{"Steps schedule cannot take effect on exact gradient"}},
		{"constant steps", func(c *contrastiveInput) { c.Steps = constant(2) }, energy.ErrConfig, []string{"schedule Steps: the value is 2"}},
		{"steps that round to a constant", func(c *contrastiveInput) { c.Steps = training.Linear(1, 1.4, 2) }, energy.ErrConfig, []string{"schedule Steps: the value is 1"}},
		{"no steps", func(c *contrastiveInput) { c.Steps = training.Linear(0, 2, 3) }, energy.ErrConfig, []string{"schedule Steps: epoch 0: value is 0, want a finite number from 1"}},
		{"too many steps", func(c *contrastiveInput) { c.Steps = training.Linear(1, 1e6, 2) }, energy.ErrConfig, []string{"schedule Steps: epoch 1", "Steps is 500001, want 1 to 65536"}},
		{"steps that begin nowhere", func(c *contrastiveInput) { c.Steps = training.Steps(map[int]float64{1: 2}) }, energy.ErrConfig, []string{"schedule Steps: epoch 0: value is NaN"}},

		{"resume without a file", func(c *contrastiveInput) { c.Checkpoint, c.Resume = "", true }, energy.ErrConfig, []string{"cannot take effect without a Checkpoint file"}},
		{"every without a file", func(c *contrastiveInput) { c.Checkpoint, c.CheckpointEvery = "", 2 }, energy.ErrConfig, []string{"cannot take effect without a Checkpoint file"}},
		{"negative every", func(c *contrastiveInput) { c.CheckpointEvery = -1 }, energy.ErrConfig, []string{"CheckpointEvery is -1"}},
		{"no directory", func(c *contrastiveInput) { c.Checkpoint = filepath.Join(c.Checkpoint, "nowhere", "file") }, fs.ErrNotExist, []string{filepath.Join("nowhere", "file")}},
		{"checkpoint is a directory", func(c *contrastiveInput) { c.Checkpoint = filepath.Dir(c.Checkpoint) }, energy.ErrConfig, []string{"no regular file"}},

		{"unknown convention", func(c *contrastiveInput) { c.Convention = 7 }, energy.ErrConfig, []string{"Convention(7), want AsIs, Threshold or Stochastic"}},
		{"threshold on Spin", func(c *contrastiveInput) { c.visible, c.Convention = energy.Spin(6), training.Threshold }, energy.ErrConfig, []string{"thresholded", "cannot take effect on Spin(6), want Bernoulli"}},
		{"sampling Gaussian", func(c *contrastiveInput) { c.visible, c.Convention = energy.Gaussian(6), training.Stochastic }, energy.ErrConfig, []string{"cannot take effect on Gaussian(6)"}},
		{"validation of another width", func(c *contrastiveInput) { c.Validation = bits(1, 3, 5) }, energy.ErrShape, []string{"Validation: shape (3, 5), want (rows, 6)"}},
		{"validation out of range", func(c *contrastiveInput) { c.Validation = with(3) }, energy.ErrRange, []string{"Validation: row 3, column 2 is 3"}},
		{"validation with NaN", func(c *contrastiveInput) { c.Validation = with(nan) }, energy.ErrNotFinite, []string{"Validation: row 3"}},
		{"validation view", func(c *contrastiveInput) { c.Validation = columnView(6) }, energy.ErrShape, []string{"Validation", "not contiguous"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint")
			in := newContrastiveInput(path)
			c.change(in)
			m := machine(in.visible, in.hidden, in.centered)
			untouched(t, m, path, `training: Contrastive: RBM "rbm": `, func() (*training.Report, error) {
				return in.Fit(context.Background(), m, in.data)
			}, c.sentinel, c.want...)
		})
	}

	// What the cases begin with is right.
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	_, err := in.Fit(context.Background(), machine(in.visible, in.hidden, false), in.data)
	require.NoError(t, err)
	require.FileExists(t, in.Checkpoint)
}

func TestContrastiveRefusesWhatIsNotThere(t *testing.T) {
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	untouched(t, nil, in.Checkpoint, "training: Contrastive: no machine given", func() (*training.Report, error) {
		return in.Fit(context.Background(), nil, in.data)
	}, energy.ErrConfig)
	untouched(t, nil, in.Checkpoint, "training: Contrastive: no machine given", func() (*training.Report, error) {
		return in.FitSource(context.Background(), nil, &recorder{rows: states(energy.Bernoulli(6), 2)})
	}, energy.ErrConfig)
	m := machine(in.visible, in.hidden, false)
	for _, c := range []struct {
		source   training.Source
		sentinel error
		want     string
	}{
		{nil, energy.ErrConfig, "no source of rows given"},
		{emptySource{}, energy.ErrShape, "source of 0 rows of 6 columns, want at least one row of 6"},
		{&recorder{rows: states(energy.Bernoulli(5), 4)}, energy.ErrShape, "source of 4 rows of 5 columns"},
	} {
		untouched(t, m, in.Checkpoint, `training: Contrastive: RBM "rbm": `, func() (*training.Report, error) {
			return in.FitSource(context.Background(), m, c.source)
		}, c.sentinel, c.want)
	}
}

type emptySource struct{}

func (emptySource) Len() int                             { return 0 }
func (emptySource) Width() int                           { return 6 }
func (emptySource) Read(*tensor.Dense, []int, int) error { return nil }

// supervisedInput is what a refused Supervised is tried on.
type supervisedInput struct {
	training.Supervised
	model layers.Layer
	x, y  *tensor.Dense
}

func newSupervisedInput(path string) *supervisedInput {
	return &supervisedInput{
		Supervised: training.Supervised{Solver: training.SGD{Rate: 0.1, Momentum: 0.5}, Epochs: 3, Batch: 4, Checkpoint: path},
		model:      linear("net", 6, 3, tensor.Float64), x: bits(1, 8, 6), y: classes(8, 3),
	}
}

func TestSupervisedRefuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(s *supervisedInput)
		sentinel error
		want     []string
	}{
		{"no solver", func(s *supervisedInput) { s.Solver = nil }, energy.ErrConfig, []string{"no Solver given"}},
		{"bad solver", func(s *supervisedInput) { s.Solver = training.SGD{Rate: -1} }, energy.ErrConfig, []string{"SGD: Rate is -1"}},
		{"no epochs", func(s *supervisedInput) { s.Epochs = 0 }, energy.ErrConfig, []string{"Epochs is 0"}},
		{"batch above rows", func(s *supervisedInput) { s.Batch = 9 }, energy.ErrConfig, []string{"Batch is 9, want 1 to 8 rows"}},
		{"no inputs", func(s *supervisedInput) { s.x = nil }, energy.ErrShape, []string{"inputs: rows are no matrix"}},
		{"no targets", func(s *supervisedInput) { s.y = nil }, energy.ErrShape, []string{"targets: rows are no matrix"}},
		{"fewer targets", func(s *supervisedInput) { s.y = classes(7, 3) }, energy.ErrShape, []string{"8 rows of inputs and 7 of targets"}},
		{"inputs of another width", func(s *supervisedInput) { s.x = bits(1, 8, 5) }, energy.ErrShape, []string{`Linear "net"`, "shape (4, 5), want (batch, 6)"}},
		{"targets of another width", func(s *supervisedInput) { s.y = classes(8, 4) }, energy.ErrShape, []string{"CrossEntropy", "(4, 3)", "(4, 4)"}},
		{"integers", func(s *supervisedInput) {
			s.x = tensor.New(tensor.WithShape(8, 6), tensor.WithBacking(make([]int, 48)))
		}, energy.ErrDtype, []string{"inputs: dtype int"}},
		{"integer targets", func(s *supervisedInput) {
			s.y = tensor.New(tensor.WithShape(8, 3), tensor.WithBacking(make([]int, 24)))
		}, energy.ErrDtype, []string{"targets: dtype int"}},
		{"NaN", func(s *supervisedInput) { s.x = with(nan) }, energy.ErrNotFinite, []string{"inputs: row 3, column 2 is NaN"}},
		{"infinite target", func(s *supervisedInput) { s.model, s.y = linear("net", 6, 6, tensor.Float64), with(inf) }, energy.ErrNotFinite, []string{"targets: row 3, column 2 is +Inf"}},
		{"column view", func(s *supervisedInput) { s.x = columnView(6) }, energy.ErrShape, []string{"inputs", "not contiguous"}},
		{"transposed targets", func(s *supervisedInput) { s.y = transposed(8, 3) }, energy.ErrShape, []string{"targets", "not contiguous"}},
		{"too many weights", func(s *supervisedInput) { s.Weights = make([]float64, 9) }, energy.ErrShape, []string{"9 Weights, want one a row (8)"}},
		{"NaN weight", func(s *supervisedInput) { s.Weights = []float64{nan, 1, 1, 1, 1, 1, 1, 1} }, energy.ErrRange, []string{"weight NaN of row 0"}},
		{"no weight", func(s *supervisedInput) { s.Weights = make([]float64, 8) }, energy.ErrRange, []string{"all Weights are 0"}},
		{"negative L2", func(s *supervisedInput) { s.L2 = -0.1 }, energy.ErrConfig, []string{"L2 -0.1"}},
		{"NaN L1", func(s *supervisedInput) { s.L1 = nan }, energy.ErrConfig, []string{"L1 is NaN"}},
		{"constant rate", func(s *supervisedInput) { s.Rate = constant(1) }, energy.ErrConfig, []string{"schedule Rate"}},
		{"momentum of AdamW", func(s *supervisedInput) {
			s.Solver, s.Momentum = training.AdamW{Rate: 1, Decay: 1}, training.Linear(0, 0.9, 3)
		}, energy.ErrConfig, []string{"schedule Momentum", "AdamW"}},
		{"momentum that gets to 1", func(s *supervisedInput) { s.Momentum = training.Linear(0.5, 1, 2) }, energy.ErrConfig, []string{"schedule Momentum: epoch 2"}},
		{"resume without a file", func(s *supervisedInput) { s.Checkpoint, s.Resume = "", true }, energy.ErrConfig, []string{"without a Checkpoint file"}},
		{"validation without targets", func(s *supervisedInput) { s.Validation = bits(1, 3, 6) }, energy.ErrConfig, []string{"Validation and ValidationTargets go together"}},
		{"targets without validation", func(s *supervisedInput) { s.ValidationTargets = classes(3, 3) }, energy.ErrConfig, []string{"go together"}},
		{"validation bags", func(s *supervisedInput) { s.ValidationBags = bagsOf(1, 3, 6) }, energy.ErrConfig, []string{"ValidationBags cannot take effect in a fit on rows"}},
		{"validation of sets", func(s *supervisedInput) {
			s.Validation, s.ValidationTargets = cube(bits(1, 3, 6), 2), classes(3, 3)
		}, energy.ErrShape, []string{"Validation: inputs of shape [2 3] each, in training [6]"}},
		{"sets for a layer of rows", func(s *supervisedInput) { s.x = cube(bits(1, 8, 12), 2) }, energy.ErrShape, []string{"CrossEntropy"}},
		{"a view of sets", func(s *supervisedInput) {
			s.x = must(cube(bits(1, 8, 24), 2).Slice(nil, nil, G.S(0, 6))).(*tensor.Dense)
		}, energy.ErrShape, []string{"inputs", "not contiguous"}},
		{"sets with NaN", func(s *supervisedInput) { s.x = cube(with(nan), 2) }, energy.ErrNotFinite, []string{"inputs: row 3, column 2 is NaN"}},
		{"negative ClipNorm", func(s *supervisedInput) { s.ClipNorm = -0.5 }, energy.ErrConfig, []string{"ClipNorm is -0.5, want a positive number"}},
		{"validation of other rows", func(s *supervisedInput) { s.Validation, s.ValidationTargets = bits(1, 3, 6), classes(4, 3) }, energy.ErrShape, []string{"Validation: 3 rows of inputs and 4 of targets"}},
		{"validation of another width", func(s *supervisedInput) { s.Validation, s.ValidationTargets = bits(1, 3, 5), classes(3, 3) }, energy.ErrShape, []string{"Validation: inputs of 5 columns and targets of 3, want 6 and 3"}},
		{"validation targets of another width", func(s *supervisedInput) { s.Validation, s.ValidationTargets = bits(1, 3, 6), classes(3, 4) }, energy.ErrShape, []string{"targets of 4"}},
		{"validation with NaN", func(s *supervisedInput) { s.Validation, s.ValidationTargets = with(nan), classes(8, 3) }, energy.ErrNotFinite, []string{"Validation: inputs: row 3"}},
		{"nothing to learn", func(s *supervisedInput) { s.model, s.y = layers.Sigmoid(), bits(2, 8, 6) }, energy.ErrConfig, []string{"no learned parameter"}},
		{"cost of the whole batch", func(s *supervisedInput) {
			s.Cost = func(y, _ *G.Node) (*G.Node, error) { return G.Sum(y) }
		}, energy.ErrShape, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint")
			in := newSupervisedInput(path)
			c.change(in)
			untouched(t, in.model, path, `training: Supervised: layer "`+in.model.Name()+`": `, func() (*training.Report, error) {
				return in.Fit(context.Background(), in.model, in.x, in.y)
			}, c.sentinel, c.want...)
		})
	}

	in := newSupervisedInput(filepath.Join(t.TempDir(), "checkpoint"))
	untouched(t, nil, in.Checkpoint, "training: Supervised: no model given", func() (*training.Report, error) {
		return in.Fit(context.Background(), nil, in.x, in.y)
	}, energy.ErrConfig)
	_, err := in.Fit(context.Background(), in.model, in.x, in.y)
	require.NoError(t, err)
	require.FileExists(t, in.Checkpoint)
}

// Rows that are a contiguous part of a larger tensor are as good as a copy of them.
func TestRowViewsAreTaken(t *testing.T) {
	run := func(x *tensor.Dense) [][]float64 {
		in := newContrastiveInput("")
		m := machine(in.visible, in.hidden, false)
		_, err := in.Fit(context.Background(), m, x)
		require.NoError(t, err)
		return values(m)
	}
	view := must(bits(1, 12, 6).Slice(G.S(2, 10))).(*tensor.Dense)
	require.Equal(t, run(view.Clone().(*tensor.Dense)), run(view))
	require.NotEqual(t, run(view), run(bits(1, 8, 6)))
}
