//go:build failpoints

package failpoint

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Hit is where a process may be killed or held up.
func Hit(name string) { _ = Err(name) }

// errLost stands for an answer that never came.
var errLost = errors.New("failpoint: the answer was lost")

// point is what happens at the nth hit of a name, or at each for 0: "kill" ends the process as kill -9 does, "error" loses an answer, and a
// duration holds up.
type point struct {
	what string
	nth  int64
	hits atomic.Int64
}

// Err is where an answer may be lost: the error stands for it.
func Err(name string) error {
	p := points[name]
	if p == nil || p.hits.Add(1) != p.nth && p.nth != 0 {
		return nil
	}
	fmt.Fprintln(os.Stderr, "failpoint", name, p.what) // the harness counts these lines
	switch p.what {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "error":
		return errLost
	}
	d, _ := time.ParseDuration(p.what)
	time.Sleep(d)
	return nil
}

// points come from CHAOS_FAILPOINTS: "K4=kill@2,K16=error@1,K9=300ms@3".
var points = parse(os.Getenv("CHAOS_FAILPOINTS"))

func parse(text string) map[string]*point {
	all := map[string]*point{}
	for _, part := range strings.Split(text, ",") {
		name, rest, ok := strings.Cut(part, "=")
		what, times, _ := strings.Cut(rest, "@")
		nth, err := strconv.ParseInt(times, 10, 64)
		if ok && err == nil {
			all[name] = &point{what: what, nth: nth}
		}
	}
	return all
}
