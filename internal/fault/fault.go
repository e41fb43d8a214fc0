// Package fault holds the errors that the packages of the library have in common, wrapped by messages that say what came and
// what was wanted. energy and machine export them.
package fault

import "errors"

var (
	ErrShape     = errors.New("wrong shape")
	ErrDtype     = errors.New("wrong dtype")
	ErrConfig    = errors.New("bad configuration")
	ErrRange     = errors.New("value outside the range")
	ErrNotFinite = errors.New("not a finite number")
)
