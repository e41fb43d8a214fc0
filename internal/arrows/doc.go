// Package arrows holds the module to its own architecture: which package may import which, and what the packages that only
// build graphs may not touch.
//
// The packages stand in a row, and each may import what stands to its left:
//
//	internal/kernel ← internal/rng ← internal/units ← internal/op ← energy ← layers ← sampling ← likelihood ← training ←
//	{associative, dbn, modernhopfield} ← examples
//
// internal/fault, the errors that packages share, stands to the left of all that use it. internal/modelfile and machine stand
// beside the row, for some of its packages; bench stands beside examples. Test helpers are
// for tests, and for examples where they read data or measure. A package that [Imports] does not know is an error: whoever adds one decides where it stands.
//
// Imports alone do not show whether a package runs graphs, since machines and solvers live in package gorgonia with everything
// else. So [Identifiers] looks at what each name in the source refers to. It sees through aliases and dot imports, but not
// through functions: a package that hands out a random number by another name gets past it.
//
// Test files are held to one rule only, that math/rand's first version is not used.
package arrows
