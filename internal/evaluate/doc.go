// Package evaluate measures classifiers for examples and tests: stratified folds, accuracy with an interval, the area under
// the receiver operating characteristic, and the baselines that any classifier must be seen beside, the majority class and
// k nearest neighbours.
//
// It knows none of the library's models: what it judges it shares no code with.
package evaluate
