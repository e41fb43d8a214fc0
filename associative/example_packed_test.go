package associative_test

import (
	"fmt"
	"log"

	"github.com/harmonium-go/harmonium/associative"
)

// Sixty-four thousand units with a hundred patterns: couplings would take 32 GB, the patterns as bits take 0.8 MB.
func ExamplePackedHopfield() {
	patterns, err := associative.RandomSpins(1, 100, 64_000)
	if err != nil {
		log.Fatal(err)
	}
	net, err := associative.NewPackedHopfield(64_000, associative.PackedConfig{})
	if err != nil {
		log.Fatal(err)
	}
	if err := net.Store(patterns); err != nil {
		log.Fatal(err)
	}
	noisy, err := patterns.Noisy(2, 0.3) // three bits in ten are wrong
	if err != nil {
		log.Fatal(err)
	}
	probe, err := noisy.Part(7, 8)
	if err != nil {
		log.Fatal(err)
	}
	got, err := net.Recall(probe, associative.Synchronous{})
	if err != nil {
		log.Fatal(err)
	}
	wrong, err := got.States.Distance(0, patterns, 7)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("wrong bits:", wrong, "sweeps:", got.Sweeps[0], "cycle:", got.Cycle[0], "overlap with pattern 7:", got.Overlaps[0][7])
	// Output:
	// wrong bits: 0 sweeps: 2 cycle: 1 overlap with pattern 7: 64000
}
