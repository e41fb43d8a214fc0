package dataset

import "fmt"

// BarsAndStripes returns the bars-and-stripes patterns on n×n pixels: all
// pictures whose columns are each wholly on or off (bars), then all whose rows
// are (stripes), flattened row by row to n² values 0 or 1.
//
// The pictures that are all off and all on are both bars and stripes. With
// duplicates they come twice, as the usual benchmark has them, which gives
// 2·2^n rows; without, the 2·2^n − 2 distinct patterns.
//
// n must lie in 1 to 12: 2^13 rows of 144 values are more than any exact
// reference can use.
//
// Reference: MacKay, Information Theory, Inference, and Learning Algorithms
// (2003), section 43.3, "bars and stripes".
func BarsAndStripes(n int, duplicates bool) [][]float64 {
	if n < 1 || n > 12 {
		panic(fmt.Sprintf("dataset: BarsAndStripes: n is %d, want 1 to 12", n))
	}
	last := 1<<n - 1
	rows := make([][]float64, 0, 2<<n)
	for mask := 0; mask <= last; mask++ {
		rows = append(rows, lines(n, mask, func(_, col int) int { return col }))
	}
	for mask := 0; mask <= last; mask++ {
		if !duplicates && (mask == 0 || mask == last) {
			continue
		}
		rows = append(rows, lines(n, mask, func(row, _ int) int { return row }))
	}
	return rows
}

// lines draws the n×n picture in which a pixel shows the bit of mask that
// belongs to its line.
func lines(n, mask int, line func(row, col int) int) []float64 {
	picture := make([]float64, 0, n*n)
	for row := range n {
		for col := range n {
			picture = append(picture, float64(mask>>line(row, col)&1))
		}
	}
	return picture
}
