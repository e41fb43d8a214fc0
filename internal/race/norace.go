//go:build !race

// Package race tells tests whether they run under the race detector, where sync.Pool drops, at random, some of what it is given
// back, so that allocations cannot be counted.
package race

// Enabled reports whether the race detector is built in.
const Enabled = false
