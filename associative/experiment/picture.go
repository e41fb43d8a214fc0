package experiment

import (
	"fmt"

	"github.com/harmonium-go/harmonium/internal/chart"
)

// add adds a measured number to a curve.
func add(c *chart.Curve, x float64, e Estimate) { c.Add(x, e.Value, e.Low, e.High) }

// drawn names the table and the file of a picture that could not be written.
func drawn(what, path string, err error) error {
	if err != nil {
		return fmt.Errorf("experiment: %s: Plot %q: %w", what, path, err)
	}
	return nil
}

// known is a number without an interval.
func known(v float64) Estimate { return Estimate{v, v, v} }
