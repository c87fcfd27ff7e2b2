package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// startDemo runs the demo with bots who live forty times faster than people, and waits for its greeting.
func startDemo(t *testing.T, p *process) (password string) {
	t.Helper()
	p.start("demo", "--opens-in", "3s", "--pace", "0.025")
	said := regexp.MustCompile(`owner@localhost +(\S+)`)
	testkit.Eventually(t, 30*time.Second, "the demo greets", func() bool { return said.MatchString(p.output()) })
	return said.FindStringSubmatch(p.output())[1]
}

func newDemo(t *testing.T, env ...string) *process {
	t.Helper()
	return newProcess(t, append([]string{"FAIRSEAT_ADMIN_EMAIL=", "FAIRSEAT_ADMIN_PASSWORD="}, env...)...)
}

type listedEvent struct {
	Slug, Phase string
	SeatsTotal  int `json:"seats_total"`
	SeatsFree   int `json:"seats_free"`
}

func listed(t *testing.T, p *process) map[string]listedEvent {
	t.Helper()
	var list struct{ Events []listedEvent }
	newClient(p.base).must(t, 200, "GET", "/api/v1/events", nil, &list)
	events := map[string]listedEvent{}
	for _, e := range list.Events {
		events[e.Slug] = e
	}
	return events
}

// An evening in fast motion: bots buy in both houses, a visitor who joins behind them is let in and finds a seat, and
// no cent is out of place. The next start goes on from there, with a new password and a new on-sale.
func TestDemoEvening(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	first := startDemo(t, p)
	for _, want := range []string{"TEST", "/events/midnight-ball\n", "/events/solstice\n", "/admin\n"} {
		if !strings.Contains(p.output(), want) {
			t.Errorf("the greeting lacks %q", want)
		}
	}
	staff := signInAs(t, p.base, "owner@localhost", first)
	stats := func(event string) (s struct {
		Sold   int
		Orders struct{ Paid int }
	}) {
		staff.must(t, 200, "GET", "/api/v1/admin/events/"+event+"/stats", nil, &s)
		return s
	}
	testkit.Eventually(t, 60*time.Second, "bots buy in both houses", func() bool {
		return stats("midnight-ball").Sold > 10 && stats("solstice").Sold > 10
	})
	visitor := newFan(p.base, "midnight-ball", "Visitor")
	if err := visitor.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if in, err := visitor.enter(t.Context()); err != nil || !in {
		t.Fatalf("the visitor is not let in: %v", err)
	}
	visitor.must(t, 201, "POST", visitor.path("/holds"), map[string]any{"best": map[string]any{"quantity": 2}}, nil)

	if code := p.stopCode(); code != 0 {
		t.Fatalf("SIGTERM: exit code %d", code)
	}
	if out, code := p.run(nil, "audit"); code != 0 || !strings.Contains(out, `"ok": true`) {
		t.Errorf("audit: exit %d: %s", code, out)
	}

	p.forget()
	second := startDemo(t, p)
	if second == first {
		t.Error("the password is the old one")
	}
	staff = signInAs(t, p.base, "owner@localhost", second)
	if s := stats("solstice"); s.Sold <= 10 {
		t.Errorf("after the restart %d seats are sold", s.Sold)
	}
	// A phase may be a second old.
	testkit.Eventually(t, 10*time.Second, "the earlier on-sale is ended", func() bool { return listed(t, p)["midnight-ball"].Phase == "ended" })
	events := listed(t, p)
	if events["midnight-ball-2"].SeatsTotal != 1115+150 || events["solstice"].SeatsTotal != 738 || len(events) != 3 {
		t.Errorf("events after the restart: %+v", events)
	}
	cleanAudit(t, staff)
}

// The demo fills its servers with bots: it keeps away from whatever could be real.
func TestDemoRefusesWhatIsReal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"production": {[]string{"FAIRSEAT_MODE=production", "FAIRSEAT_HTTP__PUBLIC_URL=https://tickets.example.org"}, "production"},
		"servers":    {[]string{"FAIRSEAT_POSTGRES__URL=postgres://x/y", "FAIRSEAT_REDIS__URL=redis://x"}, "postgres.url and redis.url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDemo(t, c.env...)
			out, code := p.run(nil, "demo")
			if code != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, c.want) {
				t.Errorf("exit %d: %q", code, out)
			}
		})
	}
	t.Run("an installation", func(t *testing.T) {
		t.Parallel()
		p := newDemo(t)
		if err := os.Mkdir(filepath.Join(p.dir, "postgres"), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, code := p.run(nil, "demo"); code != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "an installation that is no demo") {
			t.Errorf("exit %d: %q", code, out)
		}
	})
}

// The health check of a container needs no curl.
func TestHealthCommand(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	if out, code := p.run(nil, "health"); code != 1 || !strings.Contains(out, "not reachable") {
		t.Errorf("without a process: exit %d: %s", code, out)
	}
	p.start()
	p.waitReady(30 * time.Second)
	if out, code := p.run(nil, "health"); code != 0 || out != "" {
		t.Errorf("beside the process: exit %d: %s", code, out)
	}
}
