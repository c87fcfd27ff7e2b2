package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// command is a program to run as a child.
type command struct {
	name  string // for people: "postgres", "initdb"
	path  string
	args  []string
	dir   string
	stdin string
	who   account
	death syscall.Signal                         // what it gets when we die without a word
	level func(line string) (slog.Level, string) // how loud a line of its output is, and the line without its decoration
	log   *slog.Logger
}

// signals are how a process is asked to end, and how it is told to.
type signals struct{ gentle, harsh syscall.Signal }

// process is one run of a command.
type process struct {
	name   string
	cmd    *exec.Cmd
	done   chan struct{} // closed once it has ended
	err    error         // how; read it after done
	output *output
}

// start runs the command. The thread that forks stays with it until its end, because the parent-death signal comes
// when that thread dies, and Go is free to end any other. Its own process group keeps a terminal's ^C away from it:
// the server drains first.
func (c command) start() (*process, error) {
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir = c.dir
	// Nothing of ours is passed on: no PG* variable that would change a default, and no secret.
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: c.death, Setpgid: true, Credential: c.who.credential}
	if c.stdin != "" {
		cmd.Stdin = strings.NewReader(c.stdin)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	// A file, not a writer: Wait would otherwise stay until every grandchild has let go of the pipe.
	cmd.Stdout, cmd.Stderr = write, write

	p := &process{name: c.name, cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	err = <-started
	write.Close()
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p.output = follow(read, c.level, c.log.With("child", c.name))
	return p, nil
}

// run waits for a command that ends by itself, and kills it when ctx ends first.
func (c command) run(ctx context.Context) error {
	p, err := c.start()
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.signal(syscall.SIGKILL)
		<-p.done
		return ctx.Err()
	}
	if p.err != nil {
		return p.failure()
	}
	return nil
}

// await returns once the process answers; it gives up when the process or ctx ends. There is no limit of its own: a
// recovery after a crash takes as long as it takes, and killing it would begin it anew.
func (p *process) await(ctx context.Context, log *slog.Logger, answers func(context.Context) error) error {
	again, patience := time.NewTicker(10*time.Millisecond), time.NewTicker(10*time.Second)
	defer again.Stop()
	defer patience.Stop()
	for {
		one, cancel := context.WithTimeout(ctx, time.Second)
		err := answers(one)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return p.failure()
		case <-patience.C:
			log.Warn("still waiting for a child to answer", "child", p.name, "error", err)
		case <-again.C:
		}
	}
}

// end asks the process to leave and waits. Once force is closed it is told to, and five seconds later killed.
func (p *process) end(s signals, force <-chan struct{}) {
	p.signal(s.gentle)
	select {
	case <-p.done:
		return
	case <-force:
		p.signal(s.harsh)
	}
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

// signal goes through a process handle, so it cannot reach a stranger that got the same pid.
func (p *process) signal(s os.Signal) {
	_ = p.cmd.Process.Signal(s) // an error means it has ended, which is told on done
}

// ending says how the process ended: "signal: killed".
func (p *process) ending() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// failure says in one line why a process did not come up: how it ended, and the last thing it complained of.
func (p *process) failure() error {
	if said := p.output.complaint(); said != "" {
		return fmt.Errorf("%s: %s (%s)", p.name, said, p.ending())
	}
	return fmt.Errorf("%s: %s", p.name, p.ending())
}
