package dbn_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		name   string
		config dbn.Config
		want   error
		text   string
	}{
		"no sizes":             {"net", dbn.Config{}, energy.ErrConfig, "Sizes has 0 layers, want the visible one and at least one hidden"},
		"one size":             {"net", dbn.Config{Sizes: []int{4}}, energy.ErrConfig, "Sizes has 1 layers"},
		"no visible units":     {"net", dbn.Config{Sizes: []int{0, 4}}, energy.ErrConfig, "layer 1: "},
		"negative visible":     {"net", dbn.Config{Sizes: []int{-4, 4}, Labels: 2}, energy.ErrConfig, "layer 1: "},
		"no hidden units":      {"net", dbn.Config{Sizes: []int{4, 3, 0}, Glorot: true}, energy.ErrConfig, "layer 2: "},
		"negative hidden":      {"net", dbn.Config{Sizes: []int{4, -3, 2}, Glorot: true, Labels: 2}, energy.ErrConfig, "layer 1: "},
		"too many units":       {"net", dbn.Config{Sizes: []int{4, 1 << 31}}, energy.ErrConfig, "layer 1: "},
		"other width":          {"net", dbn.Config{Sizes: []int{4, 3}, Visible: energy.Gaussian(5)}, energy.ErrConfig, "Visible is Gaussian(5), which is 5 wide, and Sizes[0] is 4"},
		"visible no family":    {"net", dbn.Config{Sizes: []int{4, 3}, Visible: energy.FixedGaussian(4, -1)}, energy.ErrConfig, "layer 1: "},
		"one class":            {"net", dbn.Config{Sizes: []int{4, 3}, Labels: 1}, energy.ErrConfig, "Labels is 1, want at least 2 classes, or 0 for none"},
		"negative classes":     {"net", dbn.Config{Sizes: []int{4, 3}, Labels: -1}, energy.ErrConfig, "Labels is -1"},
		"too many classes":     {"net", dbn.Config{Sizes: []int{4, 3}, Labels: math.MaxInt}, energy.ErrConfig, "layer 1: "},
		"integers":             {"net", dbn.Config{Sizes: []int{4, 3}, Dtype: tensor.Int}, energy.ErrDtype, "layer 1: "},
		"no name":              {"", dbn.Config{Sizes: []int{4, 3}}, energy.ErrConfig, `name ".1"`},
		"a name with a space":  {"my net", dbn.Config{Sizes: []int{4, 3}}, energy.ErrConfig, `name "my net.1"`},
		"a name without bound": {strings.Repeat("x", 300), dbn.Config{Sizes: []int{4, 3}}, energy.ErrConfig, "name "},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := dbn.New(c.name, c.config)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, `dbn: DBN "`+c.name+`": `)
			require.ErrorContains(t, err, c.text)
			require.Nil(t, d)
		})
	}
}

// badRows are tensors that are no rows of 6 Bernoulli units.
func badRows() map[string]struct {
	x    *tensor.Dense
	want error
	text string
} {
	spoilt := func(v float64) *tensor.Dense {
		x := grey(tensor.Float64, 3, 6)
		x.Float64s()[8] = v
		return x
	}
	view := must(grey(tensor.Float32, 3, 9).Slice(nil, tensor.S(1, 7))).(*tensor.Dense)
	turned := grey(tensor.Float32, 6, 3)
	if err := turned.T(); err != nil {
		panic(err)
	}
	return map[string]struct {
		x    *tensor.Dense
		want error
		text string
	}{
		"nil":        {nil, energy.ErrShape, "no tensor given"},
		"narrow":     {grey(tensor.Float32, 3, 5), energy.ErrShape, "shape (3, 5), want (rows, 6)"},
		"wide":       {grey(tensor.Float32, 3, 8), energy.ErrShape, "shape (3, 8), want (rows, 6)"},
		"a vector":   {tensor.New(tensor.WithShape(6), tensor.WithBacking(make([]float32, 6))), energy.ErrShape, "shape (6)"},
		"NaN":        {spoilt(math.NaN()), energy.ErrNotFinite, "row 1, column 2 is NaN"},
		"infinite":   {spoilt(math.Inf(1)), energy.ErrNotFinite, "row 1, column 2 is +Inf"},
		"large":      {spoilt(1.5), energy.ErrRange, "row 1, column 2 is 1.5"},
		"negative":   {spoilt(-0.1), energy.ErrRange, "row 1, column 2 is -0.1"},
		"a view":     {view, energy.ErrShape, "not contiguous"},
		"transposed": {turned, energy.ErrShape, "not contiguous"},
		"integers":   {tensor.New(tensor.WithShape(3, 6), tensor.WithBacking(make([]int, 18))), energy.ErrDtype, "dtype int"},
	}
}

// Wrong rows are refused by everything that takes rows, with the same words, and nothing is changed.
func TestWrongRowsAreRefused(t *testing.T) {
	ctx := context.Background()
	for _, config := range []dbn.Config{{Sizes: []int{6, 4}}, {Sizes: []int{6, 4}, Labels: 2}, {Sizes: []int{6, 5, 4}}, {Sizes: []int{6, 5, 4}, Labels: 2}} {
		d := newStack(config)
		before := weights(d)
		labels := []int{0, 1, 0}
		var classes []int
		if config.Labels > 0 {
			classes = labels
		}
		for name, c := range badRows() {
			for what, call := range map[string]func() error{
				"Pretrain": func() error {
					_, err := d.Pretrain(ctx, c.x, dbn.PretrainConfig{Epochs: 1, Labels: classes})
					return err
				},
				"FineTune": func() error {
					_, err := d.FineTune(ctx, c.x, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 1})
					return err
				},
				"FineTune: Validation": func() error {
					if c.x == nil {
						return nil
					}
					_, err := d.FineTune(ctx, grey(tensor.Float32, 3, 6), labels, dbn.FineTuneConfig{Classes: 2, Epochs: 1, Validation: c.x, ValidationLabels: labels})
					return err
				},
				"Features":    func() error { _, err := d.Features(c.x); return err },
				"Reconstruct": func() error { _, err := d.Reconstruct(c.x); return err },
				"Classify":    func() error { _, err := d.Classify(c.x); return err },
				"Generate": func() error {
					if c.x == nil || c.x.Dims() != 2 {
						return nil
					}
					_, err := d.Generate(ctx, 3, dbn.GenerateConfig{From: c.x, Steps: 1})
					return err
				},
			} {
				err := call()
				if err == nil && (c.x == nil || c.x.Dims() != 2) && (what == "Generate" || what == "FineTune: Validation") {
					continue // nil is no rows at all there; a vector is refused otherwise
				}
				require.ErrorIs(t, err, c.want, "%s of %s", what, name)
				if what == "Reconstruct" {
					what = "" // it says Features, which it is
				}
				require.ErrorContains(t, err, `dbn: DBN "net": `+what, name)
				require.ErrorContains(t, err, c.text, "%s of %s", what, name)
			}
		}
		require.Equal(t, before, weights(d))
		require.Zero(t, d.Classes())
	}
}

func TestPretrainRefuses(t *testing.T) {
	three := []int{0, 1, 0}
	for name, c := range map[string]struct {
		labels int
		config dbn.PretrainConfig
		want   error
		text   string
	}{
		"no epochs":            {0, dbn.PretrainConfig{}, energy.ErrConfig, "Epochs is 0, want at least 1"},
		"a batch too large":    {0, dbn.PretrainConfig{Epochs: 1, Batch: 4}, energy.ErrConfig, "Batch is 4, want 1 to 3 rows"},
		"a negative decay":     {0, dbn.PretrainConfig{Epochs: 1, L2: -1}, energy.ErrConfig, "L2 -1"},
		"a wrong phase":        {0, dbn.PretrainConfig{Epochs: 1, Negative: sampling.PCD{Chains: -1}}, energy.ErrConfig, "Chains is -1"},
		"a wrong solver":       {0, dbn.PretrainConfig{Epochs: 1, Solver: training.SGD{Rate: -1}}, energy.ErrConfig, "layer 1: "},
		"Resume alone":         {0, dbn.PretrainConfig{Epochs: 1, Resume: true}, energy.ErrConfig, "Resume cannot take effect without a Checkpoint"},
		"labels missing":       {2, dbn.PretrainConfig{Epochs: 1}, energy.ErrConfig, "0 Labels given to a stack with a class group of 2"},
		"labels for no group":  {0, dbn.PretrainConfig{Epochs: 1, Labels: three}, energy.ErrConfig, "3 Labels given to a stack with a class group of 0"},
		"too few labels":       {2, dbn.PretrainConfig{Epochs: 1, Labels: three[:2]}, energy.ErrShape, "2 Labels, want one a row (3)"},
		"no labels":            {2, dbn.PretrainConfig{Epochs: 1, Labels: []int{}}, energy.ErrShape, "0 Labels, want one a row (3)"},
		"a label too large":    {2, dbn.PretrainConfig{Epochs: 1, Labels: []int{0, 2, 0}}, energy.ErrRange, "label 2 of row 1, want 0 to 1"},
		"a negative label":     {2, dbn.PretrainConfig{Epochs: 1, Labels: []int{0, 0, -1}}, energy.ErrRange, "label -1 of row 2, want 0 to 1"},
		"an unknown meaning":   {0, dbn.PretrainConfig{Epochs: 1, Convention: 7}, energy.ErrConfig, "Convention is Convention(7)"},
		"a layer's own":        {0, dbn.PretrainConfig{Epochs: 1, Fit: func(_ int, f *training.Contrastive) { f.OffsetRate = 0.1 }}, energy.ErrConfig, "OffsetRate cannot take effect"},
		"a checkpoint nowhere": {0, dbn.PretrainConfig{Epochs: 1, Checkpoint: "/nowhere/at/all"}, nil, "/nowhere/at/all.layer1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Labels: c.labels, Seed: 1})
			before := weights(d)
			reports, err := d.Pretrain(context.Background(), grey(tensor.Float32, 3, 6), c.config)
			require.ErrorContains(t, err, `dbn: DBN "net": Pretrain: `)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				require.Empty(t, reports)
				require.Equal(t, before, weights(d))
			}
		})
	}
	_, err := newStack(dbn.Config{Sizes: []int{6, 4}}).Pretrain(context.Background(), grey(tensor.Float32, 3, 6), dbn.PretrainConfig{Epochs: 1, Samples: true})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "Samples cannot take effect on a stack with one hidden layer")
}

// A FineTune that cannot be leaves the machines and the classifier as they were, whether there was one or not.
func TestFineTuneRefuses(t *testing.T) {
	rows, three := grey(tensor.Float32, 3, 6), []int{0, 1, 2}
	for name, c := range map[string]struct {
		labels []int
		config dbn.FineTuneConfig
		want   error
		text   string
	}{
		"no classes":                {three, dbn.FineTuneConfig{Epochs: 1}, energy.ErrConfig, "Classes is 0, want at least 2"},
		"one class":                 {[]int{0, 0, 0}, dbn.FineTuneConfig{Epochs: 1, Classes: 1}, energy.ErrConfig, "Classes is 1, want at least 2"},
		"negative classes":          {three, dbn.FineTuneConfig{Epochs: 1, Classes: -3}, energy.ErrConfig, "Classes is -3"},
		"no labels":                 {nil, dbn.FineTuneConfig{Epochs: 1, Classes: 3}, energy.ErrShape, "0 labels"},
		"too few labels":            {three[:2], dbn.FineTuneConfig{Epochs: 1, Classes: 3}, energy.ErrShape, "3 rows of inputs and 2 of targets"},
		"a label too large":         {three, dbn.FineTuneConfig{Epochs: 1, Classes: 2}, energy.ErrRange, "label 2 of row 2, want 0 to 1"},
		"a negative label":          {[]int{0, -1, 0}, dbn.FineTuneConfig{Epochs: 1, Classes: 2}, energy.ErrRange, "label -1 of row 1"},
		"no epochs":                 {three, dbn.FineTuneConfig{Classes: 3}, energy.ErrConfig, "Epochs is 0, want at least 1"},
		"a batch too large":         {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Batch: 4}, energy.ErrConfig, "Batch is 4"},
		"everything dropped":        {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Dropout: 1}, energy.ErrConfig, `Dropout "net.dropout1": rate 1, want more than 0 and less than 1`},
		"negative dropout":          {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Dropout: -0.1}, energy.ErrConfig, "rate -0.1"},
		"NaN dropout":               {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Dropout: math.NaN()}, energy.ErrConfig, "rate NaN"},
		"a wrong solver":            {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Solver: training.Adam{Rate: -1}}, energy.ErrConfig, "Adam"},
		"a schedule that stands":    {three, dbn.FineTuneConfig{Epochs: 2, Classes: 3, Rate: training.Linear(1, 1, 2)}, energy.ErrConfig, "schedule Rate"},
		"a negative decay":          {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, L2: -1}, energy.ErrConfig, "L2 -1"},
		"Resume alone":              {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Resume: true}, energy.ErrConfig, "cannot take effect without a Checkpoint"},
		"validation without labels": {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Validation: rows}, energy.ErrShape, "Validation: "},
		"validation labels alone":   {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, ValidationLabels: three}, energy.ErrConfig, "ValidationLabels cannot take effect without Validation"},
		"validation label":          {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Validation: rows, ValidationLabels: []int{0, 3, 0}}, energy.ErrRange, "Validation: "},
		"validation labels, count":  {three, dbn.FineTuneConfig{Epochs: 1, Classes: 3, Validation: rows, ValidationLabels: three[:1]}, energy.ErrShape, "Validation: 3 rows of inputs and 1 of targets"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, tuned := range []bool{false, true} {
				d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1})
				if tuned {
					must(d.FineTune(context.Background(), rows, three, dbn.FineTuneConfig{Classes: 5, Epochs: 1}))
				}
				before, params := weights(d), d.Params()
				report, err := d.FineTune(context.Background(), rows, c.labels, c.config)
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, `dbn: DBN "net": FineTune: `)
				require.ErrorContains(t, err, c.text)
				require.Nil(t, report)
				require.Equal(t, before, weights(d))
				require.Len(t, d.Params(), len(params))
				for i, p := range d.Params() {
					require.Same(t, params[i], p)
				}
			}
		})
	}
}

// A checkpoint that is not of this run is found before a new classifier takes the place of the old one.
func TestFineTuneDoesNotGoOnWithAnotherRun(t *testing.T) {
	data, labels := bars(tensor.Float32)
	config := dbn.FineTuneConfig{Classes: 2, Epochs: 1, Checkpoint: t.TempDir() + "/run", Resume: true}
	must(newStack(dbn.Config{Sizes: []int{16, 5}, Seed: 1}).FineTune(context.Background(), data, labels, config))
	d := newStack(dbn.Config{Sizes: []int{16, 6}, Seed: 1})
	before := weights(d)
	_, err := d.FineTune(context.Background(), data, labels, config)
	require.ErrorContains(t, err, "checkpoint "+config.Checkpoint)
	require.Zero(t, d.Classes())
	require.Equal(t, before, weights(d))
}

func TestGenerateRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		labels, count int
		config        dbn.GenerateConfig
		want          error
		text          string
	}{
		"no rows":             {0, 0, dbn.GenerateConfig{}, energy.ErrConfig, "0 rows, want at least 1"},
		"negative rows":       {0, -1, dbn.GenerateConfig{}, energy.ErrConfig, "-1 rows"},
		"negative steps":      {0, 1, dbn.GenerateConfig{Steps: -1}, energy.ErrConfig, "Steps is -1, want at least 1, or 0 for 200"},
		"labels for no group": {0, 1, dbn.GenerateConfig{Labels: []int{0}}, energy.ErrConfig, "Labels cannot take effect on a stack without a class group"},
		"too few labels":      {2, 2, dbn.GenerateConfig{Labels: []int{0}}, energy.ErrShape, "1 Labels, want one a row (2)"},
		"no labels":           {2, 2, dbn.GenerateConfig{Labels: []int{}}, energy.ErrShape, "0 Labels, want one a row (2)"},
		"a label too large":   {2, 2, dbn.GenerateConfig{Labels: []int{0, 2}}, energy.ErrRange, "label 2 of row 1, want 0 to 1"},
		"a negative label":    {2, 2, dbn.GenerateConfig{Labels: []int{-1, 0}}, energy.ErrRange, "label -1 of row 0"},
		"From, rows":          {0, 2, dbn.GenerateConfig{From: grey(tensor.Float32, 3, 6)}, energy.ErrShape, "From has shape (3, 6), want (2, visible)"},
		"From, a vector":      {0, 6, dbn.GenerateConfig{From: tensor.New(tensor.WithShape(6), tensor.WithBacking(make([]float32, 6)))}, energy.ErrShape, "From has shape (6)"},
		"From, width":         {2, 2, dbn.GenerateConfig{From: grey(tensor.Float32, 2, 8)}, energy.ErrShape, "shape (2, 8), want (rows, 6)"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, sizes := range [][]int{{6, 4}, {6, 5, 4}} {
				d := newStack(dbn.Config{Sizes: sizes, Labels: c.labels})
				rows, err := d.Generate(context.Background(), c.count, c.config)
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, `dbn: DBN "net": Generate: `)
				require.ErrorContains(t, err, c.text)
				require.Nil(t, rows)
			}
		})
	}
}

func TestClassifyWithoutClasses(t *testing.T) {
	_, err := newStack(dbn.Config{Sizes: []int{6, 4}}).Classify(grey(tensor.Float32, 3, 6))
	require.ErrorIs(t, err, energy.ErrConfig)
	require.EqualError(t, err, `dbn: DBN "net": Classify: the stack has no classifier yet (call FineTune) and no class group: bad configuration`)
}

// Each family has its own range, also where a class group stands behind it.
func TestOtherVisibleFamilies(t *testing.T) {
	for _, labels := range []int{0, 2} {
		config := dbn.Config{Sizes: []int{6, 4}, Labels: labels, Visible: energy.Join(energy.Spin(3), energy.OneHot(1, 3)), Seed: 1}
		d := newStack(config)
		_, err := d.Features(matrix(tensor.Float32, [][]float64{{-1, 1, 0.5, 0, 1, 0}}))
		require.NoError(t, err)
		_, err = d.Features(matrix(tensor.Float32, [][]float64{{-1, 1, 0.5, 0, 1, 1}}))
		require.ErrorIs(t, err, energy.ErrRange)
		_, err = d.Features(matrix(tensor.Float32, [][]float64{{-1, 1.5, 0.5, 0, 1, 0}}))
		require.ErrorIs(t, err, energy.ErrRange)
	}
}
