package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// sold is a sale with public randomness, a loss, calls and an end, and its log.
func sold(t *testing.T) (*kit, *oracle, []string) {
	t.Helper()
	k, o := withBeacon(t)
	ctx := context.Background()
	k.joinMany(5)
	k.lose()
	k.joinMany(4)
	k.open()
	k.tick()
	k.toRound(o)
	k.waitsDrawn()
	k.joinMany(3)
	k.lose()
	for range 25 {
		k.tick()
	}
	if err := k.queue.Pause(ctx, k.event(), owner, "192.0.2.1", "Rain <on> the stage."); err != nil {
		t.Fatal(err)
	}
	if err := k.queue.End(ctx, k.event(), owner, "192.0.2.1", "Enough."); err != nil {
		t.Fatal(err)
	}
	stored, err := k.queue.postgres.lines(ctx, k.id, 0, logPage)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(stored))
	for i, l := range stored {
		lines[i] = l.Line
	}
	return k, o, lines
}

func (k *kit) nowView() *nowView {
	k.T.Helper()
	k.queue.forget(k.id)
	m, err := k.queue.moment(context.Background(), k.id)
	if err != nil {
		k.T.Fatal(err)
	}
	return &m.view
}

func report(v *Verdict) string {
	var out bytes.Buffer
	_, _ = v.WriteTo(&out)
	return out.String()
}

// The whole way: over HTTP, in pages, by the address of the page or of the log.
func TestVerifyLogOverHTTP(t *testing.T) {
	t.Parallel()
	k, _, lines := sold(t)
	server := httptest.NewServer(k.echo)
	t.Cleanup(server.Close)
	k.queue.forget(k.id)
	head := fmt.Sprintf("3:%x", sha256.Sum256([]byte(lines[2])))
	verify := func(address, head string) (*Verdict, error) {
		log, err := FindLog(address, head)
		if err != nil {
			t.Fatal(err)
		}
		return log.Verify(t.Context(), server.Client())
	}
	for _, path := range []string{"/events/recital", "/events/recital/verify?x#y", "/api/v1/events/recital", "/api/v1/events/recital/queue/log"} {
		v, err := verify(server.URL+path, head)
		if err != nil {
			t.Fatal(err)
		}
		text := report(v)
		if !v.OK() || strings.Contains(text, "✗") {
			t.Errorf("%s: %s", path, text)
		}
		for _, want := range []string{
			"a head kept earlier stands in it, as entry 3", "the head that /queue/now shows", "fingerprint was published before", "is signed by its key",
			"it is the first round that comes 6 s after the opening", "the draw was closed before anyone could know it", "2 ranges that nobody may hold",
			"positions called in", "Nothing is wrong with this log.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("not said: %q in\n%s", want, text)
			}
		}
	}
	if v, err := verify(server.URL+"/events/recital", "3:"+strings.Repeat("0", 64)); err != nil || v.OK() {
		t.Errorf("another head was taken: %v", err)
	}
	for _, address := range []string{"", "gala", "ftp://example.org/events/gala", server.URL, server.URL + "/problems/x"} {
		if _, err := FindLog(address, ""); err == nil {
			t.Errorf("%q was taken for an event", address)
		}
	}
	for _, head := range []string{"3", "0:" + strings.Repeat("0", 64), "3:xyz"} {
		if _, err := FindLog(server.URL+"/events/recital", head); err == nil {
			t.Errorf("%q was taken for a head", head)
		}
	}
	server.Close()
	if _, err := verify(server.URL+"/events/recital", ""); err == nil {
		t.Error("nobody was there, and nothing was wrong")
	}
}

// rechain makes every line name the hash of the one before, as somebody would who rewrites all that follows.
func rechain(lines []string) []string {
	prev, out := "", make([]string, len(lines))
	for i, line := range lines {
		out[i] = regexp.MustCompile(`"prev":"[0-9a-f]*"\}$`).ReplaceAllString(line, `"prev":"`+prev+`"}`)
		out[i] = regexp.MustCompile(`^\{"seq":\d+`).ReplaceAllString(out[i], fmt.Sprintf(`{"seq":%d`, i+1))
		sum := sha256.Sum256([]byte(out[i]))
		prev = hex.EncodeToString(sum[:])
	}
	return out
}

func TestVerifySeesEveryChange(t *testing.T) {
	t.Parallel()
	k, o, lines := sold(t)
	now := k.nowView()
	kept := &logHead{int64(len(lines)), k.row().LogHash}
	if v := checkLog("recital", lines, now, kept); !v.OK() {
		t.Fatal(report(v))
	}
	if v := checkLog("recital", rechain(lines), now, kept); !v.OK() {
		t.Fatalf("the test's own hand leaves traces: %s", report(v))
	}
	// Any byte of any line, and any line that is missing, moved or added.
	for i := range lines {
		for _, at := range []int{1, len(lines[i]) / 3, len(lines[i]) / 2, len(lines[i]) - 3} {
			changed := append([]string{}, lines...)
			changed[i] = lines[i][:at] + string(lines[i][at]^1) + lines[i][at+1:]
			if v := checkLog("recital", changed, now, kept); v.OK() {
				t.Errorf("byte %d of %s was changed and nothing said", at, lines[i])
			}
		}
		without := append(append([]string{}, lines[:i]...), lines[i+1:]...)
		if v := checkLog("recital", without, now, kept); v.OK() {
			t.Errorf("line %d was left out and nothing said", i+1)
		}
		if v := checkLog("recital", append(append(append([]string{}, lines[:i]...), lines[i]), lines[i:]...), now, kept); v.OK() {
			t.Errorf("line %d stood twice and nothing said", i+1)
		}
	}
	// A history written anew, every hash in order: what was kept, or what it says, gives it away.
	row := k.row()
	value, _ := row.value()
	for name, c := range map[string]struct{ old, new, says string }{
		"another secret":        {hex.EncodeToString(row.Secret), strings.Repeat("ab", 32), "fingerprint"},
		"another seed":          {`"seed":"` + *now.Draw.Seed, `"seed":"` + strings.Repeat("cd", 32), "the seed is"},
		"another size":          {fmt.Sprintf(`"data":{"size":%d,`, *row.Size), `"data":{"size":1,`, "another number when it was closed"},
		"other randomness":      {value.Randomness, strings.Repeat("ef", 32), "the beacon's value"},
		"another round":         {fmt.Sprintf(`"beacon":{"round":%d`, value.Round), fmt.Sprintf(`"beacon":{"round":%d`, value.Round+1), "the beacon's value"},
		"another chain":         {o.chain.Hash, strings.Repeat("ab", 32), "the chain"},
		"a round of choice":     {fmt.Sprintf(`},"round":%d}`, value.Round), fmt.Sprintf(`},"round":%d}`, value.Round+1), "was announced"},
		"no beacon after all":   {`"beacon":{"round"`, `"beacon":null,"x":{"round"`, "none was used"},
		"a gap in the calls":    {`"data":{"from":0,"to":`, `"data":{"from":1,"to":`, "calls positions from"},
		"less burnt":            {`"from":0,"cohort":"draw"`, `"from":2,"cohort":"draw"`, "burns"},
		"another commitment":    {row.Commitment, strings.Repeat("0", 64), "fingerprint"},
		"another event's log":   {`"event":"recital"`, `"event":"gala"`, "not of recital"},
		"opened under the line": {`"kind":"opened"`, `"kind":"noted"`, "another number when it was closed"},
	} {
		changed, found := append([]string{}, lines...), false
		for i, line := range changed {
			if !found && strings.Contains(line, c.old) {
				changed[i], found = strings.Replace(line, c.old, c.new, 1), true
			}
		}
		if !found {
			t.Fatalf("%s: no %q in the log", name, c.old)
		}
		v := checkLog("recital", rechain(changed), now, nil)
		if text := report(v); v.OK() || !strings.Contains(text, c.says) || !strings.Contains(text, "the head that /queue/now shows is") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if v := checkLog("recital", nil, nil, nil); v.OK() {
		t.Error("an empty log was taken")
	}
}

// A draw closed when its round was public is no proof, and a round moved when it was public is said aloud.
func TestVerifyAsksWhoCouldKnow(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	k.joinMany(3)
	k.open()
	k.tick()
	o.Be("away")
	k.toRound(o)
	if err := k.queue.MoveBeacon(context.Background(), k.event(), owner, "192.0.2.1", "No network."); err != nil {
		t.Fatal(err)
	}
	o.Be("")
	k.toRound(o)
	k.waitsDrawn()
	var lines []string
	stored, err := k.queue.postgres.lines(context.Background(), k.id, 0, logPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range stored {
		lines = append(lines, l.Line)
	}
	v := checkLog("recital", lines, k.nowView(), nil)
	if text := report(v); !v.OK() || !strings.Contains(text, `only after it was public: ask why. Reason given: "No network."`) {
		t.Error(text)
	}
	// The same log with a closing after the round.
	for i, line := range lines {
		var e LogEntry
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == "opened" {
			lines[i] = strings.Replace(line, e.At, "2099-01-01T00:00:00.000Z", 1)
		}
	}
	if v := checkLog("recital", rechain(lines), nil, nil); v.OK() || !strings.Contains(report(v), "was public") {
		t.Error(report(v))
	}
}

// Lanes are part of the proof: their names, shares and sizes, and what was burnt of them.
func TestVerifyKnowsLanes(t *testing.T) {
	t.Parallel()
	k := newKit(t, withLanes)
	k.joinMany(5)
	k.joinLane(1, 3)
	k.lose()
	k.joinLane(2, 2)
	k.open()
	k.tick()
	stored, err := k.queue.postgres.lines(context.Background(), k.id, 0, logPage)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range stored {
		lines = append(lines, l.Line)
	}
	v := checkLog(k.slug, lines, k.nowView(), nil)
	if text := report(v); !v.OK() || !strings.Contains(text, "2 lanes with the shares that were published") || !strings.Contains(text, "influenced") {
		t.Error(text)
	}
	for i, line := range lines {
		lines[i] = strings.Replace(line, `{"name":"Members","share":20}`, `{"name":"Members","share":10}`, 1)
	}
	if v := checkLog(k.slug, rechain(lines), nil, nil); v.OK() || !strings.Contains(report(v), "not those that were published") {
		t.Error(report(v))
	}
}

func FuzzVerifyLog(f *testing.F) {
	f.Add(`{"seq":1,"at":"2027-03-09T09:00:00.000Z","kind":"published","data":{"event":"gala","draws":true,"commitment":""},"prev":""}`, `{"seq":2}`)
	f.Add(`{"seq":1,"at":"2027-03-09T09:00:00.000Z","kind":"drawn","data":{"size":-1,"beacon":{"round":-3}},"prev":""}`, ``)
	f.Add(`{"seq":1,"at":"2027-03-09T09:00:00.000Z","kind":"published","data":{"draws":true,"beacon":{"chain":null,"round":1}},"prev":""}`,
		`{"seq":2,"at":"2027-03-09T09:00:00.000Z","kind":"drawn","data":null,"prev":""}`)
	f.Fuzz(func(t *testing.T, first, second string) {
		v := checkLog("gala", []string{first, second}, &nowView{Draw: &drawView{Size: new(int64)}}, &logHead{2, ""})
		if v.OK() { // the head above is nobody's
			t.Error(report(v))
		}
	})
}

// Whoever checks a log reads a stranger's words: no line of it brings the checker down or speaks to the terminal.
func TestALogThatMeansHarm(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing":   `null`,
		"no chain":  `{"event":"gala","draws":true,"beacon":{"chain":null,"round":1}}`,
		"no period": `{"event":"gala","draws":true,"beacon":{"chain":{"period":0},"round":1}}`,
		"no end":    `{"event":"gala","draws":true,"beacon":{"chain":{"period":36028797018963968},"round":1}}`,
		"colours":   `{"event":"\u001b[2Jgala\u202e","draws":true}`,
	} {
		lines := []string{`{"seq":1,"at":"2027-03-09T10:00:00.000Z","kind":"published","data":` + data + `,"prev":""}`}
		for _, next := range []string{
			`"beacon-moved","data":{"from":1,"to":2,"reason":"\u001b]0;mine\u0007"}`, `"opened","data":{"size":0}`,
			`"drawn","data":{"size":0,"secret":"","beacon":{"round":2},"seed":""}`, `"drawn","data":null`, `"called","data":null`, `"burnt","data":{"ranges":[null]}`,
		} {
			prev := sha256.Sum256([]byte(lines[len(lines)-1]))
			lines = append(lines, fmt.Sprintf(`{"seq":%d,"at":"2027-03-09T10:00:01.000Z","kind":%s,"prev":"%x"}`, len(lines)+1, next, prev))
		}
		size := int64(0)
		v := checkLog("gala", lines, &nowView{Draw: &drawView{Size: &size}}, nil)
		if text := report(v); v.OK() || strings.ContainsAny(text, "\x1b\x07\u202e") {
			t.Errorf("%s: %q", name, text)
		}
	}
}
