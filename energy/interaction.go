package energy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Interaction is the function F of a dense associative memory, which turns the overlap of a state with a stored pattern into energy.
// Make one with Power, RectifiedPower or Exponential; the zero value is none of them and is refused by Validate.
type Interaction struct{ i interaction }

// interaction is the description as it stands in model files.
type interaction struct {
	Family string `json:"family"`
	Degree int    `json:"degree,omitempty"`
}

const maxDegree = 1000

// Power returns F(x) = xⁿ, 2 ≤ n ≤ 1000. With n = 2 the memory is the classical Hopfield net; for even n a pattern and its negative
// are one memory.
func Power(n int) Interaction { return Interaction{interaction{"Power", n}} }

// RectifiedPower returns F(x) = xⁿ for x > 0 and 0 elsewhere, 2 ≤ n ≤ 1000.
func RectifiedPower(n int) Interaction { return Interaction{interaction{"RectifiedPower", n}} }

// Exponential returns F(x) = exp x.
func Exponential() Interaction { return Interaction{interaction{Family: "Exponential"}} }

// Validate returns an ErrConfig that says what is wrong, or nil.
func (i Interaction) Validate() error {
	switch {
	case !slices.Contains([]string{"Power", "RectifiedPower", "Exponential"}, i.i.Family):
		return fmt.Errorf("interaction %q is not known, want Power, RectifiedPower or Exponential: %w", i.i.Family, ErrConfig)
	case i.i.Family == "Exponential" && i.i.Degree != 0:
		return fmt.Errorf("Exponential has no degree, and %d is given: %w", i.i.Degree, ErrConfig)
	case i.i.Family != "Exponential" && (i.i.Degree < 2 || i.i.Degree > maxDegree):
		return fmt.Errorf("%v: want a degree of 2 to %d: %w", i, maxDegree, ErrConfig)
	}
	return nil
}

// String describes the interaction as it is written in Go: Power(3).
func (i Interaction) String() string {
	if i.i.Family == "Exponential" {
		return "Exponential()"
	}
	return fmt.Sprintf("%s(%d)", i.i.Family, i.i.Degree)
}

// Degree is n, and 0 for the exponential.
func (i Interaction) Degree() int { return i.i.Degree }

// Rectified reports whether negative overlaps count for nothing.
func (i Interaction) Rectified() bool { return i.i.Family == "RectifiedPower" }

// Exponential reports whether F is the exponential.
func (i Interaction) Exponential() bool { return i.i.Family == "Exponential" }

// At returns F(x), NaN for an interaction that is not valid.
func (i Interaction) At(x float64) float64 {
	switch {
	case i.Validate() != nil:
		return math.NaN()
	case i.Exponential():
		return math.Exp(x)
	case i.Rectified():
		x = max(x, 0)
	}
	return math.Pow(x, float64(i.i.Degree))
}

// MarshalJSON writes the description as it stands in model files.
func (i Interaction) MarshalJSON() ([]byte, error) { return json.Marshal(i.i) }

// UnmarshalJSON reads a description and validates it.
func (i *Interaction) UnmarshalJSON(data []byte) error {
	var read Interaction
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // an unknown key would be a setting that silently takes no effect
	if err := d.Decode(&read.i); err != nil {
		return err
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*i = read
	return nil
}
