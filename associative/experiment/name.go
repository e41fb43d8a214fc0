package experiment

import "github.com/harmonium-go/harmonium/associative"

// name is what a rule is called in tables and legends: its own name, and whether it keeps the diagonal, of which basins depend.
func name(rule associative.Rule) string {
	switch r := rule.(type) {
	case associative.Hebb:
		if r.KeepDiagonal {
			return r.String() + " + diagonal"
		}
	}
	return rule.String()
}
