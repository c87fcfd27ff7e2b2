package queue

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Everybody at once, on three replicas that tick as well, while those inside come and go: never one too many.
func TestNeverAboveTheCap(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 120, func(l *line) { l.Cap = 7 })
	services := []*Service{k.queue, k.replica(), k.replica()}
	row := *k.row()
	done := make(chan struct{})
	var crowd, ticks sync.WaitGroup
	for _, s := range services {
		ticks.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				k.Clock.Advance(200 * time.Millisecond)
				if err := s.tick(context.Background(), row); err != nil {
					t.Error(err)
				}
				if active := k.state().num("active"); active > 7 {
					t.Errorf("%d inside", active)
				}
			}
		})
	}
	var entered atomic.Int64
	for i, p := range places {
		crowd.Go(func() {
			for range 4 {
				if _, err := services[i%3].Enter(context.Background(), k.id, p.Key()); err == nil {
					entered.Add(1)
					if err := services[(i+1)%3].Finish(context.Background(), k.id, p.Key()); err != nil {
						t.Error(err)
					}
				} else if !errors.Is(err, ErrRoomFull) && !errors.Is(err, ErrBusy) {
					t.Error(err)
				}
			}
		})
	}
	crowd.Wait()
	close(done)
	ticks.Wait()
	if entered.Load() < 7 {
		t.Errorf("only %d entered", entered.Load())
	}
	k.checkLine()
}

func TestLoweringTheCapPutsNobodyOut(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 8, func(l *line) { l.Cap = 5 })
	for _, p := range places[:5] {
		k.mustEnter(p)
	}
	ctx := context.Background()
	amend := func(capacity int) {
		if err := k.queue.Amend(ctx, k.DB, k.id, LineChange{Cap: &capacity}); err != nil {
			t.Fatal(err)
		}
		if err := k.queue.Changed(ctx, k.id); err != nil {
			t.Fatal(err)
		}
	}
	amend(2)
	k.tick()
	if state := k.state(); state.num("active") != 5 || state.num("cap") != 2 {
		t.Fatalf("%v", state)
	}
	for i := range 3 {
		k.refused(places[5], ErrRoomFull)
		if err := k.queue.Leave(ctx, k.id, places[i].Key()); err != nil {
			t.Fatal(err)
		}
	}
	k.refused(places[5], ErrRoomFull)
	if err := k.queue.Leave(ctx, k.id, places[3].Key()); err != nil {
		t.Fatal(err)
	}
	k.mustEnter(places[5])
	amend(3)
	k.mustEnter(places[6])
	if err := k.queue.Amend(ctx, k.DB, k.id, LineChange{Cap: new(int)}); err == nil {
		t.Error("a cap of 0")
	}
}

// Exactly so many in every 60 s, wherever they begin.
func TestAdmissionsAMinute(t *testing.T) {
	t.Parallel()
	four := 4
	k, places := openRoom(t, 40, func(l *line) { l.Cap = 100; l.PerMinute = &four })
	var entered []time.Time
	next := 0
	for range 1000 {
		k.Clock.Advance(470 * time.Millisecond)
		if next < len(places) {
			if _, err := k.enter(places[next]); err == nil {
				entered, next = append(entered, k.Clock.Now()), next+1
			} else if !errors.Is(err, ErrRoomFull) {
				t.Fatal(err)
			}
		}
	}
	for i := four; i < len(entered); i++ {
		if gap := entered[i].Sub(entered[i-four]); gap < time.Minute {
			t.Fatalf("%d in %v", four+1, gap)
		}
	}
	if len(entered) < 28 { // 470 s at 4 a minute, rounded to whole seconds
		t.Errorf("%d entered", len(entered))
	}
}

// A budget of admissions a minute can be taken away again.
func TestBudgetCanBeTakenAway(t *testing.T) {
	t.Parallel()
	one := 1
	k, places := openRoom(t, 3, func(l *line) { l.PerMinute = &one })
	k.mustEnter(places[0])
	k.refused(places[1], ErrRoomFull)
	amend := func(c LineChange) {
		t.Helper()
		if err := k.queue.Amend(context.Background(), k.DB, k.id, c); err != nil {
			t.Fatal(err)
		}
		if err := k.queue.Changed(context.Background(), k.id); err != nil {
			t.Fatal(err)
		}
	}
	amend(LineChange{Cap: &one})
	if settings, err := k.queue.Settings(context.Background(), k.id); err != nil || settings.PerMinute == nil || *settings.PerMinute != 1 {
		t.Fatalf("%+v %v", settings, err)
	}
	ten := 10
	amend(LineChange{Cap: &ten, NoPerMinute: true})
	if settings, err := k.queue.Settings(context.Background(), k.id); err != nil || settings.PerMinute != nil {
		t.Fatalf("%+v %v", settings, err)
	}
	k.mustEnter(places[1])
	k.mustEnter(places[2])
}
