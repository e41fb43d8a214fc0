package energy

import (
	"errors"

	"github.com/harmonium-go/harmonium/internal/op"
)

// The errors of the library, wrapped by messages that say what came and what was wanted. Test for them with errors.Is.
var (
	ErrShape     = op.ErrShape                           // a tensor or node of the wrong shape
	ErrDtype     = op.ErrDtype                           // not float32 or float64, or not the dtype of the others
	ErrConfig    = errors.New("bad configuration")       // a setting that is missing, out of range, or cannot take effect
	ErrRange     = errors.New("value outside the range") // a value that a unit family cannot take
	ErrNotFinite = errors.New("not a finite number")     // NaN or ±Inf in data, parameters or a cost
)
