package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// buyer is one virtual fan, with the patience of a page. What it does and what it was told goes into the history.
type buyer struct {
	*client
	st     *stage
	n      int
	does   string
	email  string
	random *rand.Rand

	mu      sync.Mutex
	paidAt  map[string]time.Time // order → when the processor said "authorised" to this fan in time
	seen    map[string]*order    // orders seen paid
	last    map[string]*order    // the latest view of each
	cancels map[string]bool      // orders it gave up
	wished  map[string][]int     // the seats that it asked for instead of those of an order
	promo   string
}

type order struct {
	ID, Status string
	Seats      []struct{ N int }
	Total      int64
	ExpiresAt  time.Time `json:"expires_at"`
	Payment    *struct{ URL *string }
	Swap       *struct{ Payment *struct{ URL *string } } // to a dearer seat, while it is paid for
	Tickets    []struct {
		ID, Code string
		Seat     struct{ N int }
	}
}

func (o *order) seats() (all []int) {
	for _, s := range o.Seats {
		all = append(all, s.N)
	}
	return all
}

func newBuyer(st *stage, n int, does string, random *rand.Rand) *buyer {
	b := &buyer{client: newClient(fmt.Sprintf("Fan %d", n), st.bases()...), st: st, n: n, does: does, random: random,
		email: fmt.Sprintf("fan%d@example.org", n), paidAt: map[string]time.Time{}, seen: map[string]*order{}, last: map[string]*order{},
		cancels: map[string]bool{}, wished: map[string][]int{}}
	if st.plan.promo > 0 && random.IntN(2) == 0 {
		b.promo = promoCode
	}
	if n > 0 && random.IntN(12) == 0 {
		b.email = fmt.Sprintf("FAN%d+more@example.org", n-1) // the same person as somebody else, or so it seems
	}
	return b
}

func (b *buyer) path(rest string) string { return "/api/v1/events/" + slug + rest }

// live is a fan's whole evening.
func (b *buyer) live(ctx context.Context) {
	a, ok := b.patient(ctx, "POST", b.path("/queue"), map[string]any{}, nil)
	var place struct{ Place string }
	if !ok || json.Unmarshal(a.body, &place) != nil || place.Place == "" {
		return
	}
	b.bearer = place.Place
	for tries := 0; tries < b.st.plan.tries && b.enter(ctx); tries++ {
		b.st.ledger.mayLeave(b.n, now())
		seats := b.holds(ctx)
		switch {
		case seats == nil:
			b.st.ledger.mayLeave(b.n, now())
			_, _ = b.patient(ctx, "DELETE", b.path("/queue/admission"), nil, nil)
		case b.does == "leaves":
			b.releases(ctx, seats)
		case b.does == "abandons":
			return
		case !b.orders(ctx):
		default:
			return
		}
		if !wait(ctx, time.Duration(50+b.random.IntN(300))*time.Millisecond) {
			return
		}
	}
}

// enter asks for admission; false when there is nothing to enter for.
func (b *buyer) enter(ctx context.Context) bool {
	for {
		a, ok := b.patient(ctx, "POST", b.path("/queue/admission"), nil, nil)
		switch {
		case !ok:
			return false
		case a.ok():
			return true
		case a.code() == "already-bought" || a.status == 410 || a.status == 401:
			return false
		}
		if !wait(ctx, 250*time.Millisecond) {
			return false
		}
	}
}

// holds takes one seat or some: the best, or those it wants whatever others do.
func (b *buyer) holds(ctx context.Context) []int {
	quantity := 1 + b.random.IntN(b.st.plan.perBuyer)
	total := b.st.plan.rows * b.st.plan.perRow
	var body any = map[string]any{"best": map[string]int{"quantity": quantity}}
	var wanted []int
	if b.random.IntN(3) > 0 {
		first := b.random.IntN(total - quantity + 1)
		for n := range quantity {
			wanted = append(wanted, first+n)
		}
		body = map[string]any{"seats": wanted}
	}
	var held struct {
		Seats     []struct{ N int }
		ExpiresAt time.Time `json:"expires_at"`
	}
	var seats []int
	a, ok := b.patient(ctx, "POST", b.path("/holds"), body, func(call int64, a answer) {
		switch {
		case a.ok() && json.Unmarshal(a.body, &held) == nil:
			seats = nil
			for _, s := range held.Seats {
				seats = append(seats, s.N)
			}
			if b.st.plan.has("R2") || b.st.plan.has("R3") {
				held.ExpiresAt = time.Time{} // a Redis that is lost takes its holds along: it costs a click
			}
			b.st.ledger.held(b.n, seats, call, held.ExpiresAt)
		case a.unknown():
			b.st.ledger.mayHold(b.n, wanted, call) // of the best nobody knows which; the fan asks again
		}
	})
	if !ok || !a.ok() {
		return nil
	}
	return seats
}

func (b *buyer) releases(ctx context.Context, seats []int) {
	b.st.ledger.mayLapse(b.n, seats, time.Now().UnixNano())
	_, _ = b.patient(ctx, "DELETE", b.path("/holds"), nil, nil)
}

// orders turns the basket into an order and lives with it to its end; false when there was no basket any more.
func (b *buyer) orders(ctx context.Context) bool {
	if b.does == "two tabs" {
		var tabs sync.WaitGroup
		for range 2 {
			tabs.Go(func() { b.place(ctx) })
		}
		tabs.Wait()
	}
	o := b.place(ctx)
	if o == nil {
		return false
	}
	if b.does == "forgets" {
		b.follow(ctx, o, false)
		return true
	}
	if b.does == "cancels" {
		_ = wait(ctx, time.Duration(b.random.IntN(800))*time.Millisecond)
		b.cancel(ctx, o)
		return true
	}
	if b.does == "declines" {
		b.click(ctx, o, "declined")
		if o = b.follow(ctx, o, true); o == nil || o.Status != "declined" {
			return true
		}
		if a, ok := b.patient(ctx, "POST", "/api/v1/orders/"+o.ID+"/pay", map[string]any{}, nil); ok && a.ok() {
			_ = json.Unmarshal(a.body, o)
		}
	}
	if b.does == "late" {
		_ = wait(ctx, time.Until(o.ExpiresAt)-time.Duration(b.random.IntN(200)-100)*time.Millisecond)
	}
	if b.does == "last minute" {
		_ = wait(ctx, time.Until(o.ExpiresAt)-time.Duration(1300+b.random.IntN(300))*time.Millisecond)
	}
	if b.transfers() {
		if b.random.IntN(4) == 0 { // has second thoughts
			_ = wait(ctx, time.Second)
			b.cancel(ctx, o)
		}
		b.follow(ctx, o, false)
		return true
	}
	b.click(ctx, o, "paid")
	switch b.does {
	case "walks away":
		return true
	case "last minute": // and looks again when it is over
		_ = wait(ctx, time.Until(o.ExpiresAt)+1500*time.Millisecond)
	case "pays twice":
		b.click(ctx, o, "paid")
	case "cancels paid":
		b.cancel(ctx, o)
	}
	if o = b.follow(ctx, o, false); o != nil && o.Status == "paid" {
		b.fuss(ctx, o)
	}
	return true
}

// place asks for the order until there is an answer; without the code if that is not good any more.
func (b *buyer) place(ctx context.Context) *order {
	var made struct{ Order order }
	wanted := map[string]any{"buyer": map[string]string{"name": b.name, "email": b.email}}
	if b.promo != "" {
		wanted["promo"] = b.promo
	}
	if b.transfers() {
		wanted["method"] = "transfer"
	}
	a, ok := b.patient(ctx, "POST", b.path("/orders"), wanted, func(call int64, a answer) {
		switch {
		case a.ok() && json.Unmarshal(a.body, &made) == nil:
			b.st.ledger.claimed(b.n, made.Order.seats(), call, made.Order.ExpiresAt)
		case a.unknown():
			b.st.ledger.mayClaim(b.n, call)
		}
	})
	if ok && a.code() == "bad-promo" && b.promo != "" {
		b.promo = ""
		return b.place(ctx)
	}
	if !ok || !a.ok() {
		return nil
	}
	if b.promo != "" {
		b.st.did("code")
	}
	b.saw(&made.Order, time.Now().UnixNano())
	return &made.Order
}

// click does what the fan does on the processor's page; it waits for the page's address as the order page does.
func (b *buyer) click(ctx context.Context, o *order, outcome string) {
	for o.Payment == nil || o.Payment.URL == nil {
		if o.Status != "pending" || !wait(ctx, 150*time.Millisecond) {
			return
		}
		if !b.look(ctx, o) {
			return
		}
	}
	for range 20 {
		a := b.do(ctx, "POST", *o.Payment.URL, map[string]string{"outcome": outcome})
		if a.ok() {
			var said struct{ Status string }
			if json.Unmarshal(a.body, &said) == nil && outcome == "paid" && (said.Status == "authorized" || said.Status == "captured") {
				b.mu.Lock()
				if now := time.Now(); now.Before(o.ExpiresAt.Add(-300 * time.Millisecond)) {
					b.paidAt[o.ID] = now
				}
				b.mu.Unlock()
			}
			return
		}
		if a.status < 500 && !a.lost || !wait(ctx, 150*time.Millisecond) {
			return
		}
	}
}

// follow looks at the order until it has come to an end, or is declined.
func (b *buyer) follow(ctx context.Context, o *order, orDeclined bool) *order {
	for {
		if !b.look(ctx, o) {
			return nil
		}
		switch o.Status {
		case "paid", "refunded", "expired", "cancelled", "part-refunded":
			return o
		case "declined":
			if orDeclined {
				return o
			}
		case "swap-offered": // some take the other seats, some the money, some say nothing
			switch b.n % 3 {
			case 0:
				if b.do(ctx, "POST", "/api/v1/orders/"+o.ID+"/offer", map[string]any{}).ok() {
					b.st.did("offer taken")
				}
			case 1:
				if b.do(ctx, "DELETE", "/api/v1/orders/"+o.ID+"/offer", nil).ok() {
					b.st.did("offer declined")
				}
			}
		}
		if !wait(ctx, time.Duration(150+b.random.IntN(200))*time.Millisecond) {
			return nil
		}
	}
}

func (b *buyer) look(ctx context.Context, o *order) bool {
	call := time.Now().UnixNano()
	a, ok := b.patient(ctx, "GET", "/api/v1/orders/"+o.ID, nil, nil)
	if !ok || !a.ok() {
		return false
	}
	*o = order{}
	if json.Unmarshal(a.body, o) != nil {
		return false
	}
	b.saw(o, call)
	return true
}

// saw keeps what a client was told; nobody may take it back.
func (b *buyer) saw(o *order, call int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := *o
	b.last[o.ID] = &kept
	if o.Status == "paid" && b.seen[o.ID] == nil {
		b.seen[o.ID] = &kept
		b.st.ledger.sold(b.n, o.seats(), call)
	}
}

func (b *buyer) cancel(ctx context.Context, o *order) {
	b.mu.Lock()
	b.cancels[o.ID] = true
	b.mu.Unlock()
	b.st.ledger.mayEnd(b.n, o.seats(), time.Now().UnixNano())
	_, _ = b.patient(ctx, "DELETE", "/api/v1/orders/"+o.ID, nil, nil)
	b.follow(ctx, o, false)
}
