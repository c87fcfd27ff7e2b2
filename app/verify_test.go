package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drand/drand/v2/crypto"

	"fairseat/app/testkit"
)

// verifyLog runs the command as a stranger would, and answers its exit code and what it printed.
func verifyLog(t *testing.T, args ...string) (int, string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"verify-log"}, args...)...)
	cmd.Dir, cmd.Env = t.TempDir(), cleanEnv()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// tampering is the product behind a proxy that changes answers.
func tampering(t *testing.T, base string, change func(path string, body []byte) []byte) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Header.Del("Accept-Encoding") },
		ModifyResponse: func(res *http.Response) error {
			var body bytes.Buffer
			if _, err := body.ReadFrom(res.Body); err != nil {
				return err
			}
			changed := change(res.Request.URL.Path, body.Bytes())
			res.Body = http.NoBody
			if len(changed) > 0 {
				res.Body = readCloser{bytes.NewReader(changed)}
			}
			res.ContentLength = int64(len(changed))
			res.Header.Set("Content-Length", fmt.Sprint(len(changed)))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// A draw with public randomness, waited for, moved on once, checked on the page, in a shell and by a stranger's program.
func TestDrawThatAnyoneChecks(t *testing.T) {
	t.Parallel()
	drand := testkit.NewDrand(t, crypto.SigsOnG1ID, time.Now)
	p := startProcess(t, "FAIRSEAT_DRAW__BEACON_URLS=http://127.0.0.1:1,"+drand.URL, "FAIRSEAT_DRAW__BEACON_CHAIN="+drand.Hash)
	staff := signIn(t, p.base)
	plan := house(t, staff, 3, 10)
	createEvent(t, staff, "good", plan, stalls, 4*time.Second, nil)
	createEvent(t, staff, "other", plan, stalls, 4*time.Second, nil)
	var fans []*fan
	for _, event := range []string{"good", "good", "good", "good", "good", "other", "other", "other"} {
		f := newFan(p.base, event, "fan")
		if err := f.join(t.Context()); err != nil {
			t.Fatal(err)
		}
		fans = append(fans, f)
	}
	stranger := newClient(p.base)
	var now struct {
		Phase  string
		Reason *string
		Draw   struct {
			BeaconSource struct {
				Chain string
				Round int64
			} `json:"beacon_source"`
			Size         *int64
			Secret, Seed *string
			Beacon       *string
		}
		Log struct {
			Seq  int64
			Hash string
		}
	}
	look := func(event string) {
		now.Reason, now.Draw.Size, now.Draw.Secret = nil, nil, nil
		stranger.must(t, 200, "GET", "/api/v1/events/"+event+"/queue/now", nil, &now)
	}
	phase := func(event, want string) {
		testkit.Eventually(t, 40*time.Second, event+" is "+want, func() bool { look(event); return now.Phase == want })
	}

	// Drawing: it says what it waits for, and shows nothing of the draw.
	phase("good", "drawing")
	if now.Draw.BeaconSource.Chain != drand.Hash || now.Draw.Secret != nil || now.Reason == nil || !strings.Contains(*now.Reason, fmt.Sprint("round ", now.Draw.BeaconSource.Round)) {
		t.Fatalf("%+v", now)
	}
	if a := stranger.must(t, 200, "GET", "/events/good/verify", nil, nil, "Accept", "text/html"); !strings.Contains(string(a.Body), "The draw waits for public randomness") {
		t.Errorf("%s", a.Body)
	}
	phase("good", "open")
	if said := drand.Says(now.Draw.BeaconSource.Round); *now.Draw.Beacon != said.Randomness || *now.Draw.Size != 5 {
		t.Fatalf("%+v, the beacon said %+v", now, said)
	}

	// From outside, with a head kept from before.
	if phase("other", "open"); *now.Draw.Size != 3 {
		t.Fatalf("%+v", now)
	}
	head := fmt.Sprintf("%d:%s", now.Log.Seq, now.Log.Hash)

	code, out := verifyLog(t, p.base+"/events/other", "--head", head)
	if code != 0 || !strings.Contains(out, "Nothing is wrong with this log.") || !strings.Contains(out, "is signed by its key") || !strings.Contains(out, "a head kept earlier stands in it") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := verifyLog(t, p.base+"/events/nobody"); code != 1 || !strings.Contains(out, "404") {
		t.Errorf("%d %s", code, out)
	}
	for _, wrong := range [][]string{{}, {"good"}, {p.base + "/events/other", "--head", "12"}} {
		if code, out := verifyLog(t, wrong...); code != 2 || !strings.Contains(out, "fairseat:") {
			t.Errorf("asked wrongly with %q: %d %s", wrong, code, out)
		}
	}
	// Whoever changes what passes by, in the log or in the figures, is seen.
	for name, change := range map[string]func(string, []byte) []byte{
		"a secret": func(_ string, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(*now.Draw.Secret), []byte(strings.Repeat("ab", 32)))
		},
		"a figure": func(path string, body []byte) []byte {
			if strings.HasSuffix(path, "/queue/now") {
				return bytes.Replace(body, []byte(`"size":3`), []byte(`"size":4`), 1)
			}
			return body
		},
		"a line": func(path string, body []byte) []byte {
			if lines := bytes.SplitAfter(body, []byte("\n")); strings.HasSuffix(path, "/queue/log") && len(lines) > 3 {
				return bytes.Join(append(lines[:1], lines[2:]...), nil)
			}
			return body
		},
	} {
		code, out := verifyLog(t, tampering(t, p.base, change)+"/events/other")
		if code != 1 || !strings.Contains(out, "✗") || !strings.Contains(out, "does NOT hold together") {
			t.Errorf("%s: %d %s", name, code, out)
		}
	}

	// On the page, in the fan's own browser, and what it says to type, typed.
	me := fans[2]
	var mine struct{ Position int64 }
	me.must(t, 200, "GET", me.path("/queue/me"), nil, &mine)
	b := newBrowser(t, p.base, phone)
	b.open("/events/good/verify")
	b.sees("The organiser could not choose the outcome.", "This browser keeps no place", "Public randomness")
	place, err := json.Marshal(map[string]any{"place": me.bearer, "cohort": "draw", "index": me.place.Index})
	if err != nil {
		t.Fatal(err)
	}
	b.set(b.js(fmt.Sprintf("localStorage.setItem('fs_place_good', %q); location.reload()", place), nil))
	b.sees(fmt.Sprintf("Number %d of 5", mine.Position+1), "Save the receipt")
	if text := b.text("#steps"); strings.Contains(text, "does not agree") || strings.Count(text, "agrees") != 3 {
		t.Errorf("the proof does not hold: %s", text)
	}
	b.axe()
	b.fits()
	b.click("button", "Save the receipt")
	b.click("button", "Check the whole log here")
	b.sees("each with the hash of the one before, up to the one shown here.")
	b.set(b.js(`document.querySelector("#rounds summary").click()`, nil))
	b.sees("Pivot")
	var rounds int
	if err := b.js(`document.querySelectorAll("#rounds tbody tr").length`, &rounds); err != nil || rounds != 90 {
		t.Errorf("%d rounds, %v", rounds, err)
	}
	b.axe()
	b.fits()
	var shell string
	b.set(b.js(`document.getElementById("shell").textContent`, &shell))
	typed, err := exec.CommandContext(t.Context(), "bash", "-c", shell).CombinedOutput()
	if want := fmt.Sprintf("position %d, which is number %d of 5\n", mine.Position, mine.Position+1); err != nil || !strings.HasSuffix(string(typed), want) {
		t.Errorf("the shell says %s, want %s: %v", typed, want, err)
	}
	hang(t, p.base, scene{"verify with public randomness", func(b *browser) {
		b.open("/events/good/verify")
		b.set(b.js(fmt.Sprintf("localStorage.setItem('fs_place_good', %q); location.reload()", place), nil))
	}, "Save the receipt"})
	b.fill("Index", "7")
	b.click("button", "Work it out")
	b.sees("There is no index 7 in this draw")
	b.fill("Index", "seven")
	b.click("button", "Work it out")
	b.sees("An index is a whole number, from 0.")
	b.fill("Index", fmt.Sprint(me.place.Index))
	b.press("Enter")
	b.sees(fmt.Sprintf("Number %d of 5", mine.Position+1))
}

// A beacon that is away holds the draw, keeps everybody's place, and is not asked too often; staff move the round on, with
// a reason that everyone reads.
func TestBeaconAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	drand := testkit.NewDrand(t, crypto.SigsOnG1ID, time.Now)
	p := startProcess(t, "FAIRSEAT_DRAW__BEACON_URLS="+drand.URL, "FAIRSEAT_DRAW__BEACON_CHAIN="+drand.Hash)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 3, 10), stalls, 2*time.Second, nil)
	drand.Be("away")
	f := newFan(p.base, "gala", "fan")
	if err := f.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	const reason = "The hall has <no> network."
	staff.must(t, 409, "POST", "/api/v1/admin/events/gala/queue/beacon", object{"reason": reason}, nil) // not overdue
	desk := newOrganiser(t, p.base)
	desk.signIn(ownerPassword, 200)
	var now struct {
		Draw struct {
			BeaconSource struct{ Round int64 } `json:"beacon_source"`
		}
	}
	newClient(p.base).must(t, 200, "GET", "/api/v1/events/gala/queue/now", nil, &now)
	due := time.Unix(drand.Genesis+(now.Draw.BeaconSource.Round-1)*drand.Period, 0).Add(3 * time.Second)
	testkit.Eventually(t, 40*time.Second, "the round is overdue", func() bool { return time.Now().After(due) })
	desk.open("/admin/events/gala")
	desk.sees("Waiting for public randomness: round", "Take a later round")
	desk.post(422, "/admin/events/gala/beacon", "reason", " ")
	desk.sees("it stands in the public log")
	desk.post(200, "/admin/events/gala/beacon", "reason", reason)
	desk.sees("Take a later round for the draw of Spring Gala?", "you could have known the old round", reason)
	desk.post(200, "/admin/events/gala/beacon", "reason", reason, "sure", "1")
	desk.sees("The draw takes a later round.")
	asked := drand.Questions()
	if asked > 20 {
		t.Errorf("asked %d times", asked)
	}
	page := newClient(p.base).must(t, 200, "GET", "/events/gala/verify", nil, nil, "Accept", "text/html")
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(page.Body), "")
	for _, want := range []string{"The organiser could have influenced this draw.", "after it was public. Reason given: The hall has &lt;no&gt; network.", "The draw waits for public randomness"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	// The process is killed while it waits; what was decided stands.
	p.kill()
	p.start()
	p.waitReady(30 * time.Second)
	drand.Be("")
	testkit.Eventually(t, 60*time.Second, "the draw", func() bool {
		var me struct{ Position *int64 }
		f.must(t, 200, "GET", f.path("/queue/me"), nil, &me)
		return me.Position != nil && *me.Position == 0
	})
	if code, out := verifyLog(t, p.base+"/events/gala"); code != 0 || !strings.Contains(out, "only after it was public: ask why") {
		t.Errorf("%d %s", code, out)
	}
}
