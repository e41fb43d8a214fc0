package modernhopfield

import (
	"encoding/json"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

const memoryKey = "harmonium.memory"

// memorySpec is the description of a memory in the metadata of its file.
type memorySpec struct {
	Dtype      string            `json:"dtype"`
	Dim        int               `json:"dim"`
	Values     int               `json:"values,omitempty"` // columns
	Labels     bool              `json:"labels,omitempty"`
	Beta       float64           `json:"beta"`
	Separation energy.Separation `json:"separation"`
	Similarity energy.Similarity `json:"similarity"`
	Steps      int               `json:"steps,omitempty"`
	Tolerance  float64           `json:"tolerance,omitempty"`
}

// Save writes the memory to a file: safetensors, with the settings in the metadata (docs/format.md). The file appears whole or not at
// all. An empty memory is saved too.
func (m *Memory) Save(path string) error {
	spec := memorySpec{
		Dtype: m.dtype.String(), Dim: m.d, Values: m.width, Labels: m.labeled,
		Beta: m.config.Beta, Separation: m.config.Separation, Similarity: m.config.Similarity, Steps: m.config.Steps, Tolerance: m.config.Tolerance,
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("modernhopfield: Memory: Save: %s: %w", path, err)
	}
	file := &modelfile.File{Meta: map[string]string{memoryKey: string(raw)}}
	add := func(name string, t *tensor.Dense) {
		if t != nil {
			file.Tensors = append(file.Tensors, modelfile.Tensor{Name: name, Shape: t.Shape(), Data: t.Data()})
		}
	}
	patterns, values := m.store.tensors()
	add("patterns", patterns)
	add("values", values)
	if m.labeled && len(m.labels) > 0 {
		labels := make([]float64, len(m.labels))
		for i, label := range m.labels {
			labels[i] = float64(label)
		}
		add("labels", tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels)))
	}
	return modelfile.Write(path, file)
}

// LoadMemory reads a memory from a file. Every error names the file and the reason; what the file demands is allocated only once
// its tensors are seen to have that size.
func LoadMemory(path string) (*Memory, error) {
	file, err := modelfile.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := decodeMemory(file)
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: LoadMemory: %s: %w", path, err)
	}
	return m, nil
}

func decodeMemory(file *modelfile.File) (*Memory, error) {
	raw, ok := file.Meta[memoryKey]
	if !ok {
		return nil, fmt.Errorf("no %q in the metadata: this is no memory: %w", memoryKey, energy.ErrConfig)
	}
	var spec memorySpec
	if err := modelfile.Unmarshal([]byte(raw), &spec); err != nil {
		return nil, fmt.Errorf("the description of a memory is not of our form: %w: %w", err, energy.ErrConfig)
	}
	dtype := tensor.Float32
	switch spec.Dtype {
	case "float32":
	case "float64":
		dtype = tensor.Float64
	default:
		return nil, fmt.Errorf("dtype %q, want float32 or float64: %w", spec.Dtype, energy.ErrDtype)
	}
	if spec.Dim < 1 || spec.Values < 0 || spec.Beta == 0 {
		return nil, fmt.Errorf("patterns of %d columns, values of %d, β %g: %w", spec.Dim, spec.Values, spec.Beta, energy.ErrConfig)
	}
	m, err := emptyMemory(dtype, spec.Dim, spec.Values, spec.Labels, MemoryConfig{
		Beta: spec.Beta, Separation: spec.Separation, Similarity: spec.Similarity, Steps: spec.Steps, Tolerance: spec.Tolerance,
	})
	if err != nil || len(file.Tensors) == 0 {
		return m, err
	}
	entries, err := decodeEntries(file, spec)
	if err != nil {
		return nil, err
	}
	if err := m.check(entries, -1); err != nil {
		return nil, err
	}
	m.add(entries)
	return m, nil
}

// decodeEntries takes exactly the tensors that the description demands.
func decodeEntries(file *modelfile.File, spec memorySpec) (e Entries, err error) {
	want := 1
	read := func(name string) (*tensor.Dense, error) {
		t, err := file.Tensor(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, energy.ErrConfig)
		}
		return tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(t.Data)), nil
	}
	if e.Patterns, err = read("patterns"); err != nil {
		return e, err
	}
	if spec.Values > 0 {
		want++
		if e.Values, err = read("values"); err != nil {
			return e, err
		}
	}
	if spec.Labels {
		want++
		labels, err := read("labels")
		if err != nil {
			return e, err
		}
		numbers, ok := labels.Data().([]float64)
		if !ok || labels.Dims() != 1 {
			return e, fmt.Errorf("labels have dtype %v and shape %v, want (patterns) of float64: %w", labels.Dtype(), labels.Shape(), energy.ErrShape)
		}
		e.Labels = make([]int, len(numbers))
		for i, v := range numbers {
			if e.Labels[i] = int(v); !(v >= -maxLabel && v <= maxLabel) || float64(e.Labels[i]) != v {
				return e, fmt.Errorf("label %d is %v, want an integer up to 2^53 in size: %w", i, v, energy.ErrRange)
			}
		}
	}
	if len(file.Tensors) != want {
		return e, fmt.Errorf("the file holds %d tensors, the memory has %d: %w", len(file.Tensors), want, energy.ErrConfig)
	}
	return e, nil
}
