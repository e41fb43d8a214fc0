package modelfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Unmarshal reads a description, JSON, out of a file's metadata. It is strict: a field that is not known would be a setting that silently
// takes no effect, and anything behind the end is an error.
func Unmarshal(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, end := d.Token(); end != io.EOF {
		return errors.New("there is more behind its end")
	}
	return nil
}
