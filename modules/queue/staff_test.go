package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairseat/app/request"
)

var owner = request.Staff{ID: 1, Email: "owner@example.org", Role: "owner"}

func (k *kit) event() request.Event { return request.Event{ID: k.id, Slug: k.slug} }

func (k *kit) staffPath(rest string) string { return "admin/events/" + k.slug + "/queue" + rest }

func TestPauseStopsAdmissionsOnly(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 6, func(l *line) { l.Cap = 5 })
	k.mustEnter(places[0])
	serving := k.row().Serving
	if body := k.do("POST", k.staffPath("/pause"), `{"reason":"The hall lost power."}`).want(200); body["phase"] != "paused" {
		t.Errorf("%v", body)
	}
	if f := k.refused(places[1], ErrPaused); f.Facts["reason"] != "The hall lost power." {
		t.Errorf("%v", f.Facts)
	}
	if a, err := k.enter(places[0]); err != nil || !a.Again {
		t.Errorf("who is inside was put out: %v", err)
	}
	k.join()
	for range 5 {
		k.tick()
	}
	if k.row().Serving != serving {
		t.Error("somebody was called while paused")
	}
	k.lose() // the pause outlives Redis
	k.refused(places[1], ErrPaused)
	if body := k.do("POST", k.staffPath("/resume"), ``).want(200); body["phase"] != "open" {
		t.Errorf("%v", body)
	}
	k.mustEnter(places[1])
	if len(k.neighbours.notes) != 2 || k.neighbours.notes[0] != `owner@example.org 192.0.2.1 queue.pause gala {"reason":"The hall lost power."}` {
		t.Errorf("%q", k.neighbours.notes)
	}
}

func TestOpenNow(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(3)
	k.Clock.Advance(time.Minute)
	if body := k.do("POST", k.staffPath("/open"), `{"reason":"Everyone is here."}`).want(200); body["phase"] != "open" && body["phase"] != "drawing" {
		t.Errorf("%v", body)
	}
	if p := k.join(); p.Cohort != InTail {
		t.Errorf("%+v", p)
	}
	k.tick()
	if size := k.row().Size; size == nil || *size != 3 {
		t.Errorf("size %v", size)
	}
	k.do("POST", k.staffPath("/open"), ``).fails(409, "already-open")
	if len(k.neighbours.notes) != 1 || !strings.Contains(k.neighbours.notes[0], "queue.open") {
		t.Errorf("%q", k.neighbours.notes)
	}
}

func TestEndIsFinal(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 2)
	if body := k.do("POST", k.staffPath("/end"), `{"reason":"Cancelled."}`).want(200); body["phase"] != "ended" {
		t.Errorf("%v", body)
	}
	at := *k.row().EndedAt
	k.refused(places[0], ErrEnded)
	k.do("POST", k.queuePath(""), "").fails(410, "ended")
	k.do("POST", k.staffPath("/open"), ``).fails(409, "already-open")
	// Who still looks is told why, and that nothing more comes.
	if view := k.do("GET", k.queuePath("/now"), "").want(200); view["reason"] != "Cancelled." {
		t.Errorf("the reason is %v", view["reason"])
	}
	for _, p := range places {
		if me := k.do("GET", k.queuePath("/me"), "", bearer(p)...).want(200); me["state"] != "done" || me["ended"] != true || me["wait"] != nil {
			t.Errorf("%v", me)
		}
	}
	k.Clock.Advance(time.Hour)
	k.do("POST", k.staffPath("/end"), `{"reason":"Still over."}`).want(200)
	if row := k.row(); row.EndedReason != "Cancelled." {
		t.Errorf("the reason became %q", row.EndedReason)
	}
	if again := *k.row().EndedAt; !again.Equal(at) {
		t.Errorf("ended at %v, then at %v", at, again)
	}
}

func TestStaffBodies(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	long := strings.Repeat("x", 2001)
	k.do("POST", k.staffPath("/pause"), fmt.Sprintf(`{"reason":%q}`, long)).fails(422, "bad-field")
	k.do("PUT", k.staffPath("/message"), fmt.Sprintf(`{"message":%q}`, long)).fails(422, "bad-field")
	k.do("PUT", k.staffPath("/message"), `{"text":"x"}`).fails(400, "bad-body")
	k.do("PUT", k.staffPath("/message"), `{"message":"Hello."}`).want(200)
	if view := k.do("GET", k.queuePath("/now"), "").want(200); view["message"] != "Hello." {
		t.Errorf("%v", view["message"])
	}
	k.do("PUT", k.staffPath("/message"), `{"message":null}`).want(200)
	if view := k.do("GET", k.queuePath("/now"), "").want(200); view["message"] != nil {
		t.Errorf("%v", view["message"])
	}
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	k.join()
	later := k.neighbours.event.OpensAt.Add(time.Hour)
	if err := k.queue.Reschedule(ctx, k.id, later); err != nil {
		t.Fatal(err)
	}
	k.open()
	if p := k.join(); p.Cohort != InDraw {
		t.Fatalf("the old opening still counts: %+v", p)
	}
	k.neighbours.event.OpensAt = later
	k.open()
	k.tick()
	for _, at := range []time.Time{later.Add(time.Hour), later.Add(-time.Minute), later} {
		if err := k.queue.Reschedule(ctx, k.id, at); !errors.Is(err, ErrAlreadyDrawn) {
			t.Errorf("to %v: %v", at, err)
		}
	}
}

// The push after a change was lost: a tick makes up for it, but no earlier than an event's cache can be trusted.
func TestLostPushIsMadeUpFor(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.join()
	seven := 7
	if err := k.queue.Amend(context.Background(), k.DB, k.id, LineChange{Cap: &seven, PerMinute: &seven}); err != nil {
		t.Fatal(err)
	}
	later := k.neighbours.event.OpensAt.Add(time.Hour)
	k.neighbours.event.OpensAt = later
	for range driftLimit - 1 {
		k.tick()
	}
	if k.state().num("cap") == 7 {
		t.Error("pushed at once")
	}
	k.tick()
	if s := k.state(); s.num("cap") != 7 || s.num("per_minute") != 7 || !s.at("opens").Equal(later) {
		t.Errorf("%v", s)
	}
}

// The event of a second ago says that the opening lies ahead; the line knows better, also when Redis has just lost it.
func TestOpenedNowIsOpenNow(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(3)
	before := k.neighbours.event
	k.do("POST", "admin/"+k.queuePath("/open"), `{"reason":"ready"}`).want(200)
	k.neighbours.event = before
	k.tick()
	for _, lost := range []bool{false, true} {
		if lost {
			k.lose()
		}
		k.Clock.Advance(2 * time.Second)
		now := k.do("GET", k.queuePath("/now"), "").want(200)
		if now["phase"] != PhaseOpen || now["serving"] == 0.0 {
			t.Errorf("lost %v: %v, serving %v", lost, now["phase"], now["serving"])
		}
	}
}

// A sale that ends before its draw: nobody waits for one any more. Who is inside stays so.
func TestStandingAfterTheEnd(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.join()
	k.do("POST", k.staffPath("/end"), `{"reason":"Cancelled."}`).want(200)
	if me := k.do("GET", k.queuePath("/me"), "", bearer(p)...).want(200); me["state"] != "done" || me["ended"] != true || me["position"] != nil {
		t.Errorf("%v", me)
	}
	k, places := openRoom(t, 2)
	k.mustEnter(places[0])
	k.do("POST", k.staffPath("/end"), ``).want(200)
	if me := k.do("GET", k.queuePath("/me"), "", bearer(places[0])...).want(200); me["state"] != "admitted" || me["ended"] != true {
		t.Errorf("%v", me)
	}
	if view := k.do("GET", k.queuePath("/now"), "").want(200); view["reason"] != nil {
		t.Errorf("no reason was given, told is %v", view["reason"])
	}
}

// A line that is open stays open, whatever its event says of the opening afterwards.
func TestAnOpenLineKeepsItsOpening(t *testing.T) {
	t.Parallel()
	for _, draws := range []bool{true, false} {
		k := newKit(t, func(l *line) { l.Draws = draws })
		p := k.join()
		k.open()
		k.tick()
		opens := k.state().at("opens")
		k.neighbours.event.OpensAt = opens.Add(time.Hour)
		if err := k.queue.Changed(t.Context(), k.id); err != nil {
			t.Fatal(err)
		}
		if got := k.state().at("opens"); !got.Equal(opens) {
			t.Errorf("draws %v: the opening moved from %v to %v", draws, opens, got)
		}
		k.mustEnter(p)
		k.checkLine()
	}
}
