package training

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"
)

// barWidth is the width of the bar itself. It is fixed so that the bar stands still while the text beside it changes.
const barWidth = 24

// progress is a progress bar on a terminal, one line for one run:
//
//	rbm0  412/6000 [=>----------------------] epoch 1/10  cost 97.21  ETA 38s
//
// A nil progress is off; all its methods may be called. The clock decides only what is shown.
type progress struct {
	label   string
	total   int64
	start   time.Time
	options []mpb.ContainerOption

	bars *mpb.Progress
	bar  *mpb.Bar

	mu      sync.Mutex
	current int64
	state   progressState
}

// progressState is what stands beside the bar. It is kept as numbers and written out when the bar is drawn, so that a step of
// training makes no text.
type progressState struct {
	epoch, epochs int
	cost          float64
}

func (s progressState) String() string {
	if s.epochs == 0 {
		return ""
	}
	return fmt.Sprintf("epoch %d/%d  cost %.4g", s.epoch, s.epochs, s.cost)
}

// newProgress starts a bar on w for total steps. It is off (nil) if w is nil or not a terminal, so that a log file or a
// pipe gets nothing. Whoever starts a bar must end it with done or abort.
func newProgress(w io.Writer, label string, total int64) *progress {
	f, ok := w.(*os.File)
	if !ok || total < 1 || !cwriter.IsTerminal(int(f.Fd())) {
		return nil
	}
	return startProgress(label, total, mpb.WithOutput(f))
}

func startProgress(label string, total int64, options ...mpb.ContainerOption) *progress {
	p := &progress{label: label, total: total, start: time.Now(), options: options}
	p.open()
	return p
}

// open puts the bar on the terminal.
func (p *progress) open() {
	p.bars = mpb.New(p.options...)
	total, label, digits := p.total, p.label, len(fmt.Sprint(p.total))
	p.bar = p.bars.New(total, mpb.BarStyle(),
		mpb.BarWidth(barWidth),
		mpb.BarFillerTrim(), // the texts bring their own spaces, and keep them where the bar has no room
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			current, _ := p.now()
			return fmt.Sprintf("%s  %*d/%d ", label, digits, current, total)
		})),
		mpb.AppendDecorators(decor.Any(func(st decor.Statistics) string {
			current, state := p.now()
			text := state.String()
			if text != "" {
				text = " " + text + " "
			}
			return text + " " + p.clock(current, st.Completed || st.Aborted)
		})),
		// The bar reads the position when it is drawn, so that step need not wake its goroutine.
		mpb.BarFillerMiddleware(func(base mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
				st.Current, _ = p.now()
				return base.Fill(w, st)
			})
		}),
	)
}

// aside wipes the bar off the terminal, lets f write there, and puts the bar back below what it wrote.
func (p *progress) aside(f func()) {
	if p == nil {
		f()
		return
	}
	p.abort()
	f()
	p.open()
}

func (p *progress) now() (current int64, state progressState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current, p.state
}

// clock is the time left while the run goes on, and the time it took once it has ended.
func (p *progress) clock(current int64, ended bool) string {
	elapsed := time.Since(p.start)
	switch {
	case ended:
		return "in " + elapsed.Round(time.Second).String()
	case current == 0:
		return "ETA ?"
	}
	left := time.Duration(float64(elapsed) * float64(p.total-current) / float64(current))
	return "ETA " + left.Round(time.Second).String()
}

// step reports that n more steps are done, and what stands beside the bar from now on. It takes a lock and returns.
func (p *progress) step(n int64, state progressState) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = min(p.current+n, p.total)
	p.state = state
}

// done ends the bar and leaves it on the terminal as it stands, full or, if the run ended early, not. It returns when the
// last line is written; after it, done and abort do nothing.
func (p *progress) done() {
	if p == nil {
		return
	}
	if current, _ := p.now(); current == p.total {
		p.bar.SetCurrent(p.total)
	} else {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}

// abort ends the bar and wipes it off the terminal, for a run that failed: the error says where it stopped.
func (p *progress) abort() {
	if p == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
