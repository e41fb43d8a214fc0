package likelihood

import (
	"fmt"
	"io"
)

// writer takes a line for each stage of long work; a nil one takes none.
type writer struct{ io.Writer }

func (w writer) line(format string, args ...any) {
	if w.Writer != nil {
		fmt.Fprintf(w.Writer, format+"\n", args...)
	}
}

// every returns a function that writes how far a count has come, at each tenth of it and not at the end.
func (w writer) every(total int) func(format string, done int) {
	next := total / 10
	return func(format string, done int) {
		if done >= next && done < total {
			w.line(format, done, total)
			next += total / 10
		}
	}
}
