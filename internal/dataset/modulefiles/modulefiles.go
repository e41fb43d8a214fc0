// Package modulefiles finds the data files that lie in Go modules: the go tool downloads a module once, verifies it against
// go.sum's checksum database and keeps it in the module cache, where programs find it without network.
package modulefiles

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Dir returns the folder of a module, path@version, after downloading it if the module cache has it not.
//
// It runs `go mod download`, which works from any folder. When the go tool is missing or fails, the error says why and points
// to the flag -data, with which examples let one name a folder that has the files; it is exec.ErrNotFound when the tool is
// missing, and ctx's when ctx ended.
func Dir(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("the go tool, which fetches %s, is not in the path; give the folder of the files with -data DIR: %w", module, err)
	}
	// The tool reports a failed download as JSON and as an exit status, other failures in plain words.
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); err == nil {
		err = jsonErr
	}
	if err == nil && answer.Dir == "" {
		err = errors.New("no folder in the answer")
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		reason := strings.TrimSpace(answer.Error + " " + stderr.String())
		return "", fmt.Errorf("go mod download %s: %w: %s; give the folder of the files with -data DIR", module, err, reason)
	}
	return answer.Dir, nil
}
