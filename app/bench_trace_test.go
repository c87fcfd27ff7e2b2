package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// traced is one thing that a page's main thread did: when it began, how long it took, and how long of that on the
// processor, all in µs. The last is what a page costs; by the clock a busy machine's neighbours count too.
type traced struct {
	Name string  `json:"name"`
	Kind string  `json:"ph"` // X is one that took some time
	Tid  int     `json:"tid"`
	At   float64 `json:"ts"`
	Long float64 `json:"dur"`
	CPU  float64 `json:"tdur"`
}

// traces gives what the page's main thread did while act ran, in order.
func (b *browser) traces(act func()) []traced {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	var (
		mu   sync.Mutex
		all  []traced
		main = map[int]bool{}
		done = make(chan struct{})
	)
	b.set(chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, raw := range e.Value {
				var one traced
				if json.Unmarshal(raw, &one) == nil && one.Kind == "X" {
					all = append(all, one)
					main[one.Tid] = main[one.Tid] || one.Name == "FireAnimationFrame"
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	}))
	_, err := send(b, tracing.Start, tracing.StartParams{TransferMode: tracing.StartTransferModeReportEvents, TraceConfig: &tracing.TraceConfig{
		IncludedCategories: []string{"devtools.timeline", "disabled-by-default-devtools.timeline"}, ExcludedCategories: []string{"*"},
	}})
	b.set(err)
	act()
	_, err = send(b, tracing.End, cdp.Empty{})
	b.set(err)
	b.until("the trace is here", func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	mu.Lock()
	defer mu.Unlock()
	all = slices.DeleteFunc(all, func(one traced) bool { return !main[one.Tid] })
	slices.SortStableFunc(all, func(a, b traced) int { return cmp.Compare(a.At, b.At) })
	return all
}

// scripts is what scripts cost in each frame, in ms of the processor: the callbacks of the frame itself, and what events
// and timers ran since the frame before. With layout it is the browser's work on elements and styles as well.
func scripts(all []traced, layout bool) (frames []float64) {
	var spent, until float64
	for _, one := range all {
		switch one.Name {
		case "PrePaint": // once a frame, after its callbacks
			frames, spent = append(frames, spent/1000), 0
		case "FireAnimationFrame", "TimerFire", "EventDispatch", "FunctionCall":
			if one.At >= until { // not within one that is counted already
				spent, until = spent+one.CPU, one.At+one.Long
			}
		case "UpdateLayoutTree", "Layout":
			if layout && one.At >= until {
				spent += one.CPU
			}
		}
	}
	return frames
}

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
