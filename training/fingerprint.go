package training

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"unsafe"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// What follows tells one run from another: a checkpoint is taken up only by the run that wrote it.

// modelSettings stands for what a model is besides its parameters: unit families, rates and seeds of dropout. A layer that
// cannot be saved has nothing to tell.
func modelSettings(l layers.Layer) string {
	saved, ok := l.(layers.Saved)
	if !ok {
		return "no settings"
	}
	kind, config := saved.Spec()
	raw, err := json.Marshal(config)
	if err != nil {
		return "no settings"
	}
	return fmt.Sprintf("%s %08x", kind, crc32.ChecksumIEEE(raw))
}

func weightSettings(weights []float64) string {
	if weights == nil {
		return "of equal weight"
	}
	return fmt.Sprintf("of weights %08x", crc32.ChecksumIEEE(fmt.Append(nil, weights)))
}

func solverSettings(s Solver) string { return fmt.Sprintf("%s%+v", s.Name(), s) }

// dataChecksum looks at all of a tensor, and at up to 256 rows of a user's own source, spread over it.
func dataChecksum(s Source, dtype tensor.Dtype) uint32 {
	if t, ok := s.(*tensorSource); ok {
		switch data := t.x.Data().(type) {
		case []float32:
			return crc32.ChecksumIEEE(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data)))
		case []float64:
			return crc32.ChecksumIEEE(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 8*len(data)))
		}
	}
	n := min(s.Len(), 256)
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i * s.Len() / n
	}
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(n, s.Width()))
	if err := s.Read(t, rows, 0); err != nil {
		return 0 // the same error comes again, and is told, at the first step
	}
	return crc32.ChecksumIEEE(fmt.Append(nil, t.Data()))
}

// scheduled lists what the schedules gave for the epochs that a checkpoint has entered: a run can be lengthened only by
// schedules that agree with the past.
func (l *loop) scheduled(at position) map[string][]float64 {
	entered := at.Epoch
	if at.Batch > 0 {
		entered++
	}
	values := map[string][]float64{}
	for name, s := range map[string]Schedule{"Rate": l.rate, "Momentum": l.momentum, "Steps": l.steps} {
		for e := 0; s != nil && e < min(entered, l.epochs); e++ {
			values[name] = append(values[name], s(e))
		}
	}
	return values
}

// sameSchedules returns an error that names the first epoch in which a checkpoint's schedules were others.
func (l *loop) sameSchedules(at position, saved map[string][]float64) error {
	now := l.scheduled(at)
	for _, name := range []string{"Rate", "Momentum", "Steps"} {
		if (len(saved[name]) == 0) != (len(now[name]) == 0) || len(saved[name]) < len(now[name]) {
			return fmt.Errorf("it is of a run with another %s schedule: %w", name, energy.ErrConfig)
		}
		for e, v := range now[name] {
			if saved[name][e] != v {
				return fmt.Errorf("it is of a run with another %s schedule: %g in epoch %d, now %g: %w", name, saved[name][e], e+1, v, energy.ErrConfig)
			}
		}
	}
	return nil
}
