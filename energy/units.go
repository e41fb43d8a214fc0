package energy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Units describes one side of a model: how many units it has and of which family. Make one with Bernoulli, Spin, Gaussian,
// OneHot, ReLU, Binomial, Poisson or Join; the zero value is no units and is refused by Validate. A Units is a plain value and is never changed.
type Units struct {
	groups []group
	kind   units.Kind
	len    int
}

// group is the part of a side that is of one family; this is also how it stands in a file.
type group struct {
	Family      string  `json:"family"`
	Count       int     `json:"count"`                  // units; for OneHot groups of units
	States      int     `json:"states,omitempty"`       // of a OneHot unit
	Trials      int     `json:"trials,omitempty"`       // of a Binomial unit
	Variance    string  `json:"variance,omitempty"`     // of a Gaussian unit: "" for 1, fixed or learned
	LogVariance float64 `json:"log_variance,omitempty"` // the initial one
}

const (
	fixedVariance   = "fixed"
	learnedVariance = "learned"
)

// Bernoulli returns n units in {0, 1}: Γ(I) = log(1 + exp I), mean σ(I). As data they take means in [0, 1] as well.
func Bernoulli(n int) Units { return newUnits(group{Family: "Bernoulli", Count: n}) }

// Spin returns n units in {−1, +1}: Γ(I) = log 2cosh I, mean tanh I. As data they take means in [−1, 1] as well.
func Spin(n int) Units { return newUnits(group{Family: "Spin", Count: n}) }

// Gaussian returns n real units of variance 1: U(x) = x²/2, Γ(I) = I²/2 + ½ log 2π, mean I.
func Gaussian(n int) Units { return newUnits(group{Family: "Gaussian", Count: n}) }

// FixedGaussian returns n real units of a given variance σ²: U(x) = x²/(2σ²), Γ(I) = σ²I²/2 + ½ log 2πσ², mean σ²I.
func FixedGaussian(n int, variance float64) Units {
	return newUnits(group{Family: "Gaussian", Count: n, Variance: fixedVariance, LogVariance: math.Log(variance)})
}

// LearnedGaussian returns n real units like FixedGaussian's whose log σ² is a parameter, one a unit, that starts at the
// logarithm of the given variance.
func LearnedGaussian(n int, variance float64) Units {
	return newUnits(group{Family: "Gaussian", Count: n, Variance: learnedVariance, LogVariance: math.Log(variance)})
}

// OneHot returns n Potts units of q states each: n·q numbers, of which one in each group of q is 1. Γ(I) = log Σ exp I_k,
// mean softmax(I). As data they take groups of probabilities as well.
func OneHot(n, q int) Units { return newUnits(group{Family: "OneHot", Count: n, States: q}) }

// ReLU returns n real units that are not negative: U(x) = x²/2, Γ(I) = I²/2 + log(√(π/2)·erfc(−I/√2)), a normal of mean I and variance 1 that is
// cut off at 0. The mean is a soft rectifier: nearly I for I ≫ 0 and 1/|I| for I ≪ 0. At temperature T the normal has variance T.
func ReLU(n int) Units { return newUnits(group{Family: "ReLU", Count: n}) }

// Binomial returns n counts from 0 to trials, each as many Bernoulli units of one input: U(x) = −log C(trials, x), Γ(I) = trials·log(1 + exp I),
// mean trials·σ(I). As data they take means in [0, trials] as well. At temperature T the input is I/T, and C(trials, x) stays as it is.
func Binomial(n, trials int) Units {
	return newUnits(group{Family: "Binomial", Count: n, Trials: trials})
}

// Poisson returns n counts 0, 1, … without an end: U(x) = log x!, Γ(I) = exp I, mean exp I. As data they take every mean that is not
// negative. At temperature T the input is I/T, and 1/x! stays as it is.
//
// Source of both: M. Welling, M. Rosen-Zvi, G. Hinton, "Exponential Family Harmoniums with an Application to Information Retrieval", NIPS
// 2004. Not every pair of unbounded sides has a distribution: see Normalisable.
func Poisson(n int) Units { return newUnits(group{Family: "Poisson", Count: n}) }

// Join returns one side made of several, one behind the other in each row: pixels beside a one-hot class, say.
func Join(sides ...Units) Units {
	var all []group
	for _, s := range sides {
		all = append(all, s.groups...)
	}
	return newUnits(all...)
}

func newUnits(groups ...group) Units {
	u := Units{groups: groups}
	var kinds []units.Kind
	var sizes []int
	for _, g := range groups {
		var k units.Kind
		switch g.Family {
		case "Bernoulli":
			k = units.Bernoulli
		case "Spin":
			k = units.Spin
		case "Gaussian":
			k = units.Gaussian
		case "OneHot":
			k = units.OneHot(g.States)
		case "ReLU":
			k = units.ReLU
		case "Binomial":
			k = units.Binomial(g.Trials)
		case "Poisson":
			k = units.Poisson
		}
		kinds, sizes = append(kinds, k), append(sizes, g.len())
		u.len += g.len()
	}
	if len(kinds) == 1 {
		u.kind = kinds[0]
	} else {
		u.kind = units.Joined(kinds, sizes)
	}
	return u
}

func (g group) len() int {
	if g.Family == "OneHot" {
		return g.Count * g.States
	}
	return g.Count
}

// free reports whether the own energy of the units is zero.
func (g group) free() bool { return slices.Contains([]string{"Bernoulli", "Spin", "OneHot"}, g.Family) }

// maxUnits bounds a side, so that no product of sizes overflows; it is far above any memory.
const maxUnits = 1 << 30

// maxTrials is up to where float32 holds every count.
const maxTrials = 1 << 24

// Validate returns an ErrConfig that says what is wrong with the description, or nil.
func (u Units) Validate() error {
	if len(u.groups) == 0 {
		return fmt.Errorf("no units given: %w", ErrConfig)
	}
	for _, g := range u.groups {
		switch {
		case !slices.Contains([]string{"Bernoulli", "Spin", "Gaussian", "OneHot", "ReLU", "Binomial", "Poisson"}, g.Family):
			return fmt.Errorf("unit family %q is not known: %w", g.Family, ErrConfig)
		case g.Count < 1 || g.Count > maxUnits:
			return fmt.Errorf("%s: %d units, want at least 1 and at most %d: %w", g.Family, g.Count, maxUnits, ErrConfig)
		case g.Family == "OneHot" && (g.States < 2 || g.States > maxUnits/g.Count):
			return fmt.Errorf("OneHot: %d states, want at least 2 and at most %d in all groups: %w", g.States, maxUnits, ErrConfig)
		case !slices.Contains([]string{"", fixedVariance, learnedVariance}, g.Variance) || g.Variance != "" && g.Family != "Gaussian":
			return fmt.Errorf("%s: variance %q is not known: %w", g.Family, g.Variance, ErrConfig)
		case g.Family == "Binomial" && (g.Trials < 1 || g.Trials > maxTrials):
			return fmt.Errorf("Binomial: %d trials, want at least 1 and at most %d: %w", g.Trials, maxTrials, ErrConfig)
		case g.Family != "Binomial" && g.Trials != 0:
			return fmt.Errorf("%s: %d trials given, only Binomial units have a number of trials: %w", g.Family, g.Trials, ErrConfig)
		case g.Family != "OneHot" && g.States != 0:
			return fmt.Errorf("%s: %d states given, only OneHot units have a number of states: %w", g.Family, g.States, ErrConfig)
		case g.Variance == "" && g.LogVariance != 0:
			return fmt.Errorf("%s: log-variance %g given for units of no other variance than 1: %w", g.Family, g.LogVariance, ErrConfig)
		case g.Family == "Gaussian" && g.Variance != learnedVariance && u.learned():
			return fmt.Errorf("%v: Gaussian units of learned and of other variances on one side: %w", u, ErrConfig)
		case math.IsNaN(g.LogVariance) || math.Abs(g.LogVariance) > 80:
			return fmt.Errorf("Gaussian: variance %g, want a positive number from e^−80 to e^80: %w", math.Exp(g.LogVariance), ErrConfig)
		}
	}
	if u.len > maxUnits {
		return fmt.Errorf("%d units, want at most %d: %w", u.len, maxUnits, ErrConfig)
	}
	return nil
}

// Len is the number of columns of a batch of these units.
func (u Units) Len() int { return u.len }

// String describes the units as they are written in Go: Bernoulli(784).
func (u Units) String() string {
	parts := make([]string, len(u.groups))
	for i, g := range u.groups {
		switch {
		case g.Family == "OneHot":
			parts[i] = fmt.Sprintf("OneHot(%d, %d)", g.Count, g.States)
		case g.Family == "Binomial":
			parts[i] = fmt.Sprintf("Binomial(%d, %d)", g.Count, g.Trials)
		case g.Variance == fixedVariance:
			parts[i] = fmt.Sprintf("FixedGaussian(%d, %.4g)", g.Count, math.Exp(g.LogVariance))
		case g.Variance == learnedVariance:
			parts[i] = fmt.Sprintf("LearnedGaussian(%d, %.4g)", g.Count, math.Exp(g.LogVariance))
		default:
			parts[i] = fmt.Sprintf("%s(%d)", g.Family, g.Count)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "Join(" + strings.Join(parts, ", ") + ")"
}

// Families lists the names of the unit families, in order, without repetition of neighbours.
func (u Units) Families() []string {
	var names []string
	for _, g := range u.groups {
		names = append(names, g.Family)
	}
	return slices.Compact(names)
}

// Columns marks the columns of a batch that are of a family.
func (u Units) Columns(family string) []bool {
	marks := make([]bool, 0, u.len)
	for _, g := range u.groups {
		for range g.len() {
			marks = append(marks, g.Family == family)
		}
	}
	return marks
}

// Kind is the row-level arithmetic of the units, for the library's own samplers.
func (u Units) Kind() units.Kind { return u.kind }

// LogVariance returns the initial log σ² of every unit and whether it is learned; nil where every variance is 1.
func (u Units) LogVariance() (initial []float64, learned bool) {
	for _, g := range u.groups {
		if g.Variance != "" && initial == nil {
			initial = make([]float64, u.len)
		}
	}
	if initial == nil {
		return nil, false
	}
	lo := 0
	for _, g := range u.groups {
		for j := lo; j < lo+g.len(); j++ {
			initial[j] = g.LogVariance
		}
		lo += g.len()
	}
	return initial, u.learned()
}

func (u Units) learned() bool {
	return slices.ContainsFunc(u.groups, func(g group) bool { return g.Variance == learnedVariance })
}

// CGF builds Γ summed over the units of a row, Σ_j Γ_j(I_j): inputs (B, n) give (B), nats. logVariance is a vector node, or
// nil for variance 1. In float64 it is exact to 1e-12·max(1, |Γ|) for |I| ≤ 700. Gradient flows to both. Errors: ErrShape,
// ErrDtype, and ErrConfig for units of a variance of their own without its node.
func (u Units) CGF(input, logVariance *G.Node) (*G.Node, error) {
	if err := u.fits("CGF", input, logVariance); err != nil {
		return nil, err
	}
	return op.CGF(u.kind, input, logVariance)
}

// Mean builds E[x] = Γ'(I): inputs (B, n) give (B, n). In float64 it is exact to a relative 1e-12 while the mean is above
// 1e-300. Gradient flows to the inputs and to logVariance.
func (u Units) Mean(input, logVariance *G.Node) (*G.Node, error) {
	if err := u.fits("Mean", input, logVariance); err != nil {
		return nil, err
	}
	return op.UnitMean(u.kind, input, logVariance)
}

// Variance builds the variance Γ″(I) of each unit: inputs (B, n) give (B, n). No gradient flows through it.
func (u Units) Variance(input, logVariance *G.Node) (*G.Node, error) {
	if err := u.fits("Variance", input, logVariance); err != nil {
		return nil, err
	}
	return op.UnitVariance(u.kind, input, logVariance)
}

// OwnEnergy builds U summed over the units of a row: states (B, n) give (B), nats; 0 for Bernoulli,
// Spin and OneHot units, +∞ outside of the range of ReLU, Binomial and Poisson units. Gradient
// flows to x and logVariance.
func (u Units) OwnEnergy(x, logVariance *G.Node) (*G.Node, error) {
	if err := u.fits("OwnEnergy", x, logVariance); err != nil {
		return nil, err
	}
	return op.UnitEnergy(u.kind, x, logVariance)
}

func (u Units) fits(what string, x, logVariance *G.Node) error {
	if x == nil || x.Dims() != 2 || x.Shape()[1] != u.len {
		return fmt.Errorf("energy: %v: %s: input has %s, want (batch, %d): %w", u, what, shapeOf(x), u.len, ErrShape)
	}
	if slices.ContainsFunc(u.groups, func(g group) bool { return g.Variance != "" }) && logVariance == nil {
		return fmt.Errorf("energy: %v: %s: no log-variance node given, nil stands for variance 1: %w", u, what, ErrConfig)
	}
	return nil
}

// shapeOf says what a node has, for messages.
func shapeOf(n *G.Node) string {
	if n == nil {
		return "no node"
	}
	return fmt.Sprintf("shape %v", n.Shape())
}

// Check returns an error if a tensor is not a contiguous (rows, Len) batch of float32 or float64 values that the units can
// take: ErrConfig for units that are not valid, ErrShape, ErrDtype, ErrNotFinite or ErrRange, with the first place that is wrong. Means count as values.
func (u Units) Check(x *tensor.Dense) error {
	if err := u.Validate(); err != nil {
		return err
	}
	if x == nil {
		return fmt.Errorf("no tensor given, want shape (rows, %d): %w", u.len, ErrShape)
	}
	if x.Dims() != 2 || x.Shape()[1] != u.len || x.Shape()[0] < 1 {
		return fmt.Errorf("shape %v, want (rows, %d) with at least one row: %w", x.Shape(), u.len, ErrShape)
	}
	if x.RequiresIterator() || !x.DataOrder().IsRowMajor() || x.DataSize() != x.Shape().TotalSize() {
		return fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps (clone it): %w", ErrShape)
	}
	switch x.Dtype() {
	case tensor.Float32:
		return checkRows(u, units.In[float32](u.kind), x.Float32s())
	case tensor.Float64:
		return checkRows(u, units.In[float64](u.kind), x.Float64s())
	}
	return fmt.Errorf("dtype %v, want float32 or float64: %w", x.Dtype(), ErrDtype)
}

func checkRows[T float32 | float64](u Units, f units.Family[T], data []T) error {
	for i := 0; i+u.len <= len(data); i += u.len {
		row := data[i : i+u.len]
		j := f.Invalid(row)
		if j < 0 {
			continue
		}
		if v := float64(row[j]); v-v != 0 {
			return fmt.Errorf("row %d, column %d is %v, want a finite number: %w", i/u.len, j, v, ErrNotFinite)
		}
		return fmt.Errorf("row %d, column %d is %v, want what %v takes (%s): %w", i/u.len, j, row[j], u, u.rangeAt(j), ErrRange)
	}
	return nil
}

// rangeAt says in words what column j can take.
func (u Units) rangeAt(j int) string {
	for _, g := range u.groups {
		if j < g.len() {
			switch g.Family {
			case "Bernoulli":
				return "0 to 1"
			case "Spin":
				return "−1 to 1"
			case "OneHot":
				return fmt.Sprintf("groups of %d that sum to 1", g.States)
			case "Binomial":
				return fmt.Sprintf("0 to %d", g.Trials)
			case "ReLU", "Poisson":
				return "finite numbers from 0"
			}
			break
		}
		j -= g.len()
	}
	return "any finite number"
}

// MarshalJSON writes the description as it stands in model files.
func (u Units) MarshalJSON() ([]byte, error) { return json.Marshal(u.groups) }

// UnmarshalJSON reads a description and validates it.
func (u *Units) UnmarshalJSON(data []byte) error {
	var groups []group
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // an unknown key would be a setting that silently takes no effect
	if err := d.Decode(&groups); err != nil {
		return err
	}
	if err := (Units{groups: groups}).Validate(); err != nil {
		return err
	}
	*u = newUnits(groups...)
	return nil
}
