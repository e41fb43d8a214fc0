package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// refusal is a call that must fail: with which error, and saying what.
type refusal struct {
	call    func() error
	want    error
	message string
}

func (r refusal) check(t *testing.T) {
	var err error
	require.NotPanics(t, func() { err = r.call() })
	require.ErrorIs(t, err, r.want)
	require.ErrorContains(t, err, r.message)
}

func TestConstructorsRefuse(t *testing.T) {
	rbm := func(name string, c RBMConfig) func() error {
		return func() error { _, err := NewRBM(name, c); return err }
	}
	linear := func(name string, c LinearConfig) func() error {
		return func() error { _, err := NewLinear(name, c); return err }
	}
	norm := func(name string, c LayerNormConfig) func() error {
		return func() error { _, err := NewLayerNorm(name, c); return err }
	}
	drop := func(name string, rate float64) func() error {
		return func() error { _, err := NewDropout(name, rate, 1); return err }
	}
	hop := func(name string, c HopfieldConfig) func() error {
		return func() error { _, err := NewHopfield(name, c); return err }
	}
	bm := func(name string, c BoltzmannConfig) func() error {
		return func() error { _, err := NewBoltzmann(name, c); return err }
	}
	v, h := energy.Bernoulli(3), energy.Spin(2)
	nan, inf := math.NaN(), math.Inf(1)
	for name, r := range map[string]refusal{
		"RBM name":               {rbm("", RBMConfig{Visible: v, Hidden: h}), energy.ErrConfig, `layers: RBM: name "", want letters`},
		"RBM no visible":         {rbm("r", RBMConfig{Hidden: h}), energy.ErrConfig, `layers: RBM "r": Visible: no units given`},
		"RBM no hidden":          {rbm("r", RBMConfig{Visible: v}), energy.ErrConfig, `layers: RBM "r": Hidden: no units given`},
		"RBM zero units":         {rbm("r", RBMConfig{Visible: energy.Bernoulli(0), Hidden: h}), energy.ErrConfig, `layers: RBM "r": Visible: Bernoulli: 0 units, want at least 1`},
		"RBM negative units":     {rbm("r", RBMConfig{Visible: v, Hidden: energy.Gaussian(-2)}), energy.ErrConfig, `layers: RBM "r": Hidden: Gaussian: -2 units, want at least 1`},
		"RBM one state":          {rbm("r", RBMConfig{Visible: energy.OneHot(2, 1), Hidden: h}), energy.ErrConfig, `Visible: OneHot: 1 states, want at least 2`},
		"RBM part of a join":     {rbm("r", RBMConfig{Visible: energy.Join(v, energy.Spin(0)), Hidden: h}), energy.ErrConfig, `Visible: Spin: 0 units`},
		"RBM variance 0":         {rbm("r", RBMConfig{Visible: energy.FixedGaussian(2, 0), Hidden: h}), energy.ErrConfig, `Visible: Gaussian: variance 0, want a positive number`},
		"RBM variance NaN":       {rbm("r", RBMConfig{Visible: energy.LearnedGaussian(2, nan), Hidden: h}), energy.ErrConfig, `variance NaN`},
		"RBM variance -1":        {rbm("r", RBMConfig{Visible: energy.LearnedGaussian(2, -1), Hidden: h}), energy.ErrConfig, `Gaussian: variance`},
		"RBM Poisson×Gaussian":   {rbm("r", RBMConfig{Visible: energy.Poisson(2), Hidden: energy.Gaussian(3)}), energy.ErrConfig, `layers: RBM "r": Visible Poisson(2) and Hidden Gaussian(3): between Poisson and Gaussian units every coupling but 0 makes Z infinite`},
		"RBM Gaussian×Poisson":   {rbm("r", RBMConfig{Visible: energy.Join(v, energy.Gaussian(2)), Hidden: energy.Join(h, energy.Poisson(3))}), energy.ErrConfig, `every coupling but 0 makes Z infinite`},
		"RBM no trials":          {rbm("r", RBMConfig{Visible: energy.Binomial(2, 0), Hidden: h}), energy.ErrConfig, `Visible: Binomial: 0 trials, want at least 1`},
		"RBM deviation -1":       {rbm("r", RBMConfig{Visible: v, Hidden: h, InitDeviation: -1}), energy.ErrConfig, `layers: RBM "r": InitDeviation is -1, want a positive number`},
		"RBM deviation NaN":      {rbm("r", RBMConfig{Visible: v, Hidden: h, InitDeviation: nan}), energy.ErrConfig, `InitDeviation is NaN`},
		"RBM deviation infinite": {rbm("r", RBMConfig{Visible: v, Hidden: h, InitDeviation: inf}), energy.ErrConfig, `InitDeviation is +Inf`},
		"RBM dtype":              {rbm("r", RBMConfig{Visible: v, Hidden: h, Dtype: tensor.Int}), energy.ErrDtype, `layers: RBM "r": dtype int, want float32 or float64`},

		"Linear name":          {linear("a b", LinearConfig{In: 1, Out: 1}), energy.ErrConfig, `layers: Linear: name "a b", want letters`},
		"Linear In 0":          {linear("l", LinearConfig{Out: 2}), energy.ErrConfig, `layers: Linear "l": In is 0 and Out 2, want 1 to`},
		"Linear Out -1":        {linear("l", LinearConfig{In: 1, Out: -1}), energy.ErrConfig, `layers: Linear "l": In is 1 and Out -1, want 1 to`},
		"Linear huge":          {linear("l", LinearConfig{In: math.MaxInt, Out: 2}), energy.ErrConfig, `layers: Linear "l": In is 9223372036854775807`},
		"Linear huge product":  {linear("l", LinearConfig{In: 1 << 30, Out: 1 << 30}), energy.ErrConfig, `layers: Linear "l": W has 1152921504606846976 numbers, want at most`},
		"Linear deviation NaN": {linear("l", LinearConfig{In: 1, Out: 1, InitDeviation: nan}), energy.ErrConfig, `layers: Linear "l": InitDeviation is NaN, want a positive number`},
		"Linear deviation -1":  {linear("l", LinearConfig{In: 1, Out: 1, InitDeviation: -1}), energy.ErrConfig, `InitDeviation is -1`},
		"Linear dtype":         {linear("l", LinearConfig{In: 1, Out: 1, Dtype: tensor.Bool}), energy.ErrDtype, `layers: Linear "l": dtype bool, want float32 or float64`},

		"LayerNorm name":         {norm(".", LayerNormConfig{Size: 1}), energy.ErrConfig, `layers: LayerNorm: name ".", want letters`},
		"LayerNorm size 0":       {norm("n", LayerNormConfig{}), energy.ErrConfig, `layers: LayerNorm "n": Size is 0, want 1 to`},
		"LayerNorm size -1":      {norm("n", LayerNormConfig{Size: -1}), energy.ErrConfig, `layers: LayerNorm "n": Size is -1, want 1 to`},
		"LayerNorm huge":         {norm("n", LayerNormConfig{Size: math.MaxInt}), energy.ErrConfig, `layers: LayerNorm "n": Size is 9223372036854775807`},
		"LayerNorm epsilon NaN":  {norm("n", LayerNormConfig{Size: 1, Epsilon: nan}), energy.ErrConfig, `layers: LayerNorm "n": Epsilon is NaN, want a positive number`},
		"LayerNorm epsilon -1":   {norm("n", LayerNormConfig{Size: 1, Epsilon: -1}), energy.ErrConfig, `Epsilon is -1`},
		"LayerNorm epsilon +Inf": {norm("n", LayerNormConfig{Size: 1, Epsilon: inf}), energy.ErrConfig, `Epsilon is +Inf`},
		"LayerNorm dtype":        {norm("n", LayerNormConfig{Size: 1, Dtype: tensor.Complex64}), energy.ErrDtype, `layers: LayerNorm "n": dtype complex64`},

		"Hopfield name":              {hop("h h", HopfieldConfig{Units: h}), energy.ErrConfig, `layers: Hopfield: name "h h"`},
		"Hopfield no units":          {hop("h", HopfieldConfig{}), energy.ErrConfig, `layers: Hopfield "h": Units: no units given`},
		"Hopfield 0 units":           {hop("h", HopfieldConfig{Units: energy.Spin(0)}), energy.ErrConfig, `layers: Hopfield "h": Units: Spin: 0 units`},
		"Hopfield Gaussian":          {hop("h", HopfieldConfig{Units: energy.Gaussian(2)}), energy.ErrConfig, `layers: Hopfield "h": Units are Gaussian(2), want Spin or Bernoulli`},
		"Hopfield OneHot":            {hop("h", HopfieldConfig{Units: energy.OneHot(2, 3)}), energy.ErrConfig, `Units are OneHot(2, 3), want Spin or Bernoulli`},
		"Hopfield joined":            {hop("h", HopfieldConfig{Units: energy.Join(v, h)}), energy.ErrConfig, `Units are Join(Bernoulli(3), Spin(2)), want Spin or Bernoulli`},
		"Hopfield huge":              {hop("h", HopfieldConfig{Units: energy.Spin(1 << 30)}), energy.ErrConfig, `layers: Hopfield "h": W has 1152921504606846976 numbers, want at most`},
		"Hopfield temperature -1":    {hop("h", HopfieldConfig{Units: h, Temperature: -1}), energy.ErrConfig, `layers: Hopfield "h": Temperature is -1, want`},
		"Hopfield temperature NaN":   {hop("h", HopfieldConfig{Units: h, Temperature: nan}), energy.ErrConfig, `Temperature is NaN, want`},
		"Hopfield temperature +Inf":  {hop("h", HopfieldConfig{Units: h, Temperature: inf}), energy.ErrConfig, `Temperature is +Inf, want`},
		"Hopfield temperature tiny":  {hop("h", HopfieldConfig{Units: h, Temperature: 1e-40}), energy.ErrConfig, `Temperature is 1e-40, want 1e-30 to 1e30`},
		"Hopfield steps -1":          {hop("h", HopfieldConfig{Units: h, Steps: -1}), energy.ErrConfig, `layers: Hopfield "h": Steps is -1, want 1 to 2^20, or 0 for the fixed point`},
		"Hopfield steps huge":        {hop("h", HopfieldConfig{Units: h, Steps: 1<<20 + 1}), energy.ErrConfig, `Steps is 1048577, want`},
		"Hopfield start of no steps": {hop("h", HopfieldConfig{Units: h, InputIsState: true}), energy.ErrConfig, `InputIsState wants Steps: a fixed point does not depend on the state`},
		"Hopfield tolerance -1":      {hop("h", HopfieldConfig{Units: h, Tolerance: -1}), energy.ErrConfig, `Tolerance is -1, want a positive number`},
		"Hopfield tolerance NaN":     {hop("h", HopfieldConfig{Units: h, Tolerance: nan}), energy.ErrConfig, `Tolerance is NaN, want`},
		"Hopfield tolerance useless": {hop("h", HopfieldConfig{Units: h, Steps: 3, Tolerance: 1}), energy.ErrConfig, `Tolerance is 1 and MaxSteps 0, which are for fixed points, but Steps is 3`},
		"Hopfield most -1":           {hop("h", HopfieldConfig{Units: h, MaxSteps: -1}), energy.ErrConfig, `MaxSteps is -1, want`},
		"Hopfield most useless":      {hop("h", HopfieldConfig{Units: h, Steps: 3, MaxSteps: 9}), energy.ErrConfig, `MaxSteps 9, which are for fixed points`},
		"Hopfield damping 1":         {hop("h", HopfieldConfig{Units: h, Damping: 1}), energy.ErrConfig, `layers: Hopfield "h": Damping is 1, want at least 0 and less than 1`},
		"Hopfield damping -0.1":      {hop("h", HopfieldConfig{Units: h, Damping: -0.1}), energy.ErrConfig, `Damping is -0.1, want`},
		"Hopfield damping NaN":       {hop("h", HopfieldConfig{Units: h, Damping: nan}), energy.ErrConfig, `Damping is NaN, want`},
		"Hopfield deviation -1":      {hop("h", HopfieldConfig{Units: h, InitDeviation: -1}), energy.ErrConfig, `layers: Hopfield "h": InitDeviation is -1, want a positive number`},
		"Hopfield deviation +Inf":    {hop("h", HopfieldConfig{Units: h, InitDeviation: inf}), energy.ErrConfig, `InitDeviation is +Inf`},
		"Hopfield dtype":             {hop("h", HopfieldConfig{Units: h, Dtype: tensor.Int}), energy.ErrDtype, `layers: Hopfield "h": dtype int, want float32 or float64`},

		"Boltzmann name":            {bm("b m", BoltzmannConfig{Visible: h}), energy.ErrConfig, `layers: Boltzmann: name "b m"`},
		"Boltzmann no units":        {bm("b", BoltzmannConfig{}), energy.ErrConfig, `layers: Boltzmann "b": Visible: no units given`},
		"Boltzmann hidden 0":        {bm("b", BoltzmannConfig{Visible: h, Hidden: energy.Spin(0)}), energy.ErrConfig, `layers: Boltzmann "b": Hidden: Spin: 0 units`},
		"Boltzmann hidden Gaussian": {bm("b", BoltzmannConfig{Visible: h, Hidden: energy.Gaussian(2)}), energy.ErrConfig, `Hidden are Gaussian(2), want Bernoulli, Spin and OneHot units`},
		"Boltzmann semi of nothing": {bm("b", BoltzmannConfig{Visible: h, SemiRestricted: true}), energy.ErrConfig, "SemiRestricted cannot take effect without hidden units"},
		"Boltzmann semi and edges":  {bm("b", BoltzmannConfig{Visible: h, Hidden: v, SemiRestricted: true, Edges: [][2]int{{0, 1}}}), energy.ErrConfig, "SemiRestricted cannot take effect beside Edges"},
		"Boltzmann updates -1":      {bm("b", BoltzmannConfig{Visible: h, Hidden: v, Updates: -1}), energy.ErrConfig, "Updates is -1, want 1 to 2^20, or 0 for 20"},
		"Boltzmann updates useless": {bm("b", BoltzmannConfig{Visible: h, Hidden: v, SemiRestricted: true, Updates: 3}), energy.ErrConfig, "Updates cannot take effect without hidden units that are coupled"},
		"Boltzmann updates no h":    {bm("b", BoltzmannConfig{Visible: h, Updates: 3}), energy.ErrConfig, "Updates cannot take effect without hidden units"},
		"Boltzmann deviation NaN":   {bm("b", BoltzmannConfig{Visible: h, InitDeviation: nan}), energy.ErrConfig, `layers: Boltzmann "b": InitDeviation is NaN, want a positive number`},
		"Boltzmann deviation -1":    {bm("b", BoltzmannConfig{Visible: h, InitDeviation: -1}), energy.ErrConfig, "InitDeviation is -1"},
		"Boltzmann dtype":           {bm("b", BoltzmannConfig{Visible: h, Dtype: tensor.Int}), energy.ErrDtype, `layers: Boltzmann "b": dtype int, want float32 or float64`},
		"Boltzmann huge":            {bm("b", BoltzmannConfig{Visible: energy.Spin(1<<15 + 1)}), energy.ErrConfig, "32769 units all coupled with each other, want at most 32768, or Edges"},
		"Boltzmann edge outside":    {bm("b", BoltzmannConfig{Visible: h, Edges: [][2]int{{0, 1}, {1, 2}}}), energy.ErrConfig, `layers: Boltzmann "b": Edges: edge 1 joins units 1 and 2, want units from 0 to 1`},
		"Boltzmann edge negative":   {bm("b", BoltzmannConfig{Visible: h, Edges: [][2]int{{0, -1}}}), energy.ErrConfig, "edge 0 joins units 0 and -1"},
		"Boltzmann edge a loop":     {bm("b", BoltzmannConfig{Visible: h, Edges: [][2]int{{1, 1}}}), energy.ErrConfig, "edge 0 joins unit 1 to itself"},
		"Boltzmann edge twice":      {bm("b", BoltzmannConfig{Visible: h, Edges: [][2]int{{0, 1}, {1, 0}}}), energy.ErrConfig, "units 0 and 1 are joined by two edges"},
		"Boltzmann edge in a unit":  {bm("b", BoltzmannConfig{Visible: energy.OneHot(2, 3), Edges: [][2]int{{2, 3}, {4, 5}}}), energy.ErrConfig, "edge 1 joins columns 4 and 5, which are two states of one OneHot unit or two real units"},
		"Boltzmann edge of reals":   {bm("b", BoltzmannConfig{Visible: energy.Gaussian(3), Edges: [][2]int{{0, 2}}}), energy.ErrConfig, "edge 0 joins columns 0 and 2, which are"},
		"Boltzmann no edges":        {bm("b", BoltzmannConfig{Visible: h, Edges: [][2]int{}}), energy.ErrConfig, "Edges are empty"},

		"Dropout name": {drop("", 0.5), energy.ErrConfig, `layers: Dropout: name ""`},
		"Dropout 0":    {drop("d", 0), energy.ErrConfig, `layers: Dropout "d": rate 0, want more than 0 and less than 1`},
		"Dropout 1":    {drop("d", 1), energy.ErrConfig, `rate 1, want`},
		"Dropout -0.1": {drop("d", -0.1), energy.ErrConfig, `rate -0.1, want`},
		"Dropout NaN":  {drop("d", nan), energy.ErrConfig, `rate NaN, want`},

		"StochasticBernoulli name": {func() error { _, err := NewStochasticBernoulli("s s", 1); return err }, energy.ErrConfig, `layers: StochasticBernoulli: name "s s"`},
		"Sequential name":          {func() error { _, err := NewSequential("", Tanh()); return err }, energy.ErrConfig, `layers: Sequential: name ""`},
		"Sequential nothing":       {func() error { _, err := NewSequential("s"); return err }, energy.ErrConfig, `layers: Sequential "s": no layers given`},
		"Sequential nil":           {func() error { _, err := NewSequential("s", Tanh(), nil); return err }, energy.ErrConfig, `layers: Sequential "s": layer 1 is nil`},
	} {
		t.Run(name, r.check)
	}
}

func TestGraphsRefuse(t *testing.T) {
	g := G.NewGraph()
	zeros := func(g *G.ExprGraph, name string, dt tensor.Dtype, shape ...int) *G.Node {
		return input(g, name, tensor.New(tensor.Of(dt), tensor.WithShape(shape...)))
	}
	x := zeros(g, "x", tensor.Float32, 2, 3)       // right for all
	h := zeros(g, "h", tensor.Float32, 2, 4)       // right as hidden states
	wide := zeros(g, "wide", tensor.Float32, 2, 5) // too many columns
	flat := zeros(g, "flat", tensor.Float32, 3)
	cube := zeros(g, "cube", tensor.Float32, 2, 3, 1)
	double := zeros(g, "double", tensor.Float64, 2, 3)
	doubleH := zeros(g, "doubleH", tensor.Float64, 2, 4)
	whole := zeros(g, "whole", tensor.Int, 2, 3)
	short := zeros(g, "short", tensor.Float32, 1, 4) // another batch
	elsewhere := zeros(G.NewGraph(), "x", tensor.Float32, 2, 3)

	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.LearnedGaussian(4, 1), Centered: true}))
	plain := must(NewRBM("p", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(4)}))
	l := must(NewLinear("l", LinearConfig{In: 3, Out: 4}))
	n := must(NewLayerNorm("n", LayerNormConfig{Size: 3}))
	hop := must(NewHopfield("hop", HopfieldConfig{Units: energy.Spin(3)}))
	d := must(NewDropout("d", 0.5, 1))
	s := must(NewStochasticBernoulli("s", 1))
	seq := must(NewSequential("seq", d, l))

	one := func(f func(*G.Node) (*G.Node, error), x *G.Node) func() error {
		return func() error { _, err := f(x); return err }
	}
	two := func(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) func() error {
		return func() error { _, err := f(a, b); return err }
	}
	bags := func(s *Sequential, x, lengths *G.Node) func() error {
		return func() error { _, _, err := s.ForwardBags(x, lengths); return err }
	}
	cube3 := zeros(g, "cube3", tensor.Float32, 2, 2, 3)
	boltzmann := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(4)}))
	bare := must(NewBoltzmann("bare", BoltzmannConfig{Visible: energy.Bernoulli(3)}))
	deep := must(NewBoltzmann("deep", BoltzmannConfig{Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(15)}))
	for name, c := range map[string]refusal{
		"RBM.Forward nil":    {one(r.Forward, nil), energy.ErrShape, `layers: RBM "r": Forward: argument 0 is nil, want a node`},
		"RBM.Forward wide":   {one(r.Forward, wide), energy.ErrShape, `layers: RBM "r": Forward: HiddenMean: visible has shape (2, 5), want (batch, 3)`},
		"RBM.Forward flat":   {one(r.Forward, flat), energy.ErrShape, `visible has shape (3), want (batch, 3)`},
		"RBM.Forward cube":   {one(r.Forward, cube), energy.ErrShape, `visible has shape (2, 3, 1), want (batch, 3)`},
		"RBM.Forward double": {one(r.Forward, double), energy.ErrDtype, `layers: RBM "r": Forward: `},
		"plain Forward":      {one(plain.Forward, double), energy.ErrDtype, `layers: RBM "p": Forward: `},
		"RBM.Forward int":    {one(r.Forward, whole), energy.ErrDtype, `layers: RBM "r": Forward: `},
		"RBM.Backward nil":   {one(r.Backward, nil), energy.ErrShape, `layers: RBM "r": Backward: argument 0 is nil`},
		"RBM.Backward wide":  {one(r.Backward, wide), energy.ErrShape, `layers: RBM "r": Backward: VisibleMean: hidden has shape (2, 5), want (batch, 4)`},
		"RBM.Backward dtype": {one(r.Backward, doubleH), energy.ErrDtype, `layers: RBM "r": Backward: `},

		"Boltzmann.Forward nil":       {one(boltzmann.Forward, nil), energy.ErrShape, `layers: Boltzmann "bm": Forward: argument 0 is nil, want a node`},
		"Boltzmann.Forward wide":      {one(boltzmann.Forward, wide), energy.ErrShape, `layers: Boltzmann "bm": HiddenInput: visible has shape (2, 5), want (batch, 3)`},
		"Boltzmann.Forward cube":      {one(boltzmann.Forward, cube), energy.ErrShape, `visible has shape (2, 3, 1), want (batch, 3)`},
		"Boltzmann.Forward dtype":     {one(boltzmann.Forward, double), energy.ErrDtype, `layers: Boltzmann "bm": HiddenInput: `},
		"Boltzmann.Forward no hidden": {one(bare.Forward, x), energy.ErrConfig, `layers: Boltzmann "bare": HiddenInput: there are no hidden units`},
		"Boltzmann.Energy no state":   {two(boltzmann.Energy, x, nil), energy.ErrShape, `layers: Boltzmann "bm": Energy: hidden has no node, want (batch, 4)`},
		"Boltzmann.Energy batch":      {two(boltzmann.Energy, x, short), energy.ErrShape, `layers: Boltzmann "bm": Energy: `},
		"Boltzmann.Energy dtype":      {two(boltzmann.Energy, x, doubleH), energy.ErrDtype, `layers: Boltzmann "bm": Energy: `},
		"Boltzmann.Energy elsewhere":  {two(boltzmann.Energy, elsewhere, h), energy.ErrConfig, `layers: Boltzmann "bm": Energy: `},
		"Boltzmann.Energy for none":   {two(bare.Energy, x, h), energy.ErrShape, `layers: Boltzmann "bare": Energy: hidden: there are no hidden units, want nil`},
		"Boltzmann.FreeEnergy deep":   {one(deep.FreeEnergy, x), energy.ErrConfig, `layers: Boltzmann "deep": FreeEnergy: 32768 joint states of coupled hidden units, want at most 16384`},
		"Boltzmann.Contrastive wide":  {two(boltzmann.ContrastiveCost, x, wide), energy.ErrShape, `layers: Boltzmann "bm": FreeEnergy: visible has shape (2, 5)`},

		"FreeEnergy nil":         {one(r.FreeEnergy, nil), energy.ErrShape, `layers: RBM "r": FreeEnergy: argument 0 is nil`},
		"FreeEnergy wide":        {one(r.FreeEnergy, wide), energy.ErrShape, `layers: RBM "r": FreeEnergy: visible has shape (2, 5), want (batch, 3)`},
		"FreeEnergy dtype":       {one(r.FreeEnergy, double), energy.ErrDtype, `layers: RBM "r": `},
		"HiddenFreeEnergy nil":   {one(r.HiddenFreeEnergy, nil), energy.ErrShape, `layers: RBM "r": HiddenFreeEnergy: argument 0 is nil`},
		"HiddenFreeEnergy shape": {one(r.HiddenFreeEnergy, x), energy.ErrShape, `layers: RBM "r": HiddenFreeEnergy: hidden has shape (2, 3), want (batch, 4)`},
		"Energy nil":             {two(r.Energy, x, nil), energy.ErrShape, `layers: RBM "r": Energy: argument 1 is nil`},
		"Energy visible":         {two(r.Energy, wide, h), energy.ErrShape, `layers: RBM "r": Energy: visible has shape (2, 5), want (batch, 3)`},
		"Energy hidden":          {two(r.Energy, x, x), energy.ErrShape, `layers: RBM "r": Energy: hidden has shape (2, 3), want (batch, 4)`},
		"Energy rows":            {two(r.Energy, x, short), energy.ErrShape, `layers: RBM "r": Energy: visible has 2 rows, hidden 1`},
		"Energy dtype":           {two(plain.Energy, x, doubleH), energy.ErrDtype, `layers: RBM "p": Energy: `},
		"Energy graphs":          {two(r.Energy, elsewhere, h), energy.ErrConfig, `layers: RBM "r": Energy: argument 1 is in another graph than argument 0`},
		"ContrastiveCost nil":    {two(r.ContrastiveCost, nil, x), energy.ErrShape, `layers: RBM "r": ContrastiveCost: argument 0 is nil`},
		"ContrastiveCost shape":  {two(r.ContrastiveCost, x, wide), energy.ErrShape, `layers: RBM "r": ContrastiveCost: FreeEnergy: visible has shape (2, 5), want (batch, 3)`},
		"ContrastiveCost graphs": {two(r.ContrastiveCost, x, elsewhere), energy.ErrConfig, `layers: RBM "r": ContrastiveCost: argument 1 is in another graph`},
		"Bind nil":               {func() error { _, err := r.Bind(nil); return err }, energy.ErrConfig, `layers: r.W: Node: the graph is nil`},

		"Linear nil":          {one(l.Forward, nil), energy.ErrShape, `layers: Linear "l": Forward: argument 0 is nil`},
		"Linear wide":         {one(l.Forward, wide), energy.ErrShape, `layers: Linear "l": Forward: input has shape (2, 5), want (batch, 3)`},
		"Linear flat":         {one(l.Forward, flat), energy.ErrShape, `input has shape (3), want (batch, 3)`},
		"Linear dtype":        {one(l.Forward, double), energy.ErrDtype, `layers: Linear "l": Forward: `},
		"LayerNorm nil":       {one(n.Forward, nil), energy.ErrShape, `layers: LayerNorm "n": Forward: argument 0 is nil`},
		"LayerNorm wide":      {one(n.Forward, wide), energy.ErrShape, `layers: LayerNorm "n": Forward: input has shape (2, 5), want (batch, 3)`},
		"LayerNorm cube":      {one(n.Forward, cube), energy.ErrShape, `input has shape (2, 3, 1), want (batch, 3)`},
		"LayerNorm dtype":     {one(n.Forward, double), energy.ErrDtype, `layers: LayerNorm "n": Forward: `},
		"Hopfield nil":        {one(hop.Forward, nil), energy.ErrShape, `layers: Hopfield "hop": Forward: argument 0 is nil`},
		"Hopfield wide":       {one(hop.Forward, wide), energy.ErrShape, `layers: Hopfield "hop": Forward: input has shape (2, 5), want (batch, 3)`},
		"Hopfield flat":       {one(hop.Forward, flat), energy.ErrShape, `layers: Hopfield "hop": Forward: input has shape (3), want (batch, 3)`},
		"Hopfield dtype":      {one(hop.Forward, double), energy.ErrDtype, `layers: Hopfield "hop": Forward: `},
		"Hopfield energy nil": {one(hop.Energy, nil), energy.ErrShape, `layers: Hopfield "hop": Energy: argument 0 is nil`},
		"Hopfield energy":     {one(hop.Energy, wide), energy.ErrShape, `layers: Hopfield "hop": Energy: energy: Quadratic: Energy: x has shape (2, 5), want (batch, 3)`},
		"Hopfield cube":       {one(hop.Energy, cube3), energy.ErrShape, `layers: Hopfield "hop": Energy: `},
		"Hopfield free nil":   {two(hop.FreeEnergy, nil, x), energy.ErrShape, `layers: Hopfield "hop": FreeEnergy: argument 0 is nil`},
		"Hopfield free field": {two(hop.FreeEnergy, x, wide), energy.ErrShape, `layers: Hopfield "hop": FreeEnergy: `},
		"Hopfield free graph": {two(hop.FreeEnergy, elsewhere, x), energy.ErrConfig, `layers: Hopfield "hop": FreeEnergy: argument 1 is in another graph`},
		"Hopfield bind nil":   {func() error { _, err := hop.Bind(nil); return err }, energy.ErrConfig, `layers: hop.W: Node: the graph is nil`},

		"Dropout nil":     {one(d.Forward, nil), energy.ErrShape, `layers: Dropout "d": Forward: argument 0 is nil`},
		"Dropout flat":    {one(d.Forward, flat), energy.ErrShape, `layers: Dropout "d": Forward: `},
		"Dropout int":     {one(d.Forward, whole), energy.ErrDtype, `layers: Dropout "d": Forward: `},
		"Bernoulli nil":   {one(s.Forward, nil), energy.ErrShape, `layers: StochasticBernoulli "s": Forward: argument 0 is nil`},
		"Bernoulli flat":  {one(s.Forward, flat), energy.ErrShape, `layers: StochasticBernoulli "s": Forward: `},
		"Bernoulli int":   {one(s.Forward, whole), energy.ErrDtype, `layers: StochasticBernoulli "s": Forward: `},
		"Sequential nil":  {one(seq.Forward, nil), energy.ErrShape, `layers: Dropout "d": Forward: argument 0 is nil`},
		"Sequential cube": {one(must(NewSequential("seq", d, r)).Forward, cube3), energy.ErrShape, `visible has shape (2, 2, 3), want (batch, 3)`},
		"bags nil":        {bags(seq, x, nil), energy.ErrShape, `layers: Sequential "seq": ForwardBags: argument 1 is nil`},
		"bags graphs":     {bags(seq, elsewhere, flat), energy.ErrConfig, `layers: Sequential "seq": ForwardBags: argument 1 is in another graph`},
		"bags cube":       {bags(seq, cube3, flat), energy.ErrShape, `ForwardBags: instances have shape (2, 2, 3) and lengths (3), want (instances, n) and (bags)`},
		"bags lengths":    {bags(seq, x, x), energy.ErrShape, `instances have shape (2, 3) and lengths (2, 3)`},
		"bags wide":       {bags(seq, wide, flat), energy.ErrShape, `layers: Linear "l": Forward: input has shape (2, 5), want (batch, 3)`},
		"bags of a pool":  {bags(must(NewSequential("p", firstRow{})), x, flat), energy.ErrShape, `layers: Sequential "p": ForwardBags: layer "first row" gives shape (3), want (2, n)`},
		"Sequential wide": {one(seq.Forward, wide), energy.ErrShape, `layers: Linear "l": Forward: input has shape (2, 5), want (batch, 3)`},

		"Sigmoid nil":     {one(Sigmoid().Forward, nil), energy.ErrShape, `layers: sigmoid: Forward: argument 0 is nil`},
		"Tanh int":        {one(Tanh().Forward, whole), energy.ErrDtype, `layers: tanh: Forward: `},
		"ReLU nil":        {one(ReLU().Forward, nil), energy.ErrShape, `layers: relu: Forward: argument 0 is nil`},
		"Softplus int":    {one(Softplus().Forward, whole), energy.ErrDtype, `layers: softplus: Forward: `},
		"Softmax flat":    {one(Softmax().Forward, flat), energy.ErrShape, `layers: softmax: Forward: `},
		"StopGradient":    {one(StopGradient, nil), energy.ErrShape, `layers: StopGradient: argument 0 is nil`},
		"cross nil":       {two(CrossEntropy, x, nil), energy.ErrShape, `layers: CrossEntropy: argument 1 is nil`},
		"cross shape":     {two(CrossEntropy, x, wide), energy.ErrShape, `layers: CrossEntropy: `},
		"cross dtype":     {two(CrossEntropyRows, x, double), energy.ErrDtype, `layers: CrossEntropy: `},
		"cross graphs":    {two(CrossEntropyRows, x, elsewhere), energy.ErrConfig, `layers: CrossEntropy: argument 1 is in another graph`},
		"squared nil":     {two(SquaredErrorRows, nil, x), energy.ErrShape, `layers: SquaredError: argument 0 is nil`},
		"squared shape":   {two(SquaredErrorRows, x, wide), energy.ErrShape, `layers: SquaredError: `},
		"squared vectors": {two(SquaredErrorRows, flat, flat), energy.ErrShape, `layers: SquaredError: `},
		"squared dtype":   {two(SquaredErrorRows, x, double), energy.ErrDtype, `layers: SquaredError: `},
	} {
		t.Run(name, c.check)
	}

	// What came and what was wanted is in every message, and the right calls pass.
	for _, call := range []func() error{
		one(r.Forward, x), one(r.Backward, h), two(r.Energy, x, h), two(r.ContrastiveCost, x, x), one(l.Forward, x), one(n.Forward, x), one(seq.Forward, x),
		one(hop.Forward, x), one(hop.Forward, cube3), one(hop.Energy, x), two(hop.FreeEnergy, x, x), two(hop.FreeEnergy, x, nil),
	} {
		require.NoError(t, call())
	}
}
