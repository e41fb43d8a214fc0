package associative_test

import (
	"fmt"
	"log"

	"github.com/harmonium-go/harmonium/associative"
)

// Sixty-four thousand units with a hundred patterns: couplings would take 32 GB, the patterns as bits take 0.8 MB.
func ExamplePackedHopfield() {
	patterns := check(associative.RandomSpins(1, 100, 64_000))
	net := check(associative.NewPackedHopfield(64_000, associative.PackedConfig{}))
	if err := net.Store(patterns); err != nil {
		log.Fatal(err)
	}
	noisy := check(patterns.Noisy(2, 0.3)) // three bits in ten are wrong
	probe := check(noisy.Part(7, 8))
	got := check(net.Recall(probe, associative.Synchronous{}))
	wrong := check(got.States.Distance(0, patterns, 7))
	fmt.Println("wrong bits:", wrong, "sweeps:", got.Sweeps[0], "cycle:", got.Cycle[0], "overlap with pattern 7:", got.Overlaps[0][7])
	// Output:
	// wrong bits: 0 sweeps: 2 cycle: 1 overlap with pattern 7: 64000
}
