package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// loss is a line whose Redis is taken away again and again, seen through the public API alone.
type loss struct {
	t       *testing.T
	ctx     context.Context
	p       *process
	fans    []*fan
	at      map[string]int64 // positions once told
	called  map[string]bool  // whose turn has been told
	serving int64            // the largest shown
}

// A line outlives its Redis: flushed, killed, emptied and stopped in order; before the draw, while drawing, and while
// people are called and inside. Places stay valid, nobody shares a position, nobody called is uncalled, counting goes on,
// and what nobody may own is published and waited for by nobody.
func TestLineOutlivesItsRedis(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "storm", house(t, staff, 6, 10), map[string]any{"Stalls": 4200}, 20*time.Minute,
		map[string]any{"queue": map[string]any{"cap": 12}})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	l := &loss{t: t, ctx: ctx, p: p, at: map[string]int64{}, called: map[string]bool{}}
	faults := []string{"flush", "redis", "empty", "stop"}

	l.join(5)
	for _, f := range faults {
		l.strike(f)
		l.join(3)
		l.look()
	}
	if next := l.fans[len(l.fans)-4].place.Index + 1; l.fans[len(l.fans)-3].place.Index != next {
		t.Errorf("an orderly stop cost indexes: %d instead of %d", l.fans[len(l.fans)-3].place.Index, next)
	}
	staff.must(t, 200, "POST", "/api/v1/admin/events/storm/queue/open", map[string]string{"reason": "test"}, nil)
	l.strike("flush")
	now := waitDrawn(t, ctx, l.fans[0])
	l.look()
	for _, f := range faults {
		l.enterSome()
		l.strike(f)
		l.join(2)
		l.look()
		if after := l.now(); *after.Draw.Size != *now.Draw.Size || *after.Draw.Seed != *now.Draw.Seed {
			t.Errorf("after %s another draw: %+v", f, after.Draw)
		}
	}
	l.checkBurnt()
	// Everyone's turn comes: burnt positions hold nobody up.
	testkit.Eventually(t, time.Minute, "everyone is called", func() bool {
		l.enterSome()
		return len(l.called) == len(l.fans)
	})
	p.stop()
	if out, code := p.run(nil, "audit"); code != 0 {
		t.Errorf("fairseat audit: exit %d\n%s", code, out)
	}
}

func (l *loss) strike(what string) {
	l.t.Helper()
	switch what {
	case "empty": // the machine dies, and Redis's files with it
		l.p.kill()
		testkit.Eventually(l.t, 20*time.Second, "redis is gone", func() bool { return len(childOf(l.p.dir, "redis")) == 0 })
		files, err := filepath.Glob(filepath.Join(l.p.dir, "redis", "*"))
		if err != nil || len(files) == 0 {
			l.t.Fatalf("no files of Redis: %v", err)
		}
		for _, file := range files {
			if err := os.RemoveAll(file); err != nil {
				l.t.Fatal(err)
			}
		}
		l.p.start()
	case "stop":
		l.p.stop()
		l.p.forget()
		l.p.start()
		l.p.waitReady(30 * time.Second)
		l.look()
		if strings.Contains(l.p.output(), "was lost by Redis") {
			l.t.Errorf("an orderly stop was taken for a loss:\n%s", l.p.output())
		}
	default:
		strike(l.t, l.p, what)
	}
	l.p.waitReady(30 * time.Second)
}

func (l *loss) join(count int) {
	l.t.Helper()
	for range count {
		f := newFan(l.p.base, "storm", fmt.Sprintf("Fan %d", len(l.fans)))
		if err := f.join(l.ctx); err != nil {
			l.t.Fatal(err)
		}
		for _, other := range l.fans {
			if other.place.Cohort == f.place.Cohort && other.place.Index == f.place.Index {
				l.t.Fatalf("%s and %s share %s %d", other.name, f.name, f.place.Cohort, f.place.Index)
			}
		}
		l.fans = append(l.fans, f)
	}
}

func (l *loss) now() nowView {
	l.t.Helper()
	var now nowView
	a, err := l.fans[0].patient(l.ctx, "GET", l.fans[0].path("/queue/now"), nil)
	if err != nil || json.Unmarshal(a.Body, &now) != nil {
		l.t.Fatalf("/queue/now: %v %v", a, err)
	}
	if now.Serving < l.serving {
		l.t.Errorf("serving fell from %d to %d", l.serving, now.Serving)
	}
	l.serving = now.Serving
	return now
}

// look asks for every place: it is still one, where it was, and called if it was.
func (l *loss) look() {
	l.t.Helper()
	l.now()
	owner := map[int64]string{}
	for _, f := range l.fans {
		var me meView
		a, err := f.patient(l.ctx, "GET", f.path("/queue/me"), nil)
		if err != nil || a.Status != 200 || json.Unmarshal(a.Body, &me) != nil {
			l.t.Fatalf("%s has lost its place: %v %v", f.name, a, err)
		}
		if me.Position == nil {
			continue
		}
		if before, told := l.at[f.name]; told && before != *me.Position {
			l.t.Errorf("%s moved from %d to %d", f.name, before, *me.Position)
		}
		if other, shared := owner[*me.Position]; shared {
			l.t.Errorf("%s and %s share position %d", f.name, other, *me.Position)
		}
		l.at[f.name], owner[*me.Position] = *me.Position, f.name
		if l.called[f.name] && me.State != "your-turn" && me.State != "admitted" {
			l.t.Errorf("%s was called and is %s", f.name, me.State)
		}
		l.called[f.name] = l.called[f.name] || me.State == "your-turn" || me.State == "admitted"
		if !l.called[f.name] {
			delete(l.called, f.name)
		}
	}
}

// enterSome lets whoever is called take the turn; most leave again, so that the line moves.
func (l *loss) enterSome() {
	l.t.Helper()
	l.look()
	for i, f := range l.fans {
		if !l.called[f.name] {
			continue
		}
		a, err := f.patient(l.ctx, "POST", f.path("/queue/admission"), nil)
		if err != nil || (a.Status >= 300 && a.code() != "room-full") {
			l.t.Fatalf("%s was called: %v %v", f.name, a, err)
		}
		if a.Status < 300 && i%4 != 1 {
			f.must(l.t, 204, "DELETE", f.path("/queue/admission"), nil, nil)
		}
	}
}

// checkBurnt holds every index that nobody of ours owns against the published ranges.
func (l *loss) checkBurnt() {
	l.t.Helper()
	now := l.now()
	owned := map[int64]bool{}
	for _, f := range l.fans {
		if f.place.Cohort == "draw" {
			owned[f.place.Index] = true
		} else {
			owned[*now.Draw.Size+f.place.Index] = true
		}
	}
	burnt := func(index int64) bool {
		for _, r := range now.Draw.Burnt {
			if r[0] <= index && index < r[1] {
				return true
			}
		}
		return false
	}
	for index := range now.Joined {
		if !owned[index] && !burnt(index) {
			l.t.Errorf("index %d of %d belongs to nobody and is not published as burnt: %v", index, now.Joined, now.Draw.Burnt)
		}
	}
}
