// Package experiment measures classical associative memories: how large the basins of attraction of stored patterns are, what other
// states a network has at rest, how many patterns it holds, and how this goes with the number of units.
//
// An experiment is a function that takes its settings as a struct and returns a result, whose String is a table to read and whose Plot
// writes a PNG file. Patterns are drawn at random, ±1 with equal probability, unless a setting says otherwise: set s of a seed is
// the same patterns in each experiment, and a larger number of patterns begins with the smaller one. Sets run side by side; results
// are functions of the settings alone, whatever the number of processors.
//
// # Intervals
//
// Every measured number is an Estimate, with an interval of 95 % over sets of patterns. The vectors around the patterns of one set are not
// independent of each other, so that they must not be counted as so many trials: a share p whose means over sets have the standard error s
// gets Wilson's interval for p(1−p)/s² trials, the number of independent ones that would be as uncertain, and at least as many as
// there are sets. It stays within 0 and 1, and does not close where all sets agree. Means that are not shares get Student's interval.
//
// It is kept apart from package associative so that a program that only recalls does not have a plotting library in it.
package experiment
