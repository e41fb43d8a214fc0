package modernhopfield

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// More patterns than a block: the separation against plain loops.
func TestSeparationInBlocks(t *testing.T) {
	net := network{x: make([][]float64, separationBlock+70)}
	for i := range net.x { // numbers of few bits, so that sums are exact
		net.x[i] = []float64{float64(i*7%31) - 15, float64(i*5%23) / 4, float64(i % 11), 1}
	}
	got, err := Separation(net.tensor())
	require.NoError(t, err)
	for i := range net.x {
		require.Equal(t, net.separation(i), got[i], i)
	}
	got, err = Separation(denseRows(net.x[:1]))
	require.NoError(t, err)
	require.Equal(t, []float64{math.Inf(1)}, got)
}

func TestMemoryKnowsWhatItStores(t *testing.T) {
	x := [][]float64{{4, 0, 0}, {0, 4, 0}, {0, 0, 4}, {0, 0.1, 4}}
	m := newMemory(t, denseRows(x), MemoryConfig{Beta: 1})
	delta, err := m.Separation()
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{16, 15.6, 0, 0.01}, delta, 1e-12)
	stored, err := m.Storable()
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, false, false}, stored)
	bounds, err := m.RetrievalBound(0.1)
	require.NoError(t, err)
	plain, err := RetrievalBound(denseRows(x), 1, 0.1)
	require.NoError(t, err)
	require.Equal(t, plain, bounds)

	warning, err := m.Warning()
	require.NoError(t, err)
	require.Equal(t, []int{2, 3}, warning.Patterns)
	require.InDelta(t, 0.5+math.Log(2*3*4*(16.01)), warning.Least, 1e-12)
	require.Equal(t, "2 of 4 patterns are not proved to be stored, for which the separation has to be 6.45: pattern 2 has 0; pattern 3 has 0.01", warning.String())
	apart := newMemory(t, denseRows(x[:3]), MemoryConfig{Beta: 1})
	warning, err = apart.Warning()
	require.NoError(t, err)
	require.Nil(t, warning)
	require.Equal(t, "all patterns are stored", warning.String())
	require.NoError(t, m.Forget(0, 1, 2))
	stored, err = m.Storable()
	require.NoError(t, err)
	require.Equal(t, []bool{true}, stored, "alone")

	// Equal patterns have a separation of 0, which top-1 is content with, and nothing else.
	twice := denseRows([][]float64{{1, 2}, {1, 2}})
	sparse := newMemory(t, twice, MemoryConfig{Separation: energy.Sparsemax()})
	warning, err = sparse.Warning()
	require.NoError(t, err)
	require.Equal(t, &Warning{Patterns: []int{0, 1}, Separation: []float64{0, 0}, Least: math.Sqrt2, Stored: 2}, warning)
	first := newMemory(t, twice, MemoryConfig{Separation: energy.TopK(1)})
	warning, err = first.Warning()
	require.NoError(t, err)
	require.Nil(t, warning)
	stored, err = first.Storable()
	require.NoError(t, err)
	require.Equal(t, []bool{true, true}, stored, "the margin itself is enough")

	// Of these nothing is known.
	for _, c := range []MemoryConfig{{Separation: energy.TopK(2)}, {Similarity: energy.Cosine}, {Separation: energy.Sparsemax(), Similarity: energy.Euclidean}} {
		other := newMemory(t, twice, c)
		_, err = other.Storable()
		require.ErrorIs(t, err, energy.ErrConfig)
		_, err = other.Warning()
		require.ErrorIs(t, err, energy.ErrConfig)
		_, err = other.RetrievalBound(0)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err = newMemory(t, twice, MemoryConfig{Similarity: energy.Cosine}).Separation()
	require.ErrorIs(t, err, energy.ErrConfig)
	require.NoError(t, sparse.Forget(0, 1))
	_, err = sparse.Separation()
	require.ErrorContains(t, err, "nothing is stored")
}

func TestTheoryOfOnePattern(t *testing.T) {
	x := denseRows([][]float64{{3, 4}})
	for name, got := range map[string]func() ([]float64, error){
		"RetrievalBound":  func() ([]float64, error) { return RetrievalBound(x, 1, 5) },
		"FixedPointBound": func() ([]float64, error) { return FixedPointBound(x, 1) },
	} {
		bounds, err := got()
		require.NoError(t, err)
		require.Equal(t, []float64{0}, bounds, name)
	}
	beta, err := BetaFor(x, 1e-9, 3)
	require.NoError(t, err)
	require.Zero(t, beta)
	k, err := ContractionConstant(x, 1)
	require.NoError(t, err)
	require.Zero(t, k)
	all, err := MetastableState(denseRows([][]float64{{1, 0}, {0, 1}}), []int{1, 0}, 1)
	require.NoError(t, err)
	require.True(t, all.Proved, "of all patterns together")
	require.Equal(t, math.Inf(1), all.Separation)
}

func TestTheoryRefuses(t *testing.T) {
	x := denseRows([][]float64{{1, 0}, {0, 1}, {0, 1}})
	nan := denseRows([][]float64{{1, math.NaN()}})
	calls := map[string]func(x *tensor.Dense, beta float64) error{
		"Storable": func(x *tensor.Dense, beta float64) error { _, err := Storable(x, beta); return err },
		"ExactlyStored": func(x *tensor.Dense, beta float64) error {
			_, err := ExactlyStored(x, beta, energy.Sparsemax())
			return err
		},
		"RetrievalBound":      func(x *tensor.Dense, beta float64) error { _, err := RetrievalBound(x, beta, 0); return err },
		"UpdateBound":         func(x *tensor.Dense, beta float64) error { _, _, err := UpdateBound(x, x, beta); return err },
		"FixedPointBound":     func(x *tensor.Dense, beta float64) error { _, err := FixedPointBound(x, beta); return err },
		"ContractionConstant": func(x *tensor.Dense, beta float64) error { _, err := ContractionConstant(x, beta); return err },
		"MetastableState":     func(x *tensor.Dense, beta float64) error { _, err := MetastableState(x, []int{0}, beta); return err },
	}
	for name, call := range calls {
		require.NoError(t, call(x, 1))
		for _, beta := range []float64{0, -1, math.NaN(), math.Inf(1)} {
			err := call(x, beta)
			require.ErrorIs(t, err, energy.ErrConfig, name)
			require.ErrorContains(t, err, "modernhopfield: "+name+": β is")
		}
		require.ErrorIs(t, call(nil, 1), energy.ErrShape, name)
		require.ErrorIs(t, call(nan, 1), energy.ErrNotFinite, name)
	}
	_, err := Separation(nil)
	require.ErrorContains(t, err, "modernhopfield: Separation: patterns: no tensor given")
	_, _, err = UpdateBound(x, denseRows([][]float64{{1}}), 1)
	require.ErrorContains(t, err, "modernhopfield: UpdateBound: states: shape (1, 1), want (rows, 2)")
	_, err = ExactlyStored(x, 1, energy.Entmax(1))
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = RetrievalBound(x, 1, -1)
	require.ErrorContains(t, err, "the radius is -1")
	_, err = BetaFor(x, 0, 0)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = BetaFor(x, 0.1, 0)
	require.ErrorIs(t, err, energy.ErrRange)
	require.ErrorContains(t, err, "pattern 1 has the separation 0", "two equal patterns")
	_, err = MetastableState(x, []int{3}, 1)
	require.ErrorIs(t, err, energy.ErrRange)
	_, err = MetastableState(x, nil, 1)
	require.ErrorIs(t, err, energy.ErrConfig)
}
