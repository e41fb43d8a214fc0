// Package harmonium is the root of a library of energy-based layers for Gorgonia: Boltzmann machines, deep belief networks and
// Hopfield networks, each of which is a differentiable piece of a larger graph. The root holds nothing but this page.
//
// # Where to start
//
//   - layers: an RBM, and what it is combined with; how parameters are bound to graphs, saved and loaded
//   - training: fitting an RBM, or any chain of layers
//   - dbn: deep belief networks, in four calls
//   - modernhopfield: associative memories, as layers and to retrieve from
//   - associative: classical associative memories and their learning rules; associative/experiment measures them
//   - sampling: Markov chains, apart from training
//   - energy: energies and free energies as graphs, for models of your own
//   - machine: running graphs of your own faster than on the tape machine
//
// Fitting, looking at and saving a restricted Boltzmann machine, where bars holds one row an example:
//
//	rbm, err := layers.NewRBM("bars", layers.RBMConfig{
//		Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(8), Seed: 1,
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	report, err := training.Contrastive{
//		Negative: sampling.PCD{Steps: 5, Chains: 100},
//		Solver:   training.Adam{Rate: 0.02},
//		Epochs:   500, Seed: 1,
//	}.Fit(ctx, rbm, bars)
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Printf("reconstruction error %.1f\n", report.Last().ReconstructionError)
//	if err := rbm.Save(path); err != nil {
//		log.Fatal(err)
//	}
//
// # Conventions
//
//   - p(x) ∝ exp(−E(x)), at temperature T p(x) ∝ exp(−E(x)/T). Energies are per sample, in nats.
//   - The batch comes first: data is (B, n), an energy (B). Weights are (visible, hidden).
//   - Binary units are Bernoulli, {0, 1}; bipolar ones are Spin, {−1, +1}.
//   - float32 where nothing else is asked for, float64 where it is.
//   - A configuration is a struct whose zero fields mean documented defaults; a setting that cannot take effect is an error.
//   - Everything random is a function of a seed that is passed in. Equal seeds give equal bits on one level of kernels.
//   - Errors wrap the sentinels of package energy; a panic means a bug in this library.
//
// # Three times
//
// Graph building takes and returns *gorgonia.Node. Making a machine compiles a graph. Running a machine moves values, and so
// does what works off the graph: samplers, loading, setting parameters. Doc comments say which of them a function belongs to,
// where it is not plain from its types.
package harmonium
