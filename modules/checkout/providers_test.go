package checkout

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairseat/modules/checkout/provider"
)

// named is the bank under another name.
type named struct {
	*bank
	name string
}

func (n named) Name() string { return n.name }

// twoProviders is a kit whose second order is with a provider of its own.
func twoProviders(t *testing.T) (k *kit, other *bank, first, second View) {
	t.Helper()
	k = newKit(t)
	other = newBank(k.Kit.Clock)
	first = k.mustPlace(k.fan(0)).Order
	k.Providers = []provider.Provider{named{other, "other"}, k.bank}
	second = k.mustPlace(k.fan(1)).Order
	return k, other, first, second
}

func TestEachPaymentIsWithTheProviderItNames(t *testing.T) {
	t.Parallel()
	k, other, first, second := twoProviders(t)
	if p := k.payment(second.ID); p.Provider != "other" || second.Payment.Provider != "other" {
		t.Fatalf("the second order pays by %s", p.Provider)
	}
	k.bank.click(k.payment(first.ID).ID, provider.Authorized, 0)
	other.click(k.payment(second.ID).ID, provider.Authorized, 0)
	k.quiet(k.Service)
	k.want(first.ID, "paid")
	k.want(second.ID, "paid")
	if k.bank.times("capture") != 1 || other.times("capture") != 1 {
		t.Error("a payment was taken by the wrong one")
	}
	if l := k.Ledger(context.Background(), LedgerSpan); l.silence() != nil || len(l.Charges) != 2 {
		t.Errorf("the ledgers hold %d payments, %v", len(l.Charges), l.Silent)
	}
	k.check()
}

func TestOnlyTheClocksOfThoseWhoCannotPayStand(t *testing.T) {
	t.Parallel()
	k, other, first, second := twoProviders(t)
	other.setDown(true)
	for range 31 {
		must(t, k.keepClocks(context.Background()))
		k.Kit.Clock.Advance(time.Second)
	}
	if got := k.order(first.ID).ExpiresAt.Sub(time.Time(first.ExpiresAt)); got != 0 {
		t.Errorf("a clock moved by %v although its processor is well", got)
	}
	if got := k.order(second.ID).ExpiresAt.Sub(time.Time(second.ExpiresAt)); got != 30*time.Second {
		t.Errorf("a clock moved by %v in 30 s of outage", got)
	}
	if !k.WorstHealth().Down {
		t.Error("the door is told that payments are well")
	}
	must(t, k.probe(context.Background()))
	if other.times("probe") != 1 || k.bank.times("probe") != 0 {
		t.Error("probed the wrong one")
	}
}

// A provider that has left the configuration is like one that is silent: nothing is lost, and the rest goes on.
func TestAProviderThatIsGoneStopsNobody(t *testing.T) {
	t.Parallel()
	k, other, first, second := twoProviders(t)
	other.click(k.payment(second.ID).ID, provider.Authorized, 0)
	k.bank.click(k.payment(first.ID).ID, provider.Authorized, 0)
	both := k.Providers
	k.Providers = []provider.Provider{k.bank}
	if err := k.Settle(context.Background(), k.payment(second.ID).ID); !errors.Is(err, errNoProvider) {
		t.Fatalf("settling says %v", err)
	}
	for range 4 {
		_ = k.beatAndTick(3 * time.Second)
	}
	k.want(first.ID, "paid")
	k.want(second.ID, "pending")
	if v, err := k.Look(context.Background(), k.order(second.ID)); err != nil || v.Status != "pending" {
		t.Errorf("its page: %+v, %v", v, err)
	}
	k.Providers = both
	k.quiet(k.Service)
	k.want(second.ID, "paid")
	k.check()
}
