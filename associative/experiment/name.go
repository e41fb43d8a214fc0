package experiment

import "github.com/harmonium-go/harmonium/associative"

// name is what a rule is called in tables and legends: its own name, and whether it keeps the diagonal, on which basins depend.
func name(rule associative.Rule) string {
	diagonal := false
	switch r := rule.(type) {
	case associative.Hebb:
		diagonal = r.KeepDiagonal
	case associative.Projection:
		diagonal = r.KeepDiagonal
	}
	if diagonal {
		return rule.String() + " + diagonal"
	}
	return rule.String()
}
