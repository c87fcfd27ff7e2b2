package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// child keeps one program running:
//
//	first ──► running ──dies──► reviving ──answers──► running
//	             │                 │ └──10 failures──► failed, and nobody tries again
//	             └────── quit ─────┴──► ended
//
// One goroutine does all of it, so a stop cannot meet a restart half way.
type child struct {
	name   string
	launch launcher
	how    signals
	forced context.Context // once it ends, nobody is asked politely any more
	log    *slog.Logger

	running atomic.Pointer[process] // nil between two runs
	done    chan struct{}           // closed when keep has returned and nothing runs
}

const (
	restarts     = 10
	shortestWait = 50 * time.Millisecond
	longestWait  = 2 * time.Second
)

// How long a program that was launched in vain gets to leave before it is told to.
const abandonWithin = 10 * time.Second

// launcher blocks until the program answers. When it cannot, it hands what it started to abandon, which waits for the
// end of it.
type launcher func(ctx context.Context, abandon func(*process)) (*process, error)

func newChild(forced context.Context, name string, launch launcher, how signals, log *slog.Logger) *child {
	return &child{name: name, launch: launch, how: how, forced: forced, log: log, done: make(chan struct{})}
}

func (c *child) abandon(p *process) {
	limit, cancel := context.WithTimeout(c.forced, abandonWithin)
	defer cancel()
	p.end(c.how, limit.Done())
}

// first launches it once; at a start an error is told, not retried.
func (c *child) first(ctx context.Context) error {
	p, err := c.launch(ctx, c.abandon)
	c.running.Store(p)
	return err
}

// keep restarts the child whenever it dies by itself, and ends it when quit does.
func (c *child) keep(quit context.Context, failed chan<- error) {
	defer close(c.done)
	for p := c.running.Load(); p != nil; p = c.running.Load() {
		select {
		case <-quit.Done():
			p.end(c.how, c.forced.Done())
			c.running.Store(nil)
			return
		case <-p.done:
		}
		c.running.Store(nil)
		if quit.Err() == nil {
			c.log.Warn("a child died, restarting it", "child", c.name, "error", p.ending())
		}
		next, err := c.revive(quit)
		if err != nil && quit.Err() == nil {
			failed <- err // has room for every child
		}
		c.running.Store(next)
	}
}

// revive tries until the child answers again.
func (c *child) revive(quit context.Context) (*process, error) {
	var err error
	wait := shortestWait
	for range restarts {
		select {
		case <-quit.Done():
			return nil, quit.Err()
		case <-time.After(wait):
		}
		var p *process
		if p, err = c.launch(quit, c.abandon); err == nil {
			c.log.Warn("a child is back", "child", c.name)
			return p, nil
		}
		if quit.Err() == nil {
			c.log.Warn("a child could not be restarted", "child", c.name, "error", err)
		}
		wait = min(2*wait, longestWait)
	}
	return nil, fmt.Errorf("%s could not be restarted %d times in a row: %w", c.name, restarts, err)
}

func (c *child) pid() int {
	if p := c.running.Load(); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}
