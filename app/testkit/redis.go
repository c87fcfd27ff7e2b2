package testkit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	program "os/exec"
	"path/filepath"
	"runtime"

	"syscall"
	"testing"
	"time"
)

// Redis is one test's own, over loopback TCP, to be killed and started again. Every write is in the kernel's hands before
// it is answered, so that a kill loses nothing.
type Redis struct {
	Addr string
	t    testing.TB
	dir  string
	cmd  *program.Cmd
	done chan struct{} // closed when it has ended
}

// NewRedis starts one; it ends with the test.
func NewRedis(t testing.TB) *Redis {
	t.Helper()
	r := &Redis{Addr: quietPort(t), t: t, dir: t.TempDir()}
	r.Start()
	t.Cleanup(func() {
		r.Kill()
		if said, _ := os.ReadFile(filepath.Join(r.dir, "log")); t.Failed() {
			t.Logf("Redis said:\n%s", said[max(0, len(said)-2000):])
		}
	})
	return r
}

// quietPort is a free port that no outgoing connection is given while Redis is down: below the kernel's range.
func quietPort(t testing.TB) string {
	for range 100 {
		free, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000)))
		if err != nil {
			continue
		}
		defer free.Close()
		return free.Addr().String()
	}
	t.Fatal("no free port")
	return ""
}

// URL is its address for Client.
func (r *Redis) URL() string { return "redis://" + r.Addr }

// Start starts it over what the last run left, and waits until it answers. Not to be called from two goroutines at once.
func (r *Redis) Start() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.Addr)
	r.cmd, r.done = program.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", r.dir, "--appendonly", "yes",
		"--appendfsync", "no", "--save", "", "--notify-keyspace-events", "Ex", "--logfile", "log",
		"--auto-aof-rewrite-min-size", "4mb"), make(chan struct{}) // a short file is read again in a moment
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func(cmd *program.Cmd, done chan struct{}) {
		runtime.LockOSThread() // it dies with the thread that started it
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}(r.cmd, r.done)
	if err := <-started; err != nil {
		r.t.Fatalf("start Redis: %v", err)
	}
	Eventually(r.t, 20*time.Second, "Redis answers", r.answers)
}

// Kill ends it at once, as kill -9 does.
func (r *Redis) Kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// answers is a PING by hand: while it reads its file it says -LOADING.
func (r *Redis) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", r.Addr)
	if err != nil {
		return false
	}
	defer c.Close()
	limit, _ := ctx.Deadline()
	if c.SetDeadline(limit) != nil {
		return false
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	said := make([]byte, 7)
	n, err := c.Read(said)
	return err == nil && string(said[:n]) == "+PONG\r\n"
}
