package association

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/race"
)

var rules = []Rule{
	{}, {Kind: Entmax, Alpha: 2}, {Kind: Entmax, Alpha: 1.5}, {Kind: Entmax, Alpha: 1.2}, {Kind: Entmax, Alpha: 3.5}, {Kind: Normmax, Alpha: 2},
	{Kind: Normmax, Alpha: 1.3}, {Kind: Normmax, Alpha: 5}, {Kind: TopK, K: 1}, {Kind: TopK, K: 3}, {Kind: Subsets, K: 1}, {Kind: Subsets, K: 3},
}

var similarities = []Similarity{Dot, Cosine, Euclidean, Manhattan}

// requireClose holds numbers against those of the plain loops.
func requireClose(t *testing.T, want, got []float64, tolerance float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		if want[i] != got[i] && !(math.Abs(want[i]-got[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			require.Failf(t, what, "number %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// The values in the documentation of the entmax package (github.com/deep-spin/entmax and its extensions), to their digits.
func TestSeparationsAgainstPublishedValues(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want []float64
	}{
		{Rule{}, []float64{.0486, .3592, .5922}},
		{Rule{Kind: Entmax, Alpha: 2}, []float64{0, .25, .75}},
		{Rule{Kind: Entmax, Alpha: 1.5}, []float64{0, .3260, .6740}},
		{Rule{Kind: Normmax, Alpha: 2}, []float64{0, .3110, .6890}},
		{Rule{Kind: Normmax, Alpha: 1000}, []float64{0, .4997, .5003}},
		{Rule{Kind: Subsets, K: 2}, []float64{0, 1, 1}},
	} {
		got := make([]float64, 3)
		New[float64](Config{Rule: c.rule}).Weights(got, &Batch[float64]{Depth: 1, Q: []float64{1}, K: []float64{-2, 0, .5}, Beta: []float64{1}})
		requireClose(t, c.want, got, 5e-5, fmt.Sprint(c.rule))
	}
}

type shape struct {
	what            string
	queries, stored []int
	masked, perHead bool
	heads, extra    int
}

var shapes = []shape{
	{what: "one bag", queries: []int{3}, stored: []int{7}, heads: 1},
	{what: "one pattern", queries: []int{2}, stored: []int{1}, heads: 2},
	{what: "two heads, masks", queries: []int{3, 3}, stored: []int{9, 9}, masked: true, heads: 2, extra: 1},
	{what: "masks of each head", queries: []int{3, 3, 3}, stored: []int{8, 8, 8}, masked: true, perHead: true, heads: 2, extra: 2},
	{what: "ragged bags, some empty", queries: []int{2, 0, 4, 1, 3}, stored: []int{5, 6, 0, 200, 1}, heads: 3},
	{what: "many blocks, masks", queries: []int{66}, stored: []int{601}, masked: true, heads: 1, extra: 1},
}

func testAgainstLoops[T float32 | float64](t *testing.T, tolerance float64) {
	for _, s := range shapes {
		for r, rule := range rules {
			for _, sim := range similarities {
				if len(s.queries) == 1 && s.queries[0] > 10 && testing.Short() && r > 2 {
					continue
				}
				p := random(3, Config{Heads: s.heads, Rule: rule, Similarity: sim, Extra: s.extra}, 4, 3, s.queries, s.stored, s.masked, s.perHead)
				if rule.Kind == Entmax && s.heads > 1 {
					for h := range s.heads {
						p.excess = append(p.excess, float64(float32(0.3+0.4*float64(h))))
					}
				}
				want, b, e := p.solve(), batchOf[T](p), New[T](p.config)
				what := fmt.Sprintf("%s, %v, %v", s.what, rule, sim)
				tolerance := tolerance
				if rule.Kind == Entmax && rule.Alpha > 2 {
					tolerance *= 1e4 // its slope has no bound at the threshold: x^0.4 of a rounding
				}
				out := make([]T, len(want.out))
				e.Retrieve(out, b)
				requireClose(t, want.out, wide(out), tolerance, what+": retrieved")
				conjugate := make([]T, len(want.conjugate))
				e.Conjugate(conjugate, b)
				requireClose(t, want.conjugate, wide(conjugate), tolerance, what+": conjugate")
				if slices.Equal(s.queries, slices.Repeat(s.queries[:1], len(s.queries))) && slices.Equal(s.stored, slices.Repeat(s.stored[:1], len(s.stored))) {
					weights := make([]T, len(s.queries)*s.heads*s.queries[0]*s.stored[0])
					e.Weights(weights, b)
					requireClose(t, slices.Concat(want.weights...), wide(weights), tolerance, what+": weights")
				}
			}
		}
	}
}

func TestAgainstLoops(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testAgainstLoops[float64](t, 1e-11) })
	t.Run("float32", func(t *testing.T) { testAgainstLoops[float32](t, 2e-4) })
}

// A threshold found wrong by a little shows: the oracle is not the same code with the same mistake.
func TestLoopsCatchAThresholdThatIsOff(t *testing.T) {
	p := random(3, Config{Rule: Rule{Kind: Entmax, Alpha: 1.5}}, 4, 3, []int{3}, []int{7}, false, false)
	want := p.solve()
	p.config.Rule.Alpha = 1.5 + 1e-6
	require.Greater(t, math.Abs(want.out[0]-p.solve().out[0]), 1e-9)
}

// A query retrieves the same bits alone as among others, and whatever the number of cores.
func TestRowByRow(t *testing.T) {
	for _, rule := range rules {
		for _, sim := range similarities {
			p := random(5, Config{Rule: rule, Similarity: sim}, 5, 3, []int{67}, []int{1100}, false, false)
			b, e := batchOf[float32](p), New[float32](p.config)
			b.Queries, b.Stored = nil, nil
			all, again := make([]float32, 67*3), make([]float32, 67*3)
			e.Retrieve(all, b)
			before := runtime.GOMAXPROCS(1)
			New[float32](p.config).Retrieve(again, b)
			runtime.GOMAXPROCS(before)
			require.Equal(t, all, again, "%v %v: on one core", rule, sim)
			for _, i := range []int{0, 1, 66} {
				one := *b
				one.Q = b.Q[i*5 : (i+1)*5]
				got := make([]float32, 3)
				New[float32](p.config).Retrieve(got, &one)
				require.Equal(t, all[i*3:(i+1)*3], got, "%v %v: query %d", rule, sim, i)
			}
		}
	}
}

// Beyond its margin a score takes everything: the value comes back in its very bits, among many blocks.
func testExact[T float32 | float64](t *testing.T) {
	for _, c := range []struct {
		rule   Rule
		margin float64
	}{
		{Rule{Kind: Entmax, Alpha: 2}, 1}, {Rule{Kind: Entmax, Alpha: 1.5}, 2}, {Rule{Kind: Entmax, Alpha: 1.25}, 4},
		{Rule{Kind: Normmax, Alpha: 3}, 1}, {Rule{Kind: Subsets, K: 1}, 1}, {Rule{Kind: TopK, K: 1}, 0},
	} {
		const stored = 700
		k, v := make([]T, stored), make([]T, stored*2)
		for j := range k {
			k[j] = 3
			v[2*j], v[2*j+1] = T(j)/7, -T(j)/3
		}
		retrieve := func(key T) []T {
			k[444] = key
			got := make([]T, 2)
			New[T](Config{Rule: c.rule}).Retrieve(got, &Batch[T]{Depth: 1, Width: 2, Q: []T{1}, K: k, V: v, Beta: []T{1}})
			return got
		}
		require.Equal(t, v[888:890], retrieve(3+T(c.margin)+0.25*T(min(1, 4*c.margin+0.001))), "%v", c.rule)
		require.Equal(t, v[888:890], retrieve(3+T(c.margin)+T(0.25)), "%v", c.rule)
		if c.margin > 0 {
			require.Equal(t, v[888:890], retrieve(3+T(c.margin)), "%v at its margin", c.rule)
			require.NotEqual(t, v[888:890], retrieve(3+T(c.margin)-0.125), "%v below its margin", c.rule)
		}
	}
}

func TestExactRetrieval(t *testing.T) {
	t.Run("float64", testExact[float64])
	t.Run("float32", testExact[float32])
}

func TestNotFinite(t *testing.T) {
	inf := math.Inf(1)
	for _, rule := range rules {
		retrieve := func(keys ...float64) []float64 {
			out := make([]float64, 1)
			v := make([]float64, len(keys))
			for j := range v {
				v[j] = float64(j + 1)
			}
			New[float64](Config{Rule: rule}).Retrieve(out, &Batch[float64]{Depth: 1, Width: 1, Q: []float64{1}, K: keys, V: v, Beta: []float64{1}})
			return out
		}
		require.Zero(t, retrieve(-inf, -inf)[0], "%v: nothing to see", rule)
		require.InDelta(t, 2, retrieve(-inf, 5)[0], 1e-12, "%v: one to see", rule)
		require.True(t, math.IsNaN(retrieve(1, math.NaN(), 2)[0]), "%v: NaN", rule)
		require.True(t, math.IsNaN(retrieve(1, inf, 2)[0]), "%v: +Inf", rule)
	}
}

// A run allocates nothing once its memory is there, and the scores of many patterns are held at no time.
func TestMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the kernels' scratch memory is made anew all the time")
	}
	for _, rule := range rules {
		p := random(9, Config{Heads: 2, Rule: rule}, 4, 4, []int{8}, []int{20000}, false, false)
		b, e := batchOf[float32](p), New[float32](p.config)
		out, dq, dk := make([]float32, len(b.Q)), make([]float32, len(b.Q)), make([]float32, len(b.K))
		run := func() {
			e.Retrieve(out, b)
			e.Backward(b, Gradients[float32]{Out: out, G: out, DQ: dq, DK: dk})
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		run()
		runtime.ReadMemStats(&after)
		// The pieces of scratch memory (two blocks of 64 queries a core and a worker) and the partial results.
		require.Less(t, int(after.TotalAlloc-before.TotalAlloc), 4<<20, "%v", rule)
		if rule.Kind != TopK {
			require.LessOrEqual(t, testing.AllocsPerRun(5, run), 1.0, "%v", rule)
		}
	}
}
