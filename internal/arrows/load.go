package arrows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Package is a package of the module, without its test files.
type Package struct {
	Path        string // below the module's, "" for the root package
	Imports     []string
	TestImports []string // of the test files
	files       []*ast.File
	info        *types.Info
}

// Module is the packages of one module, parsed and type-checked.
type Module struct {
	Path     string
	Packages []*Package
	fset     *token.FileSet
	imports  types.Importer
}

// Load reads the module that holds dir, for the platform that this runs on. It needs the go tool, and the module to compile:
// what packages export is read from the build cache.
func Load(dir string) (*Module, error) {
	listed, err := list(dir)
	if err != nil {
		return nil, err
	}
	m := &Module{fset: token.NewFileSet()}
	exports := make(map[string]string)
	for _, p := range listed {
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main {
			m.Path = p.Module.Path
		}
	}
	m.imports = importer.ForCompiler(m.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range listed {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		sources := make(map[string]string)
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			sources[name] = string(text)
		}
		checked, err := m.check(m.below(p.ImportPath), sources)
		if err != nil {
			return nil, err
		}
		checked.TestImports = slices.Concat(p.TestImports, p.XTestImports)
		m.Packages = append(m.Packages, checked)
	}
	return m, nil
}

type listedPackage struct {
	ImportPath, Dir, Export            string
	GoFiles, TestImports, XTestImports []string
	Module                             *struct {
		Path string
		Main bool
	}
}

func list(dir string) ([]listedPackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,TestImports,XTestImports,Module", "./...")
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("arrows: go list: %w: %s", err, stderr.String())
	}
	var all []listedPackage
	for d := json.NewDecoder(&stdout); ; {
		var p listedPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("arrows: go list: %w", err)
		}
		all = append(all, p)
	}
}

// check parses and type-checks the files of one package, name to text.
func (m *Module) check(path string, sources map[string]string) (*Package, error) {
	p := &Package{Path: path, info: &types.Info{Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object)}}
	for name, text := range sources {
		f, err := parser.ParseFile(m.fset, filepath.Join(path, name), text, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("arrows: %w", err)
		}
		p.files = append(p.files, f)
		for _, imported := range f.Imports {
			p.Imports = append(p.Imports, strings.Trim(imported.Path.Value, `"`))
		}
	}
	config := types.Config{Importer: m.imports}
	if _, err := config.Check(m.above(path), m.fset, p.files, p.info); err != nil {
		return nil, fmt.Errorf("arrows: %w", err)
	}
	return p, nil
}

// below is an import path without the module's, above is the way back.
func (m *Module) below(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, m.Path), "/")
}

func (m *Module) above(path string) string {
	return strings.TrimSuffix(m.Path+"/"+path, "/")
}
