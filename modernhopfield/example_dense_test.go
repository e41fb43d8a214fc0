package modernhopfield_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// A memory of the four rows of exclusive or completes a row of which two units are known. Degree 2, the classical Hopfield net, cannot.
func ExampleDenseMemory_Recall() {
	rows := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float64{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}))
	asked := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, -1, -1, 1, 1, 1})) // the third unit is a guess
	for _, degree := range []int{2, 3} {
		memory, err := modernhopfield.NewDenseMemory(rows, modernhopfield.DenseConfig{Interaction: energy.Power(degree)})
		if err != nil {
			fmt.Println(err)
			return
		}
		got, err := memory.Recall(asked, modernhopfield.DenseRecall{Clamped: []bool{true, true, false}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("degree %d: %v of energy %v\n", degree, got.States.Data(), got.Energy)
	}
	// Output:
	// degree 2: [1 -1 -1 1 1 1] of energy [-12 -12]
	// degree 3: [1 -1 1 1 1 -1] of energy [-24 -24]
}
