package modernhopfield

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// refusal is a call that must fail: with which error, and saying what.
type layerRefusal struct {
	call    func() error
	want    error
	message string
}

func (r layerRefusal) check(t *testing.T) {
	var err error
	require.NotPanics(t, func() { err = r.call() })
	require.ErrorIs(t, err, r.want)
	require.ErrorContains(t, err, r.message)
}

func TestConfigRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	hopfield := func(c Config) func() error {
		return func() error { _, err := NewHopfield("h", c); return err }
	}
	pooling := func(c PoolingConfig) func() error {
		return func() error { _, err := NewPooling("p", c); return err }
	}
	lookup := func(c LookupConfig) func() error {
		return func() error { _, err := NewLookup("l", c); return err }
	}
	encoder := func(c EncoderConfig) func() error {
		return func() error { _, err := NewEncoder("e", c); return err }
	}
	decoder := func(c DecoderConfig) func() error {
		return func() error { _, err := NewDecoder("d", c); return err }
	}
	matrix := func(shape []int, x ...float64) *tensor.Dense { return graphtest.Tensor(tensor.Float64, x, shape...) }
	four := Config{Input: 4}
	for name, r := range map[string]layerRefusal{
		"name":             {func() error { _, err := NewHopfield("a b", four); return err }, energy.ErrConfig, `modernhopfield: Hopfield: name "a b", want letters`},
		"dtype":            {hopfield(Config{Input: 4, Dtype: tensor.Int}), energy.ErrDtype, `modernhopfield: Hopfield "h": dtype int, want float32 or float64`},
		"nothing":          {hopfield(Config{}), energy.ErrConfig, `modernhopfield: Hopfield "h": Input is 0, want the width of the state patterns`},
		"Input -1":         {hopfield(Config{Input: -1}), energy.ErrConfig, `Input is -1, want 1 to 2^30`},
		"Input huge":       {hopfield(Config{Input: math.MaxInt32}), energy.ErrConfig, `Input is 2147483647`},
		"Heads":            {hopfield(Config{Input: 4, Heads: 3}), energy.ErrConfig, `Input is 4 and Heads 3: want a multiple, or Hidden`},
		"many columns":     {hopfield(Config{Input: 4, Heads: 1 << 20, Hidden: 1 << 20}), energy.ErrConfig, `want at most 2^30 columns`},
		"Beta -1":          {hopfield(Config{Input: 4, Beta: -1}), energy.ErrConfig, `Beta of head 0 is -1, want a positive float32`},
		"Beta NaN":         {hopfield(Config{Input: 4, Beta: nan}), energy.ErrConfig, `Beta of head 0 is NaN`},
		"Beta infinite":    {hopfield(Config{Input: 4, Beta: inf}), energy.ErrConfig, `Beta of head 0 is +Inf`},
		"Beta too small":   {hopfield(Config{Input: 4, Beta: 1e-60}), energy.ErrConfig, `Beta of head 0 is 1e-60, want a positive float32`},
		"Betas 0":          {hopfield(Config{Input: 4, Heads: 2, Betas: []float64{1, 0}}), energy.ErrConfig, `Beta of head 1 is 0, want a positive float32`},
		"Betas":            {hopfield(Config{Input: 4, Heads: 2, Betas: []float64{1}}), energy.ErrConfig, `Betas are 1 and Beta is 0, want one of each of the 2 heads`},
		"Beta and Betas":   {hopfield(Config{Input: 4, Beta: 1, Betas: []float64{1}}), energy.ErrConfig, `Betas are 1 and Beta is 1`},
		"Steps":            {hopfield(Config{Input: 4, Steps: -1}), energy.ErrConfig, `Steps is -1, want 0 to 2^20`},
		"Tolerance":        {hopfield(Config{Input: 4, Tolerance: nan}), energy.ErrConfig, `Tolerance is NaN, want a positive number`},
		"HeadSteps":        {hopfield(Config{Input: 4, HeadSteps: []int{1, 2}}), energy.ErrConfig, `HeadSteps are 2 and Steps is 0`},
		"HeadSteps both":   {hopfield(Config{Input: 4, HeadSteps: []int{1}, Steps: 1}), energy.ErrConfig, `HeadSteps are 1 and Steps is 1`},
		"HeadSteps −1":     {hopfield(Config{Input: 4, HeadSteps: []int{-1}}), energy.ErrConfig, `head 0 has -1 steps and a tolerance of 0`},
		"HeadTolerances":   {hopfield(Config{Input: 4, HeadSteps: []int{2}, HeadTolerances: []float64{-1}}), energy.ErrConfig, `head 0 has 2 steps and a tolerance of -1`},
		"no updates":       {hopfield(Config{Input: 4, HeadSteps: []int{0}, Tolerance: 1}), energy.ErrConfig, `Tolerance is given, but there are no updates`},
		"no updates heads": {hopfield(Config{Input: 4, HeadTolerances: []float64{0}}), energy.ErrConfig, `HeadTolerances are given, but there are no updates`},
		"Implicit alone":   {hopfield(Config{Input: 4, Implicit: true}), energy.ErrConfig, `Implicit is set, but there are no updates`},
		"Implicit steps":   {hopfield(Config{Input: 4, Implicit: true, Steps: 3}), energy.ErrConfig, `Implicit is set, but head 0 has no tolerance`},
		"Implicit cosine":  {hopfield(Config{Input: 4, Implicit: true, Tolerance: 1, Similarity: energy.Cosine}), energy.ErrConfig, `no gradient with the similarity cosine`},
		"Separation":       {hopfield(Config{Input: 4, Separation: energy.Entmax(1)}), energy.ErrConfig, `Separation: Entmax(1): want a number above 1`},
		"Similarity":       {hopfield(Config{Input: 4, Similarity: 9}), energy.ErrConfig, `Similarity: Similarity(9)`},
		"Norm":             {hopfield(Config{Input: 4, StateNorm: 7}), energy.ErrConfig, `StateNorm is Norm(7), want one of`},
		"Epsilon":          {hopfield(Config{Input: 4, StateEpsilon: inf}), energy.ErrConfig, `StateEpsilon is +Inf, want a positive number`},
		"Epsilon of none":  {hopfield(Config{Input: 4, SpaceEpsilon: 1}), energy.ErrConfig, `SpaceEpsilon is 1, but nothing is normalised there`},
		"Stored static":    {hopfield(Config{Input: 4, Stored: 5, Hidden: 4, StoredStatic: true}), energy.ErrConfig, `Stored is 5, but from StoredStatic and Hidden it follows that it is 4`},
		"State static":     {hopfield(Config{Input: 4, Hidden: 3, StateStatic: true}), energy.ErrConfig, `Input is 4, but from StateStatic and Hidden it follows that it is 3`},
		"Values static":    {hopfield(Config{Input: 4, Projection: 5, Pattern: 2, ProjectionStatic: true}), energy.ErrConfig, `Pattern is 2, but from ProjectionStatic and Projection it follows that it is 5`},
		"Connected":        {hopfield(Config{Input: 4, Projection: 5, ProjectionConnected: true}), energy.ErrConfig, `Projection is 5, want that of Stored, 4, whose projection it is connected with`},
		"Connected static": {hopfield(Config{Input: 4, ProjectionConnected: true, StoredStatic: true}), energy.ErrConfig, `ProjectionConnected is set, but stored patterns are static`},
		"Connected width":  {hopfield(Config{Input: 4, Pattern: 3, ProjectionConnected: true, ProjectionStatic: true}), energy.ErrConfig, `Pattern is 3, but from ProjectionConnected, ProjectionStatic and Hidden it follows that it is 4`},
		"NoOutput":         {hopfield(Config{Input: 4, NoOutput: true, Output: 3}), energy.ErrConfig, `Output is 3, but NoOutput leaves the output projection out`},
		"NoOutput free":    {hopfield(Config{NoOutput: true, Output: 3, StoredStatic: true, StateStatic: true, ProjectionStatic: true}), energy.ErrConfig, `Output is 3, but NoOutput`},
		"NoBias":           {hopfield(Config{NoBias: true, NoOutput: true, StoredStatic: true, StateStatic: true, ProjectionStatic: true}), energy.ErrConfig, `NoBias is set, but nothing is projected`},
		"Bias of none":     {hopfield(Config{BiasPattern: true, NoOutput: true, StoredStatic: true, StateStatic: true, ProjectionStatic: true}), energy.ErrConfig, `BiasPattern is set, which needs the width of the patterns`},
		"affine of none":   {hopfield(Config{StateNorm: AffineNorm, NoOutput: true, StoredStatic: true, StateStatic: true, ProjectionStatic: true}), energy.ErrConfig, `StateNorm is affine, which needs its width`},
		"InitDeviation":    {hopfield(Config{InitDeviation: 1, NoOutput: true, StoredStatic: true, StateStatic: true, ProjectionStatic: true}), energy.ErrConfig, `InitDeviation is 1, but nothing has random initial values`},
		"InitDeviation −1": {hopfield(Config{Input: 4, InitDeviation: -1}), energy.ErrConfig, `InitDeviation is -1`},
		"Activation":       {hopfield(Config{Input: 4, Activation: "relu6"}), energy.ErrConfig, `Activation is "relu6", want relu, tanh, sigmoid, softplus or none`},
		"Dropout":          {hopfield(Config{Input: 4, Dropout: 1}), energy.ErrConfig, `Dropout is 1, want at least 0 and less than 1`},
		"Dropout NaN":      {hopfield(Config{Input: 4, Dropout: nan}), energy.ErrConfig, `Dropout is NaN`},

		"Pooling name":     {func() error { _, err := NewPooling("", PoolingConfig{Config: four}); return err }, energy.ErrConfig, `modernhopfield: Pooling: name ""`},
		"Pooling quantity": {pooling(PoolingConfig{Config: four, Quantity: -1}), energy.ErrConfig, `modernhopfield: Pooling "p": Quantity is -1, want 1 to 2^30`},
		"Pooling of none":  {pooling(PoolingConfig{Config: RetrievalConfig(1, 0)}), energy.ErrConfig, `modernhopfield: Pooling "p": Input is 0`},
		"Pooling config":   {pooling(PoolingConfig{Config: Config{Input: 4, Beta: -2}}), energy.ErrConfig, `modernhopfield: Pooling "p": Beta of head 0 is -2`},

		"Lookup name":     {func() error { _, err := NewLookup("-.", LookupConfig{Config: four}); return err }, energy.ErrConfig, `modernhopfield: Lookup: name "-."`},
		"Lookup quantity": {lookup(LookupConfig{Config: four, Quantity: -1}), energy.ErrConfig, `modernhopfield: Lookup "l": Quantity is -1`},
		"Lookup of none":  {lookup(LookupConfig{Config: RetrievalConfig(1, 0)}), energy.ErrConfig, `modernhopfield: Lookup "l": Input is 0, want the width of the stored patterns`},
		"Lookup frozen":   {lookup(LookupConfig{Config: four, TargetsFrozen: true}), energy.ErrConfig, `TargetsFrozen is set, but the patterns are their own targets`},
		"Lookup targets":  {lookup(LookupConfig{Config: four, Targets: matrix([]int{1, 4}, 1, 2, 3, 4)}), energy.ErrConfig, `Targets are given, but the patterns are their own targets`},
		"Lookup widths":   {lookup(LookupConfig{Config: Config{Input: 4, Projection: 3}}), energy.ErrConfig, `Projection is 3 and Stored 4, but the patterns are their own targets`},
		"Lookup rows":     {lookup(LookupConfig{Config: four, Quantity: 2, Patterns: matrix([]int{1, 4}, 1, 2, 3, 4)}), energy.ErrShape, `Patterns has shape (1, 4), want (2, 4)`},
		"Lookup columns":  {lookup(LookupConfig{Config: Config{Input: 4, Stored: 3}, Patterns: matrix([]int{1, 4}, 1, 2, 3, 4)}), energy.ErrShape, `Patterns has shape (1, 4), want (1, 3)`},
		"Lookup both":     {lookup(LookupConfig{Config: four, Separated: true, Patterns: matrix([]int{1, 4}, 1, 2, 3, 4), Targets: matrix([]int{2, 1}, 1, 2)}), energy.ErrShape, `Targets has shape (2, 1), want (1, 1)`},
		"Lookup vector":   {lookup(LookupConfig{Config: four, Patterns: matrix([]int{4}, 1, 2, 3, 4)}), energy.ErrShape, `Patterns has shape (4), want contiguous rows`},
		"Lookup NaN":      {lookup(LookupConfig{Config: four, Patterns: matrix([]int{1, 4}, 1, 2, nan, 4)}), energy.ErrNotFinite, `Patterns: number 2 is NaN, want a finite float32`},
		"Lookup large":    {lookup(LookupConfig{Config: four, Patterns: matrix([]int{1, 4}, 1, 2, 1e300, 4)}), energy.ErrNotFinite, `Patterns: number 2 is +Inf, want a finite float32`},
		"Lookup dtype":    {lookup(LookupConfig{Config: four, Patterns: tensor.New(tensor.Of(tensor.Int), tensor.WithShape(1, 4))}), energy.ErrDtype, `Patterns has dtype int`},

		"Encoder name":        {func() error { _, err := NewEncoder("e e", EncoderConfig{Association: four}); return err }, energy.ErrConfig, `modernhopfield: Encoder: name "e e"`},
		"Encoder nothing":     {encoder(EncoderConfig{}), energy.ErrConfig, `modernhopfield: Encoder "e": Association: Input is 0`},
		"Encoder output":      {encoder(EncoderConfig{Association: Config{Input: 4, Output: 3}}), energy.ErrConfig, `modernhopfield: Encoder "e": Association: Output is 3 and Input 4, want one width, since they are added`},
		"Encoder stored":      {encoder(EncoderConfig{Association: Config{Input: 4, Stored: 3}}), energy.ErrConfig, `Association: Stored is 3 and Input 4, want one width`},
		"Encoder projection":  {encoder(EncoderConfig{Association: Config{Input: 4, Projection: 3}}), energy.ErrConfig, `Association: Projection is 3 and Stored 4, want one width`},
		"Encoder feedforward": {encoder(EncoderConfig{Association: four, Feedforward: -2}), energy.ErrConfig, `Feedforward is -2, want 1 to 2^30, or 0 for 2048`},
		"Encoder activation":  {encoder(EncoderConfig{Association: four, Activation: "gelu"}), energy.ErrConfig, `Activation is "gelu"`},
		"Encoder dropout":     {encoder(EncoderConfig{Association: four, Dropout: -0.1}), energy.ErrConfig, `Dropout is -0.1`},
		"Encoder epsilon":     {encoder(EncoderConfig{Association: four, Epsilon: nan}), energy.ErrConfig, `Epsilon is NaN`},
		"Encoder dtype":       {encoder(EncoderConfig{Association: Config{Input: 4, Dtype: tensor.Int}}), energy.ErrDtype, `modernhopfield: Encoder "e": dtype int`},
		"Decoder cross":       {decoder(DecoderConfig{Self: four}), energy.ErrConfig, `modernhopfield: Decoder "d": Cross: Input is 0`},
		"Decoder widths":      {decoder(DecoderConfig{Self: four, Cross: Config{Input: 5}}), energy.ErrConfig, `Cross: Input is 5, want that of Self, 4`},
		"Decoder dtypes":      {decoder(DecoderConfig{Self: four, Cross: Config{Input: 4, Dtype: tensor.Float64}}), energy.ErrDtype, `Cross has dtype float64, want float32 as Self`},
		"Decoder self":        {decoder(DecoderConfig{Self: Config{Input: 4, Stored: 2}, Cross: four}), energy.ErrConfig, `Self: Stored is 2 and Input 4`},
	} {
		t.Run(name, r.check)
	}
	require.NoError(t, hopfield(RetrievalConfig(2, 3))())
	require.Equal(t, "Norm(9)", Norm(9).String())
	_, err := Norm(9).MarshalText()
	require.ErrorIs(t, err, energy.ErrConfig)
}

func TestGraphsRefuse(t *testing.T) {
	g := G.NewGraph()
	zeros := func(g *G.ExprGraph, name string, dt tensor.Dtype, shape ...int) *G.Node {
		return graphtest.Input(g, name, tensor.New(tensor.Of(dt), tensor.WithShape(shape...)))
	}
	h := must(NewHopfield("h", Config{Input: 4, Stored: 3, Projection: 2, Heads: 2}))
	p := must(NewPooling("p", PoolingConfig{Config: Config{Input: 4}, Quantity: 2}))
	l := must(NewLookup("l", LookupConfig{Config: Config{Input: 4}, Quantity: 3}))
	e := must(NewEncoder("e", EncoderConfig{Association: Config{Input: 4}, Feedforward: 3}))
	d := must(NewDecoder("d", DecoderConfig{Self: Config{Input: 4}, Cross: Config{Input: 4, Stored: 3}, Feedforward: 3}))
	free := must(NewHopfield("free", RetrievalConfig(1, 0)))
	f := tensor.Float32
	stored, states, values := zeros(g, "stored", f, 2, 5, 3), zeros(g, "states", f, 2, 6, 4), zeros(g, "values", f, 2, 5, 2)
	x := zeros(g, "x", f, 2, 5, 4)
	three := zeros(g, "three", f, 3, 6, 4)
	longer := zeros(g, "longer", f, 2, 4, 2)
	matrix, vector := zeros(g, "matrix", f, 5, 4), zeros(g, "vector", f, 4)
	rows3, rows4, rows2 := zeros(g, "rows3", f, 7, 3), zeros(g, "rows4", f, 6, 4), zeros(g, "rows2", f, 7, 2)
	lengths, fewer := zeros(g, "lengths", f, 2), zeros(g, "fewer", f, 3)
	double, elsewhere := zeros(g, "double", tensor.Float64, 2, 5, 4), zeros(G.NewGraph(), "elsewhere", f, 2, 5, 4)
	mask := func(shape ...int) *G.Node {
		return zeros(g, "mask "+strings.ReplaceAll(text(shape), " ", ""), f, shape...)
	}
	associate := func(a, b, c *G.Node, m Masks) func() error {
		return func() error { _, err := h.Associate(a, b, c, m); return err }
	}
	one := func(f func(*G.Node) (*G.Node, error), x *G.Node) func() error {
		return func() error { _, err := f(x); return err }
	}
	masked := func(f func(*G.Node, Masks) (*G.Node, error), x *G.Node, m Masks) func() error {
		return func() error { _, err := f(x, m); return err }
	}
	bagged := func(f func(x, lengths *G.Node) (*G.Node, bool, error), x, lengths *G.Node) func() error {
		return func() error { _, _, err := f(x, lengths); return err }
	}
	for name, c := range map[string]layerRefusal{
		"nil":                {associate(nil, states, values, Masks{}), energy.ErrShape, `modernhopfield: Hopfield "h": Associate: stored patterns is nil, want a node`},
		"nil states":         {associate(stored, nil, values, Masks{}), energy.ErrShape, `Associate: states is nil`},
		"nil projection":     {associate(stored, states, nil, Masks{}), energy.ErrShape, `Associate: projection is nil`},
		"stored width":       {associate(states, states, values, Masks{}), energy.ErrShape, `Associate: stored patterns has shape (2, 6, 4), want (batch, patterns, 3) or (patterns, 3)`},
		"states width":       {associate(stored, stored, values, Masks{}), energy.ErrShape, `states has shape (2, 5, 3), want (batch, patterns, 4)`},
		"values width":       {associate(stored, states, stored, Masks{}), energy.ErrShape, `projection has shape (2, 5, 3), want (batch, patterns, 2)`},
		"vector":             {associate(vector, states, values, Masks{}), energy.ErrShape, `stored patterns has shape (4), want`},
		"batches":            {associate(stored, three, values, Masks{}), energy.ErrShape, `states are of shape (3, 6, 4), stored patterns of shape (2, 5, 3), want as many bags`},
		"a single bag":       {associate(stored, matrix, values, Masks{}), energy.ErrShape, `states are one bag of shape (5, 4), stored patterns of shape (2, 5, 3), want as many bags`},
		"projection rows":    {associate(stored, states, longer, Masks{}), energy.ErrShape, `projection is of shape (2, 4, 2), stored patterns of shape (2, 5, 3), want a row for each`},
		"dtype":              {one(e.Forward, double), energy.ErrDtype, `modernhopfield: Encoder "e": Forward: input has dtype float64, want the layer's float32`},
		"graphs":             {func() error { _, err := d.Decode(x, elsewhere, Masks{}, Masks{}); return err }, energy.ErrConfig, `modernhopfield: Decoder "d": Decode: memory is in another graph than target`},
		"free widths":        {func() error { _, err := free.Associate(stored, states, stored, Masks{}); return err }, energy.ErrShape, `modernhopfield: Hopfield "free": Associate: stored patterns have 3 columns, states 4, want as many`},
		"free vector":        {one(free.Forward, vector), energy.ErrShape, `Forward: stored patterns has shape (4), want (batch, patterns, columns) or (patterns, columns)`},
		"padding":            {associate(stored, states, values, Masks{Padding: mask(2, 6)}), energy.ErrShape, `Associate: padding mask has shape (2, 6), want (2, 5)`},
		"padding rank":       {associate(stored, states, values, Masks{Padding: mask(10)}), energy.ErrShape, `padding mask has shape (10), want (2, 5)`},
		"forbidden":          {associate(stored, states, values, Masks{Forbidden: mask(5, 6)}), energy.ErrShape, `forbidden mask has shape (5, 6), want (6, 5) or (4, 6, 5)`},
		"forbidden of heads": {associate(stored, states, values, Masks{Forbidden: mask(2, 6, 5)}), energy.ErrShape, `forbidden mask has shape (2, 6, 5), want (6, 5) or (4, 6, 5)`},
		"added":              {associate(stored, states, values, Masks{Added: mask(6, 6)}), energy.ErrShape, `added mask has shape (6, 6), want (6, 5) or (4, 6, 5)`},
		"mask dtype":         {associate(stored, states, values, Masks{Added: double}), energy.ErrDtype, `a mask has dtype float64, want the layer's float32`},
		"mask graph":         {associate(stored, states, values, Masks{Padding: elsewhere}), energy.ErrConfig, `a mask is in another graph than stored patterns`},
		"association":        {func() error { _, err := h.Association(stored, three, Masks{}); return err }, energy.ErrShape, `modernhopfield: Hopfield "h": Association: states are of shape (3, 6, 4)`},
		"energy":             {func() error { _, err := h.Energy(stored, states, Masks{Padding: mask(2, 6)}); return err }, energy.ErrShape, `modernhopfield: Hopfield "h": Energy: padding mask has shape (2, 6), want (2, 5)`},
		"values":             {one(h.Values, stored), energy.ErrShape, `modernhopfield: Hopfield "h": Values: projection has shape (2, 5, 3), want (batch, patterns, 2)`},
		"values nil":         {one(h.Values, nil), energy.ErrShape, `modernhopfield: Hopfield "h": Values: projection is nil`},
		"forward":            {one(h.Forward, states), energy.ErrShape, `modernhopfield: Hopfield "h": Forward: stored patterns has shape (2, 6, 4), want (batch, patterns, 3)`},

		"bags nil":     {bagged(e.ForwardBags, rows4, nil), energy.ErrShape, `modernhopfield: Encoder "e": ForwardBags: lengths is nil`},
		"bags rank":    {bagged(e.ForwardBags, x, lengths), energy.ErrShape, `modernhopfield: Encoder "e": ForwardBags: input has shape (2, 5, 4), want (rows, 4)`},
		"bags lengths": {bagged(p.ForwardBags, rows4, matrix), energy.ErrShape, `modernhopfield: Pooling "p": ForwardBags: the lengths of stored patterns have shape (5, 4), want (bags)`},
		"bags count": {func() error {
			_, err := h.AssociateBags(rows3, rows4, rows2, lengths, fewer, Masks{})
			return err
		}, energy.ErrShape, `modernhopfield: Hopfield "h": AssociateBags: states are 3 bags of 6 rows together, stored patterns 2 bags of 7 rows together, want as many bags`},
		"bags padding": {func() error {
			_, err := h.AssociateBags(rows3, rows4, rows2, lengths, lengths, Masks{Padding: mask(2, 5)})
			return err
		}, energy.ErrShape, `padding mask has shape (2, 5), want (7)`},
		"bags forbidden": {func() error {
			_, err := h.AssociateBags(rows3, rows4, rows2, lengths, lengths, Masks{Forbidden: mask(6, 5)})
			return err
		}, energy.ErrConfig, `forbidden mask given for ragged bags, which take a padding mask alone`},
		"bags projection": {func() error {
			_, err := h.AssociateBags(rows3, rows4, zeros(g, "six", f, 6, 2), lengths, lengths, Masks{})
			return err
		}, energy.ErrShape, `projection is 2 bags of 6 rows together, stored patterns 2 bags of 7 rows together, want a row for each`},

		"pooling nil":    {one(p.Forward, nil), energy.ErrShape, `modernhopfield: Pooling "p": Forward: stored patterns is nil`},
		"pooling width":  {one(p.Forward, stored), energy.ErrShape, `modernhopfield: Pooling "p": Forward: stored patterns has shape (2, 5, 3), want (batch, patterns, 4)`},
		"pool":           {func() error { _, err := p.Pool(x, states, Masks{}); return err }, energy.ErrShape, `modernhopfield: Pooling "p": Pool: projection is of shape (2, 6, 4), stored patterns of shape (2, 5, 4), want a row for each`},
		"pool mask":      {masked(p.Association, x, Masks{Forbidden: mask(5, 5)}), energy.ErrShape, `modernhopfield: Pooling "p": Association: forbidden mask has shape (5, 5), want (2, 5)`},
		"pool energy":    {masked(p.Energy, stored, Masks{}), energy.ErrShape, `modernhopfield: Pooling "p": Energy: stored patterns has shape`},
		"lookup width":   {one(l.Forward, stored), energy.ErrShape, `modernhopfield: Lookup "l": Forward: states has shape (2, 5, 3), want (batch, patterns, 4)`},
		"lookup mask":    {masked(l.Associate, x, Masks{Padding: mask(2, 5)}), energy.ErrShape, `modernhopfield: Lookup "l": Associate: padding mask has shape (2, 5), want (2, 3)`},
		"lookup one":     {masked(l.Associate, matrix, Masks{Padding: mask(1, 3)}), energy.ErrShape, `padding mask has shape (1, 3), want (3)`},
		"lookup bags":    {bagged(l.ForwardBags, rows3, lengths), energy.ErrShape, `modernhopfield: Lookup "l": ForwardBags: states has shape (7, 3), want (rows, 4)`},
		"lookup weights": {masked(l.Association, vector, Masks{}), energy.ErrShape, `modernhopfield: Lookup "l": Association: states has shape (4)`},
		"encode mask":    {masked(e.Encode, x, Masks{Forbidden: mask(4, 4)}), energy.ErrShape, `modernhopfield: Encoder "e": Encode: forbidden mask has shape (4, 4), want (5, 5) or (2, 5, 5)`},
		"encoder weight": {masked(e.Association, stored, Masks{}), energy.ErrShape, `modernhopfield: Encoder "e": Association: `},
		"decode memory":  {func() error { _, err := d.Decode(x, x, Masks{}, Masks{}); return err }, energy.ErrShape, `modernhopfield: Decoder "d": Decode: memory has shape (2, 5, 4), want (batch, patterns, 3)`},
		"decode batch":   {func() error { _, err := d.Decode(three, stored, Masks{}, Masks{}); return err }, energy.ErrShape, `Decode: target are of shape (3, 6, 4), memory of shape (2, 5, 3), want as many bags`},
		"decode mask":    {func() error { _, err := d.Decode(x, stored, Masks{}, Masks{Padding: mask(2, 6)}); return err }, energy.ErrShape, `padding mask has shape (2, 6), want (2, 5)`},
		"cross weights":  {func() error { _, err := d.CrossAssociation(x, three, Masks{}, Masks{}); return err }, energy.ErrShape, `modernhopfield: Decoder "d": CrossAssociation: memory has shape`},

		"no energy": {func() error {
			c := must(NewHopfield("c", Config{Input: 4, Similarity: energy.Cosine}))
			_, err := c.Energy(x, x, Masks{})
			return err
		}, energy.ErrConfig, `modernhopfield: Hopfield "c": Energy: no energy is known that the updates with Softmax() and the similarity cosine descend`},
		"taken name": {func() error {
			g := G.NewGraph()
			zeros(g, "h.W_query", f, 4, 4)
			_, err := h.Associate(zeros(g, "a", f, 2, 5, 3), zeros(g, "b", f, 2, 6, 4), zeros(g, "c", f, 2, 5, 2), Masks{})
			return err
		}, energy.ErrConfig, `the graph has another input of this name`},
	} {
		t.Run(name, c.check)
	}
	for _, call := range []func() error{ // the right calls pass
		associate(stored, states, values, Masks{Padding: mask(2, 5), Forbidden: mask(6, 5), Added: mask(4, 6, 5)}),
		one(p.Forward, x), one(l.Forward, x), one(e.Forward, x), one(free.Forward, x),
		func() error { _, err := d.Decode(x, stored, Masks{}, Masks{}); return err },
	} {
		require.NoError(t, call())
	}
}

// An empty stored set is an error where its size is known: Gorgonia has no tensors without numbers, but shapes.
func TestEmptyStoredSet(t *testing.T) {
	h := must(NewHopfield("h", Config{Input: 4}))
	g := G.NewGraph()
	x := random(g, "x", tensor.Float32, 1, 2, 3, 4)
	empty := G.NewTensor(g, tensor.Float32, 3, G.WithName("empty"), G.WithShape(2, 0, 4))
	_, err := h.Associate(empty, x, empty, Masks{})
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, `modernhopfield: Hopfield "h": Associate: stored patterns has shape (2, 0, 4), want at least one pattern`)
}
