package dataset

import "github.com/harmonium-go/harmonium/internal/rng"

// BlackAndWhite returns the pictures as spins: 1 where a grey value is above one half, −1 elsewhere, in memory of its own.
func (im *Images) BlackAndWhite() []float32 {
	spins := make([]float32, len(im.Pixels))
	for i, grey := range im.Pixels {
		spins[i] = -1
		if grey > 0.5 {
			spins[i] = 1
		}
	}
	return spins
}

// FlipSpins returns rows of spins, width numbers each, of which every one is turned over with a probability. The draws are of the seed and
// the row.
func FlipSpins(rows []float32, width int, probability float64, seed uint64) []float32 {
	flipped, u, stream := make([]float32, len(rows)), make([]float32, width), rng.New(seed, "noise")
	for i, v := range rows {
		if i%width == 0 {
			rng.Uniform(stream.Row(i/width, 0), u)
		}
		if flipped[i] = v; float64(u[i%width]) < probability {
			flipped[i] = -v
		}
	}
	return flipped
}
