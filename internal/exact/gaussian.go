package exact

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// ErrNotNormalisable is returned where Z diverges.
var ErrNotNormalisable = errors.New("not normalisable")

// gaussianJoint is the normal distribution of x = (v, h) when both sides are Gaussian.
type gaussianJoint struct {
	logPartition float64
	mean         []float64
	covariance   *mat.SymDense
}

// gaussian integrates exp(−½ xᵀΛx + kᵀx) with k = (b, c) and the joint precision
//
//	Λ = [[diag(1/σ_v²), −W], [−Wᵀ, diag(1/σ_h²)]] = D⁻¹ S D⁻¹,  D = diag(σ_v, σ_h),  S = [[1, −A], [−Aᵀ, 1]],  A = diag(σ_v) W diag(σ_h),
//
//	log Z = ½(n+m) log 2π − ½ log det Λ + ½ kᵀΛ⁻¹k.
//
// S, and so Λ, is positive definite if and only if the largest singular value of A is below 1.
func (m *Harmonium) gaussian() (*gaussianJoint, error) {
	n, k := m.Visible.Units, m.Hidden.Units
	deviation := make([]float64, n+k)
	for i := range n {
		deviation[i] = math.Sqrt(m.Visible.variance(i))
	}
	for j := range k {
		deviation[n+j] = math.Sqrt(m.Hidden.variance(j))
	}
	s := mat.NewSymDense(n+k, nil)
	for i := range n + k {
		s.SetSym(i, i, 1)
	}
	for i := range n {
		for j := range k {
			s.SetSym(i, n+j, -deviation[i]*m.W[i*k+j]*deviation[n+j])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(s) {
		return nil, fmt.Errorf("%w: the largest singular value of diag(σ_v) W diag(σ_h) is not below 1", ErrNotNormalisable)
	}
	joint := &gaussianJoint{covariance: mat.NewSymDense(n+k, nil)}
	if err := chol.InverseTo(joint.covariance); err != nil {
		return nil, err
	}
	logDet := chol.LogDet()
	for i, di := range deviation {
		logDet -= 2 * math.Log(di)
		for j, dj := range deviation[:i+1] {
			joint.covariance.SetSym(i, j, di*joint.covariance.At(i, j)*dj)
		}
	}
	bias := slices.Concat(m.B, m.C)
	mean := mat.NewVecDense(n+k, nil)
	mean.MulVec(joint.covariance, mat.NewVecDense(n+k, bias))
	joint.mean = mean.RawVector().Data
	joint.logPartition = (float64(n+k)*math.Log(2*math.Pi) - logDet + dot(bias, joint.mean)) / 2
	return joint, nil
}
