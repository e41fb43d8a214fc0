// Package modernhopfield holds continuous modern Hopfield networks and dense associative memories: layers for networks that are
// trained, a memory for retrieval with nothing in the way, and their theory.
package modernhopfield
