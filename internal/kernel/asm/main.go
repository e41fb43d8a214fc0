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
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// families are the files that are written: NAME_amd64.s with the code, NAME_amd64.go with the declarations.
var families = []struct {
	name string
	emit func(c *build.Context)
}{
	{"products", products},
	{"elementwise", elementwise},
	{"arithmetic", arithmetic},
	{"reductions", reductions},
	{"random", random},
	{"solver", solver},
	{"bits", packed},
	{"chosen", chosen},
}

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
	if err := checkAVX2(file); err != nil {
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

// checkAVX2 makes sure that what is called AVX2 needs no more: avo takes instructions and registers of AVX-512 where others
// will not do.
func checkAVX2(file *ir.File) error {
	for _, f := range file.Functions() {
		if !strings.HasSuffix(f.Name, "AVX2") {
			continue
		}
		for _, set := range f.ISA {
			if strings.HasPrefix(set, "AVX512") {
				return fmt.Errorf("%s needs %s", f.Name, set)
			}
		}
		for _, i := range f.Instructions() {
			for _, r := range i.Registers() {
				if p := reg.ToPhysical(r); p != nil && r.Kind() == reg.KindVector && p.PhysicalIndex() > 15 {
					return fmt.Errorf("%s needs more than sixteen vector registers", f.Name)
				}
			}
		}
	}
	return nil
}
