package evaluate

import (
	"fmt"
	"slices"
)

// Neighbours classifies a row by its nearest training rows in squared Euclidean distance.
type Neighbours struct {
	rows   []float32
	width  int
	labels []int
}

// NewNeighbours keeps training rows, width values each, and their classes, at least 0. Features are taken as they are: scale
// them before. It panics when rows and labels are not as many, or none.
func NewNeighbours(rows []float32, width int, labels []int) *Neighbours {
	if len(labels) == 0 || width < 1 || len(rows) != width*len(labels) {
		panic(fmt.Sprintf("evaluate: NewNeighbours: %d values of width %d and %d labels, want as many rows as labels", len(rows), width, len(labels)))
	}
	return &Neighbours{rows, width, labels}
}

// Classify returns the class of each row for each k, got[i][row] for k[i]: the most frequent among the k nearest training
// rows, and of equally frequent ones that of the nearest row. Of training rows at one distance those with lower numbers are
// nearer. A k above the number of training rows means all of them. It panics on a k below 1.
func (n *Neighbours) Classify(rows []float32, k []int) [][]int {
	if slices.Min(k) < 1 {
		panic(fmt.Sprintf("evaluate: Neighbours: Classify: k is %v, want at least 1", k))
	}
	got := make([][]int, len(k))
	most := min(slices.Max(k), len(n.labels))
	order := make([]int, len(n.labels))
	distance := make([]float64, len(n.labels))
	nearest := make([]int, most)
	for from := 0; from < len(rows); from += n.width {
		for i := range order {
			order[i], distance[i] = i, squaredDistance(rows[from:from+n.width], n.rows[i*n.width:(i+1)*n.width])
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case distance[a] < distance[b]:
				return -1
			case distance[a] > distance[b]:
				return 1
			}
			return 0
		})
		for i := range nearest {
			nearest[i] = n.labels[order[i]]
		}
		for i, k := range k {
			got[i] = append(got[i], vote(nearest[:min(k, most)]))
		}
	}
	return got
}

// vote is the most frequent label, and of equally frequent ones that which comes first.
func vote(labels []int) int {
	best, votes := 0, 0
	for _, label := range labels {
		n := 0
		for _, other := range labels {
			if other == label {
				n++
			}
		}
		if n > votes {
			best, votes = label, n
		}
	}
	return best
}

func squaredDistance(a, b []float32) (sum float64) {
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return sum
}

// ChooseK returns the k among the candidates that classifies most of the given rows rightly when each is held back once, in
// folds drawn from the seed; the first of equally good ones. Use training rows only. Errors are those of Folds.
func ChooseK(rows []float32, width int, labels []int, candidates []int, folds int, seed uint64) (int, error) {
	parts, err := Folds(labels, folds, seed)
	if err != nil {
		return 0, err
	}
	right := make([]int, len(candidates))
	for held, part := range parts {
		train, trainLabels := gather(rows, width, labels, Others(parts, held))
		test, testLabels := gather(rows, width, labels, part)
		for i, got := range NewNeighbours(train, width, trainLabels).Classify(test, candidates) {
			right[i] += Correct(got, testLabels)
		}
	}
	return candidates[slices.Index(right, slices.Max(right))], nil
}

func gather(rows []float32, width int, labels []int, numbers []int) (some []float32, theirs []int) {
	for _, i := range numbers {
		some = append(some, rows[i*width:(i+1)*width]...)
		theirs = append(theirs, labels[i])
	}
	return some, theirs
}
