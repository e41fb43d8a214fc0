package experiment

import (
	"fmt"
	"github.com/harmonium-go/harmonium/associative"
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	for _, c := range []BasinConfig{
		{Rule: associative.Hebb{KeepDiagonal: true}},
		{Rule: associative.Hebb{KeepDiagonal: true}, Ties: associative.Minus},
		{Rule: associative.Hebb{KeepDiagonal: true}, Distinct: true},
		{Rule: associative.Hebb{}},
		{Rule: associative.Hebb{}, Ties: associative.Minus},
		{Rule: associative.Hebb{KeepDiagonal: true}, Steps: 5},
	} {
		s := time.Now()
		b, err := Basins(t.Context(), c)
		fmt.Println(b, err, time.Since(s), b.Config0())
		fmt.Println(b.Shares[4][0], b.Plot("/tmp/b.png"))
	}
}
func (b *BasinTable) Config0() string { return fmt.Sprint(b.Distinct) }
