package queue

import (
	"context"
	"strings"
	"testing"
	"time"
)

// leave leaves an address with a place.
func (k *kit) leave(p Place, email string) answer {
	k.T.Helper()
	return k.post("email", email, "header:Authorization", "Bearer "+p.Sign(testKeys))
}

func (k *kit) addresses() (n int) {
	k.T.Helper()
	if err := k.DB.Raw(`SELECT count(*) FROM line_addresses`).Scan(&n).Error; err != nil {
		k.T.Fatal(err)
	}
	return n
}

func TestTheLinkIsMailed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	made := k.post("email", " ada@example.org ").want(201)
	letters := k.neighbours.letters()
	if made["mailed"] != true || len(letters) != 1 || letters[0] != (letter{"link", "ada@example.org", "http://localhost:8080/events/gala#p=" + made["place"].(string)}) {
		t.Fatalf("%v %v", made, letters)
	}
	p := k.join()
	if same := k.leave(p, "bob@example.org").want(200); same["mailed"] != true || same["index"] != 1.0 {
		t.Errorf("%v", same)
	}
	k.leave(p, "bob@").fails(422, "bad-field")
	k.leave(p, "bob@nowhere").fails(422, "bad-field")
	k.neighbours.refuse("queue-mail", time.Minute)
	k.leave(p, "bob@example.org").fails(429, "slow-down")
	// Joining is not lost to a mail that cannot go out now.
	if late := k.post("email", "eve@example.org").want(201); late["mailed"] != false {
		t.Errorf("%v", late)
	}
	if n := k.addresses(); n != 2 {
		t.Errorf("%d addresses", n)
	}
}

// Whoever left an address is written to when their turn comes, once, and not while nothing is free.
func TestYourTurnByMail(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 3 })
	places := k.joinMany(40)
	for _, p := range places {
		k.leave(p, p.Key()+"@example.org").want(200)
	}
	k.neighbours.letters()
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 0 {
		t.Fatalf("before the opening: %v", letters)
	}
	k.open()
	written := map[string]bool{}
	collect := func() {
		t.Helper()
		for _, l := range k.neighbours.letters() {
			name, _, _ := strings.Cut(l.to, "@")
			if l.kind != "turn" || written[name] || !strings.Contains(l.says, "/events/gala#p=") {
				t.Errorf("%+v", l)
			}
			written[name] = true
		}
	}
	other := k.replica()
	for range 10 {
		k.tick()
		k.tickNow(other)
		collect()
	}
	shown := k.row().Serving
	if shown == 0 || shown == 40 {
		t.Fatalf("the test needs some called and some not: %d", shown)
	}
	for _, p := range places {
		if called := k.position(p) < shown; called != written[p.Key()] {
			t.Errorf("position %d of %d called: written %v", k.position(p), shown, written[p.Key()])
		}
	}
	// Nothing is free when a late comer is called: the mail waits for a seat that comes back.
	before := len(written)
	k.neighbours.setCounts(Counts{Held: 1})
	for range 3 {
		k.tick()
		collect()
	}
	if len(written) != before {
		t.Errorf("%d were written to while nothing was free", len(written)-before)
	}
}

func TestASeatThatComesBackIsToldOneByOne(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Draws = false; l.Cap = 10 })
	places := k.joinMany(5)
	for _, p := range places {
		k.leave(p, p.Key()+"@example.org").want(200)
	}
	k.neighbours.letters()
	k.neighbours.setCounts(Counts{Held: 5})
	k.open()
	k.tick()
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 0 {
		t.Fatalf("nothing is free: %v", letters)
	}
	k.neighbours.setCounts(Counts{Free: 1, Held: 4})
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 1 || letters[0].to != "t0@example.org" {
		t.Fatalf("one seat came back: %v", letters)
	}
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 1 || letters[0].to != "t1@example.org" {
		t.Fatalf("it is free still: %v", letters)
	}

	// The first found nothing, and asks again: they stand before all others still.
	k.neighbours.setCounts(Counts{Held: 5})
	k.leave(places[0], "t0@example.org").want(200)
	k.neighbours.letters()
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 0 {
		t.Fatalf("nothing is free again: %v", letters)
	}
	k.neighbours.setCounts(Counts{Free: 1, Held: 4})
	k.tick()
	if letters := k.neighbours.letters(); len(letters) != 1 || letters[0].to != "t0@example.org" || letters[0].kind != "turn" {
		t.Fatalf("who asked again: %v", letters)
	}
}

func TestAddressesAreForgottenWhenTheSaleIsOver(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(201)
	if n := k.addresses(); n != 1 {
		t.Fatalf("%d addresses", n)
	}
	forget := func() {
		t.Helper()
		if err := k.queue.forgetAddresses(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	if n := k.addresses(); n != 1 || len(k.neighbours.forgot) != 0 {
		t.Fatalf("%d addresses while the sale runs, %v", n, k.neighbours.forgot)
	}
	k.do("POST", k.staffPath("/end"), `{"reason":"Over."}`).want(200)
	// Neither goes without the other: a mail that stayed would be looked for by nobody.
	k.neighbours.deaf = true
	if err := k.queue.forgetAddresses(context.Background()); err == nil || k.addresses() != 1 {
		t.Fatalf("%d addresses are left beside the mails, %v", k.addresses(), err)
	}
	k.neighbours.deaf = false
	forget()
	if n := k.addresses(); n != 0 || len(k.neighbours.forgot) != 1 || k.neighbours.forgot[0] != k.id {
		t.Errorf("%d addresses after the end, %v", n, k.neighbours.forgot)
	}
	k.Clock.Advance(31 * 24 * time.Hour)
	forget()
	if len(k.neighbours.forgot) != 1 {
		t.Error("what is long forgotten is forgotten again")
	}
}

// A code that was mailed to somebody who never joined leaves no row but the mail's.
func TestMailsOfThoseWhoNeverJoinedAreForgotten(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.mailedCode("ada@example.org")
	k.do("POST", k.staffPath("/end"), `{"reason":"Over."}`).want(200)
	if err := k.queue.forgetAddresses(context.Background()); err != nil || len(k.neighbours.forgot) != 1 {
		t.Errorf("forgot %v, %v", k.neighbours.forgot, err)
	}
}

// Not everyone who sells out presses "end": a week after the performance nobody waits any more.
func TestAddressesAreForgottenWhenNobodyEndsTheSale(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.post("email", "ada@example.org").want(201)
	if err := k.DB.Exec(`UPDATE events SET starts_at = opens_at + interval '1 day'`).Error; err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct {
		after time.Duration
		left  int
	}{{7 * 24 * time.Hour, 1}, {8 * 24 * time.Hour, 0}} {
		k.Clock.Set(k.neighbours.event.OpensAt.Add(at.after))
		if err := k.queue.forgetAddresses(context.Background()); err != nil || k.addresses() != at.left {
			t.Errorf("%v after the opening %d addresses are left, want %d; %v", at.after, k.addresses(), at.left, err)
		}
	}
}
