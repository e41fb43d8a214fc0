package training

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"
)

// draw runs a bar that writes to memory as it would to a terminal of this width, and returns the lines of the last frame.
func draw(width int, run func(p *progress)) []string {
	var out bytes.Buffer
	p := startProgress("rbm0", 6000, mpb.WithOutput(&out), mpb.WithWidth(width), mpb.WithAutoRefresh())
	run(p)
	frames := regexp.MustCompile(`\x1b\[\d+A\x1b\[J`).Split(out.String(), -1)
	return strings.Split(frames[len(frames)-1], "\n")
}

func TestProgressShowsTheRun(t *testing.T) {
	lines := draw(80, func(p *progress) {
		p.step(3000, progressState{5, 10, 81.20})
		p.step(3001, progressState{10, 10, 75.03}) // one too many does no harm
		p.done()
		p.done()
		p.abort()
	})
	require.Equal(t, []string{"rbm0  6000/6000 [======================] epoch 10/10  cost 75.03  in 0s", ""}, lines)
}

func TestProgressWithoutRoomForTheBar(t *testing.T) {
	lines := draw(44, func(p *progress) {
		p.step(3000, progressState{5, 10, 81.20})
		p.done()
	})
	require.Equal(t, []string{"rbm0  3000/6000  epoch 5/10  cost 81.2  in …", ""}, lines)
}

func TestProgressLeavesAnEarlyEndAsItStands(t *testing.T) {
	lines := draw(80, func(p *progress) {
		p.step(3000, progressState{5, 10, 81.20})
		p.done()
	})
	require.Equal(t, []string{"rbm0  3000/6000 [==========>-----------] epoch 5/10  cost 81.2  in 0s", ""}, lines)
}

func TestProgressOfAFailedRunIsWiped(t *testing.T) {
	lines := draw(80, func(p *progress) {
		p.step(3000, progressState{5, 10, 1})
		p.abort()
	})
	require.Equal(t, []string{""}, lines)
}

func TestProgressIsNeverWiderThanTheTerminal(t *testing.T) {
	for _, width := range []int{1, 10, 20, 40, 60, 80} {
		lines := draw(width, func(p *progress) {
			p.step(3000, progressState{5_000_000_000, 10_000_000_000, -123456.7e-300})
			p.done()
		})
		require.Len(t, lines, 2)
		require.LessOrEqual(t, utf8.RuneCountInString(lines[0]), width)
	}
}

func TestProgressIsOffWhereNobodyLooks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.Nil(t, newProgress(nil, "x", 10))
	require.Nil(t, newProgress(new(bytes.Buffer), "x", 10))
	p := newProgress(file, "x", 10)
	require.Nil(t, p)
	p.step(10, progressState{}) // all methods work
	p.done()
	p.abort()
	require.NoError(t, file.Close())
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, written)
}

func TestProgressLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 20 {
		draw(80, func(p *progress) {
			p.step(6000, progressState{})
			if i%2 == 0 {
				p.abort()
			} else {
				p.done()
			}
		})
	}
	for range 500 { // those that end themselves need a moment; require.Eventually would add its own
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func BenchmarkProgressStep(b *testing.B) {
	p := startProgress("rbm0", 1<<62, mpb.WithOutput(new(bytes.Buffer)), mpb.WithAutoRefresh())
	for b.Loop() {
		p.step(1, progressState{1, 10, 81.20})
	}
	p.abort()
}
