package seating

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/seating/internal/holds"
)

// client is one tab: it does this and that until it has had enough, or is left without an answer.
func (st *stage) client(r *round, p int, random *rand.Rand) {
	for range roundActs {
		if st.spoil != nil {
			st.spoil(r, random)
		}
		of := st.any(random)
		ctx, cancel := context.WithCancel(of.ctx)
		if random.IntN(25) == 0 { // the fan's phone goes out of range
			ctx, cancel = context.WithTimeout(of.ctx, time.Duration(random.IntN(1500))*time.Microsecond)
		}
		answered := st.act(ctx, of, r, p, random)
		cancel()
		if !answered {
			st.unknown.Add(1)
			return
		}
		if r.life < time.Second && random.IntN(2) == 0 {
			pause(context.Background(), time.Duration(random.IntN(30))*time.Millisecond)
		}
	}
}

// act does one thing and records it; false when no answer came.
func (st *stage) act(ctx context.Context, of *twin, r *round, p int, random *rand.Rand) bool {
	a := act{place: p, call: wall.Now().UnixNano(), life: r.life.Milliseconds()}
	b := of.s.board(st.event.ID)
	var basket holds.Basket
	var err error
	script := func(run func(at holds.At) error) error { return b.try(ctx, run) }
	switch dice := random.IntN(20); {
	case dice < 9:
		a.kind, a.want, a.offer = "hold", seatSet(1+random.IntN(1<<roundSeats-1)), random.IntN(5) == 0
		if random.IntN(3) == 0 {
			a.back = seatSet(random.IntN(1 << roundSeats))
		}
		err = script(func(at holds.At) (err error) {
			basket, err = st.hold(ctx, of, at, r, a)
			return err
		})
	case dice < 12:
		a.kind, a.want = "release", seatSet(1+random.IntN(1<<roundSeats-1))
		err = b.release(ctx, r.place(p), true, r.numbers(a.want))
	case dice < 15:
		a.kind = "read"
		basket, err = b.read(ctx, r.place(p), true)
	case dice < 16:
		a.kind, a.life = "pin", 250
		err = script(func(at holds.At) (err error) {
			basket, err = of.s.store.Pin(ctx, at, r.place(p), 250*time.Millisecond, pinGrace)
			return err
		})
	case dice < 19:
		return st.pay(ctx, of, r, p, random)
	default:
		return st.giveUp(ctx, of, r, p)
	}
	return r.record(st.t, a, basket, err)
}

// hold is what POST holds does: together with others where nothing is the matter, else judged alone.
func (st *stage) hold(ctx context.Context, of *twin, at holds.At, r *round, a act) (holds.Basket, error) {
	place, seats := r.place(a.place), r.numbers(a.want)
	if a.back == 0 && !a.offer {
		due, version, done, err := of.s.store.Grab(ctx, at, of.s.replica, holds.Terms{Most: roundMost, Life: r.life},
			[]holds.Grab{{Place: place, Seats: seats}})
		if err != nil {
			return holds.Basket{}, err
		}
		if done[0] {
			return holds.Basket{Seats: seats, Deadline: due, Version: version}, nil
		}
	}
	return of.s.store.Hold(ctx, at, holds.Wish{Place: place, Most: roundMost, Life: r.life, Seats: seats,
		InsteadOf: r.numbers(a.back), Offer: a.offer})
}

// record puts down what came of an act.
func (r *round) record(t *testing.T, a act, basket holds.Basket, err error) bool {
	a.ret = wall.Now().UnixNano()
	var taken *SeatsTakenError
	switch {
	case err == nil:
		a.outcome, a.seats = "ok", r.set(basket.Seats)
		if !basket.Deadline.IsZero() {
			a.due = basket.Deadline.UnixMilli()
		}
	case errors.As(err, &taken):
		a.outcome, a.seats = "taken", r.set(taken.Seats)
	case errors.Is(err, ErrTooMany):
		a.outcome = "too-many"
	case errors.Is(err, ErrHoldExpired):
		a.outcome = "expired"
	case errors.Is(err, ErrNotAdmitted):
		return true // nothing was asked of the seats
	case errors.Is(err, ErrBusy):
		a.outcome, a.ret = "unknown", never
	default:
		t.Errorf("%v: %v", a, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts = append(r.acts, a)
	return a.outcome != "unknown"
}

// pay is what checkout does: pin, claim one seat of the basket in Postgres, tell the map; half of the time it is sold.
func (st *stage) pay(ctx context.Context, of *twin, r *round, p int, random *rand.Rand) bool {
	b := of.s.board(st.event.ID)
	pin := act{kind: "pin", place: p, call: wall.Now().UnixNano(), life: 250}
	var basket holds.Basket
	err := b.try(ctx, func(at holds.At) (err error) {
		basket, err = of.s.store.Pin(ctx, at, r.place(p), 250*time.Millisecond, pinGrace)
		return err
	})
	if !r.record(st.t, pin, basket, err) {
		return false
	}
	if len(basket.Seats) == 0 {
		return true
	}
	seat := basket.Seats[random.IntN(len(basket.Seats))]
	a := act{kind: "claim", place: p, want: r.set([]int{seat}), call: wall.Now().UnixNano()}
	var claims []Claim
	err = st.DB.Transaction(func(tx *gorm.DB) (err error) {
		id := uuid.New()
		if err := tx.Exec(`INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, status, amount, currency, expires_at)
			VALUES (?, ?, ?, ?, 'N', 'n@example.org', ?, 'paid', 1, 'EUR', now())`, id, st.event.ID, id.String(), r.place(p), []byte(r.place(p))).Error; err != nil {
			return err
		}
		claims, err = of.s.Claim(context.Background(), tx, ClaimRequest{EventID: st.event.ID, OrderID: id, BuyerKey: []byte(r.place(p)), Place: r.place(p), Seats: []int{seat}})
		return err
	})
	switch {
	case errors.Is(err, ErrSeatsTaken), errors.Is(err, ErrBuyerLimit):
		return true // Postgres knew better, and the map was not touched
	case err != nil:
		st.t.Errorf("claim: %v", err)
		return true
	}
	if answered := r.record(st.t, a, holds.Basket{}, of.s.Take(ctx, st.event.ID, r.place(p), claims, time.Time{})); !answered {
		return false
	}
	if random.IntN(2) == 0 {
		return st.moved(ctx, of, claims[0], "sold") == nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims[p] = append(r.claims[p], claims[0])
	return true
}

// moved changes a claim in Postgres and tells the map.
func (st *stage) moved(ctx context.Context, of *twin, c Claim, to string) error {
	err := st.DB.Transaction(func(tx *gorm.DB) error {
		return of.s.Move(context.Background(), tx, []int64{c.ID}, []string{"checkout"}, to)
	})
	if err != nil {
		st.t.Errorf("%s: %v", to, err)
		return err
	}
	return of.s.Sync(ctx, st.event.ID, []int64{c.ID})
}

// giveUp releases a claim that was not sold.
func (st *stage) giveUp(ctx context.Context, of *twin, r *round, p int) bool {
	r.mu.Lock()
	n := len(r.claims[p])
	if n == 0 {
		r.mu.Unlock()
		return true
	}
	c := r.claims[p][n-1]
	r.claims[p] = r.claims[p][:n-1]
	r.mu.Unlock()
	a := act{kind: "unclaim", place: p, want: r.set([]int{c.Seat}), call: wall.Now().UnixNano()}
	return r.record(st.t, a, holds.Basket{}, st.moved(ctx, of, c, "released"))
}
