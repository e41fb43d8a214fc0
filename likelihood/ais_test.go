package likelihood

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// z is how many deviations an estimate may lie from the truth in a test over many seeds and families: a false alarm in 10⁶.
const z = 4.9

// Short ladders, so that what a step adds to the weights must be right: E[w] = Z/Z₀ holds at any length. Many chains, so that the deviation
// is small; the mean of w itself is compared, for which the deviation is unbiased.
func TestAISAndReverseAreUnbiasedForEveryFamily(t *testing.T) {
	for _, pair := range pairs {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 4, 0.4, 0.5, dtype == tensor.Float32)
				o := oracle(m, pair[0], pair[1])
				logZ := must(o.LogPartition()) - constant(m)
				samples := draws(o, 4000, dtype, 5)
				base := must(FitBase(m, samples))
				for _, seed := range stattest.Seeds[:2] {
					a := AIS{Chains: 4000, Temperatures: 6, Base: base, Seed: seed}
					forward := must(a.LogPartition(context.Background(), m))
					require.InDelta(t, logZ, forward.LogZ, z*forward.Deviation, "forward")
					reverse := must(a.Reverse(context.Background(), m, samples))
					require.InDelta(t, logZ, reverse.LogZ, z*reverse.Deviation, "reverse")
					bridge := must(BAR(forward, reverse))
					require.InDelta(t, logZ, bridge.LogZ, z*bridge.Deviation, "bridge")
					require.Less(t, max(forward.Deviation, reverse.Deviation), 0.05, "the test sees little")
					require.LessOrEqual(t, bridge.Deviation, 1.05*min(forward.Deviation, reverse.Deviation))
				}
			})
		}
	}
}
