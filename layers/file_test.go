package layers

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// savedLayers is a layer of every kind, and chains of them.
func savedLayers(dt tensor.Dtype) map[string]Layer {
	linear := must(NewLinear("lin", LinearConfig{In: 4, Out: 4, Seed: math.MaxUint64, InitDeviation: 0.25, Dtype: dt}))
	norm := must(NewLayerNorm("norm", LayerNormConfig{Size: 4, Epsilon: 1e-3, Dtype: dt}))
	drop := must(NewDropout("drop", 0.3, 9))
	rbm := func(name string, visible, hidden energy.Units, centered bool) Layer {
		return must(NewRBM(name, RBMConfig{Visible: visible, Hidden: hidden, Seed: 3, InitDeviation: 0.1, Centered: centered, Dtype: dt}))
	}
	hopfield := func(c HopfieldConfig) Layer {
		c.Seed, c.Dtype = 5, dt
		return must(NewHopfield("hop", c))
	}
	boltzmann := func(c BoltzmannConfig) Layer {
		c.Seed, c.Dtype = 6, dt
		return must(NewBoltzmann("bm", c))
	}
	shared := must(NewSequential("inner", linear, drop))
	deep := Layer(must(NewSequential("deep0", linear)))
	for i := range 20 {
		deep = must(NewSequential(fmt.Sprintf("deep%d", i+1), deep))
	}
	return map[string]Layer{
		"linear": linear, "layernorm": norm, "dropout": drop,
		"without a bias":       must(NewLinear("lin", LinearConfig{In: 4, Out: 2, NoBias: true, Dtype: dt})),
		"stochastic_bernoulli": must(NewStochasticBernoulli("coin", 1<<63)),
		"sigmoid":              Sigmoid(), "tanh": Tanh(), "relu": ReLU(), "softplus": Softplus(), "softmax": Softmax(),
		"rbm":                       rbm("rbm", energy.Bernoulli(4), energy.Spin(2), false),
		"centered rbm":              rbm("net.rbm", energy.LearnedGaussian(4, 0.3), energy.FixedGaussian(3, 1.7), true),
		"one unit":                  rbm("one", energy.Gaussian(1), energy.Bernoulli(1), false),
		"counting rbm":              rbm("counts", energy.Join(energy.Binomial(2, 9), energy.Poisson(2)), energy.Join(energy.ReLU(1), energy.Poisson(2)), true),
		"joined rbm":                rbm("joined", energy.Join(energy.Bernoulli(1), energy.OneHot(1, 3)), energy.Join(energy.LearnedGaussian(1, 2), energy.Spin(2)), true),
		"hopfield_mean_field":       hopfield(HopfieldConfig{Units: energy.Spin(4)}),
		"unrolled hopfield":         hopfield(HopfieldConfig{Units: energy.Bernoulli(4), Temperature: 0.5, InputIsState: true, Steps: 3, Damping: 0.25, InitDeviation: 0.5}),
		"settling hopfield":         hopfield(HopfieldConfig{Units: energy.Bernoulli(4), Tolerance: 1e-3, MaxSteps: 7}),
		"boltzmann":                 boltzmann(BoltzmannConfig{Visible: energy.Spin(4), Hidden: energy.Bernoulli(2), Updates: 7, InitDeviation: 0.5}),
		"semi-restricted boltzmann": boltzmann(BoltzmannConfig{Visible: energy.Join(energy.LearnedGaussian(2, 0.5), energy.OneHot(1, 2)), Hidden: energy.OneHot(2, 3), SemiRestricted: true}),
		"boltzmann on edges":        boltzmann(BoltzmannConfig{Visible: energy.Bernoulli(4), Hidden: energy.Spin(1), Edges: [][2]int{{0, 1}, {4, 2}, {1, 4}}}),
		"sequential":                must(NewSequential("seq", linear, norm, Tanh(), drop, rbm("rbm", energy.Spin(4), energy.OneHot(2, 3), false), Softmax())),
		"a layer twice":             must(NewSequential("seq", linear, Tanh(), drop, norm, Tanh(), linear, drop)),
		"a layer twice, and within": must(NewSequential("seq", shared, linear, shared, drop)),
		"deep":                      deep,
	}
}

// oddValues gives parameters the values that a careless format loses.
func oddValues(l Layer) {
	for i, p := range l.Params() {
		x := normals(uint64(i), p.shape.TotalSize())
		odd := []float64{math.Copysign(0, -1), math.SmallestNonzeroFloat64, -math.MaxFloat64, 1e-310, 1.0 / 3}
		if p.dtype == tensor.Float32 {
			odd = []float64{math.Copysign(0, -1), math.SmallestNonzeroFloat32, -math.MaxFloat32, 1e-40, 1.0 / 3}
		}
		copy(x, odd)
		admissible(p, x)
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}

func bits(p *Param) []uint64 {
	var out []uint64
	for _, v := range p.Float64s() {
		out = append(out, math.Float64bits(v))
	}
	return out
}

func describes(t *testing.T, l Layer) string { return string(must(describe(l))) }

func TestRoundTrip(t *testing.T) {
	for _, dt := range dtypes {
		for name, l := range savedLayers(dt) {
			t.Run(fmt.Sprintf("%s/%v", name, dt), func(t *testing.T) {
				oddValues(l)
				dir := t.TempDir()
				first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
				require.NoError(t, Save(first, l))
				got, err := Load(first)
				require.NoError(t, err)

				require.IsType(t, l, got)
				require.Equal(t, l.Name(), got.Name())
				require.JSONEq(t, describes(t, l), describes(t, got))
				require.Len(t, got.Params(), len(l.Params()))
				for i, p := range l.Params() {
					q := got.Params()[i]
					require.Equal(t, p.Name(), q.Name())
					require.Equal(t, p.shape, q.shape)
					require.Equal(t, dt, q.Value().Dtype())
					require.Equal(t, p.Learned(), q.Learned())
					require.Equal(t, bits(p), bits(q))
				}
				require.NoError(t, Save(second, got))
				require.Equal(t, must(os.ReadFile(first)), must(os.ReadFile(second)), "the same bytes")
			})
		}
	}
}

// What a loaded layer computes is what the saved one did, its random draws included.
func TestLoadedLayersComputeTheSame(t *testing.T) {
	for _, dt := range dtypes {
		for name, l := range savedLayers(dt) {
			shuffleParams(l, 4)
			n := 4
			if name == "one unit" {
				n = 1
			}
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, Save(path, l))
			loaded := must(Load(path))
			var out [2][]float64
			for i, l := range []Layer{l, loaded} {
				if noisy, ok := l.(Stochastic); ok {
					noisy.SetStep(3)
				}
				y := must(l.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{5, n}, normals(1, 5*n)...))))
				out[i] = graphtest.Value(t, y)[0]
			}
			require.Equal(t, out[0], out[1], "%s %v", name, dt)
		}
	}
}

// A chain that holds one layer in two places still does when it is loaded: a solver's step moves both.
func TestSharedLayersStayShared(t *testing.T) {
	for _, name := range []string{"a layer twice", "a layer twice, and within"} {
		l := savedLayers(tensor.Float64)[name]
		path := filepath.Join(t.TempDir(), "model")
		require.NoError(t, Save(path, l))
		loaded := must(Load(path)).(*Sequential)
		g := G.NewGraph()
		cost := G.Must(G.Sum(must(loaded.Forward(input(g, "x", dense(tensor.Float64, tensor.Shape{1, 4}, 1, 2, 3, 4))))))
		wrt := Wrt(cost, loaded)
		require.Equal(t, len(loaded.Params()), len(wrt))
		require.Len(t, g.ByName("lin.W"), 1)
		_, err := G.Grad(cost, wrt...)
		require.NoError(t, err)
	}
}

// content is a valid file of a centered RBM in a chain, to be spoiled.
func content() *modelfile.File {
	r := must(NewRBM("r", RBMConfig{Visible: energy.LearnedGaussian(3, 1), Hidden: energy.Spin(1), Centered: true, Seed: 1}))
	return must(Encode(must(NewSequential("s", r, must(NewLinear("l", LinearConfig{In: 1, Out: 2}))))))
}

func description(f *modelfile.File, replace ...string) {
	f.Meta[layerKey] = strings.NewReplacer(replace...).Replace(f.Meta[layerKey])
}

func tensorOf(f *modelfile.File, name string) *modelfile.Tensor { return must(f.Tensor(name)) }

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(f *modelfile.File)
		want    error
		message string
	}{
		"no description":    {func(f *modelfile.File) { delete(f.Meta, layerKey) }, energy.ErrConfig, `no "harmonium.layer" in the metadata`},
		"no JSON":           {func(f *modelfile.File) { f.Meta[layerKey] = "{" }, energy.ErrConfig, "not of our form"},
		"unknown field":     {func(f *modelfile.File) { description(f, `"in":1`, `"in":1,"bias":false`) }, energy.ErrConfig, `unknown field "bias"`},
		"field of a spec":   {func(f *modelfile.File) { description(f, `"name":"l"`, `"name":"l","frozen":true`) }, energy.ErrConfig, `unknown field "frozen"`},
		"size 0":            {func(f *modelfile.File) { description(f, `"in":1`, `"in":0`) }, energy.ErrConfig, `layers: Linear "l": In is 0`},
		"more behind it":    {func(f *modelfile.File) { f.Meta[layerKey] += "]" }, energy.ErrConfig, "there is more behind its end"},
		"no config":         {func(f *modelfile.File) { f.Meta[layerKey] = `{"kind":"linear","name":"l"}` }, energy.ErrConfig, "not of our form"},
		"null":              {func(f *modelfile.File) { f.Meta[layerKey] = "null" }, energy.ErrConfig, `kind ""`},
		"unknown kind":      {func(f *modelfile.File) { description(f, `"linear"`, `"lineal"`) }, energy.ErrConfig, `layer "l" is of the kind "lineal", which this program does not know`},
		"other kind":        {func(f *modelfile.File) { description(f, `"kind":"linear"`, `"kind":"layernorm"`) }, energy.ErrConfig, `unknown field "in"`},
		"bad name":          {func(f *modelfile.File) { description(f, `"name":"l"`, `"name":"l "`) }, energy.ErrConfig, `name "l "`},
		"no layers":         {func(f *modelfile.File) { f.Meta[layerKey] = `{"kind":"sequential","name":"s","config":[]}` }, energy.ErrConfig, "no layers given"},
		"dtype unknown":     {func(f *modelfile.File) { description(f, "float32", "int8") }, energy.ErrDtype, `dtype "int8", want float32 or float64`},
		"dtype other":       {func(f *modelfile.File) { description(f, "float32", "float64") }, energy.ErrDtype, `tensor "r.W" has dtype float32, want float64`},
		"size":              {func(f *modelfile.File) { description(f, `"out":2`, `"out":3`) }, energy.ErrShape, `tensor "l.W" has shape [1 2], want (1, 3)`},
		"units":             {func(f *modelfile.File) { description(f, `"count":3`, `"count":4`) }, energy.ErrShape, `tensor "r.W" has shape [3 1], want (4, 1)`},
		"no units":          {func(f *modelfile.File) { description(f, `"count":3`, `"count":0`) }, energy.ErrConfig, "0 units, want at least 1"},
		"negative units":    {func(f *modelfile.File) { description(f, `"count":3`, `"count":-3`) }, energy.ErrConfig, "-3 units"},
		"family":            {func(f *modelfile.File) { description(f, "Spin", "Spim") }, energy.ErrConfig, `unit family "Spim" is not known`},
		"huge units":        {func(f *modelfile.File) { description(f, `"count":3`, `"count":1073741824`) }, energy.ErrShape, "want (1073741824, 1)"},
		"huge layer":        {func(f *modelfile.File) { description(f, `"out":2`, `"out":1073741824`) }, energy.ErrShape, "want (1, 1073741824)"},
		"a column is a row": {func(f *modelfile.File) { tensorOf(f, "r.W").Shape = []int{1, 3} }, energy.ErrShape, `tensor "r.W" has shape [1 3], want (3, 1)`},
		"a column is flat":  {func(f *modelfile.File) { tensorOf(f, "r.W").Shape = []int{3} }, energy.ErrShape, `tensor "r.W" has shape [3], want (3, 1)`},
		"missing tensor":    {func(f *modelfile.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] }, energy.ErrConfig, `no tensor "l.b"`},
		"renamed tensor":    {func(f *modelfile.File) { tensorOf(f, "r.visible_offset").Name = "r.mu" }, energy.ErrConfig, `no tensor "r.visible_offset"`},
		"extra tensor": {func(f *modelfile.File) {
			f.Tensors = append(f.Tensors, modelfile.Tensor{Name: "z", Shape: []int{1}, Data: []float32{1}})
		}, energy.ErrConfig, "holds 9 tensors, the model has 8"},
		"NaN":                {func(f *modelfile.File) { tensorOf(f, "l.b").Data.([]float32)[1] = float32(math.NaN()) }, energy.ErrNotFinite, `tensor "l.b"`},
		"infinity":           {func(f *modelfile.File) { tensorOf(f, "r.hidden_offset").Data.([]float32)[0] = float32(math.Inf(-1)) }, energy.ErrNotFinite, `tensor "r.hidden_offset"`},
		"negative deviation": {func(f *modelfile.File) { description(f, `"centered"`, `"init_deviation":-1,"centered"`) }, energy.ErrConfig, "InitDeviation is -1"},
		"two specs of one name": {func(f *modelfile.File) {
			f.Meta[layerKey] = `{"kind":"sequential","name":"s","config":[
				{"kind":"linear","name":"l","config":{"in":1,"out":2,"seed":0,"dtype":"float32"}},
				{"kind":"linear","name":"l","config":{"in":1,"out":2,"seed":1,"dtype":"float32"}}]}`
		}, energy.ErrConfig, `two layers are called "l"`},
		"too deep": {func(f *modelfile.File) {
			f.Meta[layerKey] = strings.Repeat(`{"kind":"sequential","name":"s","config":[`, 5000) + `{}` + strings.Repeat(`]}`, 5000)
		}, energy.ErrConfig, "nested 10001 brackets deep, want at most 64"},
	} {
		t.Run(name, func(t *testing.T) {
			f := content()
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, modelfile.Write(path, f))
			_, err := Load(path)
			require.NoError(t, err, "the file is good before it is spoiled")
			c.spoil(f)
			require.NoError(t, modelfile.Write(path, f))
			_, err = Load(path)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "layers: Load: "+path+": ")
			require.ErrorContains(t, err, c.message)
		})
	}
}

// The sizes that a description claims are believed only when the tensors have them.
func TestHugeClaimsAllocateLittle(t *testing.T) {
	for _, claim := range []string{
		`{"kind":"rbm","name":"r","config":{"visible":[{"family":"Gaussian","count":1073741824,"variance":"learned"}],"hidden":[{"family":"Spin","count":1}],"dtype":"float32"}}`,
		`{"kind":"rbm","name":"r","config":{"visible":[{"family":"OneHot","count":2,"states":536870912}],"hidden":[{"family":"Gaussian","count":1073741824,"variance":"fixed"}],"dtype":"float64"}}`,
		`{"kind":"linear","name":"r","config":{"in":1073741824,"out":1073741824,"dtype":"float64"}}`,
		`{"kind":"hopfield_mean_field","name":"r","config":{"units":[{"family":"Spin","count":1073741824}],"dtype":"float64"}}`,
		`{"kind":"boltzmann","name":"r","config":{"visible":[{"family":"Spin","count":1073741824}],"dtype":"float64"}}`,
		`{"kind":"boltzmann","name":"r","config":{"visible":[{"family":"Spin","count":1073741824}],"edges":[[0,1]],"dtype":"float64"}}`,
		`{"kind":"boltzmann","name":"r","config":{"visible":[{"family":"Spin","count":1}],"hidden":[{"family":"OneHot","count":32768,"states":32768}],"dtype":"float64"}}`,
		`{"kind":"layernorm","name":"r","config":{"size":1152921504606846976,"dtype":"float64"}}`,
	} {
		require.Less(t, allocated(func() {
			_, err := Decode([]byte(claim), content())
			require.Error(t, err)
		}), uint64(1<<20), claim)
	}
	// b shows that there are so many columns, and W is still missing
	many := &modelfile.File{Tensors: []modelfile.Tensor{{Name: "r.b", Shape: []int{maxDense}, Data: make([]float32, maxDense)}}}
	claim := `{"kind":"boltzmann","name":"r","config":{"visible":[{"family":"Gaussian","count":32768}],"dtype":"float32"}}`
	require.Less(t, allocated(func() {
		_, err := Decode([]byte(claim), many)
		require.ErrorContains(t, err, "no tensor \"r.W\"")
	}), uint64(1<<20))
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLoadRBM(t *testing.T) {
	dir := t.TempDir()
	r := must(NewRBM("r", RBMConfig{Visible: energy.Spin(3), Hidden: energy.Bernoulli(2), Seed: 1}))
	require.NoError(t, r.Save(filepath.Join(dir, "rbm")))
	got, err := LoadRBM(filepath.Join(dir, "rbm"))
	require.NoError(t, err)
	require.Equal(t, bits(r.w), bits(got.w))

	require.NoError(t, must(NewSequential("s", r)).Save(filepath.Join(dir, "sequential")))
	_, err = LoadRBM(filepath.Join(dir, "sequential"))
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "holds a *layers.Sequential, want an RBM")

	_, err = LoadRBM(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// own is a layer of the user's that says nothing of itself to a file.
type own struct{ Layer }

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model")
	l := must(NewLinear("l", LinearConfig{In: 2, Out: 2}))
	deep := Layer(l)
	for i := range 40 {
		deep = must(NewSequential(fmt.Sprintf("s%d", i), deep))
	}
	err := Save(path, deep)
	require.ErrorIs(t, err, energy.ErrConfig, "what Load would refuse")
	require.ErrorContains(t, err, "brackets deep, want at most 64")

	err = Save(path, must(NewSequential("s", own{l})))
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, `layer "l" is a layers.own, which has no Spec to save`)

	l.w.data.([]float32)[3] = float32(math.NaN())
	err = Save(path, l)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "layers: Save: "+path+`: parameter "l.W"`)
	require.Empty(t, must(os.ReadDir(dir)), "nothing is left behind")
}

// FuzzLoad reads any bytes as a file, and as the description of a layer whose tensors are all there.
func FuzzLoad(f *testing.F) {
	pool := &modelfile.File{}
	have := map[string]bool{}
	for _, dt := range dtypes {
		for _, l := range savedLayers(dt) {
			file := must(Encode(l))
			f.Add([]byte(file.Meta[layerKey]))
			for _, t := range file.Tensors {
				if !have[t.Name] {
					have[t.Name] = true
					pool.Tensors = append(pool.Tensors, t)
				}
			}
		}
	}
	dir := f.TempDir()
	for i, l := range []Layer{savedLayers(tensor.Float64)["joined rbm"], savedLayers(tensor.Float32)["a layer twice"]} {
		path := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(f, Save(path, l))
		raw := must(os.ReadFile(path))
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
		f.Add(raw[:len(raw)-1])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "model")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		limit := uint64(1<<20 + 200*len(raw))
		require.Less(t, allocated(func() {
			if l, err := Load(path); err == nil {
				require.NotEmpty(t, l.Name())
			}
		}), limit)

		var l Layer
		var err error
		require.Less(t, allocated(func() { l, err = Decode(raw, pool) }), limit)
		if err != nil {
			return
		}
		again, err := Decode(must(describe(l)), pool)
		require.NoError(t, err, "what was decoded can be described and decoded again")
		require.JSONEq(t, describes(t, l), describes(t, again))
		require.True(t, json.Valid(raw))
	})
}
