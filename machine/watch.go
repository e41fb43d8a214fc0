package machine

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

func (c Config) watches() bool { return c.WatchNaN || c.WatchInf }

// watch looks for what the configuration does not allow in a value.
func (c *Config) watch(n *G.Node, v G.Value) error {
	if finite(v) {
		return nil
	}
	for i, x := range floats(v) {
		if c.WatchNaN && math.IsNaN(x) || c.WatchInf && math.IsInf(x, 0) {
			return fmt.Errorf("machine: %s holds %v as element %d: %w", describe(n), x, i, ErrNotFinite)
		}
	}
	return nil
}

// finite reports whether a value holds no NaN and no infinity. What is no floating-point number is finite.
func finite(v G.Value) bool {
	switch v := v.(type) {
	case *G.F32:
		return *v-*v == 0
	case *G.F64:
		return *v-*v == 0
	case *tensor.Dense:
		switch v.Dtype() {
		case tensor.Float32:
			return kernel.AllFinite(v.Float32s())
		case tensor.Float64:
			return kernel.AllFinite(v.Float64s())
		}
	}
	return true
}

// floats returns the numbers of a value as they lie in memory.
func floats(v G.Value) []float64 {
	switch v := v.(type) {
	case *G.F32:
		return []float64{float64(*v)}
	case *G.F64:
		return []float64{float64(*v)}
	case *tensor.Dense:
		if v.Dtype() == tensor.Float64 {
			return v.Float64s()
		}
		wide := make([]float64, v.DataSize())
		kernel.Convert(wide, v.Float32s())
		return wide
	}
	return nil
}
