//go:build race

package sampling

// Under the race detector sync.Pool drops, at random, some of what it is given back.
func init() { poolsLeak = true }
