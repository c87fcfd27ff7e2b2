package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/embedded"
	"fairseat/app/testkit"
)

// servers are a Postgres database and a Redis of this test's own, for processes that are given URLs.
func servers(t *testing.T) (postgresURL, redisURL string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "fairseat-servers-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := embedded.Start(ctx, embedded.Options{DataDir: dir, Log: testkit.Logger(t), MaxConnections: 200})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Stop(context.Background())
		_ = os.RemoveAll(dir)
	})
	return s.PostgresURL(), s.RedisURL()
}

// childOf finds the process with this data_dir's Postgres or Redis folder as its working directory.
func childOf(dataDir, which string) []int {
	want := filepath.Join(dataDir, which)
	var found []int
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		if cwd, err := os.Readlink(e + "/cwd"); err != nil || cwd != want {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(e)); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// postmaster is the Postgres process whose parent is not a Postgres of the same folder.
func postmaster(dataDir string) int {
	text, err := os.ReadFile(filepath.Join(dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// The process, its Postgres and its Redis are killed, and Redis is emptied, at random moments of the race. Afterwards
// every promise holds: no seat twice, the ledger equal to the cent, every place in line still valid.
func TestRaceThroughKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if fixed := os.Getenv("CHAOS_SEED"); fixed != "" {
		seed, _ = strconv.ParseUint(fixed, 10, 64)
	}
	t.Logf("CHAOS_SEED=%d repeats this order of faults", seed)
	random := rand.New(rand.NewPCG(seed, 1))

	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "storm", house(t, staff, 6, 10), map[string]any{"Stalls": 4200}, 2*time.Second,
		map[string]any{"hold_seconds": 20, "pay_seconds": 40, "queue": map[string]any{"cap": 40, "per_minute": 60000}})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	setFaults(t, p.base, map[string]any{"error_rate": 0.1, "webhook": "twice"})

	faults := []string{"process", "postgres", "redis", "flush", "process", "flush", "redis", "postgres"}
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	s := newSale(t, "storm", p.base)
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx, 300) }()
	for i, f := range faults {
		if i == len(faults)/2 { // from now on no webhook arrives at all
			setFaults(t, p.base, map[string]any{"error_rate": 0.1, "webhook": "lost"})
		}
		if err := wait(ctx, time.Duration(500+random.IntN(1500))*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		strike(t, p, f)
	}
	<-done
	p.waitReady(30 * time.Second)
	setFaults(t, p.base, map[string]any{})
	s.check(ctx, staff, 60)
	seen := map[string]string{}
	for _, f := range s.fans {
		var me meView
		a, err := f.patient(ctx, "GET", f.path("/queue/me"), nil)
		if err != nil || a.Status != 200 || json.Unmarshal(a.Body, &me) != nil || me.Position == nil {
			t.Errorf("%s has lost its position", f.name)
			continue
		}
		key := fmt.Sprint(*me.Position)
		if other, shared := seen[key]; shared {
			t.Errorf("%s and %s share position %s", f.name, other, key)
		}
		seen[key] = f.name
	}
	p.stop()
	if out, code := p.run(nil, "audit"); code != 0 {
		t.Errorf("fairseat audit: exit %d\n%s", code, out)
	}
}

// strike breaks one thing, and puts back what an operator's supervisor would.
func strike(t *testing.T, p *process, what string) {
	t.Logf("%s: %s", time.Now().Format("15:04:05.000"), what)
	switch what {
	case "process":
		p.kill()
		p.start()
		p.waitReady(30 * time.Second)
	case "postgres":
		if pid := postmaster(p.dir); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case "redis":
		for _, pid := range childOf(p.dir, "redis") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case "flush":
		if s, ok := embedded.Attach(embedded.Options{DataDir: p.dir, Log: testkit.Logger(t)}); ok {
			option := rueidis.MustParseURL(s.RedisURL())
			option.ForceSingleClient, option.DisableCache = true, true
			c, err := rueidis.NewClient(option)
			if err != nil {
				return // it is down already
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_ = c.Do(ctx, c.B().Flushall().Build()).Error()
		}
	}
}
