package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// binary is the product, built once for all stories.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fairseat-bin-")
	if err != nil {
		return "", err
	}
	removeBinary = func() { _ = os.RemoveAll(dir) }
	path := filepath.Join(dir, "fairseat")
	out, err := exec.Command("go", "build", "-o", path, "fairseat").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %v\n%s", err, out)
	}
	return path, nil
})

var removeBinary = func() {}

// process is the running product, as a stranger would start it.
type process struct {
	t    testing.TB
	addr string
	base string
	env  []string
	dir  string // data_dir

	mu  sync.Mutex
	cmd *exec.Cmd
	out bytes.Buffer
	// ended is closed when the running command has ended and been reaped.
	ended chan struct{}
}

const (
	ownerEmail    = "owner@example.org"
	ownerPassword = "correct horse battery"
)

// newProcess prepares a process with its own data_dir and port; start runs it.
func newProcess(t testing.TB, env ...string) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "fairseat-story-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the built-in servers' user must reach it
		t.Fatal(err)
	}
	addr := freeAddr(t)
	p := &process{t: t, addr: addr, base: "http://" + addr, dir: dir}
	p.env = append(cleanEnv(), append([]string{
		"FAIRSEAT_HTTP__ADDR=" + addr, "FAIRSEAT_DATA_DIR=" + dir, "FAIRSEAT_ADMIN_EMAIL=" + ownerEmail,
		"FAIRSEAT_ADMIN_PASSWORD=" + ownerPassword, "FAIRSEAT_LIMITS__PER_IP=0", "FAIRSEAT_LIMITS__PER_PLACE=0",
	}, env...)...)
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of the process:\n%s", p.output())
		}
		_ = os.RemoveAll(dir)
	})
	return p
}

// startProcess runs the product and waits until it is ready.
func startProcess(t testing.TB, env ...string) *process {
	t.Helper()
	p := newProcess(t, env...)
	p.start()
	p.waitReady(30 * time.Second)
	return p
}

// start runs a command of the product: serve, unless another is named.
func (p *process) start(command ...string) {
	p.t.Helper()
	if len(command) == 0 {
		command = []string{"serve"}
	}
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = exec.Command(path, command...)
	p.cmd.Env = p.env
	p.cmd.Dir = p.dir
	p.cmd.Stdout, p.cmd.Stderr = &locked{p: p}, &locked{p: p}
	// A test binary that is killed takes its processes along.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended, cmd := make(chan struct{}), p.cmd
	p.ended = ended
	go func() { _ = cmd.Wait(); close(ended) }()
}

// stop ends it as an operator would, and waits.
func (p *process) stop() { p.signal(syscall.SIGTERM) }

// kill ends it as a power cut would, and waits.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(s)
	select {
	case <-ended:
	case <-time.After(40 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		p.t.Errorf("the process did not end within 40 s of %v", s)
	}
}

func (p *process) exitCode() int {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	<-ended
	return cmd.ProcessState.ExitCode()
}

func (p *process) waitReady(limit time.Duration) {
	p.t.Helper()
	testkit.Eventually(p.t, limit, "ready: "+p.base, func() bool {
		res, err := http.Get(p.base + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// run runs another command of the binary with the same settings.
func (p *process) run(stdin io.Reader, args ...string) (output string, code int) {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = p.env, p.dir, stdin
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// forget empties what was printed so far.
func (p *process) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Reset()
}

type locked struct{ p *process }

func (l *locked) Write(b []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.p.out.Write(b)
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// cleanEnv is the environment without what could configure the product.
func cleanEnv() []string {
	var kept []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case strings.HasPrefix(name, "FAIRSEAT_"), name == "PORT", name == "DATABASE_URL", name == "REDIS_URL", name == "SMTP_URL":
		default:
			kept = append(kept, e)
		}
	}
	return kept
}
