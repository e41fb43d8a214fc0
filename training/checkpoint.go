package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// A checkpoint is a model file: the parameters by their names, the solver's arrays, the chains and the history as tensors,
// the position and the fingerprint of the run as metadata.
const (
	checkpointKey = "harmonium.checkpoint"
	solverTensor  = "solver."
	chainsTensor  = "chains"
	missingTensor = "missing"
	historyTensor = "history"
)

type checkpoint struct {
	Position    position `json:"position"`
	SolverStep  uint64   `json:"solver_step"`
	SolverTotal int      `json:"solver_arrays"`
	Fingerprint string   `json:"fingerprint"`
	Kernels     string   `json:"kernels"` // whose bits the numbers are, see kernel.Arithmetic

	Schedules map[string][]float64 `json:"schedules,omitempty"`
}

func (l *loop) save(stepper *Stepper, report *Report, at position) error {
	if l.checkpoint == "" {
		return nil
	}
	step, arrays := stepper.State()
	meta, err := json.Marshal(checkpoint{at, step, len(arrays), l.fingerprint, kernel.Arithmetic(), l.scheduled(at)})
	if err != nil {
		return err
	}
	file := &modelfile.File{Meta: map[string]string{checkpointKey: string(meta)}}
	add := func(name string, t *tensor.Dense) {
		file.Tensors = append(file.Tensors, modelfile.Tensor{Name: name, Shape: t.Shape(), Data: t.Data()})
	}
	for _, p := range l.params {
		add(p.Name(), p.Value())
	}
	for i, a := range arrays {
		if !finite(a) { // a squared gradient beyond the largest number: its parameter would never move again
			return fmt.Errorf("array %d of the solver: %w", i, energy.ErrNotFinite)
		}
		add(solverTensor+strconv.Itoa(i), a)
	}
	if c := l.chains(); c != nil {
		add(chainsTensor, c)
	}
	if l.missing != nil {
		add(missingTensor, l.missing)
	}
	if len(report.Epochs) > 0 {
		var history []float64
		for _, e := range report.Epochs {
			history = append(history, e.numbers()...)
		}
		columns := len(history) / len(report.Epochs)
		add(historyTensor, tensor.New(tensor.WithShape(len(report.Epochs), columns), tensor.WithBacking(history)))
	}
	if err := modelfile.Write(l.checkpoint, file); err != nil {
		return err
	}
	l.saved = true
	return nil
}

// checkPath finds out before a long run whether a checkpoint could not be written at its end.
func checkPath(path string) error {
	if path == "" {
		return nil
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("Checkpoint %s: %w", path, err)
	} else if !dir.IsDir() {
		return fmt.Errorf("Checkpoint %s: %s is no directory: %w", path, filepath.Dir(path), energy.ErrConfig)
	}
	if file, err := os.Stat(path); err == nil && !file.Mode().IsRegular() {
		return fmt.Errorf("Checkpoint %s: it is no regular file: %w", path, energy.ErrConfig)
	}
	return nil
}

// restore puts a run back to where its checkpoint stands. Where there is no file it starts at the beginning, so that one
// command both starts and resumes.
func (l *loop) restore(stepper *Stepper, report *Report) (position, error) {
	file, err := modelfile.Read(l.checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return position{}, nil
	}
	if err != nil {
		return position{}, err
	}
	at, err := l.adopt(file, stepper, report)
	if err != nil {
		return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
	}
	l.saved = true
	return at, nil
}

// adopt takes over what a file holds. Everything is checked before parameters or chains are changed.
func (l *loop) adopt(file *modelfile.File, stepper *Stepper, report *Report) (position, error) {
	c, err := l.parse(file)
	if err != nil {
		return position{}, err
	}
	var live, read []*tensor.Dense // what is swapped in at the end
	take := func(name string, t *tensor.Dense) error {
		fresh := t.Clone().(*tensor.Dense)
		if err := file.Fill(name, fresh.Shape(), fresh.Data()); err != nil {
			return fmt.Errorf("%w: %w", err, energy.ErrConfig)
		}
		if !finite(fresh) {
			return fmt.Errorf("tensor %q: %w", name, energy.ErrNotFinite)
		}
		live, read = append(live, t), append(read, fresh)
		return nil
	}
	for _, p := range l.params {
		if err := take(p.Name(), p.Value()); err != nil {
			return position{}, err
		}
	}
	if chains := l.chains(); chains != nil {
		if err := take(chainsTensor, chains); err != nil {
			return position{}, err
		}
	}
	if l.missing != nil {
		if err := take(missingTensor, l.missing); err != nil {
			return position{}, err
		}
	}
	epochs, err := history(file, c.Position.Epoch)
	if err != nil {
		return position{}, err
	}
	arrays := make([]*tensor.Dense, c.SolverTotal)
	for i := range arrays {
		t, err := file.Tensor(solverTensor + strconv.Itoa(i))
		if err != nil {
			return position{}, fmt.Errorf("%w: %w", err, energy.ErrConfig)
		}
		arrays[i] = tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(t.Data))
	}
	if c.SolverStep > 0 { // before its first step a solver has no state
		var solved []*tensor.Dense
		for _, p := range l.solved() {
			solved = append(solved, p.Value())
		}
		if err := stepper.Restore(c.SolverStep, arrays, solved); err != nil {
			return position{}, err
		}
	}
	for i, t := range live {
		if err := tensor.Copy(t, read[i]); err != nil {
			return position{}, err
		}
	}
	report.Epochs, report.Steps, report.Resumed = epochs, c.Position.Step, true
	return c.Position, nil
}

// history reads the epochs that are behind a checkpoint.
func history(file *modelfile.File, epochs int) ([]Epoch, error) {
	if epochs == 0 {
		return nil, nil
	}
	t, err := file.Tensor(historyTensor)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, energy.ErrConfig)
	}
	columns := len(Epoch{}.numbers())
	data, ok := t.Data.([]float64)
	if ok && slices.Equal(t.Shape, []int{epochs, columnsBefore}) {
		return historyBefore(data), nil
	}
	if !ok || !slices.Equal(t.Shape, []int{epochs, columns}) {
		return nil, fmt.Errorf("the history has shape %v and data %T, want (%d, %d) of float64: %w", t.Shape, t.Data, epochs, columns, energy.ErrShape)
	}
	var all []Epoch
	for row := range slices.Chunk(data, columns) {
		all = append(all, fromNumbers(row))
	}
	return all, nil
}

// columnsBefore is how many numbers an epoch had in the files of before mixing times were measured.
const columnsBefore = 10

// historyBefore reads such a history.
func historyBefore(data []float64) (all []Epoch) {
	for row := range slices.Chunk(data, columnsBefore) {
		all = append(all, fromNumbers(slices.Insert(slices.Clone(row), columnsBefore-3, math.NaN(), 0, 0)))
	}
	return all
}

func finite(t *tensor.Dense) bool {
	if data, ok := t.Data().([]float32); ok {
		return kernel.AllFinite(data)
	}
	return kernel.AllFinite(t.Data().([]float64))
}

// parse checks that a file is a checkpoint of this very run.
func (l *loop) parse(file *modelfile.File) (checkpoint, error) {
	var c checkpoint
	raw, ok := file.Meta[checkpointKey]
	if !ok {
		return c, fmt.Errorf("no %q in the metadata: this is no checkpoint: %w", checkpointKey, energy.ErrConfig)
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return c, fmt.Errorf("%w: %w", err, energy.ErrConfig)
	}
	at, batches := c.Position, (l.rows+l.batch-1)/l.batch
	switch {
	case c.Fingerprint != l.fingerprint:
		return c, fmt.Errorf("it is of another run (%s), want %s: %w", c.Fingerprint, l.fingerprint, energy.ErrConfig)
	case c.Kernels != kernel.Arithmetic():
		return c, fmt.Errorf("it was made by %q kernels, this machine runs %q and would give other bits: %w", c.Kernels, kernel.Arithmetic(), energy.ErrConfig)
	case at.Epoch < 0 || at.Epoch > math.MaxInt32 || at.Batch < 0 || at.Batch >= batches || at.Step != uint64(at.Epoch)*uint64(batches)+uint64(at.Batch),
		c.SolverStep > at.Step || c.SolverTotal < 0 || c.SolverTotal > len(file.Tensors):
		return c, fmt.Errorf("position %+v with solver step %d and %d solver arrays is impossible: %w", at, c.SolverStep, c.SolverTotal, energy.ErrConfig)
	}
	return c, l.sameSchedules(at, c.Schedules)
}
