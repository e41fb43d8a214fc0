package associative

import (
	"fmt"
	"math"
)

// CriticalTemperature is T_c = 2/ln(1 + √2) of the infinite square lattice with J = 1, below which it is magnetised without a field.
//
// Source: L. Onsager, "Crystal Statistics. I. A Two-Dimensional Model with an Order-Disorder Transition", Physical Review 65 (1944).
const CriticalTemperature = 2 / 0.88137358701954302523260932497979

// SpontaneousMagnetisation returns |m| of the infinite square lattice with J = 1 and no field, the limit of a field that vanishes,
//
//	M(T) = (1 − sinh(2/T)⁻⁴)^(1/8)    T < T_c        0    T ≥ T_c
//
// A large periodic lattice below T_c that starts with all spins up stays near it, for a time that grows exponentially with its side.
// Errors: ErrConfig for a temperature that is not above 0.
//
// Source: C. N. Yang, "The Spontaneous Magnetization of a Two-Dimensional Ising Model", Physical Review 85 (1952).
func SpontaneousMagnetisation(temperature float64) (float64, error) {
	if err := validTemperature("temperature", temperature); err != nil {
		return math.NaN(), fmt.Errorf("associative: SpontaneousMagnetisation: %w", err)
	}
	if temperature >= CriticalTemperature {
		return 0, nil
	}
	return math.Pow(1-math.Pow(math.Sinh(2/temperature), -4), 0.125), nil
}
