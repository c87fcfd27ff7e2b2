package checkout

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// started is another process on the same stores, as after a restart.
func (k *kit) started(raised *int) *Service {
	k.T.Helper()
	s := k.service(k.Kit.DB)
	s.OnRestore = func(context.Context) error { *raised++; return nil }
	must(k.T, s.Recognise(context.Background()))
	return s
}

func closed(s *Service) bool { _, c := s.Reconciling(); return c }

// A database in another cluster than at the last start was restored: the sale is closed until all ledgers are matched, and
// as it may be a copy of one that sells elsewhere, no money of orders that it does not know goes back, now or ever, until an
// owner says that this is the real one.
func TestRestoredDatabaseIsMatchedBeforeItSells(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	raised := 0
	if s := k.started(&raised); closed(s) || raised != 0 {
		t.Fatal("a first start is no restore")
	}
	if s := k.started(&raised); closed(s) || raised != 0 {
		t.Fatal("a second start is no restore")
	}
	must(t, k.Kit.DB.Exec(`UPDATE installation SET system_id = '1'`).Error)
	lost := k.stray(provider.Captured)
	s := k.started(&raised)
	if !closed(s) {
		t.Fatal("open after a restore")
	}
	k.bank.silent = true
	if err := s.reconcileRestore(ctx); err == nil || !closed(s) {
		t.Fatalf("opened although the processor did not answer: %v", err)
	}
	k.bank.silent = false
	another := k.started(&raised) // it was noted where we run: the sale stays closed all the same
	if !closed(another) || raised != 0 {
		t.Fatalf("a restart opened the sale; raised %d times", raised)
	}
	k.Kit.Clock.Advance(reconcileEvery)
	must(t, s.reconcileRestore(ctx))
	if !closed(s) {
		t.Fatal("opened while money of nobody turned up")
	}
	k.Kit.Clock.Advance(reconcileEvery)
	must(t, s.reconcileRestore(ctx))
	if closed(s) || raised != 1 {
		t.Fatalf("all is matched: closed %v, raised %d times", closed(s), raised)
	}
	must(t, another.reconcileRestore(ctx))
	if closed(another) {
		t.Error("another replica did not hear of it")
	}
	sold := k.stray(provider.Captured) // by the real one, if this is a copy
	k.Kit.Clock.Advance(matchEvery)
	must(t, s.matchInTurn(ctx))
	k.Kit.Clock.Advance(time.Hour)
	must(t, s.returnOrphans(ctx))
	if a, b := k.held(lost), k.held(sold); a.Refunded != 0 || b.Refunded != 0 {
		t.Errorf("a copy refunds what the real one sold: %+v, %+v", a, b)
	}
	must(t, s.ReturnOrphan(ctx, staffAda(), "", "sandbox", lost))
	must(t, s.OpenAnyway(ctx, staffAda(), ""))
	later := k.stray(provider.Captured)
	k.Kit.Clock.Advance(matchEvery)
	must(t, s.matchInTurn(ctx))
	must(t, s.returnOrphans(ctx))
	if a, b, c := k.held(lost), k.held(sold), k.held(later); a.Refunded != 4200 || b.Refunded != 0 || c.Refunded != 4200 {
		t.Errorf("a person's word: %+v, %+v, %+v", a, b, c)
	}
}

// A processor that is away at the start keeps no sale closed; once it answers and knows payments of ours that we do not,
// the sale is closed, and an owner may open it.
func TestForgottenPaymentsCloseTheSale(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	raised := 0
	s := k.started(&raised)
	paid := k.mustPlace(k.fan(0)).Order
	k.pay(paid.ID, provider.Authorized, 0)
	k.bank.silent = true
	if done, err := s.firstMatch(ctx); done || err == nil || closed(s) {
		t.Fatalf("done %v, %v, closed %v", done, err, closed(s))
	}
	k.bank.silent = false
	if done, err := s.firstMatch(ctx); !done || err != nil || closed(s) {
		t.Fatalf("an ordinary start is closed: done %v, %v", done, err)
	}
	k.bank.shared = true
	k.stray(provider.Captured)
	if _, err := s.firstMatch(ctx); err != nil || closed(s) {
		t.Fatalf("a stranger's payment closed the sale: %v", err)
	}
	k.bank.shared = false
	k.stray(provider.Captured)
	if _, err := s.firstMatch(ctx); err != nil || !closed(s) {
		t.Fatalf("a forgotten payment did not close the sale: %v", err)
	}
	must(t, s.OpenAnyway(ctx, staffAda(), ""))
	if closed(s) || raised != 1 || k.count(`SELECT count(*) FROM staff_log WHERE action = 'reconcile.open'`) != 1 {
		t.Error("an owner could not open it, or it was not noted")
	}
	k.Kit.Clock.Advance(time.Minute)
	must(t, s.reconcileRestore(ctx))
	if closed(s) {
		t.Error("closed again")
	}
}

// A dump of last week, restored into the same Postgres, is in the cluster that it came from: what was sold since it was made
// tells, and not only what was in the last hours.
func TestAnOldDumpInTheSameClusterIsRecognised(t *testing.T) {
	t.Parallel()
	k, ctx, raised := newKit(t), context.Background(), 0
	v := k.mustPlace(k.fan(0)).Order
	k.pay(v.ID, provider.Authorized, 0)
	for _, c := range []struct{ ago, want time.Duration }{{time.Minute, ledgerRecent}, {4 * 24 * time.Hour, 4 * 24 * time.Hour}, {90 * 24 * time.Hour, LedgerSpan}} {
		must(t, k.Kit.DB.Exec(`UPDATE payments SET created_at = ?`, k.Kit.Clock.Now().Add(-c.ago)).Error)
		if got, err := k.store.sinceNewest(ctx, ledgerRecent, LedgerSpan); err != nil || got != c.want {
			t.Errorf("%v ago: reads %v back, want %v, %v", c.ago, got, c.want, err)
		}
	}
	must(t, k.Kit.DB.Exec(`UPDATE payments SET created_at = ?`, k.Kit.Clock.Now().Add(-4*24*time.Hour)).Error)
	k.bank.opened = map[string]time.Time{k.stray(provider.Captured).String(): k.Kit.Clock.Now().Add(-2 * 24 * time.Hour)}
	s := k.started(&raised)
	if done, err := s.firstMatch(ctx); !done || err != nil || !closed(s) {
		t.Errorf("what was sold two days ago is overlooked: done %v, %v", done, err)
	}
}

// A standby that lost the newest sales takes over while we run: the next look at the ledgers closes the sale, and sends
// nothing back. An owner's word covers what was taken before it, and nothing that is lost later.
func TestAFailoverThatForgetsClosesTheSale(t *testing.T) {
	t.Parallel()
	k, ctx, raised := newKit(t), context.Background(), 0
	s := k.started(&raised)
	must(t, s.matchInTurn(ctx))
	lost := k.stray(provider.Captured)
	k.Kit.Clock.Advance(matchEvery)
	must(t, s.matchInTurn(ctx))
	must(t, s.returnOrphans(ctx))
	if st := k.held(lost); !closed(s) || st.Refunded != 0 {
		t.Fatalf("closed %v, %+v", closed(s), st)
	}
	must(t, s.OpenAnyway(ctx, staffAda(), ""))
	before, after := k.stray(provider.Captured), k.strayAt(k.Kit.Clock.Now().Add(time.Minute), provider.Captured)
	k.Kit.Clock.Advance(matchEvery)
	must(t, s.matchInTurn(ctx))
	must(t, s.returnOrphans(ctx))
	if a, b := k.held(before), k.held(after); !closed(s) || a.Refunded != 4200 || b.Refunded != 0 {
		t.Errorf("closed %v; from before the word %+v, from after it %+v", closed(s), a, b)
	}
}

// While nobody knows which seats are free, none is taken: late money waits on the reconciler's list, whether its payment was
// dead or not, and goes on by itself; swaps and offers are asked to wait.
func TestNoSeatIsTakenWhileReconciling(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	late, swapper := k.mustPlace(k.fan(0)).Order, k.mustPlace(k.fan(1)).Order
	k.pay(swapper.ID, provider.Authorized, 0)
	bought := k.shown(swapper.ID)
	must(t, k.GiveUp(ctx, uuid.MustParse(late.ID)))
	p := k.payment(late.ID)
	k.bank.mu.Lock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized = provider.Authorized, 4200
	k.bank.mu.Unlock()
	must(t, k.beginReconciling(ctx, "restored"))
	m, err := k.MatchLedger(ctx, LedgerSpan)
	if err != nil || m.Settled != 1 {
		t.Fatalf("late money keeps the sale closed: %+v, %v", m, err)
	}
	k.want(late.ID, "cancelled")
	if got := k.payment(late.ID).Status; got != PaymentCancelling {
		t.Errorf("the payment is %s: nobody looks at it again", got)
	}
	if _, _, err := k.Swap(ctx, uuid.MustParse(swapper.ID), uuid.MustParse(bought.Tickets[0].ID), 5); !is(err, "reconciling") {
		t.Errorf("swapped: %v", err)
	}
	must(t, k.OpenAnyway(ctx, staffAda(), ""))
	k.quiet(k.Service)
	k.want(late.ID, "paid")
	k.check()
}

func TestNoOfferedSeatIsTakenWhileReconciling(t *testing.T) {
	t.Parallel()
	k, o, _ := offering(t, provider.Captured, 3)
	ctx, id := context.Background(), uuid.MustParse(o.ID)
	must(t, k.beginReconciling(ctx, "restored"))
	if _, err := k.AcceptOffer(ctx, id); !is(err, "reconciling") {
		t.Errorf("taken: %v", err)
	}
	must(t, k.OpenAnyway(ctx, staffAda(), ""))
	if v, err := k.AcceptOffer(ctx, id); err != nil || v.Status != "paid" {
		t.Errorf("then: %+v, %v", v, err)
	}
	k.check()
}
