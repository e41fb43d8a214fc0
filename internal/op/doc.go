// Package op holds the fused Gorgonia ops that energies and layers are built of: each with a kernel in float32 and float64
// and a hand-derived gradient.
//
// Batches are (B, n), row major; results of per-sample reductions are (B); costs are scalars. Every builder belongs to graph
// building: it takes and returns nodes, checks rank, shape and dtype, and adds a node to its first argument's graph.
//
// What Gorgonia demands and these ops keep:
//   - Do allocates its result; no op returns its input or a view of it, since built-in ops overwrite their inputs in place.
//     What a machine that owns its memory needs beside it: UsePreallocDo allocates nothing after the first run, InPlace says
//     which arguments a result may be written over, and ops with AddTo add their result to what is there.
//   - Gorgonia merges nodes of equal 32-bit hash, whatever they are, so apply gives every node a hash of its own.
//   - Gradients are written out once. A gradient op has no gradient of its own: Gorgonia's Grad(Grad) is wrong anyway.
package op
