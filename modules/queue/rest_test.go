package queue

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// rest stops the line's Redis in order and starts it again.
func (k *kit) rest() {
	k.T.Helper()
	if err := k.queue.Rest(context.Background()); err != nil {
		k.T.Fatal(err)
	}
	k.restartRedis()
}

func TestAnOrderlyStopBurnsNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(10)
	k.rest()
	places = append(places, k.joinMany(3)...)
	if last := places[12]; last.Index != 12 {
		t.Fatalf("counting did not go on where it stopped: %+v", last)
	}
	k.rest() // the draw is sealed by the time that passes meanwhile
	k.open()
	k.tick()
	if size := k.row().Size; size == nil || *size != 13 {
		t.Fatalf("size %v", size)
	}
	places = append(places, k.joinMany(3)...)
	inside := places[0]
	for _, p := range places {
		if k.position(p) < k.row().Serving {
			inside = p
		}
	}
	k.mustEnter(inside)
	k.rest()
	if a, err := k.enter(inside); err != nil || !a.Again {
		t.Errorf("an admission did not outlive an orderly stop: %+v %v", a, err)
	}
	if p := k.join(); p.Cohort != InTail || p.Index != 3 {
		t.Errorf("the tail did not go on where it stopped: %+v", p)
	}
	k.positions(places)
	if got := fmt.Sprint(k.burnt()); got != "[]" {
		t.Errorf("burnt %s", got)
	}
	k.checkLine()
	// Killed, it is not trusted.
	k.restartRedis()
	if p := k.join(); p.Index != 64 {
		t.Errorf("after a kill: %+v", p)
	}
	if got := fmt.Sprint(k.burnt()); got != "[[17 77]]" {
		t.Errorf("burnt %s", got)
	}
}

// Who left in the last seconds before an orderly stop was put out by nobody: no slot is kept for them afterwards.
func TestAnOrderlyStopPutsNobodyOut(t *testing.T) {
	t.Parallel()
	k, byPosition := roomOf(t, 4, func(l *line) { l.Cap = 4 })
	if row := k.row(); row.Admitted != 4 {
		t.Fatalf("%d remembered", row.Admitted)
	}
	if err := k.queue.Leave(t.Context(), k.id, byPosition[0].Key()); err != nil {
		t.Fatal(err)
	}
	k.rest()
	if state := k.state(); state.num("kept") != 0 || state.num("active") != 3 {
		t.Errorf("%v", state)
	}
}

// A word is good for one start: Redis files of that stop, put back later, are not believed again.
func TestAWordIsGoodOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(10)
	if err := k.queue.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	word := k.row().Rested
	places = append(places, k.joinMany(5)...)
	if left := k.row().Rested; word == "" || left != "" {
		t.Fatalf("the word %q is still good: %q", word, left)
	}
	k.restartRedis("draw", "10", "rest", word)
	places = append(places, k.joinMany(5)...)
	k.open()
	k.tick()
	k.positions(places)
	if got := fmt.Sprint(k.burnt()); got != "[[10 64]]" {
		t.Errorf("burnt %s", got)
	}
	k.checkLine()
}

// Killed after Postgres had the word and before Redis did: what Redis counts may lack its last second.
func TestAWordThatRedisNeverHeardIsNotBelieved(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(30)
	if err := k.queue.postgres.rest(t.Context(), k.id, "word"); err != nil {
		t.Fatal(err)
	}
	k.restartRedis("draw", "12")
	places = append(places, k.joinMany(30)...)
	if next := places[30]; next.Index != 64 {
		t.Errorf("counting goes on at %d", next.Index)
	}
	k.open()
	k.tick()
	k.positions(places)
	k.checkLine()
}

// Counters that say less than Postgres knows for certain are not believed whatever word they hold.
func TestAWordExcusesNoContradiction(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(100) // the second ceiling tells Postgres that 64 are used
	if err := k.queue.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.restartRedis("draw", "20")
	places = append(places, k.join())
	k.open()
	k.tick()
	k.positions(places)
	if last := places[100]; last.Index < 100 {
		t.Errorf("given out again: %+v", last)
	}
	k.checkLine()
}

// People who still join while one replica puts the line to rest get places of their own.
func TestRestBesideJoins(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	services := []*Service{k.queue, k.replica(), k.replica()}
	var mu sync.Mutex
	var places []Place
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for range 20 {
				p, err := services[i%3].Join(context.Background(), k.id)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				places = append(places, p)
				mu.Unlock()
			}
		})
	}
	for range 5 {
		if err := k.queue.Rest(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	k.open()
	k.tick()
	k.positions(places)
	if len(places) != 120 {
		t.Errorf("%d places", len(places))
	}
	k.checkLine()
}
