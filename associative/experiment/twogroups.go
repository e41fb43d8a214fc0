package experiment

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/chart"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// TwoGroupConfig says which basins are looked at in two directions.
type TwoGroupConfig struct {
	Rule  associative.Rule // nil means Hebb{}
	Units int              // n, even, 4 or more; 0 means 100
	// Stored are the numbers of patterns, ascending; nil means 4, 6, 10 and 15.
	Stored   []int
	Ties     associative.Ties
	Sets     int // of patterns, over which shares are taken; 0 means 20
	Seed     uint64
	Progress Progress // nil for none
}

func (c *TwoGroupConfig) fill() error {
	set(&c.Units, 100)
	set(&c.Sets, 20)
	set(&c.Rule, associative.Rule(associative.Hebb{}))
	if c.Stored == nil {
		c.Stored = []int{4, 6, 10, 15}
	}
	c.Stored = slices.Clone(c.Stored)
	even := error(nil)
	if c.Units%2 != 0 {
		even = fmt.Errorf("Units is %d, want an even number: %w", c.Units, energy.ErrConfig)
	}
	return cmp.Or(validRange("Units", c.Units, 4, 1<<10), even, validAscending("Stored", c.Stored, 1, 1<<24), validTies(c.Ties),
		validRange("Sets", c.Sets, 2, maxSets))
}

// TwoGroupTable is basins in two directions. Stored[k] patterns have the panel k.
type TwoGroupTable struct {
	TwoGroupConfig // with everything filled in
	// Ends[k][i][j] is where the state with i units of the first half and j of the second flipped ended, in set 0. Own[k][i][j] is
	// whether that was the pattern it was made of.
	Ends [][][]End
	Own  [][][]bool
	// Shares[k][i][j] is the share of the sets in which it ended in its own pattern.
	Shares [][][]float64
	// Areas[k] is the share of these states that end in their own pattern.
	Areas []Estimate
}

// TwoGroups draws the basin of attraction of a stored pattern in two dimensions of n. The units are divided into two halves. The state
// (i, j) is the first pattern of a set with the first i units of the first half and the first j of the second flipped, from (0, 0), the
// pattern, to (n/2, n/2), its negative; it is recalled asynchronously, in random orders that all states share, until it is at rest.
//
// Errors: ErrConfig; those of the rule; context's error when it ends. Cost: (n/2 + 1)² recalls for each network.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), section 13.3, from A. Bruce, A. Canning, B. Forrest,
// E. Gardner, D. Wallace, "Learning and memory properties in fully connected networks", AIP Conference Proceedings 151 (1986).
func TwoGroups(ctx context.Context, c TwoGroupConfig) (*TwoGroupTable, error) {
	if err := c.fill(); err != nil {
		return nil, fmt.Errorf("experiment: TwoGroups: %w", err)
	}
	side := c.Units/2 + 1
	t := &TwoGroupTable{TwoGroupConfig: c}
	own := make([][][]bool, len(c.Stored)) // [k][s][i·side + j]
	for k := range own {
		own[k] = make([][]bool, c.Sets)
		t.Ends = append(t.Ends, square[End](side))
		t.Own = append(t.Own, square[bool](side))
		t.Shares = append(t.Shares, square[float64](side))
	}
	drawn, orders := newSets(c.Seed, "patterns", c.Units, false), rng.New(c.Seed, "experiment orders")
	err := eachSet(ctx, c.Sets, c.Progress, func(set int) error {
		patterns := drawn.draw(set, c.Stored[len(c.Stored)-1])
		starts := rows(flipped(patterns[:c.Units]), c.Units)
		for k, m := range c.Stored {
			stored := patterns[:m*c.Units]
			h, err := learn(ctx, c.Rule, c.Ties, stored, c.Units)
			if err != nil {
				return fmt.Errorf("set %d, %d patterns: %w", set, m, err)
			}
			got, err := h.Recall(starts, associative.Asynchronous{Seed: orders.Uint64(uint64(set))})
			if err != nil {
				return err
			}
			x := got.States.Float64s()
			own[k][set] = make([]bool, side*side)
			for p, cycle := range got.Cycle {
				end, pattern := endOf(x[p*c.Units:(p+1)*c.Units], cycle, stored)
				own[k][set][p] = end == EndStored && pattern == 0
				if set == 0 {
					t.Ends[k][p/side][p%side], t.Own[k][p/side][p%side] = end, own[k][set][p]
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("experiment: TwoGroups: %w", err)
	}
	for k := range own {
		areas := make([]float64, c.Sets)
		for s, states := range own[k] {
			for p, back := range states {
				if back {
					areas[s]++
					t.Shares[k][p/side][p%side]++
				}
			}
			areas[s] /= float64(side * side)
		}
		for p := range side * side {
			t.Shares[k][p/side][p%side] /= float64(c.Sets)
		}
		t.Areas = append(t.Areas, shareOf(areas))
	}
	return t, nil
}

// flipped makes the states (i, j) of a pattern, j fastest.
func flipped(pattern []float64) []float64 {
	n, half := len(pattern), len(pattern)/2
	var states []float64
	for i := range half + 1 {
		for j := range half + 1 {
			states = append(states, pattern...)
			state := states[len(states)-n:]
			for u := range i {
				state[u] *= -1
			}
			for u := half; u < half+j; u++ {
				state[u] *= -1
			}
		}
	}
	return states
}

func square[T any](side int) [][]T {
	rows := make([][]T, side)
	for i := range rows {
		rows[i] = make([]T, side)
	}
	return rows
}

// String is a line for each number of patterns.
func (t *TwoGroupTable) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %d units in two halves of which 0 to %d are flipped: %% of these states that end in their pattern (%d sets, ties %v)",
		name(t.Rule), t.Units, t.Units/2, t.Sets, t.Ties)
	for k, m := range t.Stored {
		fmt.Fprintf(&s, "\n%4d patterns: %s", m, t.Areas[k].percent())
	}
	return s.String()
}

// Colours of the ends, dark to light as they are of use.
var (
	ownColour   = color.Gray{0}
	endColours  = [numberOfEnds]color.Color{color.RGBA{0, 114, 178, 255}, color.RGBA{230, 159, 0, 255}, color.Gray{220}, color.RGBA{204, 121, 167, 255}}
	panelWidth  = 1.85 * vg.Inch
	panelHeight = 2 * vg.Inch
	keyHeight   = 0.3 * vg.Inch
)

// Plot writes two lines of panels, one for each number of patterns, as a PNG file: whole, or not at all. The upper line is set 0, its
// colours where a state ends; the lower line is all sets, the darker a state the more of them have it end in its own pattern.
func (t *TwoGroupTable) Plot(path string) error {
	var key []keyEntry
	met := t.met()
	for _, entry := range []struct {
		colour color.Color
		text   string
		met    bool
	}{
		{ownColour, "its own pattern", true}, {endColours[EndStored], "another stored pattern", met[EndStored]},
		{endColours[EndGhost], "a negative", met[EndGhost]}, {endColours[EndSpurious], "a spurious state", met[EndSpurious]},
		{endColours[EndRestless], "no state at rest", met[EndRestless]},
	} {
		if entry.met {
			key = append(key, keyEntry{entry.colour, entry.text})
		}
	}
	width := max(vg.Length(len(t.Stored))*panelWidth, keyWidth(key))
	return drawn("TwoGroupTable", path, chart.WritePNG(path, width, 2*panelHeight+keyHeight, func(canvas draw.Canvas) {
		for k, m := range t.Stored {
			left := vg.Length(k) * panelWidth
			right := left + panelWidth - width
			t.panel(draw.Crop(canvas, left, right, panelHeight+keyHeight, 0), fmt.Sprintf("%d patterns", m), func(i, j int) color.Color {
				if t.Own[k][i][j] {
					return ownColour
				}
				return endColours[t.Ends[k][i][j]]
			})
			t.panel(draw.Crop(canvas, left, right, keyHeight, -panelHeight), fmt.Sprintf("%d patterns, %d sets", m, t.Sets), func(i, j int) color.Color {
				return color.Gray{uint8(math.Round(255 * (1 - t.Shares[k][i][j])))}
			})
		}
		drawKey(draw.Crop(canvas, 0, 0, 0, keyHeight-(canvas.Max.Y-canvas.Min.Y)), key)
	}))
}

// met are the ends in set 0 that are not the own pattern.
func (t *TwoGroupTable) met() (met [numberOfEnds]bool) {
	for k, panel := range t.Ends {
		for i, row := range panel {
			for j, end := range row {
				met[end] = met[end] || !t.Own[k][i][j]
			}
		}
	}
	return met
}

// panel draws one square of states: i to the right, j upwards.
func (t *TwoGroupTable) panel(canvas draw.Canvas, title string, at func(i, j int) color.Color) {
	side := t.Units/2 + 1
	// Several dots a state, so that their edges stay sharp where the picture is scaled.
	dots := max(1, 500/side)
	img := image.NewRGBA(image.Rect(0, 0, dots*side, dots*side))
	for x := range dots * side {
		for y := range dots * side {
			img.Set(x, y, at(x/dots, side-1-y/dots))
		}
	}
	p := chart.NewPlot()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "flipped in the first half", "in the second half"
	for _, style := range []*draw.TextStyle{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Size = vg.Points(9)
	}
	ticks := plot.ConstantTicks{}
	for _, v := range []int{0, t.Units / 4, t.Units / 2} {
		ticks = append(ticks, plot.Tick{Value: float64(v), Label: fmt.Sprint(v)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks, ticks
	p.X.Padding, p.Y.Padding = 0, 0
	p.Add(plotter.NewImage(img, -0.5, -0.5, float64(side)-0.5, float64(side)-0.5))
	p.Draw(draw.Crop(canvas, vg.Points(4), -vg.Points(8), vg.Points(4), -vg.Points(6)))
}
