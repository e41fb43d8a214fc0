// Package energy builds energies and free energies as Gorgonia graphs.
//
// A model is groups of units joined by couplings. A unit family is known by its cumulant generating function
//
//	Γ(I) = log ∫ exp(I·x) dμ(x),   mean Γ'(I),   variance Γ''(I),   own energy U(x) = −log dμ(x)/dx,
//
// and everything else follows:
//
//	RBM          E(v,h) = U(v) + U(h) − bᵀv − cᵀh − vᵀWh,   F(v) = U(v) − bᵀv − Γ(vW + c)
//	Quadratic    E(x) = U(x) − bᵀx − ½ xᵀWx   (Hopfield nets, Ising models, Boltzmann machines)
//	Dense        E(σ) = −Σ_μ F(ξ_μ·σ)   (dense associative memories)
//
// # Conventions
//
// p(x) ∝ exp(−E(x)). Natural logarithms; energies are in nats, one per sample: a batch is (B, n), an energy (B). W is
// (visible, hidden), b belongs to the visible side and c to the hidden side. Variances are held as s = log σ². Constants stay
// in Γ, so that a log-partition function made of these pieces is the true one. Both float32 and float64 nodes are taken; all
// nodes of one expression share a dtype.
//
// Everything here is graph building: functions take and return nodes. Nothing owns parameters, draws random numbers or runs.
// A user's own energy needs no type from here: any graph of shape (B) serves.
//
// # Errors
//
// The sentinels of this package (ErrShape, ErrDtype, ErrConfig, ErrRange, ErrNotFinite) are those of the whole library;
// ErrUndecided is that of Normalisable alone.
package energy
