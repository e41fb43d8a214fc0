package associative

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

const hopfieldKey = "harmonium.hopfield"

// hopfieldSpec is the description of a network in the metadata of its file.
type hopfieldSpec struct {
	Units        int     `json:"units"`
	Scale        float64 `json:"scale"`
	Binary       bool    `json:"binary,omitempty"`
	Ties         Ties    `json:"ties,omitempty"`
	SelfCoupling bool    `json:"self_coupling,omitempty"`
	Asymmetric   bool    `json:"asymmetric,omitempty"`
	Bias         bool    `json:"bias,omitempty"`
}

// Save writes the network to a file: safetensors, with the settings in the metadata (docs/format.md). The file appears whole or not at all.
// Every error names the file and the reason.
func (h *Hopfield) Save(path string) error {
	spec := hopfieldSpec{
		Units: h.n, Scale: h.scale, Binary: h.config.Binary, Ties: h.config.Ties,
		SelfCoupling: h.config.SelfCoupling, Asymmetric: h.config.Asymmetric, Bias: h.config.Bias != nil,
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("associative: Hopfield: Save: %s: %w", path, err)
	}
	file := &modelfile.File{
		Meta:    map[string]string{hopfieldKey: string(raw)},
		Tensors: []modelfile.Tensor{{Name: "couplings", Shape: []int{h.n, h.n}, Data: h.weights()}},
	}
	if h.config.Bias != nil {
		file.Tensors = append(file.Tensors, modelfile.Tensor{Name: "bias", Shape: []int{h.n}, Data: h.config.Bias})
	}
	if err := modelfile.Write(path, file); err != nil {
		return fmt.Errorf("associative: Hopfield: Save: %w", err)
	}
	return nil
}

// LoadHopfield reads a network from a file. Every error names the file and the reason. What the file says is checked as NewHopfield does.
func LoadHopfield(path string) (*Hopfield, error) {
	file, err := modelfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("associative: LoadHopfield: %w", err)
	}
	h, err := decodeHopfield(file)
	if err != nil {
		return nil, fmt.Errorf("associative: LoadHopfield: %s: %w", path, err)
	}
	return h, nil
}

func decodeHopfield(file *modelfile.File) (*Hopfield, error) {
	raw, ok := file.Meta[hopfieldKey]
	if !ok {
		return nil, fmt.Errorf("no %q in the metadata: this is no Hopfield network: %w", hopfieldKey, energy.ErrConfig)
	}
	var spec hopfieldSpec
	if err := modelfile.Unmarshal([]byte(raw), &spec); err != nil {
		return nil, fmt.Errorf("the description of a Hopfield network is not of our form: %w: %w", err, energy.ErrConfig)
	}
	if spec.Units < 1 || !(spec.Scale > 0) {
		return nil, fmt.Errorf("%d units and a scale of %g: %w", spec.Units, spec.Scale, energy.ErrConfig)
	}
	want := 1
	m, err := numbers(file, "couplings", spec.Units, spec.Units)
	if err != nil {
		return nil, err
	}
	config := HopfieldConfig{Binary: spec.Binary, Ties: spec.Ties, SelfCoupling: spec.SelfCoupling, Asymmetric: spec.Asymmetric}
	if spec.Bias {
		want++
		if config.Bias, err = numbers(file, "bias", spec.Units); err != nil {
			return nil, err
		}
	}
	if len(file.Tensors) != want {
		return nil, fmt.Errorf("the file holds %d tensors, the network has %d: %w", len(file.Tensors), want, energy.ErrConfig)
	}
	return newHopfield(m, spec.Units, spec.Scale, config)
}

// numbers takes a tensor of just this shape.
func numbers(file *modelfile.File, name string, shape ...int) ([]float64, error) {
	t, err := file.Tensor(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, energy.ErrConfig)
	}
	x, ok := t.Data.([]float64)
	if !ok {
		return nil, fmt.Errorf("%s is not of float64: %w", name, energy.ErrDtype)
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("%s has shape %v, want %v: %w", name, t.Shape, shape, energy.ErrShape)
	}
	for i, v := range x {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: number %d is %v, want a finite number: %w", name, i, v, energy.ErrNotFinite)
		}
	}
	return x, nil
}
