package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
)

// Each line names the hash of the one before, and what is written stays.
func TestLogIsAChain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, reason := range []string{"<b>fire</b> alarm", "over"} {
		if err := k.DB.Transaction(func(tx *gorm.DB) error {
			return k.queue.postgres.record(tx, k.id, "paused", map[string]string{"reason": reason})
		}); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(k.do("GET", k.queuePath("/log?format=lines"), "").Body.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want published and two pauses", len(lines))
	}
	prev := ""
	for i, line := range lines {
		var entry LogEntry
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Seq != int64(i+1) || entry.Prev != prev {
			t.Errorf("line %d: seq %d, prev %q, want prev %q", i+1, entry.Seq, entry.Prev, prev)
		}
		sum := sha256.Sum256([]byte(line))
		prev = hex.EncodeToString(sum[:])
	}
	if head := k.do("GET", k.queuePath("/now"), "").want(200)["log"].(map[string]any); head["seq"] != 3.0 || head["hash"] != prev {
		t.Errorf("head %v, want 3 %s", head, prev)
	}
	for _, change := range []string{`UPDATE fairness_log SET line = '{}'`, `DELETE FROM fairness_log`} {
		if err := k.DB.Exec(change).Error; err == nil {
			t.Errorf("%s was allowed", change)
		}
	}
}

func TestLogInPages(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for i := range 6 {
		if err := k.queue.Pause(context.Background(), k.event(), owner, "192.0.2.1", fmt.Sprint("reason ", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{k.queuePath("/log"), "admin/" + k.queuePath("/log")} {
		var seen []string
		after := 0.0
		for pages := 1; ; pages++ {
			page := k.do("GET", fmt.Sprintf("%s?after=%.0f&limit=3", path, after), "")
			body := page.want(200)
			if c := page.Header().Get("Cache-Control"); !strings.HasPrefix(c, "public, max-age=2") || page.Header().Get("Set-Cookie") != "" {
				t.Errorf("headers %v", page.Header())
			}
			for _, e := range body["entries"].([]any) {
				seen = append(seen, fmt.Sprint(e.(map[string]any)["seq"]))
			}
			if body["head"].(map[string]any)["seq"] != 7.0 {
				t.Errorf("head %v", body["head"])
			}
			if body["next"] == nil {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			after = body["next"].(float64)
		}
		if fmt.Sprint(seen) != "[1 2 3 4 5 6 7]" {
			t.Errorf("%s: %v", path, seen)
		}
	}
	for query, field := range map[string]string{"after=-1": "after", "after=x": "after", "limit=0": "limit", "limit=1001": "limit", "format=xml": "format"} {
		if body := k.do("GET", k.queuePath("/log?"+query), "").fails(422, "bad-field"); !strings.Contains(fmt.Sprint(body["fields"]), field) {
			t.Errorf("%s: %v", query, body)
		}
	}
}

// Every call stands in the log exactly once, however seldom it is written, and so does all else that decides.
func TestLogTellsASale(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 3 })
	ctx := context.Background()
	k.joinMany(70)
	k.lose()
	k.joinMany(1)
	k.open()
	entries := 0
	for range 40 {
		k.tick()
		for index := range int64(20) {
			_, _ = k.enter(Place{EventID: k.id, Cohort: InDraw, Index: 50 + index})
			_ = k.queue.Leave(ctx, k.id, Place{EventID: k.id, Cohort: InDraw, Index: 50 + index}.Key())
		}
	}
	capacity, perMinute := 5, 100
	for range 2 { // the second changes nothing
		if err := k.DB.Transaction(func(tx *gorm.DB) error {
			return k.queue.Amend(ctx, tx, k.id, LineChange{Cap: &capacity, PerMinute: &perMinute})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, do := range []staffSwitch{k.queue.Pause, k.queue.Resume, k.queue.End, k.queue.End} {
		if err := do(ctx, k.event(), owner, "192.0.2.1", "Rain."); err != nil {
			t.Fatal(err)
		}
	}
	next, last := int64(0), time.Time{}
	kinds := map[string]int{}
	for _, e := range k.entries() {
		kinds[e.Kind]++
		if e.Kind != "called" {
			continue
		}
		entries++
		var c called
		if err := json.Unmarshal(e.Data, &c); err != nil || c.From != next || c.To <= c.From {
			t.Errorf("%s after %d: %v", e.Data, next, err)
		}
		at, err := time.Parse(time.RFC3339, e.At)
		if err != nil || (at.Sub(last) < tellEvery && c.To != k.row().Serving) {
			t.Errorf("called at %s, %v after the one before", e.At, at.Sub(last))
		}
		next, last = c.To, at
	}
	if next != k.row().Serving || next == 0 || entries < 3 {
		t.Errorf("the log tells of %d calls in %d entries, %d were called", next, entries, k.row().Serving)
	}
	want := map[string]int{"published": 1, "burnt": 1, "opened": 1, "drawn": 1, "called": entries, "limits": 1, "paused": 1, "resumed": 1, "ended": 1}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("the log has %v, want %v", kinds, want)
	}
	var drawn drawEntry
	k.logged("drawn", &drawn)
	if drawn.Size != *k.row().Size || drawn.Beacon != nil || drawn.Secret != hex.EncodeToString(k.row().Secret) {
		t.Errorf("%+v", drawn)
	}
}

// A sale that only its closing time ends says so in the log: once, also when nobody was running then, and again when staff
// move the closing on and it comes.
func TestTheClosingIsInTheLog(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.closesIn = time.Hour })
	ended := func() (all []string) {
		t.Helper()
		k.Clock.Advance(time.Second)
		for _, s := range []*Service{k.queue, k.replica()} {
			k.tickNow(s)
			k.tickNow(s)
		}
		for _, e := range k.entries() {
			if e.Kind == "ended" {
				all = append(all, string(e.Data))
			}
		}
		return all
	}
	k.open()
	if got := ended(); len(got) != 0 {
		t.Errorf("before: %q", got)
	}
	first := *k.neighbours.event.ClosesAt
	k.Clock.Set(first.Add(2 * time.Hour))
	want := `{"reason":"","closes_at":"2027-03-09T12:00:00.000Z"}`
	if got := ended(); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %s", got, want)
	}
	later, two := first.Add(4*time.Hour), 2
	err := k.DB.Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE events SET closes_at = ? WHERE id = ?`, later, k.id).Error; err != nil {
			return err
		}
		return k.queue.Amend(t.Context(), tx, k.id, LineChange{MaxPerBuyer: &two, ClosesAt: &later})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ended(); len(got) != 1 { // by an event of a second ago
		t.Errorf("moved on: %q", got)
	}
	k.neighbours.event.ClosesAt = &later
	k.Clock.Set(later)
	if got := ended(); len(got) != 2 {
		t.Errorf("after the second closing: %q", got)
	}
	var limits struct {
		Cap         int
		MaxPerBuyer int       `json:"max_per_buyer"`
		ClosesAt    time.Time `json:"closes_at"`
	}
	if k.logged("published", &limits); limits.MaxPerBuyer != 1 || !limits.ClosesAt.Equal(first) {
		t.Errorf("at the beginning: %+v", limits)
	}
	if k.logged("limits", &limits); limits.Cap != 10 || limits.MaxPerBuyer != 2 || !limits.ClosesAt.Equal(later) {
		t.Errorf("%+v", limits)
	}
}
