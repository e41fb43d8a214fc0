package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/bench"
)

func TestMedian(t *testing.T) {
	require.Equal(t, 3.0, median([]float64{9, 3, 1}))
	require.Equal(t, 2.0, median([]float64{9, 1, 3, 1}))
}

func TestExponent(t *testing.T) {
	x := []float64{1, 2, 4, 8}
	for _, p := range []float64{1, 1.5, 0} {
		y := make([]float64, len(x))
		for i := range x {
			y[i] = 3 * math.Pow(x[i], p)
		}
		require.InDelta(t, p, exponent(x, y), 1e-12)
	}
}

// measured is a row with three rounds of ours and of two peers, one of which does it in two ways.
func measured() []measurement {
	we, numpy, torch := &player{name: ours}, &player{name: "numpy", threads: 1}, &player{name: "torch", threads: 2}
	return []measurement{
		{bench.Row{Name: "cd1_f32", Flops: 4e6}, []timing{
			{player: we, rounds: []float64{1e-3, 2e-3, 4e-3}},
			{player: numpy, rounds: []float64{5e-3, 5e-3, 5e-3}},
			{player: torch, way: "autograd", rounds: []float64{9e-3, 9e-3, 9e-3}},
			{player: torch, way: "by hand", rounds: []float64{2e-3, 8e-3, 3e-3}},
		}},
		{bench.Row{Name: "gemm_4", Flops: 1e6}, []timing{
			{player: we, rounds: []float64{1e-3, 1e-3, 1e-3}},
			{player: numpy, rounds: []float64{1e-3, 0.25e-3, 1e-3}},
		}},
	}
}

func TestRatiosTakeTheFastestPeerRoundByRound(t *testing.T) {
	all := measured()
	require.Equal(t, 4e9, peakOf(all))
	got := map[string]ratio{}
	for _, r := range ratios(all, 4e9, false) {
		got[r.name] = r
	}
	require.Len(t, got, 3, "scikit-learn was not there, so its target is not shown")
	require.Equal(t, 0.5, got["cd1_f32_torch"].value, "the median of 1/2, 2/8 and 4/3, not the ratio 2/3 of medians")
	require.Equal(t, "torch ×2, by hand", got["cd1_f32_torch"].theirs.String())
	require.InDelta(t, 0.4, got["cd1_f32_numpy"].value, 1e-12)
	require.InDelta(t, 0.5, got["cd1_f32_numpy"].peak, 1e-12, "2 of 4 GFLOP/s")
	require.Equal(t, 1.0, got["gemm_4"].value)
	for _, r := range ratios(all, 0, true) {
		require.Equal(t, 1.0, r.most, "parity")
		require.Zero(t, r.peak, "no product was measured")
	}
}

func TestDoublePrecisionHasHalfThePeak(t *testing.T) {
	all := measured()[:1]
	all[0].row = bench.Row{Name: "cd1_f64", Flops: 4e6, Double: true}
	require.InDelta(t, 1.0, ratios(all, 4e9, false)[0].peak, 1e-12)
}

func TestTables(t *testing.T) {
	all := measured()
	var text bytes.Buffer
	printRatios(&text, ratios(all, 4e9, false)[1:])
	require.Equal(t, `name           ours  best peer       ratio  target  reached  least  of peak
cd1_f32_numpy  2 ms  5 ms, numpy ×1  0.40   ≤ 0.60  yes      0.20   50 %
gemm_4         1 ms  1 ms, numpy ×1  1.00   ≤ 1.00  yes      4.00   25 %

ratio cd1_f32_numpy 0.4000
ratio gemm_4 1.0000
`, text.String())
	text.Reset()
	printMarkdown(&text, ratios(all, 4e9, false)[1:2])
	require.Equal(t, `| name | ours | best peer | ratio | target | reached | least | of peak |
| --- | --- | --- | --- | --- | --- | --- | --- |
| cd1_f32_numpy | 2 ms | 5 ms, numpy ×1 | 0.40 | ≤ 0.60 | yes | 0.20 | 50 % |
`, text.String())
	text.Reset()
	printMedians(&text, all[1:])
	require.Equal(t, `gemm_4: 
  harmonium  1 ms  1 ms    1 GFLOP/s
  numpy ×1   1 ms  250 µs  1 GFLOP/s
`, text.String())
	require.Equal(t, "1.23 s, 45.6 µs", duration(1.234)+", "+duration(45.6e-6))
}

// What a process says comes in pieces of any size.
func TestLastWords(t *testing.T) {
	var w lastWords
	for _, piece := range []string{strings.Repeat("line\n", 2000), "Key", "Error:", " 'gemm_9'", "\n", "\n"} {
		io.WriteString(&w, piece)
	}
	require.Equal(t, "KeyError: 'gemm_9'", w.String())
	require.LessOrEqual(t, len(w.text), 4096)
	require.Empty(t, (&lastWords{}).String())
}

// Every target belongs to a row, and every row to a target.
func TestTargetsAndRows(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range bench.Rows() {
		require.NotContains(t, rows, r.Name)
		rows[r.Name] = false
	}
	for _, target := range targets {
		require.Contains(t, rows, target.row)
		rows[target.row] = true
	}
	for name, aimed := range rows {
		require.True(t, aimed, name)
	}
}

func TestServe(t *testing.T) {
	requests := `{"row":"gemm_1","way":"","check":2}` + "\n" + `{"row":"gemm_1","way":"","warm":1,"steps":2}` + "\n"
	var out bytes.Buffer
	require.NoError(t, serve(strings.NewReader(requests), &out))
	from := json.NewDecoder(&out)
	var h hello
	var sum, time answer
	require.NoError(t, from.Decode(&h))
	require.NoError(t, from.Decode(&sum))
	require.NoError(t, from.Decode(&time))
	require.Equal(t, []string{""}, h.Rows["gemm_1"])
	require.Len(t, h.Rows, len(bench.Rows()))
	require.InEpsilon(t, 373918.08, sum.Sum, 1e-6)
	require.Positive(t, time.Seconds)
	require.ErrorContains(t, serve(strings.NewReader(`{"row":"gemm_9","steps":1}`), io.Discard), `row "gemm_9"`)
}

func TestFlagsThatCannotTakeEffect(t *testing.T) {
	for want, c := range map[string]config{
		"-rounds is 0":            {},
		"-level is \"sse\"":       {rounds: 1, level: "sse"},
		"-rows: error parsing":    {rounds: 1, rows: "("},
		"matches no row":          {rounds: 1, rows: "gemm_9", peers: "numpy"},
		"-peers names \"matlab\"": {rounds: 1, peers: "numpy,matlab"},
		"with -sweep":             {rounds: 1, sweep: true, rows: "cd1"},
	} {
		require.ErrorContains(t, c.run(t.Context(), io.Discard, io.Discard), want)
	}
}

// interpreter returns a Python that has NumPy, or skips the test.
func interpreter(t *testing.T) python {
	path, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("no Python")
	}
	if err := exec.Command(path, "-c", "import numpy, scipy").Run(); err != nil {
		t.Skip("no NumPy and SciPy")
	}
	return python{path, unpacked(t)}
}

func unpacked(t *testing.T) string {
	dir, err := unpack()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func TestPeersSpeakTheProtocol(t *testing.T) {
	p, err := interpreter(t).start(t.Context(), "numpy", 1)
	require.NoError(t, err)
	defer p.end()
	require.Contains(t, p.About, "numpy")
	require.Len(t, p.Rows["cd1_f32"], 2)
	a, err := p.ask(request{Row: "gemm_1", Check: 1})
	require.NoError(t, err)
	require.InEpsilon(t, 373918.08, a.Sum, 1e-6)
	s, err := p.seconds("gemm_1", "", 1, 1)
	require.NoError(t, err)
	require.Positive(t, s)
	_, err = p.ask(request{Row: "gemm_9", Steps: 1})
	require.ErrorContains(t, err, "numpy ×1 ended")
	require.ErrorContains(t, err, "KeyError: 'gemm_9'", "its last words")
}

func TestWorkThatDiffersIsNoRow(t *testing.T) {
	y := interpreter(t)
	p, err := y.start(t.Context(), "numpy", 1)
	require.NoError(t, err)
	defer p.end()
	wrong := bench.Rows()
	wrong = wrong[len(wrong)-1:]
	require.Equal(t, "gemm_5", wrong[0].Name)
	_, err = prepare(io.Discard, wrong, []*player{p, p})
	require.NoError(t, err)
	wrong[0].Tolerance = -1 // not even equal sums are near enough
	_, err = prepare(io.Discard, wrong, []*player{p, p})
	require.ErrorContains(t, err, "they do not do the same work")
}

func TestMissingPeersSayWhatToInstall(t *testing.T) {
	y := python{"/nonexistent/python3", unpacked(t)}
	_, err := y.start(t.Context(), "numpy", 1)
	require.ErrorContains(t, err, "apt-get install python3-numpy")
}
