package training_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// wideCases are large enough that kernels share their rows among threads.
func wideCases() []fitCase {
	rows := greys(1, 150, 80)
	return []fitCase{
		contrastiveCase("wide PCD", layers.RBMConfig{Visible: energy.Bernoulli(80), Hidden: energy.Bernoulli(120), Centered: true}, training.Contrastive{
			Negative: sampling.PCD{Steps: 2, Chains: 60}, Solver: training.Adam{Rate: 0.01}, Convention: training.Stochastic, Batch: 60,
		}, rows),
		supervisedCase("wide dropout", tensor.Float32, func() layers.Layer {
			return sequential(linear("one", 80, 200, tensor.Float32), layers.Sigmoid(), must(layers.NewDropout("dropout", 0.3, 1)), linear("two", 200, 5, tensor.Float32))
		}, training.Supervised{Solver: training.SGD{Rate: 0.1, Momentum: 0.9}, Batch: 60}, rows, classes(150, 5)),
	}
}

// hashes runs every case for two epochs and returns one line each, of all that the run left behind.
func hashes(dir string) (text string) {
	for _, c := range append(fitCases(), wideCases()...) {
		path := filepath.Join(dir, "checkpoint")
		if _, _, err := c.run(options{epochs: 2, checkpoint: path}); err != nil {
			panic(err)
		}
		text += fmt.Sprintf("%s %x\n", c.name, sha256.Sum256([]byte(state(path))))
	}
	return text
}

func hashAsChild() {
	dir := must(os.MkdirTemp("", "harmonium"))
	defer os.RemoveAll(dir)
	fmt.Print(hashes(dir))
}

// Gorgonia keeps nodes in maps, whose order differs from process to process and even within one: no sum may depend on it.
func TestFreshProcessesGiveTheSameBits(t *testing.T) {
	processes := 10
	if testing.Short() {
		processes = 2
	}
	want := hashes(t.TempDir())
	for i := range processes {
		threads := 1 + i%3
		out, err := child(childTask+"=hash", fmt.Sprintf("GOMAXPROCS=%d", threads)).Output()
		require.NoError(t, err)
		require.Equal(t, want, string(out), "process %d, GOMAXPROCS %d", i, threads)
	}
}

func TestGOMAXPROCSDoesNotMatter(t *testing.T) {
	run := func(c fitCase, threads int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		path := filepath.Join(t.TempDir(), "checkpoint")
		_, _, err := c.run(options{epochs: 2, checkpoint: path})
		require.NoError(t, err)
		return state(path)
	}
	for _, c := range wideCases() {
		require.Equal(t, run(c, 1), run(c, 2), c.name)
		require.Equal(t, run(c, 1), run(c, 5), c.name)
	}
}

// The comparison must see a difference where there is one: in the seed, say.
func TestHashSeesAnotherSeed(t *testing.T) {
	config := layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5)}
	run := func(seed uint64) [][]float64 {
		m := must(layers.NewRBM("rbm", config))
		_, err := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 1, Batch: 5, Seed: seed}.Fit(t.Context(), m, bits(1, 22, 6))
		require.NoError(t, err)
		return values(m)
	}
	require.Equal(t, run(1), run(1))
	require.NotEqual(t, run(1), run(2))
}
