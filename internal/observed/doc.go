// Package observed sums the missing visible units of a harmonium out, exactly, so that what is known of a row is all that counts:
//
//	F(v_O) = −log ∫ dv_M Σ_h exp(−E(v,h))        p(v_M | v_O) = exp(−F(v) + F(v_O))
//
// with the observed units O and the missing ones M. There are two ways. Over the joint states of the missing units, if they are few:
//
//	exp(−F(v_O)) = exp(b·v_O − U(v_O)) Σ_{v_M} exp(b·v_M − U(v_M) + Γ_h(c + v_O W_O + v_M W_M))
//
// or over those of the hidden units, if they are few, whatever the number and the family of the missing units, which are independent
// given h:
//
//	exp(−F(v_O)) = exp(b·v_O − U(v_O)) Σ_h exp((c + v_O W_O)·h − U(h) + Γ_M(hWᵀ + b))
//
// What depends on the set of missing units only is computed once for all rows that miss the same.
package observed
