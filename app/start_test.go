package app_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// What a stranger can get wrong at the start is one line, and exit code 2.
func TestMistakesAtTheStartAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	closed := freeAddr(t)
	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"port in use", []string{"FAIRSEAT_HTTP__ADDR=" + taken.Addr().String()}, []string{"http.addr", "in use"}},
		{"unknown setting", []string{"FAIRSEAT_HTTP__ADRESS=x"}, []string{"FAIRSEAT_HTTP__ADRESS", "unknown"}},
		{"bad value", []string{"FAIRSEAT_MODE=live"}, []string{"FAIRSEAT_MODE", "trial"}},
		{"one server of two", []string{"FAIRSEAT_REDIS__URL=redis://" + closed}, []string{"postgres.url", "redis.url"}},
		{"not a database", []string{"FAIRSEAT_REDIS__URL=redis://" + closed, "FAIRSEAT_POSTGRES__URL=::hunter2::"}, []string{"postgres.url"}},
		{"missing program", []string{"PATH=/nowhere"}, []string{"redis-server"}},
		{"sandbox in production", []string{"FAIRSEAT_MODE=production"}, []string{"sandbox", "production"}},
		{"mail server that is none", []string{"FAIRSEAT_SMTP__URL=http://hunter2@x"}, []string{"smtp.url"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, c.env...)
			out, code := p.run(nil, "serve")
			if code != 2 {
				t.Errorf("exit code %d", code)
			}
			var lines []string
			for line := range strings.Lines(out) {
				if !strings.HasPrefix(line, "time=") {
					lines = append(lines, line)
				}
			}
			if len(lines) != 1 || !strings.HasPrefix(lines[0], "fairseat: ") || strings.Contains(out, "hunter2") {
				t.Errorf("not one line, or a secret: %q", out)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q does not say %q", out, want)
				}
			}
		})
	}
}

// Two processes on one data_dir would be two truths.
func TestSecondStartOnOneFolderIsRefused(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	second := newProcess(t, "FAIRSEAT_DATA_DIR="+p.dir)
	out, code := second.run(nil, "serve")
	if code != 2 || !strings.Contains(out, "in use") {
		t.Errorf("exit %d: %s", code, out)
	}
	// A tool of the same settings uses the running servers instead.
	if out, code := p.run(nil, "audit"); code != 0 || !strings.Contains(out, `"ok": true`) {
		t.Errorf("audit beside the running process: exit %d: %s", code, out)
	}
	if out, code := p.run(nil, "migrate"); code != 0 || out != "" {
		t.Errorf("migrate beside the running process: exit %d: %s", code, out)
	}
	if out, code := p.run(strings.NewReader("another long password\n"), "admin", "add", "second@example.org"); code != 0 {
		t.Errorf("admin add: exit %d: %s", code, out)
	}
	c := newClient(p.base)
	c.must(t, 201, "POST", "/api/v1/admin/session", map[string]string{"email": "second@example.org", "password": "another long password"}, nil)
	file, err := filepath.Abs(stadiumFile)
	if err != nil {
		t.Fatal(err)
	}
	if out, code := p.run(nil, "import", file); code != 0 || !strings.Contains(out, `"seats": 738`) {
		t.Errorf("import: exit %d: %s", code, out)
	}
	if out, code := p.run(nil, "export", "1"); code != 0 || strings.Count(out, `"seat_guid":`) != 738 {
		t.Errorf("export: exit %d: %.200s", code, out)
	}
}

// A first start is ready within 3 s on a quiet machine; here, beside other tests, within a generous limit. What was
// sold before a stop is there after it, places in line included, and the first owner's password is where it says.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "FAIRSEAT_ADMIN_EMAIL=", "FAIRSEAT_ADMIN_PASSWORD=")
	p.start()
	p.waitReady(20 * time.Second)
	file := filepath.Join(p.dir, "owner-password.txt")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("owner-password.txt: %v %v", info, err)
	}
	password, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.output(), strings.TrimSpace(string(password))) {
		t.Error("the password stands in the log")
	}
	staff := newClient(p.base)
	var session struct{ Token string }
	staff.must(t, 201, "POST", "/api/v1/admin/session", map[string]string{"email": "owner@localhost", "password": strings.TrimSpace(string(password))}, &session)
	staff.bearer = session.Token
	createEvent(t, staff, "kept", house(t, staff, 2, 5), map[string]any{"Stalls": 0}, 0, map[string]any{"queue": nil})
	ctx := t.Context()
	f := newFan(p.base, "kept", "Ada")
	buyFree(t, f)
	if code := p.stopCode(); code != 0 {
		t.Fatalf("SIGTERM: exit code %d", code)
	}
	p.start()
	p.waitReady(20 * time.Second)
	var events struct {
		Events []struct {
			Slug      string
			SeatsFree int `json:"seats_free"`
		}
	}
	testkit.Eventually(t, 10*time.Second, "the sold seat is sold after the restart", func() bool {
		staff.must(t, 200, "GET", "/api/v1/events", nil, &events)
		return len(events.Events) == 1 && events.Events[0].SeatsFree == 9
	})
	var again placeView
	f.must(t, 200, "POST", f.path("/queue"), nil, &again)
	if again.Place != f.place.Place {
		t.Error("the place in line was lost")
	}
	if err := newFan(p.base, "kept", "Bob").join(ctx); err != nil {
		t.Error(err)
	}
	cleanAudit(t, staff)
}

// buyFree lives an event without a waiting room and without a price: no processor is asked.
func buyFree(t *testing.T, f *fan) {
	t.Helper()
	ctx := t.Context()
	if err := f.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": []int{3}}, nil)
	var made struct{ Order orderView }
	f.must(t, 201, "POST", f.path("/orders"), map[string]any{"buyer": map[string]string{"name": f.name, "email": "ada@example.org"}}, &made)
	if made.Order.Status != "paid" || len(made.Order.Tickets) != 1 || made.Order.Payment != nil {
		t.Fatalf("a free order: %+v", made.Order)
	}
}
