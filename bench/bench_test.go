package bench

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

func BenchmarkRow(b *testing.B) {
	for _, row := range Rows() {
		b.Run(row.Name, func(b *testing.B) {
			work, err := row.New()
			require.NoError(b, err)
			require.NoError(b, work.Step()) // buffers are made
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, work.Step())
			}
			if row.Flops > 0 {
				b.ReportMetric(row.Flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			}
		})
	}
}

// Sums after CheckSteps steps, by NumPy and PyTorch: what bench/compare checks at each run, for machines without Python.
var peerSums = map[string]float64{
	"cd1_f32": 1018.10, "cd1_f64": 1018.10, "pcd_epoch": 966.82, "gibbs": 87698, "sample": 1998840, "boltzmann": 113500, "lattice": 1708734,
	"hopfield_sync": 3993593, "hopfield_async": 399230, "hopfield_packed": 2002390,
	"assoc_fwd": 2667.8268, "assoc_bwd": 35.132624, "dbn_sgd": 2.3074050, "dbn_adam": 2.4391782,
	"gemm_1": 373918.08, "gemm_2": 467636.82, "gemm_3": 1047185.49, "gemm_4": 8922155.42, "gemm_5": 1352622.86,
}

func TestRowsComputeWhatThePeersDo(t *testing.T) {
	for _, row := range Rows() {
		t.Run(row.Name, func(t *testing.T) {
			if testing.Short() && (row.Name == "pcd_epoch" || kernel.Current() == kernel.Plain) {
				t.Skip("takes seconds")
			}
			work, err := row.New()
			require.NoError(t, err)
			for range CheckSteps {
				require.NoError(t, work.Step())
			}
			require.Contains(t, peerSums, row.Name)
			require.InEpsilon(t, peerSums[row.Name], work.Sum(), row.Tolerance)
		})
	}
}

// Steps of the library's own loops allocate nothing once their buffers are made. (testing.AllocsPerRun would look at one core
// only.) The least of many counts, since the runtime itself allocates now and then, and where other programs push goroutines from
// core to core, pools of buffers run dry.
func TestStepsDoNotAllocate(t *testing.T) {
	for _, row := range Rows() {
		if row.Name == "pcd_epoch" || strings.HasPrefix(row.Name, "hopfield") { // a whole epoch makes its machine, and a recall what it returns
			continue
		}
		work, err := row.New()
		require.NoError(t, err)
		least := uint64(math.MaxUint64)
		for i := 0; i < 50 && least > 0; i++ {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			require.NoError(t, work.Step())
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		require.Zero(t, least, row.Name)
	}
}

func TestSweepsDouble(t *testing.T) {
	for _, s := range Sweeps() {
		require.True(t, slices.IsSorted(s.Sizes), s.Name)
		for i := 1; i < len(s.Sizes); i++ {
			require.Equal(t, 2*s.Sizes[i-1], s.Sizes[i], s.Name)
		}
		work, err := s.New(s.Sizes[0])
		require.NoError(t, err, s.Name)
		require.NoError(t, work.Step(), s.Name)
	}
}

// The numbers are those of inputs.py: fill(f64, 3, 2, 4).
func TestFillIsTheFormulaOfThePeers(t *testing.T) {
	x := make([]float64, 4)
	Fill(x, 3, 2)
	require.Equal(t, []float64{0.7199674919247627, -0.044828417245298624, 0.6389279481954873, -0.7278924374841154}, x)
}

func TestWeightedSumTellsATransposedResult(t *testing.T) {
	a, transposed := []float64{1, -2, 3, 4, 5, 6}, []float64{1, 4, -2, 5, 3, 6}
	require.Equal(t, 1.0+4+9+16+25+36, WeightedSum(a))
	require.NotEqual(t, WeightedSum(a), WeightedSum(transposed))
	require.True(t, math.IsNaN(WeightedSum([]float32{float32(math.NaN())})))
}
