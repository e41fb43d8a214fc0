// Package program is what the example programs have in common: how they are run and stopped, and where they write.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// Main parses the flags and runs a program until it is done or interrupted. An error goes to standard error behind the program's name;
// the exit status is then 1, and 130 after an interrupt. Programs take flags alone.
func Main(name string, run func(ctx context.Context, stdout, stderr io.Writer) error) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	} else {
		err = run(ctx, os.Stdout, os.Stderr)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "%s: interrupted: %v\n", name, err)
		os.Exit(130)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Writable makes the directory of an -out flag, where it is not there yet, and sees that files can be made in it: told at the start and
// not after minutes of training.
func Writable(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	var f *os.File
	if err == nil {
		if f, err = os.CreateTemp(dir, ".writable-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}
