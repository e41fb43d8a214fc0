package training

import (
	"fmt"
	"hash/crc32"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// Bags are sets of instances of any number, the empty one included.
type Bags struct {
	Rows    *tensor.Dense // the instances, (R, n), one bag behind the other; float32 or float64
	Lengths []int         // how many rows each bag has: at least 0, with the sum R
}

// Len is the number of bags.
func (b Bags) Len() int { return len(b.Lengths) }

// Validate checks that the lengths are those of the rows: ErrShape, also where there is no bag. Rows that are not finite are
// ErrNotFinite; those of another dtype than float32 and float64 are ErrDtype.
func (b Bags) Validate() error {
	_, err := b.starts()
	if err != nil {
		return fmt.Errorf("training: Bags: %w", err)
	}
	return nil
}

// starts checks the bags and returns the row that each begins with, and the number of rows behind the last.
func (b Bags) starts() ([]int, error) {
	switch {
	case b.Rows == nil || b.Rows.Dims() != 2:
		return nil, fmt.Errorf("Rows are no matrix, want (instances, columns): %w", energy.ErrShape)
	case len(b.Lengths) == 0:
		return nil, fmt.Errorf("no Lengths, want those of at least one bag: %w", energy.ErrShape)
	case b.Rows.Shape()[1] < 1:
		return nil, fmt.Errorf("Rows have shape %v, want at least one column: %w", b.Rows.Shape(), energy.ErrShape)
	}
	starts := make([]int, 1, len(b.Lengths)+1)
	for i, l := range b.Lengths {
		if l < 0 || l > b.Rows.Shape()[0]-starts[i] {
			return nil, fmt.Errorf("bag %d of length %d begins with row %d of %d: %w", i, l, starts[i], b.Rows.Shape()[0], energy.ErrShape)
		}
		starts = append(starts, starts[i]+l)
	}
	switch last := starts[len(b.Lengths)]; {
	case last != b.Rows.Shape()[0]:
		return nil, fmt.Errorf("Lengths have the sum %d, want the %d rows: %w", last, b.Rows.Shape()[0], energy.ErrShape)
	case last > 0:
		if err := energy.Gaussian(b.Rows.Shape()[1]).Check(b.Rows); err != nil {
			return nil, fmt.Errorf("Rows: %w", err)
		}
	case b.Rows.Dtype() != tensor.Float32 && b.Rows.Dtype() != tensor.Float64:
		return nil, fmt.Errorf("Rows have dtype %v, want float32 or float64: %w", b.Rows.Dtype(), energy.ErrDtype)
	}
	return starts, nil
}

// Select returns a copy of some bags, in the order in which they are listed; one may be listed several times. Errors: those of
// Validate, and ErrRange for an index that no bag has.
func (b Bags) Select(indices []int) (Bags, error) {
	fail := func(err error) (Bags, error) { return Bags{}, fmt.Errorf("training: Bags: Select: %w", err) }
	starts, err := b.starts()
	if err != nil {
		return fail(err)
	}
	if len(indices) == 0 {
		return fail(fmt.Errorf("no indices, want at least one: %w", energy.ErrShape))
	}
	selected, rows := Bags{Lengths: make([]int, len(indices))}, 0
	for k, i := range indices {
		if i < 0 || i >= b.Len() {
			return fail(fmt.Errorf("index %d is %d, want 0 to %d: %w", k, i, b.Len()-1, energy.ErrRange))
		}
		selected.Lengths[k] = b.Lengths[i]
		rows += b.Lengths[i]
	}
	n := b.Rows.Shape()[1]
	if b.Rows.Dtype() == tensor.Float32 {
		selected.Rows = matrixOver(gathered[float32](make([]float32, rows*n), b, starts, indices), rows, n)
	} else {
		selected.Rows = matrixOver(gathered[float64](make([]float64, rows*n), b, starts, indices), rows, n)
	}
	return selected, nil
}

func matrixOver[T kernel.Float](data []T, rows, columns int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(data))
}

// gathered writes the instances of some bags to dst, and returns it.
func gathered[T kernel.Float](dst []T, b Bags, starts, indices []int) []T {
	n, to := b.Rows.Shape()[1], dst
	for _, i := range indices {
		lo, hi := starts[i]*n, starts[i+1]*n
		switch {
		case lo == hi:
		case b.Rows.Dtype() == tensor.Float32:
			kernel.Convert(to[:hi-lo], b.Rows.Float32s()[lo:hi])
		default:
			kernel.Convert(to[:hi-lo], b.Rows.Float64s()[lo:hi])
		}
		to = to[hi-lo:]
	}
	return dst
}

// bagSamples are bags with the model that pools them.
type bagSamples struct {
	Bags
	model  layers.BagLayer
	starts []int
	fixed  bool // each number of instances has a graph of its own
}

// How many bags and instances PredictBags runs at once, unless one bag has more.
const (
	predictBags      = 500
	predictInstances = 1 << 14
)

func newBags(model layers.BagLayer, b Bags) (*bagSamples, error) {
	starts, err := b.starts()
	if err != nil {
		return nil, fmt.Errorf("Bags: %w", err)
	}
	return &bagSamples{Bags: b, model: model, starts: starts}, nil
}

func (b *bagSamples) shapeOf() []int { return b.Rows.Shape()[1:] }
func (b *bagSamples) unit() string   { return "bags" }

func (b *bagSamples) fingerprint(dtype tensor.Dtype) string {
	data := uint32(0)
	if b.starts[b.Len()] > 0 {
		data = dataChecksum(&tensorSource{x: b.Rows}, dtype)
	}
	return fmt.Sprintf("of lengths %08x and instances %08x", crc32.ChecksumIEEE(fmt.Append(nil, b.Lengths)), data)
}

// instances is how many a batch has.
func (b *bagSamples) instances(batch []int) (rows int) {
	for _, i := range batch {
		rows += b.Lengths[i]
	}
	return rows
}

func (b *bagSamples) size(batch []int) size {
	if b.fixed {
		return size{len(batch), b.instances(batch)}
	}
	return size{samples: len(batch)}
}

func (b *bagSamples) fix() bool {
	news := !b.fixed
	b.fixed = true
	return news
}

// predictable halves the number of bags until there are not too many instances, so that few sizes of batch come up.
func (b *bagSamples) predictable(from int) int {
	n := min(predictBags, b.Len()-from)
	for n > 1 && b.starts[from+n]-b.starts[from] > predictInstances {
		n /= 2
	}
	return n
}

func (b *bagSamples) build(g *G.ExprGraph, dtype tensor.Dtype, batch []int) (feed, *G.Node, error) {
	rows := b.instances(batch)
	if !b.fixed {
		rows = max(1, rows) // Gorgonia infers shapes better where there is something
	}
	f := &bagFeed{bags: b}
	_, f.x = input(g, dtype, "input", rows, b.Rows.Shape()[1])
	var lengths *G.Node
	f.lengths, lengths = input(g, dtype, "lengths", len(batch))
	y, pooled, err := b.model.ForwardBags(f.x, lengths)
	switch {
	case err != nil:
		return nil, nil, err
	case !pooled:
		return nil, nil, fmt.Errorf("the model does not pool: its output has a row for each instance, want one for each bag: %w", energy.ErrConfig)
	}
	return f, y, nil
}

// bagFeed lets a machine have as many instances as the bags of a batch hold.
type bagFeed struct {
	bags    *bagSamples
	x       *G.Node
	lengths *tensor.Dense
	f32     []float32
	f64     []float64
}

func (f *bagFeed) read(vm *machine.Machine, batch []int) error {
	b := f.bags
	rows, n := b.instances(batch), b.Rows.Shape()[1]
	var x *tensor.Dense
	if f.x.Dtype() == tensor.Float32 {
		f.f32 = grown(f.f32, rows*n)
		x = matrixOver(gathered(f.f32, b.Bags, b.starts, batch), rows, n)
		setLengths(f.lengths.Float32s(), b.Lengths, batch)
	} else {
		f.f64 = grown(f.f64, rows*n)
		x = matrixOver(gathered(f.f64, b.Bags, b.starts, batch), rows, n)
		setLengths(f.lengths.Float64s(), b.Lengths, batch)
	}
	return vm.Let(f.x, x)
}

// grown returns a slice of n numbers, s itself where it has room.
func grown[T kernel.Float](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

func setLengths[T kernel.Float](dst []T, lengths, batch []int) {
	for k, i := range batch {
		dst[k] = T(lengths[i])
	}
}
