package arrows

import (
	"fmt"
	"slices"
	"strings"
)

// The sets of packages that may be imported, from left to right.
var (
	belowOp        = []string{"internal/kernel", "internal/rng", "internal/units", "internal/fault", "internal/association", "internal/matrix", "internal/bonds"}
	belowEnergy    = add(belowOp, "internal/op")
	belowLayers    = add(belowEnergy, "energy")
	belowSampling  = add(belowLayers, "internal/observed", "layers", "internal/sweep", "internal/annealed")
	belowTraining  = add(belowSampling, "sampling", "likelihood", "machine")
	belowModels    = add(belowTraining, "training")
	belowExamples  = add(belowModels, "associative", "dbn", "modernhopfield", "internal/program", "internal/dataset", "internal/evaluate", "internal/picture", "internal/chart")
	modelFiles     = "internal/modelfile"
	nothing        = []string{}
	placeOfPackage = map[string][]string{
		"":                       nothing, // the module's documentation
		"internal/arrows":        nothing,
		"internal/fault":         nothing,
		"internal/kernel":        nothing,
		"internal/rng":           {"internal/kernel"},
		modelFiles:               nothing,
		"internal/units":         {"internal/kernel", "internal/rng"},
		"internal/association":   {"internal/kernel", "internal/rng"},
		"internal/matrix":        {"internal/kernel", "internal/fault"},
		"internal/bonds":         {"internal/fault"},
		"internal/op":            belowOp,
		"internal/observed":      belowLayers,
		"internal/sweep":         add(belowLayers, "layers"),
		"internal/annealed":      add(belowLayers, "layers", "internal/sweep"),
		"energy":                 belowEnergy,
		"machine":                {"internal/kernel", "internal/fault"}, // knows no model, and ops by what they can do
		"layers":                 add(belowLayers, modelFiles, "internal/observed"),
		"sampling":               add(belowSampling, "machine"),
		"sampling/samplertest":   add(belowSampling, "sampling", "internal/stattest"),
		"likelihood":             add(belowSampling, "machine", "sampling"),
		"training":               add(belowTraining, modelFiles),
		"associative":            add(belowModels, modelFiles),
		"associative/experiment": add(belowModels, "associative", "internal/evaluate", "internal/chart"),
		"dbn":                    add(belowModels, modelFiles),
		"modernhopfield":         add(belowModels, modelFiles),
		"examples":               belowExamples,
		"bench":                  add(belowModels, "associative", "bench"),
		"internal/exact":         nothing, // an oracle shares no code with what it judges
		"internal/stattest":      nothing,
		"internal/race":          nothing,
		"internal/dataset":       {"internal/dataset", "internal/picture", "internal/rng"},
		"internal/chart":         {"internal/picture"},
		"internal/picture":       nothing,
		"internal/evaluate":      nothing, // a judge shares no code with what it judges
		"internal/program":       nothing,
		"internal/gradcheck":     {"machine"},
		"internal/graphtest":     {"machine"},
	}
)

func add(to []string, more ...string) []string { return slices.Concat(to, more) }

// forbiddenImports may not stand even in a test file: their draws cannot be seeded, or come out differently in another version
// of Go.
var forbiddenImports = []string{"math/rand", "crypto/rand"}

// Imports returns the imports that go against the arrows, one a line of text.
func (m *Module) Imports() []string {
	var faults []string
	for _, p := range m.Packages {
		for _, path := range slices.Concat(p.Imports, p.TestImports) {
			if slices.Contains(forbiddenImports, path) {
				faults = append(faults, fmt.Sprintf("%s imports %s", m.above(p.Path), path))
			}
		}
		allowed, known := place(p.Path)
		if !known {
			faults = append(faults, fmt.Sprintf("%s has no place among the packages; give it one in internal/arrows", m.above(p.Path)))
			continue
		}
		for _, path := range p.Imports {
			inside := path == m.Path || strings.HasPrefix(path, m.Path+"/")
			if inside && !slices.ContainsFunc(allowed, func(a string) bool { return within(m.below(path), a) }) {
				faults = append(faults, fmt.Sprintf("%s imports %s, which does not stand to its left", m.above(p.Path), path))
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// place returns what a package may import: what is said of it or of the nearest folder above it.
func place(path string) (allowed []string, known bool) {
	for {
		if allowed, known = placeOfPackage[path]; known {
			return allowed, true
		}
		slash := strings.LastIndex(path, "/")
		if slash < 0 {
			return nil, false
		}
		path = path[:slash]
	}
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
