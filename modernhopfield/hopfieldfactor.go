package modernhopfield

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/layers"
)

// FactorRule is how FactorPatterns factors the patterns.
type FactorRule int

const (
	// FactorQR is ξ = QR: W = Q, with orthonormal columns, and R upper triangular with a positive diagonal. J = WWᵀ is then the
	// projection rule ξ(ξᵀξ)⁻¹ξᵀ, for which each stored pattern is a fixed point, Jξ = ξ, whatever their correlations.
	FactorQR FactorRule = iota
	// FactorSymmetric has the same J with the W that is nearest to ξ (Löwdin): W = ξ(ξᵀξ)^(−½), R = (ξᵀξ)^½. Column k looks
	// like pattern k as much as orthonormal columns can.
	FactorSymmetric
	// FactorHebbian is W = ξ/√n, R = √n·I: J is Hebb's rule, which is the projection only where the patterns are orthogonal.
	FactorHebbian
)

// String names the rule.
func (r FactorRule) String() string {
	switch r {
	case FactorQR:
		return "QR"
	case FactorSymmetric:
		return "symmetric"
	case FactorHebbian:
		return "Hebbian"
	}
	return fmt.Sprintf("FactorRule(%d)", int(r))
}

// HopfieldFactor is a classical Hopfield network of n bipolar units whose couplings are written as J = WWᵀ, which is what makes
// it a harmonium with as many Gaussian hidden units as there are patterns:
//
//	exp(β/2 · sᵀJs) = exp(β/2 · |Wᵀs|²) = (β/2π)^(p/2) ∫ exp(−β/2 · |l|² + β sᵀWl) dl
//
// With ξ the (n, p) matrix of the stored patterns as columns, ξ = WR. The diagonal of J adds the same to the energy of every
// state, so it may stay.
//
// W is one of many: WO has the same J, and so the same distribution of s, for every orthogonal O.
//
// Source: M. Smart, A. Zilman, "On the mapping between Hopfield networks and restricted Boltzmann machines", ICLR 2021.
type HopfieldFactor struct {
	rule FactorRule
	n, p int
	w    []float64  // (n, p)
	r    *mat.Dense // (p, p)
}

// FactorPatterns factors stored patterns, a contiguous (p, n) tensor of float32 or float64 with values −1 and 1.
//
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrRange for a value other than −1 and 1; ErrConfig for an unknown rule and, but for
// FactorHebbian, for p ≥ n, where J would be the identity, which stores everything and so nothing, and for linearly dependent
// patterns: the message names the first that is a combination of others, and those. Cost: n·p² for p patterns.
func FactorPatterns(patterns *tensor.Dense, rule FactorRule) (*HopfieldFactor, error) {
	fail := func(err error) (*HopfieldFactor, error) {
		return nil, fmt.Errorf("modernhopfield: FactorPatterns (%v): patterns: %w", rule, err)
	}
	if rule < FactorQR || rule > FactorHebbian {
		return nil, fmt.Errorf("modernhopfield: FactorPatterns: %v is not known: %w", rule, energy.ErrConfig)
	}
	rows, n, err := matrix.Of(patterns, 0)
	if err != nil {
		return fail(err)
	}
	f := &HopfieldFactor{rule: rule, p: len(rows) / n, n: n}
	for i, x := range rows {
		if x != 1 && x != -1 {
			return fail(fmt.Errorf("row %d, column %d is %v, want −1 or 1: %w", i/f.n, i%f.n, x, energy.ErrRange))
		}
	}
	if rule == FactorHebbian {
		root := math.Sqrt(float64(f.n))
		f.w = mat.DenseCopyOf(mat.NewDense(f.p, f.n, rows).T()).RawMatrix().Data
		kernel.Scale(f.w, f.w, 1/root)
		f.r = mat.NewDense(f.p, f.p, nil)
		for k := range f.p {
			f.r.Set(k, k, root)
		}
		return f, nil
	}
	if f.p >= f.n {
		return fail(fmt.Errorf("%d patterns of %d units, want fewer patterns than units: %w", f.p, f.n, energy.ErrConfig))
	}
	basis := matrix.NewBasis(rows, f.n)
	if err := basis.Independent(); err != nil {
		return fail(err)
	}
	// Patterns are rows there and columns here: ξᵀ = LQ, or HY.
	factor, vectors := basis.L, basis.Q
	if rule == FactorSymmetric {
		if vectors, factor, err = basis.Nearest(); err != nil {
			return fail(err)
		}
	}
	f.w = mat.DenseCopyOf(mat.NewDense(f.p, f.n, vectors).T()).RawMatrix().Data
	f.r = mat.DenseCopyOf(mat.NewDense(f.p, f.p, factor).T())
	return f, nil
}

// Rule is the rule that the patterns were factored by.
func (f *HopfieldFactor) Rule() FactorRule { return f.rule }

// W returns a copy of W, (n, p), in float64.
func (f *HopfieldFactor) W() *tensor.Dense {
	return matrix.Tensor(tensor.Float64, slices.Clone(f.w), f.n, f.p)
}

// R returns a copy of R, (p, p), in float64: patterns as columns are WR.
func (f *HopfieldFactor) R() *tensor.Dense {
	return matrix.Tensor(tensor.Float64, slices.Clone(f.r.RawMatrix().Data), f.p, f.p)
}

// Couplings returns J = WWᵀ, (n, n), in float64, with its diagonal. Cost: n²·p.
func (f *HopfieldFactor) Couplings() *tensor.Dense {
	j := make([]float64, f.n*f.n)
	kernel.Gemm(false, true, f.n, f.n, f.p, 1, f.w, f.p, f.w, f.p, false, j, f.n)
	return matrix.Tensor(tensor.Float64, j, f.n, f.n)
}

// Coordinates reads patterns out of hidden states l, a contiguous (B, p) tensor of float32 or float64: a = R⁻¹l for each row, in
// float64. For FactorQR and FactorSymmetric, ξa is then the point of the patterns' span that l stands for, and the hidden mean
// Wᵀξ_k of pattern k has the coordinates of unit vector k. For FactorHebbian they are the overlaps ξ_kᵀs/n.
// Errors: ErrShape, ErrDtype, ErrNotFinite.
func (f *HopfieldFactor) Coordinates(hidden *tensor.Dense) (*tensor.Dense, error) {
	fail := func(err error) (*tensor.Dense, error) {
		return nil, fmt.Errorf("modernhopfield: HopfieldFactor: Coordinates: hidden states: %w", err)
	}
	l, _, err := matrix.Of(hidden, f.p)
	if err != nil {
		return fail(err)
	}
	rows := len(l) / f.p
	var a mat.Dense
	if err := a.Solve(f.r, mat.NewDense(rows, f.p, l).T()); err != nil {
		return fail(fmt.Errorf("R cannot be inverted: %v: %w", err, energy.ErrConfig))
	}
	return matrix.Tensor(tensor.Float64, mat.DenseCopyOf(a.T()).RawMatrix().Data, rows, f.p), nil
}

// HopfieldRBMConfig says what of a harmonium does not follow from the patterns.
type HopfieldRBMConfig struct {
	// Beta is the inverse temperature β; 0 means 1. (Smart and Zilman train at 2.)
	Beta float64
	// Field is b in H, one number a visible unit; nil means none.
	Field []float64
	// HiddenField is c in H, one number a pattern; nil means none.
	HiddenField []float64
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype
}

// RBM makes the harmonium of n Spin visible and p Gaussian hidden units of variance 1/β that is this network at inverse
// temperature β,
//
//	H(s,l) = ½|l − c|² − bᵀs − sᵀWl        p(s,l) ∝ exp(−βH(s,l))
//
// Its parameters are βW, βb and βc. Integrated over l it is, exactly, the Boltzmann distribution of the network:
//
//	p(s) ∝ exp(β(½ sᵀJs + (b + Wc)ᵀs))        p(l|s) = N(Wᵀs + c, I/β)        P(s_i = 1|l) = σ(2β(Wl + b)_i)
//
// log Z of the harmonium, which integrates over l, is the network's plus (p/2) log(2π/β) + β|c|²/2. Without fields the network's
// lies between n log 2, since sᵀJs ≥ 0, and n log 2 + βn/2 where W has orthonormal columns.
//
// It is an ordinary layers.RBM, ready to be trained by training.Contrastive from here; the variances stay fixed.
// Errors: those of layers.NewRBM, ErrConfig for another β, ErrShape for fields of another length, ErrNotFinite.
func (f *HopfieldFactor) RBM(name string, config HopfieldRBMConfig) (*layers.RBM, error) {
	fail := func(err error) (*layers.RBM, error) {
		return nil, fmt.Errorf("modernhopfield: HopfieldFactor: RBM: %w", err)
	}
	beta := config.Beta
	if beta == 0 {
		beta = 1
	}
	if !(beta > 0) || math.IsInf(beta, 0) {
		return fail(fmt.Errorf("Beta is %g, want a positive number, or 0 for 1: %w", config.Beta, energy.ErrConfig))
	}
	for _, field := range []struct {
		name   string
		values []float64
		want   int
	}{{"Field", config.Field, f.n}, {"HiddenField", config.HiddenField, f.p}} {
		if field.values != nil && len(field.values) != field.want {
			return fail(fmt.Errorf("%s has %d numbers, want %d: %w", field.name, len(field.values), field.want, energy.ErrShape))
		}
	}
	r, err := layers.NewRBM(name, layers.RBMConfig{
		Visible: energy.Spin(f.n), Hidden: energy.FixedGaussian(f.p, 1/beta), Dtype: config.Dtype,
	})
	if err != nil {
		return fail(err)
	}
	for _, set := range []struct {
		param  string
		values []float64
	}{{"W", f.w}, {"b", config.Field}, {"c", config.HiddenField}} {
		if set.values == nil {
			continue
		}
		times := slices.Clone(set.values)
		kernel.Scale(times, times, beta)
		if err := r.Param(set.param).Set(times); err != nil {
			return fail(err)
		}
	}
	return r, nil
}
