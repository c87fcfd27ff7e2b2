package checkout

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// stray is money at the processor under a payment that we never had.
func (k *kit) stray(status provider.Status) uuid.UUID {
	return k.strayAt(testkit.Start.Add(-time.Hour), status)
}

// strayAt is the same, opened at a moment.
func (k *kit) strayAt(made time.Time, status provider.Status) uuid.UUID {
	id := newID()
	ms := made.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	a := &account{order: uuid.NewString(), amount: 4200, State: provider.State{Ref: "ref-" + id.String(), Payment: id.String(), Status: status, Currency: "EUR"}}
	if status == provider.Authorized || status == provider.Captured {
		a.Authorized = 4200
	}
	if status == provider.Captured {
		a.Captured = 4200
	}
	k.bank.mu.Lock()
	defer k.bank.mu.Unlock()
	k.bank.accounts[id.String()] = a
	return id
}

func (k *kit) held(id uuid.UUID) provider.State {
	k.bank.mu.Lock()
	defer k.bank.mu.Unlock()
	return k.bank.accounts[id.String()].State
}

// vouched lets an owner say that this database is the real one.
func (k *kit) vouched() {
	k.T.Helper()
	ctx := context.Background()
	must(k.T, k.beginReconciling(ctx, "restored"))
	must(k.T, k.OpenAnyway(ctx, staffAda(), ""))
}

// Money of nobody from before an owner's word is found, owed, and goes back by itself, once, though the answer is lost and the processor refuses at
// first. What is agreed and not taken is let go, and what was never paid is nobody's business.
func TestMoneyOfNobodyGoesBack(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	paid := k.mustPlace(k.fan(0)).Order
	k.pay(paid.ID, provider.Authorized, 0)
	k.vouched()
	taken, agreed, open := k.stray(provider.Captured), k.stray(provider.Authorized), k.stray(provider.Open)
	if m := k.match(); m.Orphans != 2 || m.Charges != 4 || m.EndedAt == nil {
		t.Fatalf("matched %+v", m)
	}
	if m := k.match(); m.Orphans != 0 {
		t.Errorf("found again: %+v", m)
	}
	sums, err := k.Money(ctx, k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; m.Owed != 4200 || m.Captured != 8400 || m.Delivered != 4200 || m.InFlight != 4200 {
		t.Errorf("books: %+v", m)
	}
	refusals, lost := 2, 1
	k.bank.before = func(call string) error {
		if call == "refund" && refusals > 0 {
			refusals--
			return fmt.Errorf("%w: 422 no-funds", provider.ErrRefused)
		}
		return nil
	}
	k.bank.after = func(call string) error {
		if call == "refund" && lost > 0 {
			lost--
			return errLine
		}
		return nil
	}
	must(t, k.returnOrphans(ctx))
	if list, err := k.Orphans(ctx, 10); err != nil || len(list) != 2 || list[0].Problem == "" || list[0].Tries != 1 || !list[1].Back() {
		t.Errorf("listed %+v %v", list, err)
	}
	for range 40 {
		k.Kit.Clock.Advance(5 * time.Second)
		_ = k.returnOrphans(ctx)
	}
	if st := k.held(taken); st.Refunded != 4200 || len(st.Refunds) != 1 {
		t.Errorf("the money of nobody: %+v", st)
	}
	if st := k.held(agreed); st.Status != provider.Cancelled {
		t.Errorf("what was agreed: %+v", st)
	}
	if st := k.held(open); st.Status != provider.Open {
		t.Errorf("what was never paid: %+v", st)
	}
	sums, err = k.Money(ctx, k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; m.Owed != 0 || m.Captured != 8400 || m.Refunded != 4200 || m.InFlight != 0 {
		t.Errorf("books: %+v", m)
	}
	if m := k.match(); m.Orphans != 0 || m.Settled != 0 {
		t.Errorf("still something to do: %+v", m)
	}
	k.want(paid.ID, "paid")
	k.bank.mu.Lock()
	delete(k.bank.accounts, open.String()) // no payment of ours to compare it with
	k.bank.mu.Unlock()
	k.check()
}

// On an account that others use too nothing goes back by itself: it may be a stranger's sale. A person may say that it
// was ours.
func TestForeignMoneyWaitsForAPerson(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	k.bank.shared = true
	id := k.stray(provider.Captured)
	k.match()
	for range 5 {
		k.Kit.Clock.Advance(time.Minute)
		must(t, k.returnOrphans(ctx))
	}
	if st := k.held(id); st.Refunded != 0 {
		t.Fatal("a stranger's sale was refunded")
	}
	sums, err := k.Money(ctx, k.Kit.DB)
	must(t, err)
	if len(sums) != 0 {
		t.Errorf("a stranger's money is in our books: %+v", sums)
	}
	must(t, k.ReturnOrphan(ctx, staffAda(), "", "sandbox", id))
	if st := k.held(id); st.Refunded != 4200 {
		t.Errorf("not returned: %+v", st)
	}
	if err := k.ReturnOrphan(ctx, staffAda(), "", "sandbox", id); !is(err, "not-found") {
		t.Errorf("returned twice: %v", err)
	}
}

// Of many replicas one matches; a processor that is away is asked again in a minute; a webhook about a payment we do not
// know lets the ledger be read at once.
func TestLedgerIsMatchedInTurn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	other := k.service(k.Kit.DB)
	matches := func(want int) {
		t.Helper()
		for _, s := range []*Service{k.Service, other} {
			must(t, s.matchInTurn(ctx))
		}
		if n := k.count(`SELECT count(*) FROM ledger_matches`); n != want {
			t.Fatalf("%d matches, want %d", n, want)
		}
	}
	matches(2) // all of it, and what is recent
	k.Kit.Clock.Advance(30 * time.Minute)
	matches(2)
	k.Kit.Clock.Advance(31 * time.Minute)
	matches(3)
	id := k.stray(provider.Captured)
	tell := func() {
		must(t, k.keepEvent(ctx, "sandbox", k.bank.event(id)))
		k.runJobs(k.Service)
	}
	for range 3 {
		tell()
		matches(3) // not at once: they may be a stranger's, and come by the second
	}
	k.Kit.Clock.Advance(matchLeast)
	tell()
	matches(4)
	tell()
	matches(4)
	if st := k.held(id); st.Refunded != 0 || !closed(k.Service) {
		t.Errorf("money of ours that we do not know: %+v, closed %v", st, closed(k.Service))
	}
	k.Kit.Clock.Advance(61 * time.Minute)
	k.bank.silent = true
	if err := k.matchInTurn(ctx); err == nil {
		t.Fatal("a processor that is away was matched")
	}
	k.bank.silent = false
	matches(5)
	k.Kit.Clock.Advance(61 * time.Second)
	matches(6)
}
