package queue

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

func TestDoorTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		health PaymentHealth
		want   float64
	}{
		{PaymentHealth{}, 1},
		{PaymentHealth{P95: 2500 * time.Millisecond}, 1},
		{PaymentHealth{P95: 5 * time.Second}, .5},
		{PaymentHealth{P95: time.Minute}, .25},
		{PaymentHealth{Errors: .15}, 1},
		{PaymentHealth{Errors: .325}, .5},
		{PaymentHealth{Errors: .49}, .25},
		{PaymentHealth{Errors: .5}, 0},
		{PaymentHealth{Down: true}, 0},
	} {
		if got := doorTarget(c.health, time.Second); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v, want %v", c.health, got, c.want)
		}
	}
}

// What is slow is measured by the last hour, so a processor that always takes four seconds is not in trouble.
func TestDoorKnowsWhatIsNormal(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	d := newDoor(k.neighbours)
	k.neighbours.pay(PaymentHealth{P95: 4 * time.Second})
	if got := d.target(k.Clock.Now()); got != 1 {
		t.Errorf("the first minute is all that is known: %v", got)
	}
	k.neighbours.pay(PaymentHealth{P95: 20 * time.Second})
	if got := d.target(k.Clock.Now().Add(time.Minute)); got != .5 { // 2.5 times 4 s is borne
		t.Errorf("%v", got)
	}
	for minute := range 100 {
		k.neighbours.pay(PaymentHealth{P95: 2 * time.Second})
		d.target(k.Clock.Now().Add(time.Duration(minute+2) * time.Minute))
	}
	k.neighbours.pay(PaymentHealth{P95: 20 * time.Second})
	if got := d.target(k.Clock.Now().Add(2 * time.Hour)); got != .25 || len(d.minutes) != 60 {
		t.Errorf("%v of %d minutes", got, len(d.minutes))
	}
}

// The door shuts at once when payments are down, closes by 5 % a second when they are slow, opens by 2 %; the worst of
// what replicas see counts, and one that is gone is forgotten.
func TestDoorFollowsPayments(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 100 })
	k.joinMany(200)
	k.open()
	k.tick()
	other := k.replica()
	sick := &neighbours{health: PaymentHealth{P95: time.Second}}
	other.door.payments = sick
	other.door.target(k.Clock.Now()) // what is normal
	sick.pay(PaymentHealth{P95: 5 * time.Second})
	door := func() float64 { return k.state().float("door") }
	if door() != 1 {
		t.Fatalf("door %v", door())
	}
	for second := range 10 {
		k.Clock.Advance(time.Second)
		k.tickNow(other)
		k.tickNow(k.queue)
		if want := 1 - .05*float64(second+1); math.Abs(door()-want) > 1e-9 {
			t.Fatalf("door %v, want %v", door(), want)
		}
	}
	for range 5 {
		k.Clock.Advance(time.Second)
		k.tickNow(other)
	}
	if math.Abs(door()-.5) > 1e-9 {
		t.Fatalf("door %v", door())
	}
	sick.pay(PaymentHealth{Down: true})
	k.Clock.Advance(time.Second)
	k.tickNow(other)
	if door() != 0 {
		t.Fatalf("door %v while payments are down", door())
	}
	now := k.do("GET", k.queuePath("/now"), "").want(200)
	if now["slowed"] != "payments" || now["reason"] != "Payments do not work at the moment, so hardly anybody is let in. Places are kept." {
		t.Errorf("%v %v", now["slowed"], now["reason"])
	}
	// The sick replica is gone; ten seconds later what it said is, too.
	for range 9 {
		k.tick()
	}
	if door() != 0 {
		t.Fatalf("door %v", door())
	}
	for range 10 {
		k.tick()
	}
	if math.Abs(door()-.2) > 1e-9 {
		t.Fatalf("door %v, ten seconds after", door())
	}
	if r := k.do("GET", k.queuePath("/now"), "").want(200)["reason"]; r != "Payments are slow at the moment, so fewer people are let in. Places are kept." {
		t.Errorf("%v", r)
	}
	for range 40 {
		k.tick()
	}
	if now := k.do("GET", k.queuePath("/now"), "").want(200); door() != 1 || now["reason"] != nil || now["slowed"] != nil {
		t.Errorf("door %v, %v", door(), now["reason"])
	}
	var told []string
	for _, e := range k.entries() {
		if e.Kind == "slowed" || e.Kind == "full-pace" {
			told = append(told, e.Kind+" "+string(e.Data))
		}
	}
	if got := fmt.Sprint(told); got != `[slowed {"by":"payments"} full-pace {}]` {
		t.Errorf("the log says %s", got)
	}
}

// While the door is shut one is called every 20 s, and only while nobody inside could pay: else nothing would prove
// that payments work again.
func TestShutDoorLetsOneTry(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 10 })
	k.neighbours.pay(PaymentHealth{Errors: .9})
	places := k.joinMany(50)
	k.open()
	called := func(seconds int) int64 {
		before := k.row().Serving
		for range seconds {
			k.tick()
		}
		return k.row().Serving - before
	}
	if got := called(60); got != 3 {
		t.Errorf("%d called in a minute", got)
	}
	for _, p := range places {
		if k.position(p) == 0 {
			k.mustEnter(p)
			k.neighbours.set(k.neighbours.HoldKeys(k.id).Holders, p.Key(), true)
		}
	}
	if got := called(40); got != 0 {
		t.Errorf("%d called while somebody is about to pay", got)
	}
	k.neighbours.pay(PaymentHealth{})
	if got := called(20); got == 0 {
		t.Error("nobody called after it")
	}
	if err := k.queue.Leave(context.Background(), k.id, places[0].Key()); err != nil {
		t.Fatal(err)
	}
	k.checkLine()
}

// While a restored database is made sure of, whoever waits and whoever comes reads why nobody is let in.
func TestTheLineSaysThatTheSaleStandsStill(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(3)
	k.open()
	k.tick()
	k.neighbours.pay(PaymentHealth{Down: true, Closed: true})
	k.Clock.Advance(2 * time.Second)
	k.tick()
	now := k.do("GET", k.queuePath("/now"), "").want(200)
	if now["slowed"] != "restored" || now["reason"] != "The sale stands still for a moment while we make sure that nothing is sold twice. Your place is kept, and it goes on by itself." {
		t.Errorf("%v %v", now["slowed"], now["reason"])
	}
	if f, err := k.queue.Figures(t.Context(), k.id); err != nil || !f.Restored {
		t.Errorf("%+v, %v", f, err)
	}
	k.neighbours.pay(PaymentHealth{})
	k.Clock.Advance(2 * time.Second)
	k.tick()
	if now := k.do("GET", k.queuePath("/now"), "").want(200); now["slowed"] == "restored" {
		t.Errorf("open again, and %v", now["reason"])
	}
}
