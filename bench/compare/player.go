package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed peers/*.py
var peers embed.FS

// unpack writes the peers' programs to a new directory and returns it.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "harmonium-compare-*")
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, peers)
}

// ours is the name of our own player.
const ours = "harmonium"

// player is one side of the comparison, a process. Between requests it is stopped, so that no thread of it takes part in
// what another is measured at.
type player struct {
	name    string // ours, or a Python library
	threads int
	hello

	command *exec.Cmd
	to      *json.Encoder
	from    *json.Decoder
	said    *lastWords
}

func (p *player) String() string {
	if p.name == ours {
		return ours
	}
	return fmt.Sprintf("%s ×%d", p.name, p.threads)
}

// startOurs starts this program again: what the environment says about kernels is read at the start of a process.
func startOurs(ctx context.Context, environment ...string) (*player, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, &player{name: ours}, environment, self, "-serve")
}

// python runs the peers.
type python struct {
	interpreter string
	dir         string // of unpack
}

// start starts a library with a number of threads.
func (y python) start(ctx context.Context, library string, threads int, environment ...string) (*player, error) {
	n := fmt.Sprint(threads)
	// Idle OpenMP threads that spin would fight for the cores with OpenBLAS's own in the same process.
	environment = append(environment, "OPENBLAS_NUM_THREADS="+n, "OMP_NUM_THREADS="+n, "OMP_WAIT_POLICY=passive")
	p, err := start(ctx, &player{name: library, threads: threads}, environment, y.interpreter, "-B", filepath.Join(y.dir, "peers", "peer.py"), library, n)
	if err != nil {
		return nil, fmt.Errorf("%w; the peers need Python 3 with NumPy, SciPy, scikit-learn and PyTorch (on Debian: apt-get install python3-numpy python3-sklearn python3-torch; -python names the interpreter, -peers the libraries)", err)
	}
	return p, nil
}

// start runs a program and takes its hello. It ends when ctx does.
func start(ctx context.Context, p *player, environment []string, program string, args ...string) (*player, error) {
	p.command = exec.CommandContext(ctx, program, args...)
	p.command.Env = append(os.Environ(), environment...)
	p.command.SysProcAttr = apart()
	p.said = &lastWords{}
	if p.command.Stderr = p.said; p.name == ours {
		p.command.Stderr = io.MultiWriter(os.Stderr, p.said) // a panic is told whole
	}
	in, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("compare: %v: %w", p, err)
	}
	p.to, p.from = json.NewEncoder(in), json.NewDecoder(out)
	if err := p.from.Decode(&p.hello); err != nil {
		return nil, p.died(err)
	}
	pause(p.command.Process)
	return p, nil
}

// ask lets the player run until it has answered.
func (p *player) ask(q request) (answer, error) {
	resume(p.command.Process)
	defer pause(p.command.Process)
	if err := p.to.Encode(q); err != nil {
		return answer{}, p.died(err)
	}
	var a answer
	if err := p.from.Decode(&a); err != nil {
		return a, p.died(err)
	}
	return a, nil
}

// seconds returns the time of a step.
func (p *player) seconds(row, way string, warm, steps int) (float64, error) {
	a, err := p.ask(request{Row: row, Way: way, Warm: warm, Steps: steps})
	if err == nil && !(a.Seconds > 0) {
		err = fmt.Errorf("compare: %v: row %s took %g seconds, want more than 0", p, row, a.Seconds)
	}
	return a.Seconds, err
}

// died describes the end of a player by its last words.
func (p *player) died(err error) error {
	p.end()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("compare: %v ended: %w: %s", p, err, p.said)
}

func (p *player) end() {
	p.command.Process.Kill()
	p.command.Wait()
}

// lastWords keeps the end of what was written.
type lastWords struct{ text []byte }

func (w *lastWords) Write(text []byte) (int, error) {
	w.text = append(w.text, text...)
	w.text = w.text[max(0, len(w.text)-4096):]
	return len(text), nil
}

// String returns the last line.
func (w *lastWords) String() string {
	lines := strings.Split(strings.TrimSpace(string(w.text)), "\n")
	return lines[len(lines)-1]
}
