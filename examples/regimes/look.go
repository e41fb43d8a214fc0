package main

import (
	"fmt"
	"path/filepath"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// associating is a layer whose heads can be looked into.
type associating interface {
	layers.Layer
	Association(x *G.Node, masks modernhopfield.Masks) (*G.Node, error)
	Betas() []float64
}

// head is what was seen of a head.
type head struct {
	layer   string
	beta    float64
	regime  modernhopfield.Regime // that of the median state of many test digits
	weights []float32             // of the first test digit, (states, patches)
}

// look runs the first test digits through the network and returns every head of every layer.
func (t *task) look(net *layers.Sequential) ([]head, error) {
	const most = 200
	n, patches, columns := min(most, len(t.testLabels)), t.test.Shape()[1], t.test.Shape()[2]
	digits := tensor.New(tensor.WithShape(n, patches, columns), tensor.WithBacking(t.test.Float32s()[:n*patches*columns]))
	x := G.NodeFromAny(G.NewGraph(), digits, G.WithName("digits"))
	var seen []associating
	var nodes []*G.Node
	for _, l := range net.Layers() {
		a, ok := l.(associating)
		if ok {
			w, err := a.Association(x, modernhopfield.Masks{})
			if err != nil {
				return nil, err
			}
			seen, nodes = append(seen, a), append(nodes, w)
		}
		var err error
		if x, err = l.Forward(x); err != nil {
			return nil, err
		}
	}
	vm, err := machine.New(x.Graph(), machine.Config{Outputs: nodes, Eval: true})
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return nil, err
	}
	var found []head
	for i, l := range seen {
		w := vm.Value(nodes[i]).(*tensor.Dense) // (digits·heads, states, patches)
		regimes, err := modernhopfield.HeadRegimes(w, heads)
		if err != nil {
			return nil, err
		}
		size := w.Shape()[1] * patches
		for h, beta := range l.Betas() {
			found = append(found, head{l.Name(), beta, regimes[h], slices.Clone(w.Float32s()[h*size : (h+1)*size])})
		}
	}
	return found, nil
}

var classNames = [...]string{"I", "II", "III", "IV"}

// show prints the heads, layer by layer.
func (t *task) show(before, after []head) {
	n := t.down * t.across
	fmt.Fprintf(t.words, "k: how few of the %d patches hold 0.90 of the weights of a state, in the median over the states of the first test digits\n"+
		"class I: more than %d, II: more than %d, III: more than %d, IV: no more\n", n, n/2, n/8, n/32)
	fmt.Fprintln(t.words, "                   before training     after training\nlayer     head       β  class   k        β  class   k")
	for i, b := range before {
		a := after[i]
		fmt.Fprintf(t.words, "%-9s %4d   %5.3f  %-5s  %2d    %5.3f  %-5s  %2d\n", b.layer, i%heads+1,
			b.beta, classNames[b.regime.Class()-1], b.regime.K, a.beta, classNames[a.regime.Class()-1], a.regime.K)
	}
}

// classes counts the heads of each class.
func classes(found []head) (count [4]int) {
	for _, h := range found {
		count[h.regime.Class()-1]++
	}
	return count
}

// draw writes a line of tiles for each layer: the first test digit, and what its patches associate with in each head.
func (t *task) draw(found []head) error {
	var tiles []float32
	for i, h := range found {
		if i%heads == 0 {
			tiles = append(tiles, t.digit()...)
		}
		tiles = append(tiles, t.maps(h.weights)...)
	}
	path := filepath.Join(t.out, "associations.png")
	height, width := t.tile()
	if err := dataset.WriteGrid(path, tiles, width, height, 1+heads, 4); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "%s: layer by layer, a test digit and what its patches associate with in each head after training\n", path)
	return nil
}

// tile is the size of a tile, in which every patch has room for a map of all patches and a line between.
func (t *task) tile() (height, width int) { return t.down*(t.down+1) - 1, t.across*(t.across+1) - 1 }

// maps draws, where each patch is, a map of the patches that it associates with, the one of the largest weight white. The single
// state of a pooling layer has one large map.
func (t *task) maps(weights []float32) []float32 {
	height, width := t.tile()
	n := t.down * t.across
	tile := make([]float32, height*width)
	for i := range tile {
		y, x := i/width, i%width
		state, stored := y/(t.down+1)*t.across+x/(t.across+1), y%(t.down+1)*t.across+x%(t.across+1)
		switch between := y%(t.down+1) == t.down || x%(t.across+1) == t.across; {
		case len(weights) == n:
			state, stored = 0, state
		case between:
			continue
		}
		row := weights[state*n : (state+1)*n]
		tile[i] = row[stored] / slices.Max(row)
	}
	return tile
}

// digit draws the first test digit in the size of a tile.
func (t *task) digit() []float32 {
	height, width := t.tile()
	columns := t.test.Shape()[2]
	tile := make([]float32, height*width)
	for i := range tile {
		y, x := i/width*t.down*side/height, i%width*t.across*side/width
		tile[i] = t.test.Float32s()[(y/side*t.across+x/side)*columns+y%side*side+x%side]
	}
	return tile
}
