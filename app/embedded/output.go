package embedded

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// output carries what a child prints into the log.
type output struct {
	mu   sync.Mutex
	last string        // the last line at warn or above
	eof  chan struct{} // closed when nothing more can come
}

// follow reads until every process that holds the other end is gone, and closes r. It must never stop early: a child
// that writes into a full pipe stands still.
func follow(r io.ReadCloser, level func(string) (slog.Level, string), log *slog.Logger) *output {
	o := &output{eof: make(chan struct{})}
	go func() {
		defer close(o.eof)
		defer r.Close()
		lines := bufio.NewReaderSize(r, 16<<10)
		for {
			line, _, err := lines.ReadLine() // a longer line comes in pieces, which is good enough for a log
			if err != nil {
				return
			}
			if len(line) > 0 {
				o.take(string(line), level, log)
			}
		}
	}()
	return o
}

func (o *output) take(line string, level func(string) (slog.Level, string), log *slog.Logger) {
	loud, text := level(line)
	log.Log(context.Background(), loud, text)
	if loud >= slog.LevelWarn {
		o.mu.Lock()
		o.last = text
		o.mu.Unlock()
	}
}

// complaint is the last loud line. The process may have ended before its last words were read, so they get a moment.
func (o *output) complaint() string {
	select {
	case <-o.eof:
	case <-time.After(200 * time.Millisecond): // a grandchild still holds the pipe
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}
