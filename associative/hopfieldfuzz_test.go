package associative

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// FuzzLoadHopfield reads any bytes as a file, and as the description of a network whose tensors are there. What is loaded can be saved and
// loaded again, and recalls.
func FuzzLoadHopfield(f *testing.F) {
	net, _ := Or()
	path := filepath.Join(f.TempDir(), "net")
	require.NoError(f, net.Save(path))
	raw, err := os.ReadFile(path)
	require.NoError(f, err)
	whole, err := modelfile.Read(path)
	require.NoError(f, err)
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add([]byte(whole.Meta[hopfieldKey]))
	f.Add([]byte(`{"units":3,"scale":1e308,"binary":true,"ties":1,"self_coupling":true,"asymmetric":true,"bias":true}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "net")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		loaded := make([]*Hopfield, 0, 2)
		if h, err := LoadHopfield(path); err == nil {
			loaded = append(loaded, h)
		}
		described := &modelfile.File{Meta: map[string]string{hopfieldKey: string(raw)}, Tensors: whole.Tensors}
		if h, err := decodeHopfield(described); err == nil {
			loaded = append(loaded, h)
		}
		for _, h := range loaded {
			require.NoError(t, h.Save(path))
			again, err := LoadHopfield(path)
			require.NoError(t, err)
			require.Equal(t, h.Config(), again.Config())
			require.Equal(t, h.Couplings().Float64s(), again.Couplings().Float64s())
			if h.n > 64 {
				continue
			}
			state := make([]float64, h.n)
			h.number(0, state)
			_, err = h.Recall(tensorOf(state), Asynchronous{MaxSweeps: 3})
			require.NoError(t, err)
		}
	})
}
