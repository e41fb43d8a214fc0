package dbn

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Config describes a stack.
type Config struct {
	Sizes []int // units of each layer, the visible one first; at least two
	// Visible is the family of the visible units; the zero value means Bernoulli(Sizes[0]). The hidden units are Bernoulli.
	Visible energy.Units
	// Labels, if not 0, is a number of classes: the top RBM gets a one-hot class group beside its visible units, to be
	// clamped in Generate and to be inferred in Classify.
	Labels int
	// Centered makes centered RBMs; see layers.RBMConfig.
	Centered bool
	// Glorot starts the weights at deviation √(2/(in + out)) instead of 0.01: for a stack that is fine-tuned without Pretrain.
	Glorot bool
	Seed   uint64       // of the initial weights
	Dtype  tensor.Dtype // the zero value means Float32
}

// DBN is a stack of RBMs, and after FineTune a classifier on top of it. As a layer it is the chain of conditional means
// from the visible units to the top hidden ones, or to the logits of the classes once there is a classifier.
//
// The RBMs are called name.1, name.2, … and the classifier name.head.
type DBN struct {
	name   string
	labels int
	rbms   []*layers.RBM
	head   *layers.Linear // nil before FineTune
}

// New makes a stack of RBMs with small random weights. Errors: ErrConfig, ErrDtype.
func New(name string, config Config) (*DBN, error) {
	fail := func(format string, args ...any) (*DBN, error) {
		return nil, fmt.Errorf("dbn: DBN %q: %w", name, fmt.Errorf(format, args...))
	}
	if len(config.Sizes) < 2 {
		return fail("Sizes has %d layers, want the visible one and at least one hidden: %w", len(config.Sizes), energy.ErrConfig)
	}
	if config.Labels < 0 || config.Labels == 1 {
		return fail("Labels is %d, want at least 2 classes, or 0 for none: %w", config.Labels, energy.ErrConfig)
	}
	below := config.Visible
	if below.Len() == 0 {
		below = energy.Bernoulli(config.Sizes[0])
	}
	if below.Len() != config.Sizes[0] {
		return fail("Visible is %v, which is %d wide, and Sizes[0] is %d: %w", below, below.Len(), config.Sizes[0], energy.ErrConfig)
	}
	d := &DBN{name: name, labels: config.Labels}
	for i, size := range config.Sizes[1:] {
		if config.Labels > 0 && i == len(config.Sizes)-2 {
			below = energy.Join(below, energy.OneHot(1, config.Labels))
		}
		deviation := 0.0
		if config.Glorot {
			deviation = math.Sqrt(2 / float64(below.Len()+size))
		}
		rbm, err := layers.NewRBM(fmt.Sprintf("%s.%d", name, i+1), layers.RBMConfig{
			Visible: below, Hidden: energy.Bernoulli(size), Seed: config.Seed, InitDeviation: deviation, Centered: config.Centered, Dtype: config.Dtype,
		})
		if err != nil {
			return fail("layer %d: %w", i+1, err)
		}
		d.rbms = append(d.rbms, rbm)
		below = energy.Bernoulli(size)
	}
	return d, nil
}

// Name returns the stack's name.
func (d *DBN) Name() string { return d.name }

// RBMs returns the machines, the lowest first. They share their parameters with the stack.
func (d *DBN) RBMs() []*layers.RBM { return append([]*layers.RBM(nil), d.rbms...) }

// Labels is the number of classes of the top RBM's class group, 0 without one.
func (d *DBN) Labels() int { return d.labels }

// Classes is the number of classes of the classifier, 0 before FineTune.
func (d *DBN) Classes() int {
	if d.head == nil {
		return 0
	}
	return d.head.Params()[1].Value().Shape()[0]
}

func (d *DBN) top() *layers.RBM      { return d.rbms[len(d.rbms)-1] }
func (d *DBN) dtype() tensor.Dtype   { return d.rbms[0].Dtype() }
func (d *DBN) visible() energy.Units { return d.rbms[0].Visible() }

// Params lists the parameters of the machines, then those of the classifier.
func (d *DBN) Params() []*layers.Param {
	var all []*layers.Param
	for _, l := range d.chain() {
		all = append(all, l.Params()...)
	}
	return all
}

// chain is the stack as layers from the visible units upwards.
func (d *DBN) chain() []layers.Layer {
	var all []layers.Layer
	for i, r := range d.rbms {
		if d.labels > 0 && i == len(d.rbms)-1 {
			all = append(all, unlabelled{r, d.labels})
		} else {
			all = append(all, r)
		}
	}
	if d.head != nil {
		all = append(all, d.head)
	}
	return all
}

// unlabelled is a top RBM with a class group as a layer of what lies below: the class units are left at 0.
type unlabelled struct {
	*layers.RBM
	labels int
}

func (u unlabelled) Forward(x *G.Node) (*G.Node, error) {
	if x == nil {
		return u.RBM.Forward(nil) // which refuses it
	}
	if n := u.Visible().Len() - u.labels; x.Dims() != 2 || x.Shape()[1] != n {
		return nil, fmt.Errorf("dbn: RBM %q: Forward: visible has shape %v, want (batch, %d): %w", u.Name(), x.Shape(), n, energy.ErrShape)
	}
	padded, err := op.Pad(x, 0, u.labels)
	if err != nil {
		return nil, fmt.Errorf("dbn: RBM %q: Forward: %w", u.Name(), err)
	}
	return u.RBM.Forward(padded)
}

// Forward builds the conditional means up to the top hidden units, or up to the logits once there is a classifier:
// (B, visible) gives (B, n). Gradient flows to x and to every parameter on the way.
func (d *DBN) Forward(x *G.Node) (*G.Node, error) {
	for _, l := range d.chain() {
		var err error
		if x, err = l.Forward(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// Save writes the stack, and the classifier where there is one, to a file; see layers.Save.
func (d *DBN) Save(path string) error { return layers.Save(path, d) }

// Load reads a file that holds a DBN.
func Load(path string) (*DBN, error) {
	l, err := layers.Load(path)
	if err != nil {
		return nil, err
	}
	d, ok := l.(*DBN)
	if !ok {
		return nil, fmt.Errorf("dbn: %s: holds a %T, want a DBN: %w", path, l, energy.ErrConfig)
	}
	return d, nil
}

func init() { layers.Register("dbn", decode) }

// Spec describes the stack for a file.
func (d *DBN) Spec() (kind string, config any) {
	var inner layers.Specs
	for _, r := range d.rbms {
		inner = append(inner, r)
	}
	if d.head != nil {
		inner = append(inner, d.head)
	}
	return "dbn", struct {
		Labels int          `json:"labels,omitempty"`
		Layers layers.Specs `json:"layers"`
	}{d.labels, inner}
}

func decode(name string, config []byte, file *modelfile.File) (layers.Layer, error) {
	var s struct {
		Labels int               `json:"labels"`
		Layers []json.RawMessage `json:"layers"`
	}
	if err := modelfile.Unmarshal(config, &s); err != nil {
		return nil, fmt.Errorf("the description of DBN %q is not of our form: %w: %w", name, err, energy.ErrConfig)
	}
	d := &DBN{name: name, labels: s.Labels}
	for i, raw := range s.Layers {
		l, err := layers.Decode(raw, file)
		if err != nil {
			return nil, err
		}
		switch l := l.(type) {
		case *layers.RBM:
			d.rbms = append(d.rbms, l)
		case *layers.Linear:
			d.head = l
		default:
			return nil, fmt.Errorf("layer %d of DBN %q is a %T: %w", i+1, name, l, energy.ErrConfig)
		}
		if d.head != nil && i != len(s.Layers)-1 {
			return nil, fmt.Errorf("DBN %q has layers above its classifier: %w", name, energy.ErrConfig)
		}
	}
	return d, d.fits()
}

// fits checks that what a file holds is a stack, as New and FineTune would have made it.
func (d *DBN) fits() error {
	if len(d.rbms) == 0 {
		return fmt.Errorf("DBN %q has no RBMs: %w", d.name, energy.ErrConfig)
	}
	for i, r := range d.rbms {
		if want := fmt.Sprintf("%s.%d", d.name, i+1); r.Name() != want { // two of one name would share their parameters
			return fmt.Errorf("layer %d of DBN %q is called %q, want %q: %w", i+1, d.name, r.Name(), want, energy.ErrConfig)
		}
		if r.Dtype() != d.dtype() {
			return fmt.Errorf("RBM %q is of %v, RBM %q of %v, want one dtype: %w", r.Name(), r.Dtype(), d.rbms[0].Name(), d.dtype(), energy.ErrDtype)
		}
		if families := r.Hidden().Families(); len(families) != 1 || families[0] != "Bernoulli" {
			return fmt.Errorf("RBM %q has hidden units %v, want Bernoulli units: %w", r.Name(), r.Hidden(), energy.ErrConfig)
		}
		if err := d.fitsBelow(i); err != nil {
			return err
		}
	}
	if d.head == nil {
		return nil
	}
	if want := d.name + ".head"; d.head.Name() != want {
		return fmt.Errorf("the classifier of DBN %q is called %q, want %q: %w", d.name, d.head.Name(), want, energy.ErrConfig)
	}
	w := d.head.Params()[0].Value()
	if w.Shape()[0] != d.top().Hidden().Len() {
		return fmt.Errorf("classifier %q takes %d units, RBM %q has %d: %w", d.head.Name(), w.Shape()[0], d.top().Name(), d.top().Hidden().Len(), energy.ErrShape)
	}
	if w.Dtype() != d.dtype() {
		return fmt.Errorf("classifier %q is of %v, the RBMs of %v: %w", d.head.Name(), w.Dtype(), d.dtype(), energy.ErrDtype)
	}
	return nil
}

// fitsBelow checks the visible side of an RBM: the hidden units below it, and the class group where it is the top one.
func (d *DBN) fitsBelow(i int) error {
	visible := d.rbms[i].Visible()
	labelled := d.labels != 0 && i == len(d.rbms)-1
	if i > 0 {
		want := energy.Bernoulli(d.rbms[i-1].Hidden().Len())
		if labelled {
			want = energy.Join(want, energy.OneHot(1, d.labels))
		}
		if visible.String() != want.String() {
			return fmt.Errorf("RBM %q has visible units %v, want %v: %w", d.rbms[i].Name(), visible, want, energy.ErrShape)
		}
		return nil
	}
	if group := energy.OneHot(1, d.labels); labelled && !strings.HasSuffix(visible.String(), fmt.Sprintf(", %v)", group)) {
		return fmt.Errorf("RBM %q has visible units %v, want a class group %v behind others: %w", d.rbms[i].Name(), visible, group, energy.ErrShape)
	}
	return nil
}
