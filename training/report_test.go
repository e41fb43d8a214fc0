package training_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/training"
)

func TestEpochReadsAsALine(t *testing.T) {
	nan := math.NaN()
	contrastive := training.Epoch{
		Epoch: 3, Step: 1800, Rate: 0.05, Cost: -1.23456, ReconstructionError: 12.3456, PseudoLikelihood: -98.765, FreeEnergyGap: 0.5, MixingTime: nan,
		ValidationCost: nan, ValidationError: nan, Elapsed: 4321 * time.Millisecond,
	}
	require.Equal(t, "epoch 3, cost -1.235, reconstruction error 12.346, pseudo-likelihood -98.77 nats, free-energy gap 0.50 nats, 4.32s", contrastive.String())
	contrastive.MixingTime, contrastive.StepsPerUpdate = 4.567, 5
	require.Contains(t, contrastive.String(), "0.50 nats, mixing time 4.6 steps, 4.32s")
	contrastive.MixingTime, contrastive.OutOfEquilibrium = 139.6, true
	require.Contains(t, contrastive.String(), "0.50 nats, mixing time 140 steps (out of equilibrium: 5 between updates), 4.32s")
	contrastive.MixingTime = math.Inf(1)
	require.Contains(t, contrastive.String(), "0.50 nats, mixing time beyond measure (out of equilibrium: 5 between updates), 4.32s")
	supervised := training.Epoch{
		Epoch: 10, Cost: 0.0123, ReconstructionError: nan, PseudoLikelihood: nan, FreeEnergyGap: nan,
		ValidationCost: 0.06789, ValidationError: 0.0123, Elapsed: time.Minute + 2*time.Second,
	}
	require.Equal(t, "epoch 10, cost 0.0123, validation cost 0.0679, validation error 1.23%, 1m2s", supervised.String())
	bare := training.Epoch{Epoch: 1, Cost: 2, ReconstructionError: nan, PseudoLikelihood: nan, FreeEnergyGap: nan, ValidationCost: nan, ValidationError: nan}
	require.Equal(t, "epoch 1, cost 2, 0s", bare.String())

	report := &training.Report{Epochs: []training.Epoch{supervised, bare}, Steps: 20, Convention: training.Stochastic}
	require.Equal(t, "epoch 1, cost 2, 0s (sampled afresh each epoch)", report.String())
	require.Equal(t, 1, report.Last().Epoch)
	report.Convention = training.Threshold
	require.Equal(t, "epoch 1, cost 2, 0s (thresholded at 1/2)", report.String())
}

func TestReportOfNoEpoch(t *testing.T) {
	report := &training.Report{Steps: 7}
	require.Equal(t, "no epoch finished, 7 steps (grey values as they are)", report.String())
	require.Zero(t, report.Last())
}

func TestUnknownConventionHasAName(t *testing.T) {
	require.Equal(t, "Convention(9)", training.Convention(9).String())
}
