package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"
)

// maxClasses bounds the classes of a Table, so that a file of numbers is not taken for one of labels.
const maxClasses = 1000

// Table is rows of numbers, each of one class.
type Table struct {
	// Features holds the rows one after the other, Width values each.
	Features []float32
	Width    int

	Labels  []int    // of the rows, from 0
	Classes []string // their names
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.Labels) }

// Row returns row i, whose values are those of t.
func (t *Table) Row(i int) []float32 { return t.Features[i*t.Width : (i+1)*t.Width] }

// Tensor returns the features as a matrix of shape (Len, Width) that shares their memory. Every call makes a new header.
func (t *Table) Tensor() *tensor.Dense {
	return tensor.New(tensor.WithShape(t.Len(), t.Width), tensor.WithBacking(t.Features))
}

// Select returns a copy of the rows with the given numbers, in that order, with all class names. It panics on a number that is
// not of a row.
func (t *Table) Select(numbers []int) *Table {
	s := &Table{Width: t.Width, Classes: slices.Clone(t.Classes), Labels: make([]int, len(numbers))}
	for k, i := range numbers {
		s.Features = append(s.Features, t.Row(i)...)
		s.Labels[k] = t.Labels[i]
	}
	return s
}

// ReadTable reads a csv file, plain or compressed by gzip, whose last column is the class. Its first line tells its form:
//
//	5.1,3.5,1.4,0.2,2                   numbers only: no header, classes are numbers from 0
//	150,4,setosa,versicolor,virginica   a header of counts and class names, as scikit-learn writes it: classes are numbers from 0
//	length,width,species                a header of column names: classes are names, numbered as they come
//
// It returns an error that names the file and the line when lines differ in length, when a feature is no finite number, when a
// class is not one that the header names or, without one, no number below 1000, when a count of the header is wrong, and
// when there is no row. Cells are not quoted.
func ReadTable(path string) (*Table, error) { return withFile("ReadTable", path, readTable) }

func readTable(r io.Reader) (*Table, error) {
	t := &Table{}
	first, declared := true, -1
	class := t.numbered // of a cell
	err := readCSV(r, func(cells []string) error {
		if first {
			first = false
			header, err := t.header(cells)
			switch {
			case err != nil:
				return err
			case header == counts:
				if declared, err = strconv.Atoi(cells[0]); err != nil || declared < 1 {
					return fmt.Errorf("the header says %q rows, want at least 1", cells[0])
				}
				return nil
			case header == names:
				class = t.named
				return nil
			}
		}
		if len(cells) != t.Width+1 {
			return fmt.Errorf("%d values, want %d features and a class", len(cells), t.Width)
		}
		var err error
		if t.Features, err = appendNumbers(t.Features, cells[:t.Width]); err != nil {
			return err
		}
		label, err := class(cells[t.Width], declared >= 0)
		t.Labels = append(t.Labels, label)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(t.Labels) == 0:
		return nil, errors.New("no rows")
	case declared >= 0 && declared != t.Len():
		return nil, fmt.Errorf("%d rows, the header says %d", t.Len(), declared)
	}
	return t, nil
}

// The forms of a first line.
const (
	counts  = "counts"
	names   = "names"
	numbers = "numbers"
)

// header takes from the first line what it says, and returns which form it has.
func (t *Table) header(cells []string) (form string, err error) {
	numeric := 0
	for numeric < len(cells) {
		if _, err := strconv.ParseFloat(cells[numeric], 32); err != nil {
			break
		}
		numeric++
	}
	t.Width = len(cells) - 1
	if t.Width < 1 {
		return "", fmt.Errorf("%d values, want at least 2", len(cells))
	}
	switch numeric {
	case len(cells):
		return numbers, nil
	case 0:
		return names, nil
	case 2:
		if t.Width, err = strconv.Atoi(cells[1]); err != nil || t.Width < 1 || t.Width > csvLine {
			return "", fmt.Errorf("the header says %q features, want 1 to %d", cells[1], csvLine)
		}
		t.Classes = slices.Clone(cells[2:]) // of one line
		return counts, nil
	}
	return "", fmt.Errorf("is neither names nor numbers nor two counts and names: it begins with %d numbers", numeric)
}

// numbered reads a class that is a number. Without a header, classes get the names of their numbers.
func (t *Table) numbered(cell string, header bool) (int, error) {
	limit := maxClasses
	if header {
		limit = len(t.Classes)
	}
	label, err := strconv.Atoi(cell)
	if x, floatErr := strconv.ParseFloat(cell, 64); err != nil && floatErr == nil && x == float64(int(x)) {
		label, err = int(x), nil // some files write 3.0
	}
	if err != nil || label < 0 || label >= limit {
		return 0, fmt.Errorf("class %q, want a whole number from 0 to %d", cell, limit-1)
	}
	for !header && len(t.Classes) <= label {
		t.Classes = append(t.Classes, strconv.Itoa(len(t.Classes)))
	}
	return label, nil
}

// named reads a class that is a name.
func (t *Table) named(cell string, _ bool) (int, error) {
	label := slices.Index(t.Classes, cell)
	if label >= 0 {
		return label, nil
	}
	if cell == "" || len(t.Classes) == maxClasses {
		return 0, fmt.Errorf("class %q, want at most %d names", cell, maxClasses)
	}
	t.Classes = append(t.Classes, strings.Clone(cell)) // and not its line
	return len(t.Classes) - 1, nil
}
