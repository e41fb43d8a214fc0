package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

const (
	// csvLine bounds the bytes of a line of a csv file, csvBytes those of all lines, unpacked.
	csvLine  = 1 << 16
	csvBytes = 1 << 26
)

// withFile opens a file, plain or compressed by gzip, and reads it.
func withFile[T any](name, path string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(path)
	if err != nil {
		return none, fmt.Errorf("dataset: %s: %w", name, err)
	}
	defer f.Close()
	got, err := read(f)
	if err != nil {
		return none, fmt.Errorf("dataset: %s %q: %w", name, path, err)
	}
	return got, nil
}

// readCSV calls row with the cells of every line that is not empty, stripped of spaces. There is no quoting: cells are numbers
// and plain names. Cells share the memory of their line. A line longer than csvLine and lines longer than csvBytes together
// are refused. Errors name the line.
func readCSV(r io.Reader, row func(cells []string) error) error {
	br := bufio.NewReader(r)
	r = br
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		var err error
		if r, err = gzip.NewReader(br); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, csvLine)
	number, size := 0, 0
	for lines.Scan() {
		number++
		if size += len(lines.Bytes()); size > csvBytes {
			return fmt.Errorf("line %d: the lines have more than %d bytes", number, csvBytes)
		}
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		cells := strings.Split(line, ",")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if err := row(cells); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("after line %d: %w", number, err)
	}
	return nil
}

// appendNumbers appends the numbers that the cells are.
func appendNumbers(to []float32, cells []string) ([]float32, error) {
	for i, cell := range cells {
		x, err := strconv.ParseFloat(cell, 32)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return to, fmt.Errorf("%q in feature %d, want a finite number", cell, i)
		}
		to = append(to, float32(x))
	}
	return to, nil
}
