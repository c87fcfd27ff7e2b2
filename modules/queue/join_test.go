package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestJoinBeforeAndAfterTheOpening(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.closesIn = time.Hour })
	for i := range int64(5) {
		if p := k.join(); p.Cohort != InDraw || p.Index != i || !p.JoinedAt.Equal(k.Clock.Now()) || p.EventID != k.id {
			t.Fatalf("early %d: %+v", i, p)
		}
	}
	// The edge itself belongs to the tail; a millisecond earlier to the draw.
	k.Clock.Set(k.neighbours.event.OpensAt.Add(-time.Millisecond))
	if p := k.join(); p.Cohort != InDraw || p.Index != 5 {
		t.Fatalf("just before: %+v", p)
	}
	k.open()
	for i := range int64(3) {
		if p := k.join(); p.Cohort != InTail || p.Index != i {
			t.Fatalf("at the opening: %+v", p)
		}
	}
	if k.row().Size != nil {
		t.Error("joining wrote the size; that is the draw's work")
	}
	k.tick()
	if row := k.row(); row.Size == nil || *row.Size != 6 {
		t.Fatalf("size %v", row.Size)
	}
	k.Clock.Set(*k.neighbours.event.ClosesAt)
	if _, err := k.queue.Join(context.Background(), k.id); !errors.Is(err, ErrEnded) {
		t.Fatalf("after the end: %v", err)
	}
	k.checkLine()
}

func TestJoinBeforeThePrequeue(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Clock.Advance(-time.Minute)
	problem := k.do("POST", k.queuePath(""), "").fails(409, "not-yet")
	if problem["prequeue_at"] != "2027-03-09T10:00:00.000Z" {
		t.Errorf("%v", problem)
	}
}

func TestLineWithoutADraw(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Draws = false; l.Cap = 2 })
	early := k.join()
	if early.Cohort != InTail || early.Index != 0 {
		t.Fatalf("%+v", early)
	}
	k.refused(early, ErrNotOpen)
	now := k.do("GET", k.queuePath("/now"), "").want(200)
	if now["draw"] != nil || now["phase"] != "prequeue" || now["serving"] != 0.0 {
		t.Fatalf("%v", now)
	}
	k.open()
	// Nobody has ticked: whoever joined enters at once, up to the cap.
	k.mustEnter(early)
	second, third := k.join(), k.join()
	k.mustEnter(second)
	k.refused(third, ErrRoomFull)
	now = k.do("GET", k.queuePath("/now"), "").want(200)
	if now["phase"] != "open" || now["serving"] != 3.0 || now["active"] != 2.0 {
		t.Fatalf("%v", now)
	}
	if err := k.queue.Leave(context.Background(), k.id, early.Key()); err != nil {
		t.Fatal(err)
	}
	k.mustEnter(third)
	k.lose()
	if p := k.join(); p.Index != 64 {
		t.Fatalf("after a loss counting goes on at the ceiling: %+v", p)
	}
	k.checkLine()
}

func TestJoiningTwiceKeepsThePlace(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	first := k.do("POST", k.queuePath(""), "{}")
	body := first.want(201)
	cookie, _, _ := strings.Cut(first.Header().Get("Set-Cookie"), ";")
	if body["cohort"] != "draw" || body["index"] != 0.0 || body["joined_at"] != "2027-03-09T10:00:00.000Z" || cookie != "fs_place_gala="+body["place"].(string) {
		t.Fatalf("%v, %s", body, cookie)
	}
	k.Clock.Advance(time.Minute)
	for _, credential := range [][]string{{"Cookie", cookie}, {"Authorization", "Bearer " + body["place"].(string)}} {
		again := k.do("POST", k.queuePath(""), "", credential...)
		same := again.want(200)
		if same["place"] != body["place"] || same["index"] != body["index"] || same["joined_at"] != body["joined_at"] {
			t.Errorf("%v is not %v", same, body)
		}
		if got, _, _ := strings.Cut(again.Header().Get("Set-Cookie"), ";"); got != cookie {
			t.Errorf("cookie %s", got)
		}
	}
	// A cookie that is no good is replaced; a Bearer that is no good was put there on purpose.
	if replaced := k.do("POST", k.queuePath(""), "", "Cookie", "fs_place_gala=rubbish").want(201); replaced["index"] != 1.0 {
		t.Errorf("%v", replaced)
	}
	k.do("POST", k.queuePath(""), "", "Authorization", "Bearer rubbish").fails(401, "bad-place")
	if p := k.join(); p.Index != 2 {
		t.Errorf("a refusal used an index: %+v", p)
	}
}

func TestJoinBodies(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, field := range []string{"proof", "email", "code", "access_code"} {
		k.do("POST", k.queuePath(""), fmt.Sprintf(`{%q:""}`, field)).want(201)
		k.do("POST", k.queuePath(""), fmt.Sprintf(`{%q:null}`, field)).want(201)
		k.do("POST", k.queuePath(""), fmt.Sprintf(`{%q:{"a":1}}`, field)).fails(400, "bad-body")
	}
	// What this line does not ask for changes nothing.
	k.do("POST", k.queuePath(""), `{"proof":"x","access_code":"x"}`).want(201)
	k.do("POST", k.queuePath(""), `{"email":"nobody"}`).fails(422, "bad-field")
	k.do("POST", k.queuePath(""), `{"name":"x"}`).fails(400, "bad-body")
	k.do("POST", k.queuePath(""), `{`).fails(400, "bad-body")
	k.do("POST", k.queuePath(""), `hello`, "Content-Type", "text/plain").fails(415, "unsupported-type")

	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	posted := k.do("POST", k.queuePath(""), "email=", form...)
	if posted.Code != 303 || posted.Header().Get("Location") != "/events/gala/place" || posted.Header().Get("Set-Cookie") == "" {
		t.Errorf("%d %v", posted.Code, posted.Header())
	}
	k.do("POST", k.queuePath(""), "email=nobody", form...).fails(422, "bad-field")
	k.do("POST", k.queuePath(""), "shoe=43", form...).fails(400, "bad-body")
}

func TestJoinsHaveABudget(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.deps.PerIP, k.deps.PerNetwork = 7, 70
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	p := k.do("POST", k.queuePath(""), "").want(201)
	if fmt.Sprint(k.neighbours.asked) != "[join:192.0.2.1 7 join-net:192.0.2.0/24 70]" {
		t.Fatalf("asked for %v", k.neighbours.asked)
	}
	k.neighbours.retry = 1500 * time.Millisecond
	problem := k.do("POST", k.queuePath(""), "").fails(429, "slow-down")
	if problem["retry_after"] != 1.5 || problem["reason"] != "address" || fmt.Sprint(problem["ways"]) != "[email]" {
		t.Errorf("%v", problem)
	}
	k.neighbours.refuse("join-net:", time.Second)
	if problem := k.do("POST", k.queuePath(""), "").fails(429, "slow-down"); problem["reason"] != "network" {
		t.Errorf("%v", problem)
	}
	// Who has a place spends nothing.
	k.do("POST", k.queuePath(""), "", "Authorization", "Bearer "+p["place"].(string)).want(200)
}

// Ceilings are met and raised by the joins themselves, many at once, with no index twice and none above its record.
func TestCeilingsAreRaisedByThoseWhoMeetThem(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	other := k.replica()
	var mu sync.Mutex
	seen := map[string]bool{}
	crowd := func(n int) {
		var all sync.WaitGroup
		for i := range n {
			s := k.queue
			if i%2 == 0 {
				s = other
			}
			all.Go(func() {
				p, err := s.Join(context.Background(), k.id)
				if err != nil {
					t.Errorf("join: %v", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if seen[p.Key()] {
					t.Errorf("%s twice", p.Key())
				}
				seen[p.Key()] = true
			})
		}
		all.Wait()
	}
	crowd(300)
	row := k.row()
	// 64 at first, then twice what the last second saw.
	if row.DrawCeiling < 300 || row.DrawCeiling > 1000 || row.DrawUsed > 300 {
		t.Errorf("used %d, ceiling %d", row.DrawUsed, row.DrawCeiling)
	}
	k.open()
	crowd(100)
	if row := k.row(); row.TailCeiling < 100 || row.TailUsed > 100 {
		t.Errorf("used %d, ceiling %d", row.TailUsed, row.TailCeiling)
	}
	if len(seen) != 400 {
		t.Errorf("%d places", len(seen))
	}
	k.checkLine()
}

// Postgres is away: joins go on up to the ceiling, then say busy, and nothing is given out that is not recorded.
func TestNoIndexWithoutItsRecord(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.join()
	if err := k.DB.Exec(`ALTER TABLE lines RENAME TO gone`).Error; err != nil {
		t.Fatal(err)
	}
	for range 63 {
		k.join()
	}
	problem := k.do("POST", k.queuePath(""), "").fails(503, "busy")
	if problem["retry_after"] == 0.0 || !strings.Contains(problem["detail"].(string), "place is safe") {
		t.Errorf("%v", problem)
	}
	if err := k.DB.Exec(`ALTER TABLE gone RENAME TO lines`).Error; err != nil {
		t.Fatal(err)
	}
	if p := k.join(); p.Index != 64 {
		t.Errorf("%+v", p)
	}
	k.checkLine()
}

// A raise that hangs is waited for two seconds, not longer.
func TestJoinGivesUpAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(64)
	tx := k.DB.Begin()
	defer tx.Rollback()
	if err := tx.Exec(`SELECT 1 FROM lines FOR UPDATE`).Error; err != nil {
		t.Fatal(err)
	}
	if _, err := k.queue.Join(context.Background(), k.id); !errors.Is(err, ErrBusy) {
		t.Fatalf("%v", err)
	}
	tx.Rollback()
	if p := k.join(); p.Index != 64 {
		t.Errorf("%+v", p)
	}
}
