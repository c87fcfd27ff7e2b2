package seating

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"fairseat/app/testkit"
	"fairseat/modules/seating/plan"
)

func TestHoldsOverHTTP(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada", "bob")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	ada := func(method, path, body string) answer {
		t.Helper()
		return ask(t, method, holds+path, body, "X-Place", "ada")
	}

	got := ada("POST", "", `{"seats":[2,1,2]}`).want(t, 201, "")
	testkit.Golden(t, "hold.json", got.body)
	if got.header.Get("Cache-Control") != "private, no-store" {
		t.Error("a basket may be cached")
	}
	ada("POST", "", `{"seats":[1]}`).want(t, 201, "")
	ada("GET", "", "").want(t, 200, "")
	bob := ask(t, "POST", holds, `{"seats":[1,3]}`, "X-Place", "bob").want(t, 409, "seats-taken")
	if fmt.Sprint(bob.field("seats")) != "[1]" {
		t.Errorf("taken: %s", bob.body)
	}
	if a := ada("POST", "", `{"seats":[3,4]}`).want(t, 422, "too-many"); a.field("max") != 3.0 {
		t.Errorf("%s", a.body)
	}
	ada("DELETE", "/1", "").want(t, 204, "")
	ada("DELETE", "/1", "").want(t, 204, "")
	ada("DELETE", "/5", "").want(t, 204, "")
	ada("DELETE", "", "").want(t, 204, "")
	empty := ada("GET", "", "").want(t, 200, "")
	if empty.field("expires_at") != nil || fmt.Sprint(empty.field("seats")) != "[]" {
		t.Errorf("empty basket: %s", empty.body)
	}
	ask(t, "GET", holds, "", "X-Place", "eve").want(t, 403, "not-admitted")
	ask(t, "GET", holds, "").want(t, 401, "no-place")
	ask(t, "GET", strings.Replace(holds, "gala", "other", 1), "", "X-Place", "ada").want(t, 404, "no-such-event")
	h.checkSeats()
}

// Whatever a stranger sends is refused with words, never with a 500.
func TestAbsurdHolds(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	many := "[" + strings.Repeat("1,", 100) + "1]"
	for body, want := range map[string]string{
		`{}`:                                     "422 bad-field",
		`{"seats":[]}`:                           "422 bad-field",
		`{"seats":[1.5]}`:                        "422 bad-field",
		`{"seats":["1"]}`:                        "422 bad-field",
		`{"seats":[null]}`:                       "422 bad-field",
		`{"seats":[[1]]}`:                        "422 bad-field",
		`{"seats":[1e3]}`:                        "422 bad-field",
		`{"seats":[99999999999999999999999]}`:    "422 bad-field",
		`{"seats":` + many + `}`:                 "422 bad-field",
		`{"seats":[-1]}`:                         "404 no-such-seat",
		`{"seats":[18]}`:                         "404 no-such-seat",
		`{"seats":[4611686018427387904]}`:        "404 no-such-seat",
		`{"seats":[17]}`:                         "409 seats-taken",
		`{"seats":[1],"best":{"quantity":1}}`:    "422 bad-field",
		`{"best":{}}`:                            "422 bad-field",
		`{"best":{"quantity":0}}`:                "422 bad-field",
		`{"best":{"quantity":1e9}}`:              "422 bad-field",
		`{"best":{"quantity":"x"}}`:              "422 bad-field",
		`{"best":{"quantity":4}}`:                "422 too-many",
		`{"best":{"quantity":1,"category":"x"}}`: "422 bad-field",
		`{"area":"pit","quantity":1}`:            "422 bad-field",
		`{"seats":"all"}`:                        "400 bad-body",
		`{"seats":[1],"x":1}`:                    "400 bad-body",
		`{"best":{"quantity":1,"near":"x"}}`:     "400 bad-body",
		`[`:                                      "400 bad-body",
	} {
		a := ask(t, "POST", holds, body, "X-Place", "ada")
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	for _, n := range []string{"x", "99999999999999999999999"} {
		ask(t, "DELETE", holds+"/"+n, "", "X-Place", "ada").want(t, 404, "no-such-seat")
	}
	ask(t, "DELETE", holds+"/4611686018427387904", "", "X-Place", "ada").want(t, 204, "")
	h.checkSeats()
}

func TestBudgetOfChanges(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	h.admit("ada")
	limits := &budgets{left: 1}
	h.s.Limits, h.s.PerPlace = limits, 120
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	ask(t, "POST", holds, `{"seats":[1]}`, "X-Place", "ada").want(t, 201, "")
	slow := ask(t, "POST", holds, `{"seats":[1]}`, "X-Place", "ada").want(t, 429, "slow-down")
	if slow.header.Get("Retry-After") != "3s" {
		t.Errorf("retry after %q", slow.header.Get("Retry-After"))
	}
	ask(t, "DELETE", holds, "", "X-Place", "ada").want(t, 204, "")
	if want := fmt.Sprintf("holds:%d:ada", h.event.ID); limits.names[0] != want {
		t.Errorf("budget %q, want %q", limits.names[0], want)
	}
}

func TestSeatsAnswer(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	h.admit("ada")
	url := serve(t, h.s) + "/api/v1/events/gala"
	version := func(a answer) int64 {
		t.Helper()
		var v struct {
			Version int64
			Status  string
		}
		if err := json.Unmarshal(a.body, &v); err != nil {
			t.Fatal(err)
		}
		if bits, err := base64.StdEncoding.DecodeString(v.Status); err != nil || len(bits) != 5 {
			t.Fatalf("status %q", v.Status)
		}
		return v.Version
	}
	first := ask(t, "GET", url+"/seats", "").want(t, 200, "")
	if first.header.Get("Cache-Control") != "public, max-age=2, stale-if-error=600" || first.header.Get("Set-Cookie") != "" || first.header.Get("Vary") != "" {
		t.Errorf("headers %v", first.header)
	}
	testkit.Golden(t, "seats.json", first.body)
	etag := first.header.Get("ETag")
	same := ask(t, "GET", url+"/seats", "", "If-None-Match", etag).want(t, 304, "")
	if len(same.body) != 0 {
		t.Error("a 304 with a body")
	}
	// Who changed something sees it in the next answer of the same replica.
	for n := range 5 {
		hold := ask(t, "POST", url+"/holds", fmt.Sprintf(`{"seats":[%d]}`, n), "X-Place", "ada").want(t, 201, "")
		made := int64(hold.field("version").(float64))
		if got := version(ask(t, "GET", url+"/seats", "", "If-None-Match", etag).want(t, 200, "")); got < made {
			t.Errorf("version %d after %d", got, made)
		}
		ask(t, "DELETE", url+"/holds", "", "X-Place", "ada").want(t, 204, "")
	}
}

func TestPlanAnswers(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	url := serve(t, h.s) + "/api/v1/events/gala/plan"
	plain := ask(t, "GET", url, "").want(t, 200, "")
	testkit.Golden(t, "plan.json", plain.body)
	zipped := ask(t, "GET", url, "", "Accept-Encoding", "br, gzip;q=0.8").want(t, 200, "")
	if zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("headers %v", zipped.header)
	}
	if r, err := gzip.NewReader(bytes.NewReader(zipped.body)); err != nil {
		t.Error(err)
	} else if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain.body) {
		t.Error("zipped it is another plan")
	}
	if a := ask(t, "GET", url, "", "Accept-Encoding", "gzip;q=0"); a.header.Get("Content-Encoding") != "" {
		t.Error("zipped for one who does not want it")
	}
	ask(t, "GET", url, "", "If-None-Match", plain.header.Get("ETag")).want(t, 304, "")
	version, _ := plain.field("version").(string)
	bin := ask(t, "GET", url+"/"+version+".bin", "").want(t, 200, "")
	wire, err := plan.DecodeFSP1(bin.body)
	if err != nil || wire == nil {
		t.Errorf("not FSP1: %v", err)
	}
	if bin.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || bin.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("headers %v", bin.header)
	}
	for _, file := range []string{"0123456789abcdef.bin", version, version + ".json", version + ".bin.bin"} {
		ask(t, "GET", url+"/"+file, "").want(t, 404, "not-found")
	}
}

// Redis is away: maps and plans are still answered, holds say that nothing is lost.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	h.admit("ada")
	h.mustHold("ada", 1)
	h.bits()
	away := testkit.Client(t, h.RedisURL)
	replica := newService(h.Kit, h, h.Clock)
	replica.Redis = away
	replica = New(replica.Deps)
	url := serve(t, replica) + "/api/v1/events/gala"
	before := ask(t, "GET", url+"/seats", "").want(t, 200, "")
	away.Close()
	if after := ask(t, "GET", url+"/seats", "").want(t, 200, ""); !bytes.Equal(before.body, after.body) {
		t.Error("the map is another one")
	}
	ask(t, "GET", url+"/plan", "").want(t, 200, "")
	ask(t, "GET", url, "").want(t, 200, "")
	busy := ask(t, "POST", url+"/holds", `{"seats":[2]}`, "X-Place", "ada").want(t, 503, "busy")
	if busy.header.Get("Retry-After") == "" || !strings.Contains(fmt.Sprint(busy.field("detail")), "seats are safe") {
		t.Errorf("%v %s", busy.header, busy.body)
	}
	ask(t, "DELETE", url+"/holds/2", "", "X-Place", "ada").want(t, 503, "busy")
	fresh := serve(t, New(replica.Deps)) + "/api/v1/events/gala"
	ask(t, "GET", fresh+"/seats", "").want(t, 503, "busy")
	ask(t, "GET", fresh, "").want(t, 200, "")
}

// ResolveEvent keeps an event a moment, and no longer.
func TestEventsAreCachedOnlyWhileRunning(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, "")
	name := func() string {
		t.Helper()
		e, err := h.s.Event(t.Context(), "gala")
		if err != nil {
			t.Fatal(err)
		}
		return e.Name
	}
	rename := func(to string) {
		t.Helper()
		if err := h.DB.Exec(`UPDATE events SET name = ?`, to).Error; err != nil {
			t.Fatal(err)
		}
	}
	rename("first")
	if name() != "first" {
		t.Error("cached without Run")
	}
	h.s.beat.Store(10)
	name()
	rename("second")
	if name() != "first" {
		t.Error("not cached within a beat")
	}
	h.s.beat.Add(2)
	if name() != "second" {
		t.Error("cached for two beats")
	}
	// Postgres is away: who is here goes on.
	h.s.beat.Add(2)
	pool, err := h.DB.DB()
	if err != nil {
		t.Fatal(err)
	}
	_ = pool.Close()
	if name() != "second" {
		t.Error("an event was forgotten with Postgres")
	}
	if _, err := h.s.Event(t.Context(), "other"); err == nil {
		t.Error("an unknown event was found without Postgres")
	}
}
