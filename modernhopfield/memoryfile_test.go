package modernhopfield

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// savedMemories has memories of every kind.
func savedMemories() map[string]*Memory {
	r := rand.New(rand.NewPCG(8, 8))
	memories := map[string]*Memory{}
	for _, dtype := range memoryDtypes {
		for name, c := range map[string]MemoryConfig{
			"plain":      {},
			"values":     {Beta: 2, Values: rowsIn(dtype, randomRows(r, 5, 2)), Steps: 1},
			"labels":     {Beta: 0.1, Labels: []int{1, -maxLabel, 0, maxLabel, 1}, Tolerance: 1e-3},
			"everything": {Separation: energy.Entmax(1.5), Similarity: energy.Cosine, Values: rowsIn(dtype, randomRows(r, 5, 1)), Labels: []int{5, 4, 3, 2, 1}},
			"one column": {Separation: energy.TopK(2), Similarity: energy.Manhattan},
		} {
			d := 4
			if name == "one column" {
				d = 1
			}
			m, err := NewMemory(rowsIn(dtype, randomRows(r, 5, d)), c)
			if err != nil {
				panic(err)
			}
			memories[name+" "+dtype.String()] = m
			if name == "everything" {
				empty, err := NewMemory(rowsIn(dtype, randomRows(r, 5, d)), c)
				if err != nil {
					panic(err)
				}
				if err := empty.Forget(0, 1, 2, 3, 4); err != nil {
					panic(err)
				}
				memories["empty "+dtype.String()] = empty
			}
		}
	}
	return memories
}

func TestMemoryRoundTrip(t *testing.T) {
	for name, m := range savedMemories() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
			require.NoError(t, m.Save(first))
			got, err := LoadMemory(first)
			require.NoError(t, err)
			require.Equal(t, m.Config(), got.Config())
			require.Equal(t, m.Len(), got.Len())
			require.Equal(t, m.Dim(), got.Dim())
			require.Equal(t, m.Patterns(), got.Patterns())
			require.Equal(t, m.Values(), got.Values())
			require.Equal(t, len(m.Labels()), len(got.Labels()))
			if m.Len() > 0 {
				require.Equal(t, m.Labels(), got.Labels())
				require.Equal(t, retrieve(t, m, m.Patterns()), retrieve(t, got, m.Patterns()))
			} else {
				e := Entries{rowsIn(m.dtype, [][]float64{{1, 2, 3, 4}}), rowsIn(m.dtype, [][]float64{{1}}), []int{7}}
				require.NoError(t, got.Store(e))
				require.Equal(t, 1, got.Len())
			}
			require.NoError(t, m.Save(second))
			a, err := os.ReadFile(first)
			require.NoError(t, err)
			b, err := os.ReadFile(second)
			require.NoError(t, err)
			require.Equal(t, a, b)
		})
	}
}

func TestLoadMemoryRefuses(t *testing.T) {
	content := func() *modelfile.File {
		return &modelfile.File{
			Meta: map[string]string{memoryKey: `{"dtype":"float64","dim":2,"values":1,"labels":true,"beta":2,"separation":{},"similarity":"dot"}`},
			Tensors: []modelfile.Tensor{
				{Name: "patterns", Shape: []int{3, 2}, Data: []float64{1, 2, 3, 4, 5, 6}}, {Name: "values", Shape: []int{3, 1}, Data: []float64{1, 2, 3}},
				{Name: "labels", Shape: []int{3}, Data: []float64{1, 2, 3}},
			},
		}
	}
	meta := func(text string) func(f *modelfile.File) { return func(f *modelfile.File) { f.Meta[memoryKey] = text } }
	data := func(tensor int, data any, shape ...int) func(f *modelfile.File) {
		return func(f *modelfile.File) { f.Tensors[tensor].Data, f.Tensors[tensor].Shape = data, shape }
	}
	for name, c := range map[string]struct {
		spoil   func(f *modelfile.File)
		want    error
		message string
	}{
		"no memory":              {func(f *modelfile.File) { f.Meta = nil }, energy.ErrConfig, "this is no memory"},
		"no description":         {meta(`{`), energy.ErrConfig, "not of our form"},
		"two descriptions":       {meta(`{}{}`), energy.ErrConfig, "more behind its end"},
		"an unknown field":       {meta(`{"colour":1}`), energy.ErrConfig, "not of our form"},
		"no dtype":               {meta(`{"dim":2,"beta":1,"separation":{},"similarity":"dot"}`), energy.ErrDtype, "dtype"},
		"no columns":             {meta(`{"dtype":"float64","dim":0,"beta":1,"separation":{},"similarity":"dot"}`), energy.ErrConfig, "0 columns"},
		"no β":                   {meta(`{"dtype":"float64","dim":2,"separation":{},"similarity":"dot"}`), energy.ErrConfig, "β 0"},
		"a negative β":           {meta(`{"dtype":"float64","dim":2,"beta":-1,"separation":{},"similarity":"dot"}`), energy.ErrConfig, "β is -1"},
		"a separation":           {meta(`{"dtype":"float64","dim":2,"beta":1,"separation":{"name":"no"},"similarity":"dot"}`), energy.ErrConfig, "not of our form"},
		"a similarity":           {meta(`{"dtype":"float64","dim":2,"beta":1,"separation":{},"similarity":"no"}`), energy.ErrConfig, "not of our form"},
		"negative steps":         {meta(`{"dtype":"float64","dim":2,"beta":1,"separation":{},"similarity":"dot","steps":-1}`), energy.ErrConfig, "Steps is -1"},
		"other columns":          {meta(`{"dtype":"float64","dim":3,"values":1,"labels":true,"beta":1,"separation":{},"similarity":"dot"}`), energy.ErrShape, "patterns: shape (3, 2)"},
		"a tensor too many":      {meta(`{"dtype":"float64","dim":2,"values":1,"beta":1,"separation":{},"similarity":"dot"}`), energy.ErrConfig, "3 tensors, the memory has 2"},
		"a missing tensor":       {func(f *modelfile.File) { f.Tensors[1].Name = "vales" }, energy.ErrConfig, `no tensor "values"`},
		"patterns of float32":    {data(0, make([]float32, 6), 3, 2), energy.ErrDtype, "patterns are float32"},
		"patterns that are many": {data(0, make([]float64, 8), 2, 2, 2), energy.ErrShape, "patterns: shape (2, 2, 2)"},
		"NaN":                    {data(0, []float64{1, 2, 3, math.NaN(), 5, 6}, 3, 2), energy.ErrNotFinite, "patterns: row 1, column 1"},
		"values of other rows":   {data(1, []float64{1, 2}, 2, 1), energy.ErrShape, "2 rows of values for 3 patterns"},
		"labels of float32":      {data(2, make([]float32, 3), 3), energy.ErrShape, "labels have dtype float32"},
		"labels that are rows":   {data(2, make([]float64, 3), 3, 1), energy.ErrShape, "labels have"},
		"half a label":           {data(2, []float64{1, 2, 0.5}, 3), energy.ErrRange, "label 2 is 0.5"},
		"an infinite label":      {data(2, []float64{1, 2, math.Inf(1)}, 3), energy.ErrRange, "label 2 is +Inf"},
		"few labels":             {data(2, []float64{1, 2}, 2), energy.ErrShape, "2 labels for 3 patterns"},
	} {
		t.Run(name, func(t *testing.T) {
			f := content()
			path := filepath.Join(t.TempDir(), "memory")
			require.NoError(t, modelfile.Write(path, f))
			_, err := LoadMemory(path)
			require.NoError(t, err, "the file is good before it is spoiled")
			c.spoil(f)
			require.NoError(t, modelfile.Write(path, f))
			_, err = LoadMemory(path)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "modernhopfield: LoadMemory: "+path+": ")
			require.ErrorContains(t, err, c.message)
		})
	}
	_, err := LoadMemory(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// FuzzLoadMemory reads any bytes as a file, and as the description of a memory whose tensors are there. Sizes that a description
// claims are believed only when the tensors have them.
func FuzzLoadMemory(f *testing.F) {
	for _, m := range savedMemories() {
		path := filepath.Join(f.TempDir(), "memory")
		require.NoError(f, m.Save(path))
		raw, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
		file, err := modelfile.Read(path)
		require.NoError(f, err)
		f.Add([]byte(file.Meta[memoryKey]))
	}
	f.Add([]byte(`{"dtype":"float64","dim":1152921504606846976,"values":1152921504606846976,"labels":true,"beta":1,"separation":{},"similarity":"dot"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "memory")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := LoadMemory(path)
		if err != nil {
			m, err = decodeMemory(&modelfile.File{Meta: map[string]string{memoryKey: string(raw)}, Tensors: []modelfile.Tensor{
				{Name: "patterns", Shape: []int{2, 4}, Data: make([]float32, 8)}, {Name: "labels", Shape: []int{2}, Data: make([]float64, 2)},
			}})
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20+200*len(raw)))
		if err == nil && m.Len() > 0 {
			require.NoError(t, m.Save(path))
			again, err := LoadMemory(path)
			require.NoError(t, err)
			require.Equal(t, m.Patterns(), again.Patterns())
		}
	})
}

func TestMemoryRefuses(t *testing.T) {
	x := denseRows([][]float64{{1, 2}, {3, 4}, {5, 6}})
	single := rowsIn(tensor.Float32, [][]float64{{1, 2}, {3, 4}, {5, 6}})
	view, err := x.Slice(nil, tensor.S(0, 1))
	require.NoError(t, err)
	scalar, cube, ints := tensor.New(tensor.FromScalar(1.0)), tensor.New(tensor.WithShape(1, 3, 2), tensor.Of(tensor.Float64)), tensor.New(tensor.WithShape(3, 2), tensor.Of(tensor.Int))
	transposed := denseRows([][]float64{{1, 2, 3}, {4, 5, 6}})
	require.NoError(t, transposed.T())
	nan := denseRows([][]float64{{1, 2}, {math.NaN(), 4}})

	for name, c := range map[string]struct {
		patterns *tensor.Dense
		config   MemoryConfig
		want     error
		message  string
	}{
		"no patterns":              {nil, MemoryConfig{}, energy.ErrShape, "patterns: no tensor given"},
		"a number":                 {scalar, MemoryConfig{}, energy.ErrShape, "patterns: shape ()"},
		"three axes":               {cube, MemoryConfig{}, energy.ErrShape, "patterns: shape (1, 3, 2), want (rows, columns)"},
		"a view":                   {view.(*tensor.Dense), MemoryConfig{}, energy.ErrShape, "not contiguous"},
		"a transpose":              {transposed, MemoryConfig{}, energy.ErrShape, "not contiguous"},
		"integers":                 {ints, MemoryConfig{}, energy.ErrDtype, "dtype int"},
		"NaN":                      {nan, MemoryConfig{}, energy.ErrNotFinite, "patterns: row 1, column 0 is NaN"},
		"a negative β":             {x, MemoryConfig{Beta: -1}, energy.ErrConfig, "β is -1"},
		"no number β":              {x, MemoryConfig{Beta: math.NaN()}, energy.ErrConfig, "β is NaN"},
		"an infinite β":            {x, MemoryConfig{Beta: math.Inf(1)}, energy.ErrConfig, "β is +Inf"},
		"a β beyond float32":       {single, MemoryConfig{Beta: 1e60}, energy.ErrConfig, "which float32 has not"},
		"an α below 1":             {x, MemoryConfig{Separation: energy.Entmax(0.5)}, energy.ErrConfig, "Entmax(0.5)"},
		"a learned α":              {x, MemoryConfig{Separation: energy.LearnedEntmax(1.5)}, energy.ErrConfig, "learns nothing"},
		"no such similarity":       {x, MemoryConfig{Similarity: 9}, energy.ErrConfig, "Similarity(9)"},
		"negative steps":           {x, MemoryConfig{Steps: -1}, energy.ErrConfig, "Steps is -1"},
		"a negative tolerance":     {x, MemoryConfig{Tolerance: -1}, energy.ErrConfig, "Tolerance is -1"},
		"values of another dtype":  {x, MemoryConfig{Values: single}, energy.ErrDtype, "values are float32"},
		"values that are NaN":      {x, MemoryConfig{Values: nan}, energy.ErrNotFinite, "values: row 1"},
		"values of too few rows":   {x, MemoryConfig{Values: denseRows([][]float64{{1}, {2}})}, energy.ErrShape, "2 rows of values for 3 patterns"},
		"too few labels":           {x, MemoryConfig{Labels: []int{1}}, energy.ErrShape, "1 labels for 3 patterns"},
		"a label that is too long": {x, MemoryConfig{Labels: []int{1, 2, math.MaxInt64}}, energy.ErrRange, "label 2"},
	} {
		_, err := NewMemory(c.patterns, c.config)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, "modernhopfield: NewMemory: ", name)
		require.ErrorContains(t, err, c.message, name)
	}

	m := newMemory(t, x, MemoryConfig{Values: denseRows([][]float64{{1}, {2}, {3}})})
	for name, ask := range map[string]func(states *tensor.Dense) error{
		"Retrieve":    func(s *tensor.Dense) error { _, err := m.Retrieve(s); return err },
		"Energy":      func(s *tensor.Dense) error { _, err := m.Energy(s); return err },
		"Association": func(s *tensor.Dense) error { _, err := m.Association(s); return err },
		"Regimes":     func(s *tensor.Dense) error { _, err := m.Regimes(s); return err },
		"Classify":    func(s *tensor.Dense) error { _, err := m.Classify(s); return err },
	} {
		for _, c := range []struct {
			states  *tensor.Dense
			want    error
			message string
		}{
			{nil, energy.ErrShape, "states: no tensor given"}, {cube, energy.ErrShape, "states: shape (1, 3, 2), want (rows, 2)"},
			{denseRows([][]float64{{1, 2, 3}}), energy.ErrShape, "states: shape (1, 3), want (rows, 2)"}, {single, energy.ErrDtype, "states are float32, want float64"},
			{nan, energy.ErrNotFinite, "states: row 1"}, {view.(*tensor.Dense), energy.ErrShape, "want (rows, 2)"},
		} {
			err := ask(c.states)
			require.ErrorIs(t, err, c.want, name)
			require.ErrorContains(t, err, "modernhopfield: Memory: "+name+": ")
			require.ErrorContains(t, err, c.message, name)
		}
	}
	one := denseRows([][]float64{{1, 2}})
	_, err = m.Classify(one)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "no labels")
	for _, similarity := range []energy.Similarity{energy.Cosine, energy.Manhattan} {
		_, err = newMemory(t, x, MemoryConfig{Similarity: similarity}).Energy(one)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err = newMemory(t, x, MemoryConfig{Similarity: energy.Euclidean, Separation: energy.Subsets(2)}).Energy(one)
	require.ErrorIs(t, err, energy.ErrConfig)

	// Scores that leave the range of float32.
	huge := newMemory(t, rowsIn(tensor.Float32, [][]float64{{1e30, 0}, {0, 1e30}}), MemoryConfig{})
	_, err = huge.Retrieve(rowsIn(tensor.Float32, [][]float64{{1e30, 1e30}}))
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "state 0")

	before := m.Patterns()
	row, value := Entries{Patterns: one, Values: denseRows([][]float64{{9}})}, denseRows([][]float64{{1}})
	for name, c := range map[string]struct {
		edit    func() error
		want    error
		message string
	}{
		"values missing":    {func() error { return m.Store(Entries{Patterns: one}) }, energy.ErrConfig, "Store: values given: false"},
		"labels not wanted": {func() error { return m.Store(Entries{one, value, []int{1}}) }, energy.ErrConfig, "labels given: true"},
		"other columns":     {func() error { return m.Store(Entries{Patterns: denseRows([][]float64{{1}})}) }, energy.ErrShape, "patterns: shape (1, 1)"},
		"NaN":               {func() error { return m.Store(Entries{Patterns: nan}) }, energy.ErrNotFinite, "patterns: row 1"},
		"two places":        {func() error { return m.Replace([]int{0, 1}, row) }, energy.ErrShape, "Replace: 1 patterns for 2 places"},
		"no place":          {func() error { return m.Replace([]int{3}, row) }, energy.ErrRange, "pattern 3 of 3"},
		"a negative place":  {func() error { return m.Replace([]int{-1}, row) }, energy.ErrRange, "pattern -1 of 3"},
		"nothing to forget": {func() error { return m.Forget() }, energy.ErrConfig, "Forget: no patterns named"},
		"no such pattern":   {func() error { return m.Forget(0, 7) }, energy.ErrRange, "pattern 7 of 3"},
		"twice":             {func() error { return m.Forget(1, 1) }, energy.ErrConfig, "pattern 1 is named twice"},
	} {
		err := c.edit()
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.message, name)
	}
	require.Equal(t, before, m.Patterns(), "an edit that fails changes nothing")
}
