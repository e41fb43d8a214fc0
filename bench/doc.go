// Package bench holds what the library's speed is judged by: one [Row] for each workload, with a step that can be timed
// and a sum by which its result can be compared with another implementation's.
//
// The rows are run in two ways, from the same constructors: by `go test -bench Row ./bench`, and by the command in
// bench/compare, which sets them against NumPy, scikit-learn and PyTorch, interleaved, in one run.
//
// All inputs are a formula of their index ([Fill]), so that other programs can make the same ones.
package bench
