package staff_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/modules/staff"
)

// shared counts takes without ever refilling.
type shared struct {
	mu *sync.Mutex
	o  map[string]int
}

func (s shared) Take(_ context.Context, name string, perMinute int) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o[name]++; perMinute > 0 && s.o[name] > perMinute {
		return time.Second, nil
	}
	return 0, nil
}

func TestNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, _ := o.mustLogin()
	for name, opts := range map[string][]option{
		"nothing":      {},
		"not a token":  {bearer("hello")},
		"unknown":      {bearer(strings.Repeat("A", 43))},
		"cut":          {bearer(token[:42])},
		"longer":       {bearer(token + "A")},
		"line break":   {bearer(token[:20] + "\n" + token[20:])},
		"other scheme": {header("Authorization", "Basic "+token)},
		"wrong cookie": {header("Cookie", "__Host-fs_staff="+token)},
		// A Bearer wins over the cookie, so a stale one is not silently replaced.
		"bad bearer, good cookie": {bearer("hello"), cookie(token)},
	} {
		want(t, name, o.do("GET", "/whoami", "", opts...), 401, "not-signed-in")
		want(t, name, o.do("POST", "/whoami", "", opts...), 401, "not-signed-in")
	}
}

func TestCSRF(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, csrf := o.mustLogin()
	_, other := o.mustLogin()
	form := header("Content-Type", "application/x-www-form-urlencoded")
	multipart := header("Content-Type", "multipart/form-data; boundary=b")
	part := "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + csrf + "\r\n--b--\r\n"
	for _, row := range []struct {
		name, method, path, body string
		options                  []option
		status                   int
		code                     string
	}{
		{"safe", "GET", "/whoami", "", []option{cookie(token)}, 200, ""},
		{"bearer", "POST", "/whoami", "", []option{bearer(token)}, 200, ""},
		{"bearer and cookie", "POST", "/whoami", "", []option{bearer(token), cookie(token)}, 200, ""},
		{"none", "POST", "/whoami", "", []option{cookie(token)}, 403, "not-allowed"},
		{"empty", "POST", "/whoami", "", []option{cookie(token), header("X-CSRF-Token", "")}, 403, "not-allowed"},
		{"right", "POST", "/whoami", "", []option{cookie(token), header("X-CSRF-Token", csrf)}, 200, ""},
		{"another session's", "POST", "/whoami", "", []option{cookie(token), header("X-CSRF-Token", other)}, 403, "not-allowed"},
		{"cut", "POST", "/whoami", "", []option{cookie(token), header("X-CSRF-Token", csrf[:40])}, 403, "not-allowed"},
		{"form", "POST", "/whoami", "csrf=" + csrf, []option{cookie(token), form}, 200, ""},
		{"multipart", "POST", "/whoami", part, []option{cookie(token), multipart}, 200, ""},
		{"broken multipart", "POST", "/whoami", part[:20], []option{cookie(token), multipart}, 400, "bad-body"},
		{"wrong form", "POST", "/whoami", "csrf=" + other, []option{cookie(token), form}, 403, "not-allowed"},
		{"in the address", "POST", "/whoami?csrf=" + csrf, "", []option{cookie(token), form}, 403, "not-allowed"},
		{"as JSON", "POST", "/whoami", `{"csrf":"` + csrf + `"}`, []option{cookie(token)}, 403, "not-allowed"},
		{"sign out", "DELETE", "/session", "", []option{cookie(token)}, 403, "not-allowed"},
		{"still there", "GET", "/whoami", "", []option{cookie(token)}, 200, ""},
		{"sign out, right", "DELETE", "/session", "", []option{cookie(token), header("X-CSRF-Token", csrf)}, 204, ""},
		{"sign out, repeated", "DELETE", "/session", "", []option{cookie(token)}, 204, ""},
	} {
		want(t, row.name, o.do(row.method, row.path, row.body, row.options...), row.status, row.code)
	}
}

func TestSignOutClearsTheCookie(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token, csrf := o.mustLogin()
	for range 2 {
		k := o.do("DELETE", "/session", "", cookie(token), header("X-CSRF-Token", csrf)).cookie("fs_staff")
		if k == nil || k.MaxAge >= 0 || k.Value != "" || k.Path != "/" {
			t.Errorf("cookie = %+v, want it cleared", k)
		}
	}
}

func TestCookieOverHTTPS(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *staff.Deps) { d.PublicURL = "https://tickets.example.org" })
	r := o.login(ada, password)
	k := r.cookie("__Host-fs_staff")
	if k == nil || !k.Secure || !k.HttpOnly || k.Path != "/" || k.Domain != "" || k.SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookie = %+v", k)
	}
	want(t, "prefixed", o.do("GET", "/whoami", "", header("Cookie", "__Host-fs_staff="+k.Value)), 200, "")
	// The plain name could come from a neighbouring subdomain.
	want(t, "plain", o.do("GET", "/whoami", "", cookie(k.Value)), 401, "not-signed-in")
}
