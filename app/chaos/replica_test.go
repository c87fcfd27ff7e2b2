package chaos

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

// replica is one running process of the product, with links of its own to everything it needs. It is started again
// whenever it dies, as a supervisor would.
type replica struct {
	t        testing.TB
	base     string
	path     string
	env      []string
	postgres *toxiproxy.Proxy
	redis    *toxiproxy.Proxy
	bank     *toxiproxy.Proxy

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{}
	out    bytes.Buffer
	points string // failpoints of the next start
	quit   bool
	all    sync.WaitGroup
}

const (
	ownerEmail    = "owner@example.org"
	ownerPassword = "correct horse battery"
)

// start runs it until it is told to quit.
func (r *replica) start() {
	r.run()
	r.all.Go(func() {
		for {
			r.mu.Lock()
			ended := r.ended
			r.mu.Unlock()
			<-ended
			r.mu.Lock()
			quit := r.quit
			r.mu.Unlock()
			if quit {
				return
			}
			time.Sleep(100 * time.Millisecond) // as a supervisor does
			r.run()
		}
	})
}

func (r *replica) run() {
	r.mu.Lock()
	defer r.mu.Unlock()
	cmd := exec.Command(r.path, "serve")
	cmd.Env = append(append([]string{}, r.env...), "CHAOS_FAILPOINTS="+r.points)
	r.points = ""
	cmd.Dir = os.TempDir()
	cmd.Stdout, cmd.Stderr = (*spoken)(r), (*spoken)(r)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.ended = make(chan struct{})
	if err := cmd.Start(); err != nil {
		r.t.Errorf("start a replica: %v", err)
		r.quit = true
		close(r.ended)
		return
	}
	r.cmd = cmd
	go func(ended chan struct{}) { _ = cmd.Wait(); close(ended) }(r.ended)
}

// signal sends one; a replica that ends starts again.
func (r *replica) signal(s syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.cmd.Process.Signal(s)
}

func (r *replica) stop() {
	r.mu.Lock()
	r.quit = true
	ended := r.ended
	_ = r.cmd.Process.Signal(syscall.SIGKILL)
	r.mu.Unlock()
	<-ended
	r.all.Wait()
}

func (r *replica) ready(limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; {
		res, err := quick.Get(r.base + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after %v: %v", r.base, limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// quick is for questions whose answer is wanted now or not at all.
var quick = &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// spoken keeps the end of what a replica prints.
type spoken replica

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out.Len() > 4<<20 {
		s.out.Reset()
	}
	return s.out.Write(b)
}

var struckLine = regexp.MustCompile(`(?m)^failpoint (K\d+) `)

// struck is how often each failpoint was.
func (r *replica) struck() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	hits := map[string]int{}
	for _, m := range struckLine.FindAllSubmatch(r.out.Bytes(), -1) {
		hits[string(m[1])]++
	}
	return hits
}

// panics are what no process may ever print.
func (r *replica) panics() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
	for line := range strings.Lines(r.out.String()) {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.Contains(line, "msg=panic ") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func (r *replica) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}
