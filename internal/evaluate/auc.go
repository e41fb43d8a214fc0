package evaluate

import (
	"math"
	"slices"
)

// AUC is the area under the receiver operating characteristic: the probability that the score of a positive row, label 1,
// exceeds that of a negative one, label 0, equal scores counting one half. It is NaN unless there are rows of both labels,
// and when a score is NaN. It panics on slices of different length.
//
// With R the sum of the positive rows' ranks (from 1, mean ranks for ties), P and N the numbers of rows,
//
//	AUC = (R − P(P+1)/2) / (P N)
//
// Reference: Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
// Radiology 143 (1982).
func AUC(scores []float64, labels []int) float64 {
	if len(scores) != len(labels) {
		panic("evaluate: AUC: scores and labels differ in length")
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return math.NaN()
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	var ranks, positive float64
	for from := 0; from < len(order); {
		to, tied := from, 0.0
		for ; to < len(order) && scores[order[to]] == scores[order[from]]; to++ {
			tied += float64(labels[order[to]])
		}
		ranks += tied * float64(from+1+to) / 2 // the mean of the ranks from+1 … to
		positive += tied
		from = to
	}
	negative := float64(len(labels)) - positive
	return (ranks - positive*(positive+1)/2) / (positive * negative) // 0/0 if one label is missing
}
