package associative

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
)

// plainPerceptron makes the same steps on the weights themselves, condition by condition, and says what the last epoch leaves.
func plainPerceptron(x []float64, n int, rule Perceptron) (w, b []float64, epochs, steps int) {
	w, b = make([]float64, n*n), make([]float64, n) // w[j·n+i] from j to i
	for changed := true; changed && epochs < rule.Epochs; epochs++ {
		changed = false
		for rows := x; len(rows) > 0; rows = rows[n:] {
			for i := range n {
				field := b[i]
				for j := range n {
					field += rows[j] * w[j*n+i]
				}
				if rows[i]*field > rule.Margin {
					continue
				}
				changed = true
				steps++
				for j := range n {
					if j != i {
						w[j*n+i] += rows[i] * rows[j]
						if !rule.PerUnit {
							w[i*n+j] = w[j*n+i]
						}
					}
				}
				if !rule.NoBias {
					b[i] += rows[i]
				}
			}
		}
	}
	return w, b, epochs, steps
}

// The counts of steps and the values of conditions give the couplings that plain steps give, number by number.
func TestPerceptronMakesPlainSteps(t *testing.T) {
	for seed, size := range [][2]int{{1, 1}, {1, 2}, {2, 7}, {9, 12}, {40, 45}, {70, 80}} {
		p, n := size[0], size[1]
		x := spins(rand.New(rand.NewPCG(uint64(seed), 31)), p, n)
		for _, rule := range []Perceptron{{}, {PerUnit: true}, {Margin: 7.5}, {PerUnit: true, Margin: 20}, {NoBias: true}, {NoBias: true, PerUnit: true}} {
			rule.Epochs = 200
			if rule.NoBias && n == 1 {
				continue // has no weights
			}
			got, err := rule.Separate(t.Context(), x)
			require.NoError(t, err)
			require.Equal(t, Separable, got.Verdict, "%v %v", size, rule)
			w, b, epochs, _ := plainPerceptron(x.Float64s(), n, rule)
			require.Equal(t, w, got.Network.Couplings().Float64s(), "%+v", rule)
			if rule.NoBias {
				require.Nil(t, got.Network.Config().Bias)
			} else {
				require.Equal(t, b, got.Network.Config().Bias)
			}
			require.LessOrEqual(t, epochs-1, got.Epochs, "the plain loop notices one epoch later")
			require.Equal(t, rule.PerUnit, got.Network.Config().Asymmetric)
			require.Zero(t, got.Wrong)
			fields, err := got.Network.Fields(x)
			require.NoError(t, err)
			for k, f := range fields.Float64s() {
				require.Greater(t, f*x.Float64s()[k], rule.Margin)
			}
		}
	}
}

// What Separate says of the network is what the network says, and no network of the kind has more stability than the bound, here one found with
// a large margin; nor do steps exceed their bound.
func TestPerceptronReports(t *testing.T) {
	for seed := range uint64(4) {
		const n, p = 30, 24
		x := spins(rand.New(rand.NewPCG(seed, 32)), p, n)
		for _, rule := range []Perceptron{{}, {PerUnit: true}, {NoBias: true}, {NoBias: true, PerUnit: true}} {
			got, err := rule.Separate(t.Context(), x)
			require.NoError(t, err)
			require.Equal(t, Separable, got.Verdict)
			require.InDelta(t, leastStability(t, got.Network, x.Float64s(), rule), got.Stability, 1e-12)
			require.Greater(t, got.Bound, got.Stability)

			first := rule
			rule.Margin, rule.Epochs = 100*n, 50000
			firm, err := rule.Separate(t.Context(), x)
			require.NoError(t, err)
			require.Greater(t, firm.Stability, got.Stability)
			if first.Epochs = 1000; !rule.PerUnit {
				_, _, _, steps := plainPerceptron(x.Float64s(), n, first)
				require.Less(t, float64(steps), n/(firm.Stability*firm.Stability))
			}
			require.Greater(t, got.Bound, firm.Stability)
			require.Greater(t, firm.Bound, firm.Stability)
			require.Greater(t, firm.Stability, firm.Bound/2.1, "half of the best, for a large margin")
		}
	}
}

// leastStability is the least ξ_i h_i/|w|, by the weights of the perceptron: those of one unit, or of all couplings once.
func leastStability(t *testing.T, h *Hopfield, x []float64, rule Perceptron) float64 {
	n, w, bias := h.n, h.Couplings().Float64s(), h.Config().Bias
	if bias == nil {
		bias = make([]float64, n)
	}
	fields, err := h.Fields(rowsOf(n, x...))
	require.NoError(t, err)
	all, length := 0.0, make([]float64, n)
	for i := range n {
		for j := range n {
			length[i] += w[j*n+i] * w[j*n+i]
			all += w[j*n+i] * w[j*n+i] / 2
		}
		length[i] += bias[i] * bias[i]
		all += bias[i] * bias[i]
	}
	least := math.Inf(1)
	for k, f := range fields.Float64s() {
		square := all
		if rule.PerUnit {
			square = length[k%n]
		}
		least = min(least, f*x[k]/math.Sqrt(square))
	}
	return least
}

// Beyond one pattern a unit, where no pattern of Hebb's is stable.
func TestPerceptronPassesOnePatternAUnit(t *testing.T) {
	const n, p = 100, 120
	for seed := range uint64(3) {
		x := spins(rand.New(rand.NewPCG(seed, 33)), p, n)
		require.Zero(t, stableCount(t, learn(t, Hebb{}, x), x))
		require.Equal(t, p, stableCount(t, learn(t, Perceptron{PerUnit: true}, x), x))
	}
}

func TestPerceptronSymmetricPassesOnePatternAUnit(t *testing.T) {
	const n, p = 100, 120
	for seed := range uint64(3) {
		x := spins(rand.New(rand.NewPCG(seed, 33)), p, n)
		got, err := Perceptron{Epochs: 20000}.Separate(t.Context(), x)
		require.NoError(t, err)
		require.Equal(t, p, stableCount(t, got.Network, x))
	}
}

// The first proof: two patterns that differ in one unit alone, or without biases that agree in one alone.
func TestPerceptronContradiction(t *testing.T) {
	for _, c := range []struct {
		rows   []float64
		n      int
		noBias bool
		says   string
	}{
		{[]float64{1, 1, 1, 1, -1, -1, 1, 1, 1, -1, 1, 1}, 4, false, "patterns 0 and 2 differ in unit 1 alone"},
		{[]float64{1, 1, 1, 1, -1, -1, -1, 1}, 4, true, "patterns 0 and 1 agree in unit 3 alone"},
		{[]float64{1, 1, 1, 1, -1, -1, -1, 1}, 4, false, ""},
		{[]float64{1, -1}, 1, false, "patterns 0 and 1 differ in unit 0 alone"},
	} {
		for _, perUnit := range []bool{false, true} {
			got, err := Perceptron{PerUnit: perUnit, NoBias: c.noBias, Epochs: 50}.Separate(t.Context(), rowsOf(c.n, c.rows...))
			require.NoError(t, err)
			require.Equal(t, c.says, got.Reason)
			if c.says == "" {
				require.Equal(t, Separable, got.Verdict)
				continue
			}
			require.Equal(t, NotSeparable, got.Verdict)
			require.Zero(t, got.Bound)
			require.Positive(t, got.Wrong)
			require.NotNil(t, got.Network)
		}
	}
}

// The second proof: each unit is to be the parity of the two others, which no perceptron can, and no two patterns differ in one unit
// alone. The weights go round.
func TestPerceptronWeightsComeBack(t *testing.T) {
	xor := rowsOf(3, -1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1)
	for _, rule := range []Perceptron{{}, {PerUnit: true}, {Margin: 2, PerUnit: true}} {
		got, err := rule.Separate(t.Context(), xor)
		require.NoError(t, err)
		require.Equal(t, NotSeparable, got.Verdict)
		require.Contains(t, got.Reason, "came back to earlier ones")
		require.Less(t, got.Epochs, 1000)
		require.Zero(t, got.Bound)
		require.Positive(t, got.Wrong)
	}
	got, err := Perceptron{PerUnit: true}.Separate(t.Context(), xor)
	require.NoError(t, err)
	require.Equal(t, "the weights of unit 0 came back to earlier ones", got.Reason)
}

// Verdicts about all sets of patterns of three units against an exhaustive search: the weights of a linear threshold function of two inputs
// need no numbers beyond 2, nor biases beyond 3.
func TestPerceptronVerdicts(t *testing.T) {
	separable := map[[2]uint]bool{} // (inputs seen with answer 1, with answer −1), bit by bit
	for a := range 9 {
		for b := range 7 {
			var plus, minus uint
			w := [3]int{a%3 - 1, a/3 - 1, 2*b - 6}
			for in := range uint(4) {
				switch field := 2*w[0]*(2*int(in&1)-1) + 2*w[1]*(2*int(in>>1)-1) + w[2]; {
				case field > 0:
					plus |= 1 << in
				case field < 0:
					minus |= 1 << in
				}
			}
			for p := range uint(16) {
				for m := range uint(16) {
					if p&^plus == 0 && m&^minus == 0 {
						separable[[2]uint{p, m}] = true
					}
				}
			}
		}
	}
	count := map[Verdict]int{}
	for set := 1; set < 256; set++ {
		var rows []float64
		for s := range 8 {
			if set>>s&1 == 1 {
				rows = append(rows, float64(s&1*2-1), float64(s>>1&1*2-1), float64(s>>2&1*2-1))
			}
		}
		want := Separable
		for i := range 3 {
			var seen [2]uint
			for k := 0; k < len(rows); k += 3 {
				in := uint(rows[k+(i+1)%3]+1)/2 + uint(rows[k+(i+2)%3]+1)/2*2
				seen[int(1-rows[k+i])/2] |= 1 << in
			}
			if !separable[seen] {
				want = NotSeparable
			}
		}
		got, err := Perceptron{PerUnit: true}.Separate(t.Context(), rowsOf(3, rows...))
		require.NoError(t, err)
		require.Equal(t, want, got.Verdict, "set %b", set)
		count[want]++
	}
	require.Greater(t, count[Separable], 20)
	require.Greater(t, count[NotSeparable], 20)
}

// An ended context or a spent budget leaves the question open.
func TestPerceptronUnknown(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(1, 34)), 40, 30)
	got, err := Perceptron{Epochs: 1}.Separate(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, Unknown, got.Verdict)
	require.Equal(t, 1, got.Epochs)
	require.Positive(t, got.Wrong)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, rule := range []Perceptron{{}, {PerUnit: true}} {
		got, err = rule.Separate(ctx, x)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, Unknown, got.Verdict)
		require.Equal(t, 40*30, got.Wrong)
		require.NotNil(t, got.Network)
		_, err = rule.Learn(ctx, x)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestPerceptronRefuses(t *testing.T) {
	for _, c := range []struct {
		rule Perceptron
		says string
	}{
		{Perceptron{Epochs: -1}, "associative: perceptron: Learn: Epochs is -1, want at least 1, or 0 for 1000"},
		{Perceptron{Margin: -1}, "Margin is -1, want a finite number of at least 0"},
		{Perceptron{Margin: math.NaN(), PerUnit: true}, "associative: perceptron per unit: Learn: Margin is NaN"},
		{Perceptron{Margin: math.Inf(1)}, "Margin is +Inf"},
	} {
		_, err := c.rule.Learn(t.Context(), rowsOf(2, 1, 1))
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, c.says)
	}
	require.Equal(t, "separable, not separable, unknown, Verdict(7)", fmt.Sprintf("%v, %v, %v, %v", Separable, NotSeparable, Unknown, Verdict(7)))
}

// Three units cannot have the rows a, b, a ⊕ b as stable states. Of the 16 ways to set a fourth unit in them, those make it possible that
// are 1, or −1, in one row alone.
func TestPerceptronFindsTheHiddenUnitsOfXOr(t *testing.T) {
	xor := []float64{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}
	for hidden := range uint(16) {
		var rows []float64
		for k := range 4 {
			rows = append(append(rows, xor[3*k:3*k+3]...), float64(hidden>>k&1)*2-1)
		}
		want := NotSeparable
		if bits.OnesCount(hidden)%2 == 1 {
			want = Separable
		}
		for _, perUnit := range []bool{false, true} {
			got, err := Perceptron{PerUnit: perUnit}.Separate(t.Context(), rowsOf(4, rows...))
			require.NoError(t, err)
			require.Equal(t, want, got.Verdict, "%b", hidden)
		}
	}
}
