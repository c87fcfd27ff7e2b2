package chaos

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// What buyers do with what they have bought.

// transfers tells whether this fan pays by bank transfer.
func (b *buyer) transfers() bool { return b.does == "transfers" && b.st.plan.transfers }

// fuss is what some do when all is paid: they want another seat, or another name on the invoice.
func (b *buyer) fuss(ctx context.Context, o *order) {
	switch b.does {
	case "swaps":
		for range 1 + b.random.IntN(2) {
			b.swap(ctx, o, b.random.IntN(b.st.plan.rows*b.st.plan.perRow))
		}
	case "pays twice", "two tabs":
		if b.st.plan.seller && b.random.IntN(2) == 0 {
			b.do(ctx, "GET", "/api/v1/orders/"+o.ID+"/invoice.pdf", nil)
			b.do(ctx, "PUT", "/api/v1/orders/"+o.ID+"/billing", map[string]any{"company": "Choir & Sons", "address": []string{"Ring 1", "Town"}})
		}
	}
}

// swap asks for another seat instead of the first of an order's.
func (b *buyer) swap(ctx context.Context, o *order, to int) {
	if len(o.Tickets) == 0 || o.Tickets[0].Seat.N == to {
		return
	}
	t := o.Tickets[0]
	b.mu.Lock()
	b.wished[o.ID] = append(b.wished[o.ID], to)
	b.mu.Unlock()
	if b.st.returned(o.ID) { // from here on whoever returns it knows of the wish
		b.st.ledger.mayComeBack(b.n, []int{to}, now())
	}
	began := now()
	b.st.ledger.mayComeBack(b.n, []int{t.Seat.N}, began)
	a, ok := b.patient(ctx, "POST", "/api/v1/orders/"+o.ID+"/swap", map[string]any{"ticket": t.ID, "to": to}, func(call int64, a answer) {
		if a.unknown() {
			b.st.ledger.maySell(b.n, []int{to}, call)
		}
	})
	var changed order
	if ok && a.ok() && json.Unmarshal(a.body, &changed) == nil {
		*o = changed
		if changed.Swap != nil {
			b.st.ledger.claimed(b.n, []int{to}, began, time.Now())
			b.payDifference(ctx, o)
			began = now()
		}
		if slices.Contains(o.seats(), to) {
			b.st.ledger.sold(b.n, []int{to}, began)
			b.st.did("swap")
		}
	}
	_ = wait(ctx, time.Duration(b.random.IntN(400))*time.Millisecond)
}

// payDifference pays for a dearer seat, or does not, and waits for what comes of it.
func (b *buyer) payDifference(ctx context.Context, o *order) {
	b.st.did("dearer swap")
	outcome := []string{"paid", "paid", "declined", ""}[b.random.IntN(4)]
	for o.Swap != nil {
		if p := o.Swap.Payment; p != nil && p.URL != nil && outcome != "" && b.do(ctx, "POST", *p.URL, map[string]string{"outcome": outcome}).status < 500 {
			outcome = ""
		}
		if !wait(ctx, 200*time.Millisecond) || !b.look(ctx, o) {
			return
		}
	}
}
