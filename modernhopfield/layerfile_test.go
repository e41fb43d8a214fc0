package modernhopfield

import (
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
	"github.com/harmonium-go/harmonium/layers"
)

// savedLayers is a layer of every kind and setting, with an input that its Forward takes.
func savedLayers(dt tensor.Dtype) map[string]layers.Layer {
	all := map[string]layers.Layer{}
	for name, c := range settings() {
		c.Dtype = dt
		c.Dropout, c.Seed = 0.25, math.MaxUint64
		all["hopfield "+name] = must(NewHopfield("net.h", c))
	}
	c := Config{Input: 6, Heads: 2, Steps: 1, Tolerance: 0.1, Implicit: true, LearnBeta: true, Separation: energy.LearnedEntmax(1.5), Dtype: dt}
	all["pooling"] = must(NewPooling("p", PoolingConfig{Config: c, Quantity: 3, Frozen: true}))
	all["pooling of one"] = must(NewPooling("p", PoolingConfig{Config: Config{Input: 6, Dtype: dt}}))
	all["lookup"] = must(NewLookup("l", LookupConfig{Config: c, Quantity: 3}))
	all["lookup of data"] = must(NewLookup("l", LookupConfig{
		Config: Config{Input: 6, InitDeviation: 0.1, Dtype: dt}, Separated: true, TargetsFrozen: true,
		Patterns: graphtest.Tensor(dt, normals(1, 12), 2, 6), Targets: graphtest.Tensor(dt, normals(1, 4), 2, 2),
	}))
	block := Config{Input: 6, Heads: 3, Dropout: 0.1, Dtype: dt}
	all["encoder"] = must(NewEncoder("e", EncoderConfig{Association: block, Feedforward: 3, Dropout: 0.2, Activation: "tanh", Epsilon: 0.1}))
	all["decoder"] = must(NewDecoder("d", DecoderConfig{Self: block, Cross: Config{Input: 6}, Feedforward: 3}))
	all["chain"] = must(layers.NewSequential("s", must(NewEncoder("s.1", EncoderConfig{Association: block, Feedforward: 3})),
		must(NewPooling("s.2", PoolingConfig{Config: Config{Input: 6, Dtype: dt}}))))
	return all
}

// A layer comes out of its file with the same parameters, bit for bit, configuration and results.
func TestLayerRoundTrip(t *testing.T) {
	for _, dt := range dtypes {
		for name, l := range savedLayers(dt) {
			shuffleParams(l, 9)
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, layers.Save(path, l), name)
			got, err := layers.Load(path)
			require.NoError(t, err, name)
			require.IsType(t, l, got)
			require.Equal(t, l.Name(), got.Name())
			require.Len(t, got.Params(), len(l.Params()))
			for i, p := range l.Params() {
				q := got.Params()[i]
				require.Equal(t, p.Name(), q.Name())
				require.Equal(t, p.Learned(), q.Learned(), p.Name())
				require.Equal(t, p.Float64s(), q.Float64s(), p.Name())
			}
			again := filepath.Join(t.TempDir(), "again")
			require.NoError(t, layers.Save(again, got))
			require.Equal(t, must(modelfile.Read(path)).Meta, must(modelfile.Read(again)).Meta, "%s: the description of what was read is what was read", name)
			if h, ok := l.(*Hopfield); ok && h.plan.Input != h.plan.Stored || strings.Contains(name, "static") || strings.Contains(name, "values only") {
				continue // which take no single input
			}
			x := normals(3, 2*3*6)
			run := func(l layers.Layer) []float64 {
				if s, ok := l.(layers.Stochastic); ok {
					s.SetStep(4)
				}
				return graphtest.Value(t, must(l.Forward(given(G.NewGraph(), "x", dt, x, 2, 3, 6))))[0]
			}
			require.Equal(t, run(l), run(got), "%s: the dropout too", name)
		}
	}
}

func TestLoadOfOneKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	block := Config{Input: 2}
	for name, c := range map[string]struct {
		save func(path string) error
		load func() (layers.Layer, error)
	}{
		"Hopfield": {must(NewHopfield("h", block)).Save, func() (layers.Layer, error) { return LoadHopfield(path) }},
		"Pooling":  {must(NewPooling("p", PoolingConfig{Config: block})).Save, func() (layers.Layer, error) { return LoadPooling(path) }},
		"Lookup":   {must(NewLookup("l", LookupConfig{Config: block})).Save, func() (layers.Layer, error) { return LoadLookup(path) }},
		"Encoder":  {must(NewEncoder("e", EncoderConfig{Association: block, Feedforward: 1})).Save, func() (layers.Layer, error) { return LoadEncoder(path) }},
		"Decoder":  {must(NewDecoder("d", DecoderConfig{Self: block, Cross: block, Feedforward: 1})).Save, func() (layers.Layer, error) { return LoadDecoder(path) }},
	} {
		require.NoError(t, c.save(path), name)
		l, err := c.load()
		require.NoError(t, err, name)
		require.Len(t, l.Name(), 1)
		require.NoError(t, layers.Save(path, layers.Tanh()))
		_, err = c.load()
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "holds a *layers.Activation, want a *modernhopfield."+name)
	}
	_, err := LoadHopfield(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func content(l layers.Layer) *modelfile.File { return must(layers.Encode(l)) }

const layerKey = "harmonium.layer"

func TestLayerFileRefuses(t *testing.T) {
	hopfield := func() layers.Layer {
		return must(NewHopfield("h", Config{Input: 4, Heads: 2, Betas: []float64{1, 2}, Separation: energy.Entmax(1.5), StateNorm: PlainNorm, Similarity: energy.Cosine}))
	}
	encoder := func() layers.Layer {
		return must(NewEncoder("e", EncoderConfig{Association: Config{Input: 4}, Feedforward: 3}))
	}
	lookup := func() layers.Layer {
		return must(NewLookup("l", LookupConfig{Config: Config{Input: 4}, Quantity: 3}))
	}
	for name, c := range map[string]struct {
		layer    func() layers.Layer
		from, to string // in the description
		want     error
		message  string
	}{
		"unknown field":      {hopfield, `"heads":2`, `"heads":2,"depth":1`, energy.ErrConfig, `unknown field "depth"`},
		"unknown separation": {hopfield, `"entmax"`, `"antmax"`, energy.ErrConfig, `separation function "antmax" is not known`},
		"bad separation":     {hopfield, `"alpha":1.5`, `"alpha":0.5`, energy.ErrConfig, `want a number above 1`},
		"unknown norm":       {hopfield, `"plain"`, `"batch"`, energy.ErrConfig, `norm "batch", want one of`},
		"norm as a number":   {hopfield, `"state_norm":"plain"`, `"state_norm":2`, energy.ErrConfig, `not of our form`},
		"unknown similarity": {hopfield, `"cosine"`, `"sine"`, energy.ErrConfig, `similarity "sine"`},
		"bad beta":           {hopfield, `"betas":[1,2]`, `"betas":[1,0]`, energy.ErrConfig, `Beta of head 1 is 0`},
		"one beta":           {hopfield, `"betas":[1,2]`, `"betas":[1]`, energy.ErrConfig, `Betas are 1`},
		"other heads":        {hopfield, `"heads":2,"betas":[1,2]`, `"heads":4`, energy.ErrShape, `tensor "h.beta" has shape [2], want (4)`},
		"other width":        {hopfield, `"input":4`, `"input":6`, energy.ErrShape, `has shape [4], want (6)`},
		"huge":               {hopfield, `"input":4`, `"input":1073741824`, energy.ErrShape, `want (1073741824)`},
		"huge hidden":        {hopfield, `"input":4`, `"input":4,"hidden":536870912`, energy.ErrShape, `want (4, 1073741824)`},
		"too huge":           {hopfield, `"input":4`, `"input":4,"hidden":1073741824`, energy.ErrConfig, `want at most 2^30 columns`},
		"a missing tensor":   {hopfield, `"betas":[1,2]`, `"learn_beta":true`, energy.ErrConfig, `no tensor "h.log_beta"`},
		"a tensor too many":  {hopfield, `"heads":2`, `"heads":2,"no_bias":true`, energy.ErrConfig, `the model has`},
		"other dtype":        {hopfield, `"float32"`, `"float64"`, energy.ErrDtype, `has dtype float32, want float64`},
		"no widths":          {hopfield, `"input":4`, `"input":0`, energy.ErrConfig, `Input is 0`},
		"name":               {hopfield, `"name":"h"`, `"name":"h h"`, energy.ErrConfig, `name "h h"`},
		"quantity":           {lookup, `"quantity":3`, `"quantity":4`, energy.ErrShape, `tensor "l.stored_patterns" has shape [3 4], want (4, 4)`},
		"huge quantity":      {lookup, `"quantity":3`, `"quantity":1073741824`, energy.ErrShape, `want (1073741824, 4)`},
		"patterns":           {lookup, `"quantity":3`, `"quantity":3,"Patterns":null`, energy.ErrConfig, `unknown field "Patterns"`},
		"separated":          {lookup, `"quantity":3`, `"quantity":3,"separated":true`, energy.ErrConfig, `no tensor "l.targets"`},
		"feedforward":        {encoder, `"feedforward":3`, `"feedforward":1073741824`, energy.ErrShape, `want (4, 1073741824)`},
		"a field within":     {encoder, `"association":{"input":4`, `"association":{"input":4,"inputs":4`, energy.ErrConfig, `unknown field "inputs"`},
		"a dtype within":     {encoder, `"association":{"input":4`, `"association":{"input":4,"dtype":"float64"`, energy.ErrConfig, `unknown field "dtype"`},
		"other kind":         {encoder, `"kind":"hopfield_encoder"`, `"kind":"hopfield"`, energy.ErrConfig, `unknown field "association"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := content(c.layer())
			require.Contains(t, f.Meta[layerKey], c.from)
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, modelfile.Write(path, f))
			must(layers.Load(path))
			f.Meta[layerKey] = strings.Replace(f.Meta[layerKey], c.from, c.to, 1)
			require.NoError(t, modelfile.Write(path, f))
			var err error
			require.Less(t, allocatedBy(func() { _, err = layers.Load(path) }), uint64(1<<20))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzDecodeLayer reads any bytes as the description of a layer whose tensors are all there.
func FuzzDecodeLayer(f *testing.F) {
	pool := &modelfile.File{}
	have := map[string]bool{}
	for _, dt := range dtypes {
		for _, l := range savedLayers(dt) {
			file := content(l)
			f.Add([]byte(file.Meta[layerKey]))
			for _, t := range file.Tensors {
				if !have[t.Name] {
					have[t.Name] = true
					pool.Tensors = append(pool.Tensors, t)
				}
			}
		}
	}
	for _, kind := range []string{"hopfield", "hopfield_pooling", "hopfield_lookup", "hopfield_encoder", "hopfield_decoder"} {
		f.Add(fmt.Appendf(nil, `{"kind":%q,"name":"h","config":{"input":1073741824,"heads":1073741824,"tolerance":1,"dtype":"float64"}}`, kind))
		f.Add(fmt.Appendf(nil, `{"kind":%q,"name":"h","config":{"stored_static":true,"state_static":true,"projection_static":true,"no_output":true,"heads":1073741824,"dtype":"float64"}}`, kind))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var l layers.Layer
		var err error
		require.Less(t, allocatedBy(func() { l, err = layers.Decode(raw, pool) }), uint64(1<<20+200*len(raw)))
		if err == nil {
			require.NotEmpty(t, l.Name())
			_, err = layers.Encode(l)
			require.NoError(t, err, "what was decoded can be described")
		}
	})
}
