package staff_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/modules/staff"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.login(" ADA@example.org", password)
	want(t, "sign in", r, http.StatusCreated, "")
	token, _ := r.body["token"].(string)
	k := r.cookie("fs_staff")
	if k == nil || k.Value != token || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Secure {
		t.Errorf("cookie = %+v", k)
	}
	if r.Header().Get("Cache-Control") != "no-store" {
		t.Error("the token may be cached")
	}
	me := o.do("GET", "/whoami", "", bearer(token))
	want(t, "who am I", me, 200, "")
	if me.body["email"] != ada || me.body["role"] != "owner" || me.body["identity"] != "staff:1" {
		t.Errorf("who am I = %v", me.body)
	}
	if asked := o.do("GET", "/session", "", cookie(token)); asked.body["csrf"] != r.body["csrf"] || asked.body["email"] != ada || asked.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the session says %v", asked.body)
	}
	want(t, "sign out", o.do("DELETE", "/session", "", bearer(token)), 204, "")
	want(t, "after it", o.do("GET", "/whoami", "", bearer(token)), 401, "not-signed-in")
	want(t, "sign out again", o.do("DELETE", "/session", "", bearer(token)), 204, "")
	want(t, "sign out as nobody", o.do("DELETE", "/session", ""), 204, "")
}

func TestOnlyHashesAreStored(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	var stored string
	if err := o.DB.Raw(`SELECT concat(
		(SELECT string_agg(s::text, '') FROM staff_sessions s), (SELECT string_agg(a::text, '') FROM staff_accounts a),
		(SELECT string_agg(l::text, '') FROM staff_log l), (SELECT string_agg(encode(token_hash, 'escape'), '') FROM staff_sessions))`).
		Scan(&stored).Error; err != nil {
		t.Fatal(err)
	}
	if strings.Contains(stored, token) || strings.Contains(stored, password) {
		t.Error("a secret stands in the database")
	}
	if !strings.Contains(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("the password is not hashed as agreed")
	}
}

func TestBadLoginSaysAndTakesTheSame(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	o := newOffice(t, func(d *staff.Deps) { d.Log = slog.New(slog.NewTextHandler(&said, nil)); d.PerIP = 0 })
	took := func(email, pass string) (string, time.Duration) {
		before := clock.System{}.Now()
		r := o.login(email, pass)
		after := clock.System{}.Now()
		want(t, email, r, 401, "bad-login")
		if r.cookie("fs_staff") != nil {
			t.Error("a refused login sets a cookie")
		}
		return r.Body.String(), after.Sub(before)
	}
	var known, unknown []time.Duration
	for range 9 {
		text, d := took(ada, "wrong horse battery")
		known = append(known, d)
		other, d := took("eve@example.org", "wrong horse battery")
		unknown = append(unknown, d)
		if text != other {
			t.Fatalf("%s for a known address, %s for an unknown one", text, other)
		}
	}
	// The quickest of each: other work on the machine only ever adds.
	k, u := slices.Min(known), slices.Min(unknown)
	if u < k/2 || u > k*2 {
		t.Errorf("a known address takes %v, an unknown one %v", k, u)
	}
	for _, odd := range []string{"not an address", "nul\x00@example.org", strings.Repeat("a", 300) + "@example.org", "' OR 1=1 --", "%"} {
		took(odd, password)
	}
	if strings.Contains(said.String(), "@") {
		t.Errorf("mail addresses in the log:\n%s", said.String())
	}
}

func TestBadFields(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for body, field := range map[string]string{
		`{"email":"` + ada + `","password":"` + password + `","totp":"123456"}`: "totp",
		`{"password":"x"}`: "email",
		`{"email":"x"}`:    "password",
		`{"email":"x","password":"` + strings.Repeat("p", 1025) + `"}`: "password",
	} {
		r := o.do("POST", "/session", body)
		want(t, body, r, 422, "bad-field")
		if fields, _ := r.body["fields"].(map[string]any); fields[field] == nil {
			t.Errorf("%.60s: fields = %v, want %s", body, fields, field)
		}
	}
	want(t, "no body", o.do("POST", "/session", ""), 422, "bad-field")
	want(t, "unknown field", o.do("POST", "/session", `{"user":"x"}`), 400, "bad-body")
	want(t, "form", o.do("POST", "/session", "email=x", header("Content-Type", "application/x-www-form-urlencoded")), 415, "unsupported-type")
	r := o.do("POST", "/session", `{"email":"`+ada+`","password":"`+password+`","totp":""}`)
	want(t, "empty totp", r, 201, "")
}

// TestFixation: a token that was planted in the browser before signing in opens nothing afterwards.
func TestFixation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	planted := strings.Repeat("A", 43)
	token, _ := o.mustLogin(cookie(planted))
	if token == planted {
		t.Fatal("the planted token was taken over")
	}
	want(t, "planted", o.do("GET", "/whoami", "", cookie(planted)), 401, "not-signed-in")

	// A real session of a thief's, planted: signing in over it gives a new token, and the old one is dead.
	again, _ := o.mustLogin(cookie(token))
	if again == token {
		t.Fatal("two logins gave one token")
	}
	want(t, "old", o.do("GET", "/whoami", "", bearer(token)), 401, "not-signed-in")
	want(t, "new", o.do("GET", "/whoami", "", bearer(again)), 200, "")

	// Another browser's session lives on.
	third, _ := o.mustLogin()
	want(t, "second browser", o.do("GET", "/whoami", "", bearer(third)), 200, "")
	want(t, "first browser", o.do("GET", "/whoami", "", bearer(again)), 200, "")
	// A refused login ends nothing.
	want(t, "refused", o.login(ada, "wrong horse battery", cookie(third)), 401, "bad-login")
	want(t, "after a refusal", o.do("GET", "/whoami", "", bearer(third)), 200, "")
}

// Who looks on for hours without a request is still known by their session, until it ends: signed out, or idle for too long.
func TestEndedSessions(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, _ := o.mustLogin()
	second, _ := o.mustLogin()
	name := func(token string) string {
		t.Helper()
		c := o.echo.NewContext(httptest.NewRequest("GET", "/", nil), httptest.NewRecorder())
		c.Request().Header.Set("Authorization", "Bearer "+token)
		got, err := o.staff.Session(c)
		if err != nil || got == token {
			t.Fatalf("the name of a session: %q, %v", got, err)
		}
		return got
	}
	both := []string{name(first), name(second)}
	over := func(want ...string) {
		t.Helper()
		if got, err := o.staff.Ended(t.Context(), both); err != nil || !slices.Equal(got, want) {
			t.Errorf("ended: %v, %v, want %v", got, err, want)
		}
	}
	over()
	want(t, "sign out", o.do("DELETE", "/session", "", bearer(first)), 204, "")
	over(both[0])
	if name(first) != "" || name("nonsense") != "" {
		t.Error("a session that is over has a name")
	}
	o.Clock.Advance(12 * time.Hour)
	over(both...)
}

func TestIdleAndAbsoluteLimit(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	idle, _ := o.mustLogin()
	busy, _ := o.mustLogin()
	end := o.Clock.Now().Add(7 * 24 * time.Hour)

	o.Clock.Advance(12*time.Hour - time.Second)
	want(t, "just in time", o.do("GET", "/whoami", "", bearer(busy)), 200, "")
	o.Clock.Advance(time.Second)
	want(t, "12 h idle", o.do("GET", "/whoami", "", bearer(idle)), 401, "not-signed-in")
	for o.Clock.Now().Before(end.Add(-11 * time.Hour)) {
		want(t, "busy", o.do("GET", "/whoami", "", bearer(busy)), 200, "")
		o.Clock.Advance(11 * time.Hour)
	}
	want(t, "busy", o.do("GET", "/whoami", "", bearer(busy)), 200, "")
	o.Clock.Set(end.Add(-time.Second))
	want(t, "the last second", o.do("GET", "/whoami", "", bearer(busy)), 200, "")
	o.Clock.Set(end)
	want(t, "7 days", o.do("GET", "/whoami", "", bearer(busy)), 401, "not-signed-in")

	o.mustLogin()
	var left int
	if err := o.DB.Raw(`SELECT count(*) FROM staff_sessions`).Scan(&left).Error; err != nil || left != 1 {
		t.Errorf("%d sessions left (%v), want the new one alone", left, err)
	}
}

func TestSeenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	start := o.Clock.Now()
	for _, step := range []struct{ advance, seen time.Duration }{
		{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}, {30 * time.Second, time.Minute}, {30 * time.Second, 2 * time.Minute},
	} {
		o.Clock.Advance(step.advance)
		want(t, "request", o.do("GET", "/whoami", "", bearer(token)), 200, "")
		var seen time.Time
		if err := o.DB.Raw(`SELECT seen_at FROM staff_sessions`).Scan(&seen).Error; err != nil {
			t.Fatal(err)
		}
		if got := seen.Sub(start); got != step.seen {
			t.Errorf("after %v seen at %v, want %v", o.Clock.Now().Sub(start), got, step.seen)
		}
	}
}

func TestLoginBudgets(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *staff.Deps) { d.PerIP = 5 })
	for range 5 {
		want(t, "guess", o.login("eve@example.org", "wrong", from("192.0.2.1:1")), 401, "bad-login")
	}
	r := o.login(ada, password, from("192.0.2.1:2"))
	want(t, "the sixth from one address", r, 429, "slow-down")
	if r.Header().Get("Retry-After") != "12" {
		t.Errorf("Retry-After = %q, want 12", r.Header().Get("Retry-After"))
	}
	want(t, "another address", o.login(ada, password, from("192.0.2.2:1")), 201, "")
	o.Clock.Advance(12 * time.Second)
	want(t, "12 s later", o.login(ada, password, from("192.0.2.1:3")), 201, "")

	off := newOffice(t, func(d *staff.Deps) { d.PerIP = 0 })
	for range 100 {
		want(t, "no budget", off.login(ada, ""), 422, "bad-field")
	}
}

// TestLockout: one guesser cannot use up an account's own budget, many together can, and open sessions do not care.
func TestLockout(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *staff.Deps) { d.Limits = shared{o: map[string]int{}, mu: &sync.Mutex{}} })
	token, _ := o.mustLogin(from("198.51.100.1:1"))
	refused := func(ip string) bool {
		r := o.login(strings.ToUpper(ada), strings.Repeat("p", 9), from(ip))
		return r.Code == http.StatusTooManyRequests
	}
	for range 30 {
		if refused("192.0.2.1:1") {
			t.Fatal("refused within the budget")
		}
	}
	if !refused("192.0.2.1:1") {
		t.Error("the 31st guess of one network was let through")
	}
	want(t, "the owner meanwhile", o.login(ada, password, from("198.51.100.1:1")), 201, "")
	for range 30 {
		refused("192.0.2.2:1")
		refused("192.0.2.3:1")
	}
	want(t, "90 guesses from three networks", o.login(ada, password, from("203.0.113.1:1")), 429, "slow-down")
	want(t, "an open session", o.do("GET", "/whoami", "", bearer(token)), 200, "")
}

func TestFloodOfLogins(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *staff.Deps) { d.PerIP = 0 })
	var all sync.WaitGroup
	tokens := make([]string, 12)
	for i := range tokens {
		all.Go(func() {
			if i%2 == 0 {
				tokens[i], _ = o.mustLogin()
				return
			}
			want(t, "wrong", o.login("eve@example.org", "wrong"), 401, "bad-login")
		})
	}
	all.Wait()
	for i, token := range tokens {
		if i%2 == 0 {
			want(t, "one of many", o.do("GET", "/whoami", "", bearer(token)), 200, "")
		}
	}
}

// FuzzSignIn: no body makes this fall over, and none signs in.
func FuzzSignIn(f *testing.F) {
	for _, seed := range []string{`{"email":"a","password":"b"}`, `{}`, `{"email":"\u0000@x","password":"\ud800"}`, `[`, `{"email":1}`} {
		f.Add(seed)
	}
	shared := newOffice(f, func(d *staff.Deps) { d.PerIP = 0; d.Log = slog.New(slog.DiscardHandler) })
	f.Fuzz(func(t *testing.T, body string) {
		o := *shared
		o.t = t
		if !json.Valid([]byte(body)) || !strings.HasPrefix(body, "{") {
			return
		}
		if r := o.do("POST", "/session", body); r.Code < 400 || r.Code >= 500 {
			t.Errorf("%q: %d %s", body, r.Code, r.Body)
		}
	})
}
