package limit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"pgregory.net/rapid"

	"fairseat/app/clock"
	"fairseat/app/limit"
	"fairseat/app/testkit"
)

func take(t testing.TB, l *limit.Limiter, name string, perMinute int) time.Duration {
	t.Helper()
	retry, err := l.Take(t.Context(), name, perMinute)
	if err != nil {
		t.Fatalf("take %s: %v", name, err)
	}
	return retry
}

func TestBurstThenRefill(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 2, 7, 60, 130, 1200} {
		k := testkit.New(t)
		l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
		for i := range perMinute {
			if retry := take(t, l, "b", perMinute); retry != 0 {
				t.Fatalf("%d a minute: take %d of the burst was refused for %v", perMinute, i+1, retry)
			}
		}
		// A refusal says when one is free, and asking again does not push that moment away.
		interval := time.Minute / time.Duration(perMinute)
		for range 3 {
			retry := take(t, l, "b", perMinute)
			if retry <= interval-time.Millisecond || retry > interval {
				t.Fatalf("%d a minute: retry = %v, want %v", perMinute, retry, interval)
			}
		}
		k.Clock.Advance(interval + time.Millisecond)
		if retry := take(t, l, "b", perMinute); retry != 0 {
			t.Fatalf("%d a minute: still refused for %v when one was free again", perMinute, retry)
		}
		if take(t, l, "b", perMinute) == 0 {
			t.Fatalf("%d a minute: one interval gave two", perMinute)
		}
		// However long nobody asks, no more than a burst gathers.
		k.Clock.Advance(time.Hour)
		for range perMinute {
			if retry := take(t, l, "b", perMinute); retry != 0 {
				t.Fatalf("%d a minute: the full budget refused for %v", perMinute, retry)
			}
		}
		if take(t, l, "b", perMinute) == 0 {
			t.Fatalf("%d a minute: an hour of rest gave more than a burst", perMinute)
		}
	}
}

func TestNamesAndPrefixesAreApart(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
	other := limit.New(k.Redis, k.Prefix+"other:", k.Clock, k.Log)
	take(t, l, "ada", 1)
	if take(t, l, "ada", 1) == 0 {
		t.Error("the second take of one passed")
	}
	if take(t, l, "bob", 1) != 0 {
		t.Error("ada's takes emptied bob's budget")
	}
	if take(t, other, "ada", 1) != 0 {
		t.Error("one installation emptied the budget of another on the same Redis")
	}
}

func TestZeroIsOff(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
	for range 50 {
		if take(t, l, "b", 0) != 0 {
			t.Fatal("a budget of 0 refused")
		}
	}
}

func TestParallelTakesNeverExceed(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	const perMinute = 40
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 4 { // four replicas, each with its own connection
		redis := testkit.Client(t, k.RedisURL)
		t.Cleanup(redis.Close)
		l := limit.New(redis, k.Prefix, k.Clock, k.Log)
		for range 25 {
			all.Go(func() {
				if retry, err := l.Take(context.Background(), "b", perMinute); err != nil {
					t.Error(err)
				} else if retry == 0 {
					passed.Add(1)
				}
			})
		}
	}
	all.Wait()
	if passed.Load() != perMinute {
		t.Errorf("%d passed, want %d", passed.Load(), perMinute)
	}
}

// Whatever the order of takes and waits, no minute sees more than twice the budget (a burst, then its refill), and
// who waits as long as he was told passes.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		name := "r" + time.Duration(run).String()
		perMinute := rapid.IntRange(1, 20).Draw(rt, "per minute")
		start := k.Clock.Now()
		passed := 0
		for range 30 {
			k.Clock.Advance(time.Duration(rapid.IntRange(0, 9000).Draw(rt, "ms")) * time.Millisecond)
			retry := take(t, l, name, perMinute)
			if retry > 0 && rapid.Bool().Draw(rt, "waits") {
				k.Clock.Advance(retry + time.Millisecond)
				if again := take(t, l, name, perMinute); again != 0 {
					rt.Fatalf("waited %v as told, refused for another %v", retry, again)
				}
				retry = 0
			}
			if retry == 0 {
				passed++
			}
			elapsed := k.Clock.Now().Sub(start)
			if most := float64(perMinute) * (1 + elapsed.Minutes()); float64(passed) > most+0.001 {
				rt.Fatalf("%d passed in %v, at most %.2f may", passed, elapsed, most)
			}
		}
	})
}

func TestClockSetBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
	take(t, l, "b", 1)
	k.Clock.Advance(-24 * time.Hour)
	if retry := take(t, l, "b", 1); retry > time.Minute {
		t.Errorf("refused for %v", retry)
	}
}

func TestServerClockRulesInProduction(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, clock.System{}, k.Log)
	for range 5 {
		if take(t, l, "b", 5) != 0 {
			t.Fatal("the burst was refused")
		}
	}
	if retry := take(t, l, "b", 5); retry <= 0 || retry > 12*time.Second {
		t.Errorf("retry = %v, want up to 12 s", retry)
	}
}

// proxy stands between the Limiter and Redis, so that the link can fall silent or break.
type proxy struct {
	addr   string
	silent atomic.Bool
	broken atomic.Bool
	mu     sync.Mutex
	conns  []net.Conn
}

func (p *proxy) cut() {
	p.broken.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

func newProxy(t *testing.T, redisURL string) *proxy {
	t.Helper()
	target := rueidis.MustParseURL(redisURL)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: ln.Addr().String()}
	t.Cleanup(func() { ln.Close(); p.cut() })
	network := "tcp"
	if strings.HasPrefix(redisURL, "unix") {
		network = "unix"
	}
	pump := func(to, from net.Conn) {
		defer to.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if p.silent.Load() {
				continue // swallowed: the other side waits for ever
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			if p.broken.Load() {
				in.Close()
				continue
			}
			out, err := net.Dial(network, target.InitAddress[0])
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			go pump(out, in)
			go pump(in, out)
		}
	}()
	return p
}

// TestOutageLetsCourtesiesPass also holds the log to one line a minute; what is a lock stays shut.
func TestOutageLetsCourtesiesPass(t *testing.T) {
	t.Parallel()
	for name, strike := range map[string]func(*proxy){
		"silent": func(p *proxy) { p.silent.Store(true) },
		"cut":    (*proxy).cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := testkit.New(t)
			p := newProxy(t, k.RedisURL)
			redis := testkit.Client(t, "redis://"+p.addr)
			t.Cleanup(redis.Close)
			var said bytes.Buffer
			l := limit.New(redis, k.Prefix, k.Clock, slog.New(slog.NewTextHandler(io.Writer(&said), nil)))
			take(t, l, "b", 1)
			if take(t, l, "b", 1) == 0 {
				t.Fatal("the budget did not work through the proxy")
			}
			strike(p)
			for range 3 {
				before := clock.System{}.Now()
				if take(t, l, "b", 1) != 0 {
					t.Fatal("refused while Redis was away")
				}
				if retry, err := l.TakeOrFail(t.Context(), "lock", 1, time.Minute); err == nil {
					t.Fatalf("a lock answered %v while Redis was away", retry)
				}
				if took := (clock.System{}).Now().Sub(before); took > 2*time.Second {
					t.Fatalf("kept the request waiting for %v", took)
				}
			}
			if n := strings.Count(said.String(), "\n"); n != 1 {
				t.Fatalf("%d lines in the log, want 1:\n%s", n, said.String())
			}
			k.Clock.Advance(time.Minute)
			take(t, l, "b", 1)
			if n := strings.Count(said.String(), "\n"); n != 2 {
				t.Fatalf("%d lines in the log a minute later, want 2", n)
			}
		})
	}
}

func TestCallerGone(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := limit.New(k.Redis, k.Prefix, k.Clock, k.Log).Take(ctx, "b", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
}

func TestAnotherPeriod(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	l := limit.New(k.Redis, k.Prefix, k.Clock, k.Log)
	takeIn := func() time.Duration {
		retry, err := l.TakeIn(t.Context(), "b", 3, 15*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return retry
	}
	for i := range 3 {
		if retry := takeIn(); retry != 0 {
			t.Fatalf("take %d was refused for %v", i, retry)
		}
	}
	if retry := takeIn(); retry != 5*time.Minute {
		t.Fatalf("retry = %v, want 5 min", retry)
	}
	k.Clock.Advance(5 * time.Minute)
	if takeIn() != 0 || takeIn() == 0 {
		t.Fatal("one third of the period gives one")
	}
}

func TestSubnet(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.0/24", "::ffff:192.0.2.9": "192.0.2.0/24", "2001:db8:1:2:aaaa::1": "2001:db8:1::/48", "": "",
	} {
		if got := limit.Subnet(ip); got != want {
			t.Errorf("Subnet(%q) = %q, want %q", ip, got, want)
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7":               "192.0.2.7",
		"::ffff:192.0.2.7":        "192.0.2.7",
		"2001:db8:1:2:aaaa::1":    "2001:db8:1:2::/64",
		"2001:db8:1:2:bbbb::2":    "2001:db8:1:2::/64",
		"fe80::1%eth0":            "fe80::/64",
		"":                        "",
		strings.Repeat("x", 1000): strings.Repeat("x", 64),
	} {
		if got := limit.Network(ip); got != want {
			t.Errorf("Network(%.20q) = %q, want %q", ip, got, want)
		}
	}
}
