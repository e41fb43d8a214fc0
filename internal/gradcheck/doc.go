// Package gradcheck holds the gradients that gorgonia.Grad builds against central differences of the same graph.
//
// Differences are always taken in float64. A float32 graph is judged by the differences of its float64 twin at the same point, as
// single-precision differences drown in rounding: so the function that builds the graph must take its dtype from its inputs.
package gradcheck
