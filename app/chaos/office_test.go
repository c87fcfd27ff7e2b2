package chaos

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"
)

// What staff do while the storm goes on, and what the fans' banks do.

// returning notes that an order's tickets may be taken from it now, so that nobody is surprised; false if they may be already.
func (st *stage) returning(b *buyer, o *order) bool {
	st.mu.Lock()
	already := st.refunds[o.ID]
	st.refunds[o.ID] = true
	st.mu.Unlock()
	b.mu.Lock()
	seats := append(o.seats(), b.wished[o.ID]...)
	b.mu.Unlock()
	st.ledger.mayComeBack(b.n, seats, now())
	return !already
}

// did counts what the house did beside selling.
func (st *stage) did(what string) { st.mu.Lock(); st.hits[what]++; st.mu.Unlock() }

// returned tells whether somebody meant to give an order back.
func (st *stage) returned(id string) bool { st.mu.Lock(); defer st.mu.Unlock(); return st.refunds[id] }

// takeBack is the box office, which returns a ticket now and then.
func (st *stage) takeBack(ctx context.Context) {
	random := rand.New(rand.NewPCG(st.plan.seed, 2))
	for left := 2 + random.IntN(5); left > 0 && wait(ctx, time.Duration(400+random.IntN(900))*time.Millisecond); {
		crowd := st.crowd.Load()
		if crowd == nil {
			continue
		}
		for _, b := range *crowd {
			b.mu.Lock()
			var order *order
			for id, o := range b.seen {
				if !st.returned(id) {
					order = o
				}
			}
			b.mu.Unlock()
			if order == nil || random.IntN(3) > 0 || !st.returning(b, order) {
				continue
			}
			left--
			st.staff.patient(ctx, "POST", "/api/v1/admin/orders/"+order.ID+"/refund", map[string]any{"reason": "Cannot come after all."}, nil)
			break
		}
	}
}

// buyerOf finds whose order it is, as somebody has seen it.
func (st *stage) buyerOf(id string) (*buyer, *order) {
	if crowd := st.crowd.Load(); crowd != nil {
		for _, b := range *crowd {
			b.mu.Lock()
			o := b.last[id]
			b.mu.Unlock()
			if o != nil {
				return b, o
			}
		}
	}
	return nil, nil
}

// dispute is banks whose customers want their money back: they open disputes, and decide each before the storm is over.
func (st *stage) dispute(ctx context.Context) {
	random := rand.New(rand.NewPCG(st.plan.seed, 3))
	say := func(id, status string) bool {
		a := newClient("bank", st.bank.web.URL).do(context.WithoutCancel(ctx), "POST", "/sandbox/v1/payments/"+id+"/dispute", map[string]string{"status": status})
		return a.ok()
	}
	for left := st.plan.disputes; left > 0 && wait(ctx, time.Duration(700+random.IntN(900))*time.Millisecond); {
		charges, err := st.bank.ledger()
		if err != nil || len(charges) == 0 {
			continue
		}
		c := charges[random.IntN(len(charges))]
		b, o := st.buyerOf(c.OrderID)
		if c.Status != "captured" || b == nil || !st.returning(b, o) || !say(c.ID, "open") {
			continue
		}
		left--
		st.did("dispute")
		_ = wait(ctx, time.Duration(300+random.IntN(1500))*time.Millisecond)
		outcome := []string{"won", "lost"}[random.IntN(2)]
		for !say(c.ID, outcome) {
			time.Sleep(50 * time.Millisecond) // a bank decides, whatever becomes of us
		}
		if outcome == "lost" {
			st.judge(ctx, o.ID, c.Payment)
		}
	}
}

// judge is staff who take the tickets of an order back when a bank took only a part of its money: they do so whatever the storm does.
func (st *stage) judge(ctx context.Context, order, payment string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for wait(ctx, 200*time.Millisecond) {
		var seen struct {
			Payments []struct{ ID, Status, Dispute string }
		}
		a, ok := st.staff.patient(ctx, "GET", "/api/v1/admin/orders/"+order, nil, nil)
		if !ok || json.Unmarshal(a.body, &seen) != nil {
			continue
		}
		for _, p := range seen.Payments {
			if p.ID != payment || p.Dispute != "lost" {
				continue
			}
			if p.Status != "captured" {
				return
			}
			if a, ok := st.staff.patient(ctx, "POST", "/api/v1/admin/orders/"+order+"/refund", map[string]any{"reason": "The bank took a part."}, nil); ok && (a.ok() || a.code() == "not-refundable") {
				return
			}
		}
	}
}

// callOff refunds the whole event in the middle of its sale.
func (st *stage) callOff(ctx context.Context) {
	if !st.plan.calledOff || !wait(ctx, st.plan.coming+time.Second) {
		return
	}
	st.ledger.over.Store(now())
	for wait(ctx, 200*time.Millisecond) {
		a, ok := st.staff.patient(ctx, "POST", "/api/v1/admin/events/"+slug+"/refunds", map[string]any{"reason": "The singer is ill.", "end_sale": true}, nil)
		if ok && (a.ok() || a.code() == "refund-under-way") {
			st.did("called off")
			return
		}
	}
}

// countTransfers is whoever reads the account's statements: most transfers come as they should, some are of another sum.
// What is to be sent back is sent, and after the storm nothing else is done any more.
func (st *stage) countTransfers(ctx, storm context.Context) {
	if !st.plan.transfers {
		return
	}
	random := rand.New(rand.NewPCG(st.plan.seed, 4))
	for wait(ctx, time.Duration(300+random.IntN(300))*time.Millisecond) {
		var list struct {
			Transfers []struct {
				Order     string
				Amount    int64
				ExpiresAt time.Time `json:"expires_at"`
			}
			Refunds []struct{ Order, Refund string }
		}
		a := st.staff.do(ctx, "GET", "/api/v1/admin/transfers", nil)
		if !a.ok() || json.Unmarshal(a.body, &list) != nil {
			continue
		}
		for _, r := range list.Refunds {
			if st.staff.do(ctx, "POST", "/api/v1/admin/orders/"+r.Order+"/refunds/"+r.Refund+"/sent", map[string]any{}).ok() {
				st.did("transfer back")
			}
		}
		for _, w := range list.Transfers {
			amount := w.Amount
			switch random.IntN(8) {
			case 0:
				amount--
			case 1, 2, 3:
				continue // it takes its time
			}
			if storm.Err() != nil {
				break
			}
			if st.staff.do(ctx, "POST", "/api/v1/admin/orders/"+w.Order+"/paid", map[string]any{"amount": amount, "reference": "to your account"}).ok() {
				st.did("transfer")
			}
		}
	}
}
