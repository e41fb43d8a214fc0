// Command asm writes the assembly kernels of package kernel and their Go declarations:
//
//	go generate ./internal/kernel
//
// Each file of assembly is one function below, which is called with an empty avo context and emits every kernel of its
// family, for both instruction sets and both precisions.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// families are the files that are written: NAME_amd64.s with the code, NAME_amd64.go with the declarations.
var families = []struct {
	name string
	emit func(c *build.Context)
}{}

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for _, f := range families {
		if err := write(dir, f.name, f.emit); err != nil {
			fmt.Fprintf(os.Stderr, "asm: %s: %v\n", f.name, err)
			os.Exit(1)
		}
	}
}

func write(dir, name string, emit func(c *build.Context)) error {
	c := build.NewContext()
	emit(c)
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	config := printer.Config{Name: "internal/kernel/asm", Pkg: "kernel"}
	for path, p := range map[string]printer.Printer{
		name + "_amd64.s":  printer.NewGoAsm(config),
		name + "_amd64.go": printer.NewStubs(config),
	} {
		text, err := p.Print(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
