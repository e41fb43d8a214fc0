package energy

import "github.com/harmonium-go/harmonium/internal/fault"

// The errors of the library, wrapped by messages that say what came and what was wanted. Test for them with errors.Is.
var (
	ErrShape     = fault.ErrShape     // a tensor or node of the wrong shape
	ErrDtype     = fault.ErrDtype     // not float32 or float64, or not the dtype of the others
	ErrConfig    = fault.ErrConfig    // a setting that is missing, out of range, or cannot take effect
	ErrRange     = fault.ErrRange     // a value that a unit family cannot take
	ErrNotFinite = fault.ErrNotFinite // NaN or ±Inf in data, parameters or a cost
)
