package machine

import (
	"reflect"

	G "gorgonia.org/gorgonia"
)

// read does what gorgonia.Read asks for: into gets a copy of the value, made anew unless it holds one of that shape and dtype.
// A copy that somebody wants to keep must be taken out of it, and nil put there.
type read struct{ into *G.Value }

func (w read) do(_ *layout, s *step) error {
	v := s.args[0]
	if old := *w.into; old != nil && reflect.TypeOf(old) == reflect.TypeOf(v) && old.Dtype() == v.Dtype() && sameShape(old.Shape(), v.Shape()) {
		_, err := G.Copy(old, v)
		return err
	}
	clone, err := G.CloneValue(v)
	*w.into = clone
	return err
}

// readTarget returns where the op of a gorgonia.Read puts the value that it reads. The op does not say: only its unexported
// field knows.
func readTarget(op G.Op) (into *G.Value, isRead bool) {
	if !builtin(op, "readOp") {
		return nil, false
	}
	field := reflect.ValueOf(op).FieldByName("into")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*G.Value]() {
		return nil, true
	}
	return (*G.Value)(field.UnsafePointer()), true
}
