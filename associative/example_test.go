package associative_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

func check[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

const width, height = 5, 5

// pixels makes a state of each drawing: 1 for ink, −1 for paper.
func pixels(drawings ...string) *tensor.Dense {
	var x []float64
	for _, c := range strings.Join(strings.Fields(strings.Join(drawings, " ")), "") {
		x = append(x, map[rune]float64{'#': 1, '.': -1}[c])
	}
	return tensor.New(tensor.WithShape(len(drawings), width*height), tensor.WithBacking(x))
}

// draw is the way back, for the first state.
func draw(states *tensor.Dense) {
	for k, v := range states.Float64s()[:width*height] {
		fmt.Print(map[float64]string{1: "#", -1: "."}[v])
		if k%width == width-1 {
			fmt.Println()
		}
	}
}

const (
	letterA = ".###. #...# ##### #...# #...#"
	letterB = "####. #...# ####. #...# ####."
	letterC = ".#### #.... #.... #.... .####"
)

// Three letters are learned, and one comes back from a copy with four wrong pixels. The network is saved on the way.
func Example() {
	letters := pixels(letterA, letterB, letterC)
	net := check(associative.Projection{}.Learn(context.Background(), letters))

	dir := check(os.MkdirTemp("", "letters"))
	defer os.RemoveAll(dir)
	if err := net.Save(filepath.Join(dir, "letters.safetensors")); err != nil {
		log.Fatal(err)
	}
	net = check(associative.LoadHopfield(filepath.Join(dir, "letters.safetensors")))

	spoiled := pixels("..##. #...# #.### ##..# ##..#")
	got := check(net.Recall(spoiled, associative.Asynchronous{Seed: 1}))
	draw(got.States)
	fmt.Printf("at rest: %v, energy %.1f, from %.1f\n", got.Cycle[0] == 1, got.Energy[0], got.Trace[0][0])
	// Output:
	// .###.
	// #...#
	// #####
	// #...#
	// #...#
	// at rest: true, energy -11.0, from -4.3
}

// Where the upper two lines of a letter are known and the rest is not, the known units are held and the others cool down.
func ExampleAnnealing() {
	letters := pixels(letterA, letterB, letterC)
	net := check(associative.Projection{}.Learn(context.Background(), letters))
	known := make([]bool, net.Len())
	for i := range 2 * width {
		known[i] = true
	}
	half := pixels("####. #...# ..... ..... .....")
	got := check(net.Recall(half, associative.Annealing{From: 0.5, To: 0.05, Seed: 1, Clamped: known}))
	draw(got.States)
	// Output:
	// ####.
	// #...#
	// ####.
	// #...#
	// ####.
}
