package training_test

import (
	"context"
	"testing"

	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

func TestTune(t *testing.T) {
	data, rows := bars()
	for _, centered := range []bool{true, false} {
		for _, rate := range []float64{0.05, 0.2} {
			for _, epochs := range []int{5000, 15000} {
				m := barsRBM(t, centered)
				_, err := training.Contrastive{
					Negative: sampling.PCD{Chains: 200}, Solver: training.SGD{Rate: rate}, Rate: training.Linear(rate, 0.001, epochs), Epochs: epochs, Batch: 16, Seed: 1,
				}.Fit(context.Background(), m, data)
				t.Log(centered, rate, epochs, exactLikelihood(t, m, rows), err)
			}
		}
	}
}
