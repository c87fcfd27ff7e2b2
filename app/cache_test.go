package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// kept is what the cache says it did with an answer: MISS, HIT, EXPIRED, STALE, UPDATING, or "" for what it never keeps.
func (a answer) kept() string { return a.Header.Get("X-Cache") }

// reached is how many requests of a route have come through to the process.
func (p *process) reached(t testing.TB, route string) int {
	t.Helper()
	return p.counted(t, `[^}]*url="`+regexp.QuoteMeta(route)+`"[^}]*`)
}

// reachedInAll counts every request.
func (p *process) reachedInAll(t testing.TB) int { t.Helper(); return p.counted(t, `[^}]*`) }

func (p *process) counted(t testing.TB, labels string) (n int) {
	t.Helper()
	a := newClient(p.base).must(t, 200, "GET", "/metrics", nil, nil)
	for _, m := range regexp.MustCompile(`(?m)^fairseat_requests_total\{`+labels+`\} (\S+)`).FindAllStringSubmatch(string(a.Body), -1) {
		f, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		n += int(f)
	}
	return n
}

const nowRoute = "/api/v1/events/:event/queue/now"

// asset is the address of the page's own script.
func asset(t testing.TB, page answer) string {
	t.Helper()
	m := regexp.MustCompile(`/assets/[0-9a-f]+-page\.js`).Find(page.Body)
	if m == nil {
		t.Fatalf("the page names no script of its own: %s", page.Body)
	}
	return string(m)
}

// What is the same for everyone is kept, for as long as it says; what is one person's never is, whatever they ask with.
func TestCacheKeepsWhatIsTheSameForEveryone(t *testing.T) {
	t.Parallel()
	p, front := behindNginx(t)
	staff := signIn(t, front)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, nil)
	stranger := newClient(front)
	ada, bob := newFan(front, "gala", "Ada"), newFan(front, "gala", "Bob")
	for _, f := range []*fan{ada, bob} {
		if err := f.join(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if ada.place.Place == bob.place.Place || ada.place.Index == bob.place.Index {
		t.Fatalf("two people were given one place: %+v %+v", ada.place, bob.place)
	}

	page := stranger.must(t, 200, "GET", "/events/gala", nil, nil)
	var plan struct {
		Version string `json:"plan_version"`
	}
	stranger.must(t, 200, "GET", "/api/v1/events/gala", nil, &plan)
	cookie := "fs_place_gala=" + ada.place.Place
	for _, path := range []string{
		"/", "/events/gala", "/events/gala/seats", "/events/gala/verify", "/api/v1/events/gala/queue/log", asset(t, page), "/problems/not-yet", "/api/v1/events", "/api/v1/events/gala",
		"/api/v1/events/gala/queue/now", "/api/v1/events/gala/seats", "/api/v1/events/gala/plan", "/api/v1/events/gala/plan/" + plan.Version + ".bin",
	} {
		var first, second answer
		testkit.Eventually(t, 15*time.Second, path+" is served by the cache, and to all alike", func() bool {
			first = stranger.must(t, 200, "GET", path, nil, nil)
			second = stranger.must(t, 200, "GET", path, nil, nil, "Cookie", cookie, "Authorization", "Bearer "+bob.place.Place)
			return second.kept() == "HIT" && string(first.Body) == string(second.Body)
		})
		for _, a := range []answer{first, second} {
			if control := a.Header.Get("Cache-Control"); !strings.HasPrefix(control, "public, max-age=") || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: Cache-Control %q, cookie %q", path, control, a.Header.Get("Set-Cookie"))
			}
			if text := string(a.Body); strings.Contains(text, ada.place.Place) || strings.Contains(text, bob.place.Place) {
				t.Errorf("%s shows somebody's place", path)
			}
		}
	}

	// Compressed and plain are kept apart.
	zipped := stranger.must(t, 200, "GET", "/events/gala", nil, nil, "Accept-Encoding", "br, gzip;q=0.8")
	if plain := stranger.must(t, 200, "GET", "/events/gala", nil, nil, "Accept-Encoding", "identity"); zipped.Header.Get("Content-Encoding") != "gzip" ||
		plain.Header.Get("Content-Encoding") != "" || !strings.Contains(string(plain.Body), "<html") {
		t.Errorf("compressed %q, plain %q", zipped.Header.Get("Content-Encoding"), plain.Header.Get("Content-Encoding"))
	}

	for path, own := range map[string]func(*fan) string{
		"/api/v1/events/gala/queue/me": func(f *fan) string { return fmt.Sprintf(`"index":%d,`, f.place.Index) },
		"/events/gala/place":           func(f *fan) string { return f.place.Place },
	} {
		for range 2 {
			for _, f := range []*fan{ada, bob} {
				a := stranger.must(t, 200, "GET", path, nil, nil, "Cookie", "fs_place_gala="+f.place.Place)
				if a.kept() != "MISS" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") || !strings.Contains(string(a.Body), own(f)) {
					t.Errorf("%s of %s: the cache says %q, Cache-Control %q: %s", path, f.name, a.kept(), a.Header.Get("Cache-Control"), a.Body)
				}
			}
		}
	}
	ada.refused(t, 409, "not-open", "POST", ada.path("/queue/admission"), nil)
	stranger.refused(t, 401, "no-place", "GET", "/api/v1/events/gala/queue/me", nil) // nobody's answer is kept for a stranger
	if a, err := stranger.do("GET", "/admin", nil); err != nil || a.Status == 200 {
		t.Errorf("the desk is shown to a stranger: %v %v", a.Status, err)
	}
	if n := p.reached(t, "/api/v1/events/:event/queue"); n != 2 {
		t.Errorf("two joins came through as %d", n)
	}
}

// A thousand who ask at once are a request or two, and a name made up behind a ? is none.
func TestCacheAsksOnceForACrowd(t *testing.T) {
	t.Parallel()
	p, front := behindNginx(t)
	staff := signIn(t, front)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, nil)
	crowd, clients := newClient(front), 200
	var served atomic.Int64
	started := time.Now()
	for range 5 {
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				a, err := crowd.do("GET", fmt.Sprintf("/api/v1/events/gala/queue/now?%d", i), nil)
				if err != nil || a.Status != 200 {
					t.Errorf("%v %v", a, err)
					return
				}
				served.Add(1)
			})
		}
		all.Wait()
	}
	seconds := int(time.Since(started)/time.Second) + 1
	if n := p.reached(t, nowRoute); n < 1 || n > 2*seconds {
		t.Errorf("of %d answers in %d s the process gave %d", served.Load(), seconds, n)
	}
}

// When the process is gone the cache keeps the last word: the line, the pages and what they load; what is one's own
// waits. Afterwards everything is fresh again.
func TestCacheKeepsTheLastWord(t *testing.T) {
	t.Parallel()
	p, front := behindNginx(t)
	staff := signIn(t, front)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, nil)
	ada := newFan(front, "gala", "Ada")
	if err := ada.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	crowd := newClient(front)
	page := crowd.must(t, 200, "GET", "/events/gala", nil, nil)
	script := asset(t, page)
	public := []string{"/", "/events/gala", script, "/api/v1/events/gala", "/api/v1/events/gala/seats", "/api/v1/events/gala/queue/now"}
	for _, path := range public {
		crowd.must(t, 200, "GET", path, nil, nil)
	}
	b := newBrowser(t, front, phone)
	b.excuse("502", "504", "Bad Gateway", "Gateway Time-out")
	b.open("/events/gala")
	b.click("button", "Join the line")
	b.sees("until the draw")

	p.kill()
	var last nowView
	testkit.Eventually(t, 15*time.Second, "the last word is older than it may be kept for", func() bool {
		a := crowd.must(t, 200, "GET", "/api/v1/events/gala/queue/now", nil, &last)
		return a.kept() == "STALE" && time.Since(last.Now) > 4*time.Second
	})
	for _, path := range public {
		if a := crowd.must(t, 200, "GET", path, nil, nil); path != script && a.kept() == "MISS" {
			t.Errorf("%s: %s", path, a.kept())
		}
	}
	if a, err := ada.do("GET", ada.path("/queue/me"), nil); err != nil || a.Status < 500 {
		t.Errorf("one's own answer came from nowhere: %v %v", a, err)
	}
	// A page opened now is told an old time, and still counts by the right one; it keeps the place.
	b.reload()
	b.sees("until the draw", "You can close this page.")
	var behind float64
	b.set(b.js(`(async () => { `+assetOf+` const { now } = await import(await assetOf("clock.js")); return now() - Date.now(); })()`, &behind))
	if behind < -2500 || behind > 1000 {
		t.Errorf("the page's clock is off by %.0f ms", behind)
	}

	p.start()
	p.waitReady(30 * time.Second)
	var fresh nowView
	testkit.Eventually(t, 15*time.Second, "fresh again", func() bool {
		crowd.must(t, 200, "GET", "/api/v1/events/gala/queue/now", nil, &fresh)
		return fresh.Now.After(last.Now) && time.Since(fresh.Now) < 3*time.Second
	})
	var me meView
	ada.must(t, 200, "GET", ada.path("/queue/me"), nil, &me)
	if me.State != "drawn-later" || fresh.Joined < 2 {
		t.Errorf("after the restart Ada is %+v in a line of %d", me, fresh.Joined)
	}
	b.sees("until the draw")
}

// How long the last word is kept is what the answer says, 600 s of ours and no longer: here three, so that it ends.
func TestCacheForgetsWhenItIsTold(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler) // as a process that is gone
		}
		w.Header().Set("Cache-Control", "public, max-age=1, stale-if-error=3")
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(behind.Close)
	c := newClient(startNginx(t, freeAddr(t), strings.TrimPrefix(behind.URL, "http://")))
	const path = "/api/v1/events/gala/queue/now"
	c.must(t, 200, "GET", path, nil, nil)
	down.Store(true)
	stale := false
	testkit.Eventually(t, 20*time.Second, "forgotten", func() bool {
		a, err := c.do("GET", path, nil)
		if err != nil {
			t.Fatal(err)
		}
		stale = stale || a.kept() == "STALE"
		return a.Status == http.StatusBadGateway
	})
	if !stale {
		t.Error("the last word was not kept at all")
	}
}

// A whole purchase goes through the cache, with the live map open.
func TestSaleBehindACache(t *testing.T) {
	t.Parallel()
	p, front := behindNginx(t)
	staff := signIn(t, front)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, -time.Second, map[string]any{"max_per_buyer": 2, "queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	ada, bob := newFan(front, "gala", "Ada"), newFan(front, "gala", "Bob")
	for _, f := range []*fan{ada, bob} {
		if err := f.join(ctx); err != nil {
			t.Fatal(err)
		}
		if in, err := f.enter(ctx); err != nil || !in {
			t.Fatalf("%s is not let in: %v", f.name, err)
		}
	}
	live := watch(t, bob)
	hold := holdTwo(t, ada)
	live.sees(t, hold.Seats[0].N, 1)
	order, a, err := ada.order(ctx, "ada@example.org")
	if err != nil || order == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	if order, err = ada.settle(ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	live.sees(t, hold.Seats[0].N, 2)
	ticket := newClient(front).must(t, 200, "GET", order.Tickets[0].URL, nil, nil)
	if ticket.kept() == "HIT" || !strings.Contains(ticket.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("a ticket may be kept: %s, %s", ticket.kept(), ticket.Header.Get("Cache-Control"))
	}
	cleanAudit(t, signIn(t, p.base))
}

// An answer that is old by minutes, or has a Date of before, never sets a page's clock back; and when the line has said
// the same for half a minute, the page says that it does not answer.
func TestBrowserClockBehindCaches(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 20*time.Minute, nil)
	b := newBrowser(t, p.base)
	b.open("/events/gala")
	var got struct {
		Off  []float64
		Lost []string
	}
	b.set(b.js(`(async () => { `+assetOf+`
		const { hearAnswer, now } = await import(await assetOf("clock.js"));
		const off = [], note = () => off.push(Math.round(now() - Date.now()));
		const answer = (ago, age) => ({ headers: new Headers({ Date: new Date(Date.now() - ago).toUTCString(), ...(age && { Age: String(age) }) }) });
		const at = (ago) => new Date(Date.now() - ago).toISOString();
		note();
		hearAnswer(answer(0), at(500_000)); note();       // nginx: its own Date, no age
		hearAnswer(answer(400_000, 400), at(400_500)); note(); // Varnish: the Date of before, and the age
		hearAnswer(answer(0, 300), at(300_500)); note();  // Fairseat without Redis
		hearAnswer(answer(-120_000), at(-120_500)); note(); // a server two minutes ahead of this device
		hearAnswer(answer(0), at(0)); note();
		const { watch } = await import(await assetOf("line.js"));
		const lost = [], real = window.fetch;
		let ago = 0;
		window.fetch = async () => new Response(JSON.stringify({ now: at(ago - 120_000) }), { headers: { Date: new Date(Date.now() + 120_000).toUTCString() } });
		const look = watch("gala", { see() {}, lost: (why) => lost.push(why), after: () => null, hidden: () => true });
		const pause = () => new Promise((done) => setTimeout(done, 50));
		await pause(); ago = 20_000; await look(); await pause(); ago = 60_000; await look(); await pause(); ago = 1000; await look(); await pause();
		window.fetch = real;
		return { off, lost };
	})()`, &got))
	for i, want := range []float64{0, 0, 0, 0, 120_000, 120_000} {
		if i >= len(got.Off) || got.Off[i] < want-1200 || got.Off[i] > want+600 {
			t.Fatalf("the page's clock went %v ms off its device's", got.Off)
		}
	}
	if text, _ := json.Marshal(got.Lost); string(text) != `["silent",""]` {
		t.Errorf("told of the line: %s", text)
	}
}
