//go:build race

package training

// Under the race detector sync.Pool drops, at random, some of what it is given back.
func init() { poolsLeak = true }
