package seating

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// seatSet is some of the at most eight seats of a round; bit n is its n-th seat.
type seatSet uint8

func (s seatSet) has(n int) bool { return s>>n&1 == 1 }
func (s seatSet) count() int     { return bits.OnesCount8(uint8(s)) }

// act is one call of a client, and what it was told.
type act struct {
	kind    string  // hold, release, read, pin, claim, unclaim; flush is nobody's
	outcome string  // ok, taken, too-many, expired; unknown when no answer came
	place   int     // its number in the round
	want    seatSet // what was asked for
	back    seatSet // what was to be given back in the same step
	offer   bool    // the house's idea: it makes way for the next hold
	seats   seatSet // the basket, or those that are taken
	due     int64   // of the basket, ms
	life    int64   // of a new basket, or what a pin adds, ms
	call    int64   // ns by the wall clock, which is Redis's too
	ret     int64   // never when no answer came: it may still happen
}

const never = math.MaxInt64

func (a act) from() int64 { return a.call / 1e6 }
func (a act) to() int64 {
	if a.ret == never {
		return never
	}
	return a.ret / 1e6
}

func (a act) String() string {
	out := fmt.Sprintf("place %d %s %04b: %s", a.place, a.kind, a.want, a.outcome)
	if a.back > 0 || a.offer {
		out += fmt.Sprintf(" instead of %04b, offer %v;", a.back, a.offer)
	}
	if a.due > 0 || a.seats > 0 {
		out += fmt.Sprintf(" %04b until …%d", a.seats, a.due%1e6)
	}
	return out + fmt.Sprintf(" [%d %d]", a.from()%1e6, a.to()%1e6)
}

// laws are what any history must obey. A deadline decides to the millisecond, unless outages may have moved it.
type laws struct {
	most    int
	outages bool // deadlines may have moved on; never back
}

// clocked is a deadline that lies somewhere between two moments, ms.
type clocked struct{ lo, hi int64 }

// alive and over tell whether a hold may be alive, and may have run out, at some moment of an act.
func (c clocked) alive(a act) bool { return a.from() < c.hi }
func (c clocked) over(a act) bool  { return a.to() >= c.lo }
func (c clocked) fits(due int64) bool {
	return c.lo <= due && due <= c.hi
}

func (l laws) known(due int64) clocked {
	if l.outages {
		return clocked{due, never}
	}
	return clocked{due, due}
}

// fresh tells whether a basket that begins in this act may live until due.
func (a act) fresh(due int64) bool { return a.from()+a.life <= due && due <= a.to()+a.life }

// pinned tells whether a basket may live until due after this pin.
func (c clocked) pinned(a act, due int64) bool {
	return c.fits(due) || due >= c.lo && a.fresh(due)
}

// seatState is one seat as anybody would expect it.
type seatState struct {
	what string // free, held, claimed
	by   int
	clocked
	offered bool
}

var freeSeat = seatState{what: "free"}

// seat gives all that seat n may be after an act; nothing when the act cannot have had that outcome.
func (l laws) seat(n int, before seatState, a act) (after []seatState) {
	moments := []seatState{before}
	if before.what == "held" {
		moments = moments[:0]
		if before.alive(a) {
			moments = append(moments, before)
		}
		if before.over(a) {
			moments = append(moments, freeSeat)
		}
	}
	wanted, told := a.want.has(n), a.seats.has(n)
	for _, now := range moments {
		mine := now.what == "held" && now.by == a.place
		until := func(c clocked) seatState {
			return seatState{what: "held", by: a.place, clocked: c, offered: a.offer && wanted || now.offered && a.kind == "read"}
		}
		add := func(states ...seatState) { after = append(after, states...) }
		switch a.kind + " " + a.outcome {
		case "hold ok":
			switch {
			case told && mine && now.fits(a.due), told && wanted && now.what == "free":
				add(until(l.known(a.due)))
			case !told && !wanted && !mine:
				add(now)
			case !told && !wanted && (a.back.has(n) || now.offered):
				add(freeSeat)
			}
		case "hold taken":
			others := now.what == "claimed" || now.what == "held" && !mine
			if !wanted || told == others {
				add(now)
			}
		case "hold too-many":
			add(now)
		case "hold unknown":
			switch add(now); {
			case wanted && now.what == "free":
				add(until(clocked{a.from(), never}))
			case wanted && mine:
				add(until(now.clocked))
			case mine && (a.back.has(n) || now.offered):
				add(freeSeat)
			}
		case "read ok", "pin ok":
			fits := now.fits(a.due) || a.kind == "pin" && now.pinned(a, a.due)
			switch {
			case told && mine && fits:
				add(until(l.known(a.due)))
			case !told && !mine:
				add(now)
			}
		case "pin expired":
			if !mine {
				add(now)
			}
		case "pin unknown":
			if add(now); mine {
				add(until(clocked{max(now.lo, a.from()+a.life), never}))
			}
		case "release ok", "release unknown":
			if !wanted || !mine || a.outcome == "unknown" {
				add(now)
			}
			if wanted && mine {
				add(freeSeat)
			}
		case "claim ok", "claim unknown":
			if !wanted || a.outcome == "unknown" {
				add(now)
			}
			if wanted {
				add(seatState{what: "claimed", by: a.place})
			}
		case "unclaim ok", "unclaim unknown":
			theirs := wanted && now.what == "claimed" && now.by == a.place
			if !theirs || a.outcome == "unknown" {
				add(now)
			}
			if theirs {
				add(freeSeat)
			}
		case "flush ok":
			if now.what == "held" {
				now = freeSeat
			}
			add(now)
		case "read unknown":
			add(now)
		}
	}
	return after
}

// placeState is what one buyer has, through however many tabs.
type placeState struct {
	held, claims, offers seatSet
	clocked
}

// place gives all that a place may have after an act, of its own or of another who claims what it holds.
func (l laws) place(p int, before placeState, a act) (after []placeState) {
	moments := []placeState{before}
	if before.held != 0 {
		moments = moments[:0]
		if before.alive(a) {
			moments = append(moments, before)
		}
		if before.over(a) {
			moments = append(moments, placeState{claims: before.claims})
		}
	}
	for _, now := range moments {
		put := func(held, claims, offers seatSet, c clocked) {
			if held == 0 {
				c = clocked{}
			}
			after = append(after, placeState{held, claims, offers & held, c})
		}
		add := func(held, claims seatSet, c clocked) { put(held, claims, now.offers, c) }
		all := now.held&^(a.back|now.offers) | a.want
		total := all.count() + now.claims.count()
		offers := seatSet(0)
		if a.offer {
			offers = a.want
		}
		if a.outcome == "unknown" {
			add(now.held, now.claims, now.clocked)
		}
		switch a.kind + " " + a.outcome {
		case "hold ok":
			timely := now.fits(a.due)
			if now.held == 0 {
				timely = a.fresh(a.due)
			}
			if a.seats == all && total <= l.most && timely {
				put(all, now.claims, offers, l.known(a.due))
			}
		case "hold taken", "hold too-many":
			if (total > l.most) == (a.outcome == "too-many") {
				add(now.held, now.claims, now.clocked)
			}
		case "hold unknown":
			if total <= l.most {
				if now.held == 0 {
					now.clocked = clocked{a.from() + a.life, never}
				}
				put(all, now.claims, offers, now.clocked)
			}
		case "read ok", "pin ok":
			fits := now.held == 0 || now.fits(a.due) || a.kind == "pin" && now.pinned(a, a.due)
			if a.kind == "pin" {
				now.offers = 0 // bought
			}
			if a.seats == now.held && fits && (a.kind == "read" || now.held != 0) {
				add(now.held, now.claims, l.known(a.due))
			}
		case "pin expired":
			if now.held == 0 {
				add(0, now.claims, clocked{})
			}
		case "pin unknown":
			put(now.held, now.claims, 0, clocked{max(now.lo, a.from()+a.life), never})
		case "release ok", "release unknown":
			add(now.held&^a.want, now.claims, now.clocked)
		case "claim ok", "claim unknown":
			if a.place == p {
				now.claims |= a.want
			}
			add(now.held&^a.want, now.claims, now.clocked)
		case "unclaim ok", "unclaim unknown":
			add(now.held, now.claims&^a.want, now.clocked)
		case "flush ok":
			add(0, now.claims, clocked{})
		}
	}
	return after
}

// judge looks for an order of a round's acts that explains every answer: seat by seat, and place by place. It gives how
// many histories there were, and the first that has none.
func (l laws) judge(acts []act, seats, places int) (histories int, illegal string) {
	check := func(what string, first any, of []act, step func(state any, a act) []any) {
		if len(of) == 0 || illegal != "" {
			return
		}
		histories++
		model := porcupine.NondeterministicModel{
			Init: func() []any { return []any{first} },
			Step: func(state, input, _ any) []any { return step(state, input.(act)) },
		}
		ops := make([]porcupine.Operation, len(of))
		for i, a := range of {
			ops[i] = porcupine.Operation{ClientId: i, Input: a, Call: a.call, Return: a.ret}
		}
		if result := porcupine.CheckOperationsTimeout(model.ToModel(), ops, 20*time.Second); result != porcupine.Ok {
			lines := []string{fmt.Sprintf("%s: %v", what, result)}
			for _, a := range of {
				lines = append(lines, a.String())
			}
			illegal = strings.Join(lines, "\n\t")
		}
	}
	for n := range seats {
		check(fmt.Sprintf("seat %d", n), freeSeat, keep(acts, func(a act) bool {
			return a.outcome != "too-many" && a.kind+a.outcome != "readunknown"
		}), func(state any, a act) []any { return anys(l.seat(n, state.(seatState), a)) })
	}
	for p := range places {
		check(fmt.Sprintf("place %d", p), placeState{}, keep(acts, func(a act) bool {
			return a.place == p || a.kind == "claim" || a.kind == "flush"
		}), func(state any, a act) []any { return anys(l.place(p, state.(placeState), a)) })
	}
	return histories, illegal
}

func keep(acts []act, wanted func(act) bool) (out []act) {
	for _, a := range acts {
		if wanted(a) {
			out = append(out, a)
		}
	}
	return out
}

func anys[T any](states []T) []any {
	out := make([]any, len(states))
	for i, s := range states {
		out[i] = s
	}
	return out
}
