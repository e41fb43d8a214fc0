package bench

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

const (
	hopfieldUnits, hopfieldStored    = 2000, 200
	hopfieldProbes, hopfieldOneByOne = 1000, 100
	packedUnits, packedStored        = 1_000_000, 1000
)

// hopfieldRows recall by a Hopfield network. Where fields are nearly 0, the peers' rounding decides: hence the tolerance.
var hopfieldRows = []Row{
	{
		Name: "hopfield_sync", About: fmt.Sprintf("Hebb of %d patterns of %d units and synchronous recall of %d probes with 20 %% noise to their end", hopfieldStored, hopfieldUnits, hopfieldProbes),
		Tolerance: 1e-5, New: hopfieldSync,
	},
	{
		Name: "hopfield_async", About: fmt.Sprintf("asynchronous recall of %d probes with 20 %% noise by a network of %d units and %d patterns, in the order of the units", hopfieldOneByOne, hopfieldUnits, hopfieldStored),
		Tolerance: 1e-5, New: hopfieldAsync,
	},
	{
		Name: "hopfield_packed", About: fmt.Sprintf("synchronous recall of a probe with 25 %% noise from %d packed patterns of %d units", packedStored, packedUnits),
		Tolerance: 1e-9, New: hopfieldPacked,
	},
}

// hopfieldInputs are patterns, and probes that are patterns in turn with a fifth of the units turned round.
func hopfieldInputs(probes int) (patterns, states *tensor.Dense) {
	x, s := make([]float32, hopfieldStored*hopfieldUnits), make([]float32, probes*hopfieldUnits)
	for i := range x {
		x[i] = sign(hashed(uint32(i), 30) < 0.5)
	}
	for i := range s {
		s[i] = x[i%len(x)] * sign(hashed(uint32(i), 31) >= 0.2)
	}
	return tensor.New(tensor.WithShape(hopfieldStored, hopfieldUnits), tensor.WithBacking(x)), tensor.New(tensor.WithShape(probes, hopfieldUnits), tensor.WithBacking(s))
}

func sign(positive bool) float32 {
	if positive {
		return 1
	}
	return -1
}

// sumOfOnes is the sum over spins, whose sizes say nothing, of those that are 1.
func sumOfOnes(states *tensor.Dense) float64 {
	x := append([]float32(nil), states.Float32s()...)
	for i, v := range x {
		x[i] = max(v, 0)
	}
	return WeightedSum(x)
}

func hopfieldSync() (*Work, error) {
	patterns, probes := hopfieldInputs(hopfieldProbes)
	var out *associative.Recalled
	return &Work{
		Step: func() error {
			h, err := associative.Hebb{}.Learn(context.Background(), patterns)
			if err != nil {
				return err
			}
			out, err = h.Recall(probes, associative.Synchronous{})
			return err
		},
		Sum: func() float64 { return sumOfOnes(out.States) },
	}, nil
}

func hopfieldAsync() (*Work, error) {
	patterns, probes := hopfieldInputs(hopfieldOneByOne)
	h, err := associative.Hebb{}.Learn(context.Background(), patterns)
	if err != nil {
		return nil, err
	}
	var out *associative.Recalled
	return &Work{
		Step: func() error {
			var err error
			out, err = h.Recall(probes, associative.Asynchronous{InOrder: true})
			return err
		},
		Sum: func() float64 { return sumOfOnes(out.States) },
	}, nil
}

func hopfieldPacked() (*Work, error) {
	patterns, err := associative.NewPackedSpins(packedStored, packedUnits)
	if err != nil {
		return nil, err
	}
	words := packedUnits / 64
	for k := range packedStored {
		fillBits(patterns.Row(k), k*words, 32)
	}
	h, err := associative.NewPackedHopfield(packedUnits, associative.PackedConfig{})
	if err != nil {
		return nil, err
	}
	if err := h.Store(patterns); err != nil {
		return nil, err
	}
	probe, err := patterns.Part(0, 1)
	if err != nil {
		return nil, err
	}
	a, b := make([]uint64, words), make([]uint64, words)
	fillBits(a, 0, 33)
	fillBits(b, 0, 34)
	for i := range a {
		probe.Row(0)[i] ^= a[i] & b[i]
	}
	var out *associative.PackedRecalled
	return &Work{
		Step: func() error {
			var err error
			out, err = h.Recall(probe, associative.Synchronous{})
			return err
		},
		Sum: func() float64 {
			states, err := out.States.Tensor(tensor.Float32)
			if err != nil {
				panic(err) // it knows float32
			}
			return sumOfOnes(states)
		},
	}, nil
}

// fillBits sets words to hashes of their numbers, which count from first, in halves.
func fillBits(words []uint64, first int, seed uint32) {
	for i := range words {
		half := uint32(2 * (first + i))
		words[i] = uint64(hash(half, seed)) | uint64(hash(half+1, seed))<<32
	}
}
