package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Folds deals rows into k folds at random so that each has nearly the same share of each class: of every class, and of all
// rows, two folds differ by at most one row. It returns the numbers of each fold's rows, in ascending order.
//
// It returns an error unless k is 2 to the number of rows. A class with fewer than k rows is missing in some folds.
func Folds(labels []int, k int, seed uint64) ([][]int, error) {
	if k < 2 || k > len(labels) {
		return nil, fmt.Errorf("evaluate: Folds: %d folds of %d rows, want 2 folds to as many as rows", k, len(labels))
	}
	classes := slices.Clone(labels)
	slices.Sort(classes)
	r := rand.New(rand.NewPCG(seed, 0))
	folds := make([][]int, k)
	dealt := 0
	for _, class := range slices.Compact(classes) {
		var rows []int
		for i, label := range labels {
			if label == class {
				rows = append(rows, i)
			}
		}
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, row := range rows { // the deal goes on where the last class ended, so that the folds are alike in size too
			folds[dealt%k] = append(folds[dealt%k], row)
			dealt++
		}
	}
	for _, fold := range folds {
		slices.Sort(fold)
	}
	return folds, nil
}

// Others returns the rows of all folds but one, in ascending order: what to train on when that fold is held back.
func Others(folds [][]int, held int) []int {
	var rows []int
	for i, fold := range folds {
		if i != held {
			rows = append(rows, fold...)
		}
	}
	slices.Sort(rows)
	return rows
}
