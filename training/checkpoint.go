package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// A checkpoint is a model file: the parameters by their names, the solver's arrays, the chains and the history as tensors,
// the position and the fingerprint of the run as metadata.
const (
	checkpointKey = "harmonium.checkpoint"
	solverTensor  = "solver."
	chainsTensor  = "chains"
	historyTensor = "history"
)

// kernelLevel names the kernels that the numbers were made by: bits are promised for one level only.
const kernelLevel = "go"

type checkpoint struct {
	Position    position `json:"position"`
	SolverStep  uint64   `json:"solver_step"`
	SolverTotal int      `json:"solver_arrays"`
	Fingerprint string   `json:"fingerprint"`
	Kernels     string   `json:"kernels"`
}

func (l *loop) save(stepper *Stepper, report *Report, at position) error {
	if l.checkpoint == "" {
		return nil
	}
	step, arrays := stepper.State()
	meta, err := json.Marshal(checkpoint{at, step, len(arrays), l.fingerprint, kernelLevel})
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
		add(solverTensor+strconv.Itoa(i), a)
	}
	if c := l.chains(); c != nil {
		add(chainsTensor, c)
	}
	if len(report.Epochs) > 0 {
		var history []float64
		for _, e := range report.Epochs {
			history = append(history, e.numbers()...)
		}
		columns := len(history) / len(report.Epochs)
		add(historyTensor, tensor.New(tensor.WithShape(len(report.Epochs), columns), tensor.WithBacking(history)))
	}
	return modelfile.Write(l.checkpoint, file)
}

// restore puts a run back to where its checkpoint stands. Where there is no file it starts at the beginning, so that one
// command both starts and resumes. Everything is checked before anything is changed.
func (l *loop) restore(stepper *Stepper, report *Report) (position, error) {
	file, err := modelfile.Read(l.checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return position{}, nil
	}
	if err != nil {
		return position{}, err
	}
	c, err := l.parse(file)
	if err != nil {
		return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
	}
	params := make([]*tensor.Dense, 0, len(l.params)) // new memory, swapped in at the end
	for _, p := range l.params {
		t := p.Value().Clone().(*tensor.Dense)
		if err := file.Fill(p.Name(), t.Shape(), t.Data()); err != nil {
			return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
		}
		params = append(params, t)
	}
	var chains *tensor.Dense
	if live := l.chains(); live != nil {
		chains = live.Clone().(*tensor.Dense)
		if err := file.Fill(chainsTensor, chains.Shape(), chains.Data()); err != nil {
			return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
		}
	}
	arrays := make([]*tensor.Dense, c.SolverTotal)
	for i := range arrays {
		t, err := file.Tensor(solverTensor + strconv.Itoa(i))
		if err != nil {
			return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
		}
		arrays[i] = tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(t.Data))
	}
	var solved []*tensor.Dense
	for _, p := range l.solved() {
		solved = append(solved, p.Value())
	}
	if c.SolverStep > 0 { // before its first step a solver has no state
		if err := stepper.Restore(c.SolverStep, arrays, solved); err != nil {
			return position{}, fmt.Errorf("checkpoint %s: %w", l.checkpoint, err)
		}
	}
	if history, err := file.Tensor(historyTensor); err == nil {
		data, ok := history.Data.([]float64)
		if columns := len(Epoch{}.numbers()); !ok || len(history.Shape) != 2 || history.Shape[1] != columns {
			return position{}, fmt.Errorf("checkpoint %s: the history has shape %v: %w", l.checkpoint, history.Shape, energy.ErrShape)
		}
		for i := range history.Shape[0] {
			report.Epochs = append(report.Epochs, fromNumbers(data[i*history.Shape[1]:(i+1)*history.Shape[1]]))
		}
	}
	for i, p := range l.params {
		if err := tensor.Copy(p.Value(), params[i]); err != nil {
			return position{}, err
		}
	}
	if chains != nil {
		if err := tensor.Copy(l.chains(), chains); err != nil {
			return position{}, err
		}
	}
	report.Steps, report.Resumed = c.Position.Step, true
	return c.Position, nil
}

// parse checks that a file is a checkpoint of this very run.
func (l *loop) parse(file *modelfile.File) (checkpoint, error) {
	var c checkpoint
	raw, ok := file.Meta[checkpointKey]
	if !ok {
		return c, fmt.Errorf("no %q in the metadata: this is no checkpoint: %w", checkpointKey, energy.ErrConfig)
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return c, err
	}
	switch batches := (l.rows + l.batch - 1) / l.batch; {
	case c.Fingerprint != l.fingerprint:
		return c, fmt.Errorf("it is of another run (%s), want %s: %w", c.Fingerprint, l.fingerprint, energy.ErrConfig)
	case c.Kernels != kernelLevel:
		return c, fmt.Errorf("it was made by %q kernels, this machine runs %q and would give other bits: %w", c.Kernels, kernelLevel, energy.ErrConfig)
	case c.Position.Epoch < 0 || c.Position.Batch < 0 || c.Position.Batch > batches || c.SolverTotal < 0 || c.SolverTotal > len(file.Tensors):
		return c, fmt.Errorf("position %+v is impossible: %w", c.Position, energy.ErrConfig)
	}
	return c, nil
}
