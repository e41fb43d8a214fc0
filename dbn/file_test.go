package dbn_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

// A stack comes back from its file as it was, does what it did, and makes the same bytes.
func TestRoundTrip(t *testing.T) {
	for _, dtype := range dtypes {
		for name, d := range stacks(dtype) {
			dir := t.TempDir()
			first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
			require.NoError(t, d.Save(first), name)
			got, err := dbn.Load(first)
			require.NoError(t, err, name)
			require.Equal(t, "net", got.Name())
			require.Equal(t, d.Labels(), got.Labels())
			require.Equal(t, d.Classes(), got.Classes())
			require.Equal(t, weights(d), weights(got))
			for i, r := range d.RBMs() {
				require.Equal(t, r.Config(), got.RBMs()[i].Config())
			}
			for i, p := range d.Params() {
				require.Equal(t, p.Name(), got.Params()[i].Name())
				require.Equal(t, dtype, got.Params()[i].Value().Dtype())
			}
			x := grey(dtype, 5, 6)
			require.Equal(t, numbers(must(d.Features(x))), numbers(must(got.Features(x))))
			config := dbn.GenerateConfig{Steps: 3, Seed: 1}
			require.Equal(t, numbers(must(d.Generate(context.Background(), 4, config))), numbers(must(got.Generate(context.Background(), 4, config))))
			if d.Classes()+d.Labels() > 0 {
				require.Equal(t, must(d.Classify(x)), must(got.Classify(x)))
			}
			require.NoError(t, got.Save(second))
			require.Equal(t, must(os.ReadFile(first)), must(os.ReadFile(second)), "the same bytes")
		}
	}
}

// A stack is a layer like any other: it may be saved within a chain.
func TestAStackWithinAChain(t *testing.T) {
	for name, d := range stacks(tensor.Float32) {
		path := filepath.Join(t.TempDir(), "chain")
		require.NoError(t, layers.Save(path, must(layers.NewSequential("chain", d, layers.Tanh()))), name)
		loaded := must(layers.Load(path)).(*layers.Sequential).Layers()[0]
		require.IsType(t, d, loaded)
		require.Equal(t, weights(d), weights(loaded))
		_, err := dbn.Load(path)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "holds a *layers.Sequential, want a DBN")
	}
}

// content is the valid file of a fine-tuned stack with a class group, to be spoiled.
func content(config dbn.Config) *modelfile.File {
	d := newStack(config)
	must(d.FineTune(context.Background(), grey(tensor.Float32, 4, config.Sizes[0]), []int{0, 1, 2, 0}, dbn.FineTuneConfig{Classes: 3, Epochs: 1}))
	return must(layers.Encode(d))
}

func TestLoadRefuses(t *testing.T) {
	deep := dbn.Config{Sizes: []int{6, 5, 4}, Labels: 2, Seed: 1}
	flat := dbn.Config{Sizes: []int{6, 4}, Labels: 2, Seed: 1}
	equal := dbn.Config{Sizes: []int{4, 4, 4}, Seed: 1}
	const key = "harmonium.layer"
	replace := func(oldNew ...string) func(f *modelfile.File) {
		return func(f *modelfile.File) { f.Meta[key] = strings.NewReplacer(oldNew...).Replace(f.Meta[key]) }
	}
	drop := func(names ...string) func(f *modelfile.File) {
		return func(f *modelfile.File) {
			var kept []modelfile.Tensor
			for _, x := range f.Tensors {
				if !strings.HasPrefix(x.Name, names[0]) {
					kept = append(kept, x)
				}
			}
			f.Tensors = kept
		}
	}
	put := func(f *modelfile.File, name string, data any, shape ...int) {
		*must(f.Tensor(name)) = modelfile.Tensor{Name: name, Shape: shape, Data: data}
	}
	both := func(all ...func(f *modelfile.File)) func(f *modelfile.File) {
		return func(f *modelfile.File) {
			for _, spoil := range all {
				spoil(f)
			}
		}
	}
	layersOf := func(from, to string) func(f *modelfile.File) { // keeps what stands from one marker to before another
		return func(f *modelfile.File) {
			lo, hi := strings.Index(f.Meta[key], from), strings.Index(f.Meta[key], to)
			start := strings.Index(f.Meta[key], `"layers":[`) + len(`"layers":[`)
			f.Meta[key] = f.Meta[key][:start] + strings.TrimSuffix(f.Meta[key][lo:hi], ",") + "]}}"
		}
	}
	const one, two, head = `{"kind":"rbm","name":"net.1"`, `{"kind":"rbm","name":"net.2"`, `{"kind":"linear"`
	for name, c := range map[string]struct {
		of      dbn.Config
		spoil   func(f *modelfile.File)
		want    error
		message string
	}{
		"no RBMs":               {deep, layersOf(head, "]}}"), energy.ErrConfig, `DBN "net" has no RBMs`},
		"no layers":             {deep, layersOf(one, one), energy.ErrConfig, `DBN "net" has no RBMs`},
		"bottom RBM gone":       {deep, both(layersOf(two, "]}}"), drop("net.1.")), energy.ErrConfig, `layer 1 of DBN "net" is called "net.2", want "net.1"`},
		"classifier not on top": {deep, func(f *modelfile.File) { swap(f, key, two, head) }, energy.ErrConfig, `DBN "net" has layers above its classifier`},
		"head tensors missing":  {deep, drop("net.head."), energy.ErrConfig, `no tensor "net.head.W"`},
		"head missing":          {deep, layersOf(one, ","+head), energy.ErrConfig, "holds 8 tensors, the model has 6"},
		"RBM tensors missing":   {deep, drop("net.2.c"), energy.ErrConfig, `no tensor "net.2.c"`},
		"another layer within":  {deep, replace(`"kind":"linear"`, `"kind":"tanh"`), energy.ErrConfig, `layer 3 of DBN "net" is a *layers.Activation`},
		"two RBMs of one name":  {equal, both(replace(`"name":"net.2"`, `"name":"net.1"`), rename("net.2.", "spare.")), energy.ErrConfig, `layer 2 of DBN "net" is called "net.1", want "net.2"`},
		"another name":          {deep, replace(`"name":"net",`, `"name":"ten",`), energy.ErrConfig, `layer 1 of DBN "ten" is called "net.1", want "ten.1"`},
		"no name":               {deep, replace(`"name":"net",`, `"name":"",`), energy.ErrConfig, `is called "net.1", want ".1"`},
		"another classifier's":  {deep, both(replace("net.head", "net.hat"), rename("net.head.", "net.hat.")), energy.ErrConfig, `the classifier of DBN "net" is called "net.hat", want "net.head"`},
		"layers that do not fit": {dbn.Config{Sizes: []int{6, 5, 4, 3}, Seed: 1}, both(replace(`[{"family":"Bernoulli","count":4}],"hidden"`, `[{"family":"Bernoulli","count":3}],"hidden"`), func(f *modelfile.File) {
			put(f, "net.3.W", make([]float32, 9), 3, 3)
			put(f, "net.3.b", make([]float32, 3), 3)
		}), energy.ErrShape, `RBM "net.3" has visible units Bernoulli(3), want Bernoulli(4)`},
		"hidden units not binary": {equal, replace(`"hidden":[{"family":"Bernoulli"`, `"hidden":[{"family":"Spin"`), energy.ErrConfig, `RBM "net.1" has hidden units Spin(4), want Bernoulli units`},
		"visible of another kind": {dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1}, replace(`"visible":[{"family":"Bernoulli","count":5}`, `"visible":[{"family":"Spin","count":5}`), energy.ErrShape, `RBM "net.2" has visible units Spin(5), want Bernoulli(5)`},
		"no class group":          {deep, replace(`"labels":2,`, ``), energy.ErrShape, `RBM "net.2" has visible units Join(Bernoulli(5), OneHot(1, 2)), want Bernoulli(5)`},
		"a class group too large": {deep, replace(`"labels":2,`, `"labels":3,`), energy.ErrShape, `want Join(Bernoulli(5), OneHot(1, 3))`},
		"a group of one class":    {deep, replace(`"labels":2,`, `"labels":1,`), energy.ErrShape, `want Join(Bernoulli(5), OneHot(1, 1))`},
		"negative labels":         {deep, replace(`"labels":2,`, `"labels":-2,`), energy.ErrShape, `OneHot(1, -2)`},
		"flat, group too large":   {flat, replace(`"labels":2,`, `"labels":1000000000000,`), energy.ErrShape, `RBM "net.1" has visible units Join(Bernoulli(6), OneHot(1, 2)), want a class group OneHot(1, 1000000000000) behind others`},
		"flat, negative labels":   {flat, replace(`"labels":2,`, `"labels":-2,`), energy.ErrShape, `want a class group OneHot(1, -2) behind others`},
		"flat, nothing but labels": {flat, both(replace(`{"family":"Bernoulli","count":6},`, ``), func(f *modelfile.File) {
			put(f, "net.1.W", make([]float32, 8), 2, 4)
			put(f, "net.1.b", make([]float32, 2), 2)
		}), energy.ErrShape, `RBM "net.1" has visible units OneHot(1, 2), want a class group OneHot(1, 2) behind others`},
		"classifier too wide": {deep, both(replace(`"in":4`, `"in":3`), func(f *modelfile.File) { put(f, "net.head.W", make([]float32, 9), 3, 3) }), energy.ErrShape, `classifier "net.head" takes 3 units, RBM "net.2" has 4`},
		"classifier's dtype": {deep, both(replace(`"seed":0,"dtype":"float32"`, `"seed":0,"dtype":"float64"`), func(f *modelfile.File) {
			put(f, "net.head.W", make([]float64, 12), 4, 3)
			put(f, "net.head.b", make([]float64, 3), 3)
		}), energy.ErrDtype, `classifier "net.head" is of float64, the RBMs of float32`},
		"an RBM's dtype": {equal, both(dtypeOfSecond, func(f *modelfile.File) {
			put(f, "net.2.W", make([]float64, 16), 4, 4)
			put(f, "net.2.b", make([]float64, 4), 4)
			put(f, "net.2.c", make([]float64, 4), 4)
		}), energy.ErrDtype, `RBM "net.2" is of float64, RBM "net.1" of float32`},
		"no list of layers": {deep, func(f *modelfile.File) { f.Meta[key] = `{"kind":"dbn","name":"net","config":{"layers":7}}` }, nil, "cannot unmarshal number"},
		"no configuration":  {deep, func(f *modelfile.File) { f.Meta[key] = `{"kind":"dbn","name":"net"}` }, nil, "is not of our form"},
	} {
		t.Run(name, func(t *testing.T) {
			f := content(c.of)
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, modelfile.Write(path, f))
			_, err := dbn.Load(path)
			require.NoError(t, err, "what is spoiled was sound")

			before := f.Meta[key] + names(f)
			c.spoil(f)
			require.NotEqual(t, before, f.Meta[key]+names(f), "nothing was spoiled")
			require.NoError(t, modelfile.Write(path, f))
			_, err = dbn.Load(path)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.ErrorContains(t, err, c.message)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := dbn.Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// names lists the tensors.
func names(f *modelfile.File) string {
	var all []string
	for _, x := range f.Tensors {
		all = append(all, x.Name)
	}
	return strings.Join(all, " ")
}

// swap exchanges the second layer of a description with the third, which runs to its end.
func swap(f *modelfile.File, key, second, third string) {
	s := f.Meta[key]
	i, j := strings.Index(s, second), strings.Index(s, third)
	end := len(s) - len("]}}")
	f.Meta[key] = s[:i] + s[j:end] + "," + strings.TrimSuffix(s[i:j], ",") + "]}}"
}

// rename gives tensors another prefix.
func rename(from, to string) func(f *modelfile.File) {
	return func(f *modelfile.File) {
		for i, x := range f.Tensors {
			if rest, ok := strings.CutPrefix(x.Name, from); ok {
				f.Tensors[i].Name = to + rest
			}
		}
	}
}

// dtypeOfSecond makes the second layer of a description one of float64.
func dtypeOfSecond(f *modelfile.File) {
	parts := strings.SplitN(f.Meta["harmonium.layer"], `"dtype":"float32"`, 3)
	f.Meta["harmonium.layer"] = parts[0] + `"dtype":"float32"` + parts[1] + `"dtype":"float64"` + parts[2]
}
