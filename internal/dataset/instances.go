package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ReadBags reads bags from a csv file, plain or compressed by gzip, without header, of one instance a line:
//
//	bag,label,feature,feature,…
//
// The lines of a bag follow each other and agree in its label, 0 or 1. Bag names are any text; the bags are numbered as they
// come. It returns an error that names the file and the line when lines differ in length, when a feature is no finite
// number, when a bag goes on after another has begun or has two labels, and when there is no line.
//
// This is the form in which the multiple-instance sets of Andrews, Tsochantaridis, Hofmann, "Support vector machines for
// multiple-instance learning", NIPS 2002 (Tiger, Elephant, Fox) are passed on.
func ReadBags(path string) (*Bags, error) { return withFile("ReadBags", path, readBags) }

func readBags(r io.Reader) (*Bags, error) {
	var (
		instances       []float32
		lengths, labels []int
		width           int
		current         string
		seen            = map[string]bool{}
	)
	err := readCSV(r, func(cells []string) error {
		if width == 0 {
			width = len(cells) - 2
		}
		if width < 1 || len(cells) != width+2 {
			return fmt.Errorf("%d values, want a bag, a label and %d features", len(cells), max(width, 1))
		}
		bag, label := cells[0], 0
		switch cells[1] {
		case "0":
		case "1":
			label = 1
		default:
			return fmt.Errorf("label %q, want 0 or 1", cells[1])
		}
		last := len(lengths) - 1
		switch {
		case last < 0 || bag != current:
			if seen[bag] {
				return fmt.Errorf("bag %q goes on after another has begun", bag)
			}
			current = strings.Clone(bag) // and not its line
			seen[current] = true
			lengths, labels = append(lengths, 1), append(labels, label)
		case label != labels[last]:
			return fmt.Errorf("bag %q has label %d, and had %d before", bag, label, labels[last])
		default:
			lengths[last]++
		}
		var err error
		instances, err = appendNumbers(instances, cells[2:])
		return err
	})
	if err == nil && len(lengths) == 0 {
		err = errors.New("no bags")
	}
	if err != nil {
		return nil, err
	}
	return newBags(instances, width, lengths, labels), nil
}
