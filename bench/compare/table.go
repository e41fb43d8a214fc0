package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// printMedians prints what every player took at every row: the median, the least, and the rate by the median.
func printMedians(w io.Writer, all []measurement) {
	for _, m := range all {
		fmt.Fprintf(w, "%s: %s\n", m.row.Name, m.row.About)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, x := range m.times {
			rate := ""
			if m.row.Flops > 0 {
				rate = fmt.Sprintf("%.0f GFLOP/s", m.row.Flops/median(x.rounds)/1e9)
			}
			fmt.Fprintf(t, "  %v\t%s\t%s\t%s\n", x, duration(median(x.rounds)), duration(slices.Min(x.rounds)), rate)
		}
		t.Flush()
	}
}

var columns = []string{"name", "ours", "best peer", "ratio", "target", "reached", "least", "of peak"}

func (r ratio) cells() []string {
	reached, peak := "yes", ""
	if r.value > r.most {
		reached = "no"
	}
	if r.peak > 0 {
		peak = fmt.Sprintf("%.0f %%", 100*r.peak)
	}
	return []string{r.name, duration(median(r.ours.rounds)), fmt.Sprintf("%s, %v", duration(median(r.theirs.rounds)), r.theirs),
		fmt.Sprintf("%.2f", r.value), fmt.Sprintf("≤ %.2f", r.most), reached, fmt.Sprintf("%.2f", r.least), peak}
}

// printRatios prints the table of targets, and then a line for each that programs can read.
func printRatios(w io.Writer, all []ratio) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, r := range all {
		fmt.Fprintln(t, strings.Join(r.cells(), "\t"))
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, r := range all {
		fmt.Fprintf(w, "ratio %s %.4f\n", r.name, r.value)
	}
}

// printMarkdown prints the table of targets for bench/README.md.
func printMarkdown(w io.Writer, all []ratio) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	line(columns)
	line(strings.Split(strings.Repeat("--- ", len(columns)-1)+"---", " "))
	for _, r := range all {
		line(r.cells())
	}
}

// duration prints seconds with three digits.
func duration(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g s", s)
}
