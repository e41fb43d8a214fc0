package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Ops over a unit family. logVariance is a vector node with log σ² of each unit, or nil for variance 1.

// CGF builds Σ_j Γ_j(I_j) per row: inputs (B, n) give (B). Gradient flows to the inputs and to logVariance.
func CGF(k units.Kind, input, logVariance *G.Node) (*G.Node, error) {
	o := unitOp("CGF", k, logVariance, 1)
	o.f32, o.f64 = cgf(units.In[float32](k)), cgf(units.In[float64](k))
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		return unitGrads(k, in, g, unitGrad{
			"CGFGrad", cgfGrad(units.In[float32](k)), cgfGrad(units.In[float64](k)),
			"CGFLogVarianceGrad", cgfScaleGrad(units.In[float32](k)), cgfScaleGrad(units.In[float64](k)),
		})
	}
	return o.apply(withLogVariance(input, logVariance)...)
}

func cgf[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			dst.data[i] = f.CGF(in[0].row(i), logVarianceOf(in, 1))
		}
	}
}

func cgfGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			row := dst.row(i)
			f.Mean(row, in[0].row(i), logVarianceOf(in, 2))
			kernel.Scale(row, row, in[1].data[i])
		}
	}
}

func cgfScaleGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) {
		clear(dst.data)
		if scaled, ok := f.(units.Scaled[T]); ok {
			for i, g := range in[1].data {
				scaled.CGFLogVarianceGrad(dst.data, in[0].row(i), in[2].data, g)
			}
		}
	}
}

// UnitMean builds Γ'(I), elementwise or group by group: (B, n) gives (B, n).
func UnitMean(k units.Kind, input, logVariance *G.Node) (*G.Node, error) {
	o := unitOp("UnitMean", k, logVariance, 2)
	o.inPlace = []int{0}
	o.f32, o.f64 = unitMean(units.In[float32](k)), unitMean(units.In[float64](k))
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		return unitGrads(k, in, g, unitGrad{
			"UnitMeanGrad", unitMeanGrad(units.In[float32](k)), unitMeanGrad(units.In[float64](k)),
			"UnitMeanLogVarianceGrad", unitMeanScaleGrad(units.In[float32](k)), unitMeanScaleGrad(units.In[float64](k)),
		})
	}
	return o.apply(withLogVariance(input, logVariance)...)
}

func unitMean[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return eachRow(func(dst, x, s []T) { f.Mean(dst, x, s) })
}

// eachRow is the kernel that maps every row of the first argument; the second is the log-variance, where there is one.
func eachRow[T kernel.Float](f func(dst, x, logVariance []T)) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			f(dst.row(i), in[0].row(i), logVarianceOf(in, 1))
		}
	}
}

func unitMeanGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			f.MeanGrad(dst.row(i), in[0].row(i), logVarianceOf(in, 2), in[1].row(i))
		}
	}
}

func unitMeanScaleGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) {
		clear(dst.data)
		if scaled, ok := f.(units.Scaled[T]); ok {
			for i := range in[0].rows() {
				scaled.MeanLogVarianceGrad(dst.data, in[0].row(i), in[2].data, in[1].row(i))
			}
		}
	}
}

// UnitVariance builds the variance of each unit given its input: (B, n) gives (B, n). It has no gradient.
func UnitVariance(k units.Kind, input, logVariance *G.Node) (*G.Node, error) {
	o := unitOp("UnitVariance", k, logVariance, 2)
	o.f32, o.f64 = eachRow(units.In[float32](k).Variance), eachRow(units.In[float64](k).Variance)
	o.wrt = none(len(o.ranks))
	return o.apply(withLogVariance(input, logVariance)...)
}

// UnitEnergy builds Σ_j U_j(x_j) per row: (B, n) gives (B).
func UnitEnergy(k units.Kind, x, logVariance *G.Node) (*G.Node, error) {
	o := unitOp("UnitEnergy", k, logVariance, 1)
	o.f32, o.f64 = unitEnergy(units.In[float32](k)), unitEnergy(units.In[float64](k))
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		return unitGrads(k, in, g, unitGrad{
			"UnitEnergyGrad", unitEnergyGrad(units.In[float32](k)), unitEnergyGrad(units.In[float64](k)),
			"UnitEnergyLogVarianceGrad", unitEnergyScaleGrad(units.In[float32](k)), unitEnergyScaleGrad(units.In[float64](k)),
		})
	}
	return o.apply(withLogVariance(x, logVariance)...)
}

func unitEnergy[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			dst.data[i] = f.Energy(in[0].row(i), logVarianceOf(in, 1))
		}
	}
}

func unitEnergyGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			f.EnergyGrad(dst.row(i), in[0].row(i), logVarianceOf(in, 2), in[1].data[i])
		}
	}
}

func unitEnergyScaleGrad[T kernel.Float](f units.Family[T]) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) {
		clear(dst.data)
		if scaled, ok := f.(units.Scaled[T]); ok {
			for i, g := range in[1].data {
				scaled.EnergyLogVarianceGrad(dst.data, in[0].row(i), in[2].data, g)
			}
		}
	}
}

// unitOp is the common part of an op over (B, n), with a log-variance or without, that gives (B) or (B, n).
func unitOp(name string, k units.Kind, logVariance *G.Node, rank int) *fused {
	o := &fused{name: name + "/" + k.Name, ranks: []int{2}, rank: rank, wrt: []bool{true}, grain: costly}
	if logVariance != nil {
		o.ranks, o.wrt = []int{2, 1}, []bool{true, true}
	}
	o.shape = func(out tensor.Shape, in []tensor.Shape) error {
		if len(in) > 1 && in[1][0] != in[0][1] {
			return fmt.Errorf("log-variance has shape %v, want (%d): %w", in[1], in[0][1], ErrShape)
		}
		copy(out, in[0])
		return nil
	}
	return o
}

// unitGrad names the two gradient kernels of a unit op: (x, g [, s]) → dx and (x, g, s) → ds.
type unitGrad struct {
	name   string
	f32    kernelFunc[float32]
	f64    kernelFunc[float64]
	scale  string
	scale3 kernelFunc[float32]
	scale6 kernelFunc[float64]
}

func unitGrads(k units.Kind, in G.Nodes, g *G.Node, d unitGrad) (G.Nodes, error) {
	args := G.Nodes{in[0], g}
	ranks := []int{2, g.Dims()}
	if len(in) > 1 {
		args, ranks = append(args, in[1]), append(ranks, 1)
	}
	dx := &fused{
		name: d.name + "/" + k.Name, ranks: ranks, rank: 2, wrt: none(len(args)), f32: d.f32, f64: d.f64,
		grain: costly, inPlace: []int{0},
		shape: shapedAs(0),
	}
	x, err := dx.apply(args...)
	if err != nil || len(in) == 1 {
		return G.Nodes{x}, err
	}
	ds := &fused{
		name: d.scale + "/" + k.Name, ranks: ranks, rank: 1, wrt: none(len(args)), f32: d.scale3, f64: d.scale6,
		shape: shapedAs(2),
	}
	s, err := ds.apply(args...)
	return G.Nodes{x, s}, err
}

func withLogVariance(x, logVariance *G.Node) G.Nodes {
	if logVariance == nil {
		return G.Nodes{x}
	}
	return G.Nodes{x, logVariance}
}

// logVarianceOf returns argument i, or nil where there is none.
func logVarianceOf[T kernel.Float](in []operand[T], i int) []T {
	if i >= len(in) {
		return nil
	}
	return in[i].data
}
