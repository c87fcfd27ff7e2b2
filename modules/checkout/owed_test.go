package checkout

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

// A processor that refuses a refund is asked ever more seldom; what it owes stands on a list with its reason, and is
// gone by itself when it gives in. A person may try at any time.
func TestOwedMoneyIsListedUntilItIsBack(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	owed := func() []Owed {
		t.Helper()
		list, err := k.OwedMoney(ctx, k.Kit.DB, 10)
		must(t, err)
		return list
	}
	o := k.mustPlace(k.fan(0)).Order
	k.pay(o.ID, provider.Authorized, 0)
	if list := owed(); len(list) != 0 {
		t.Fatalf("a ticket is no debt: %+v", list)
	}
	k.bank.before = func(call string) error {
		if call == "refund" {
			return fmt.Errorf("%w: 422 no-funds", provider.ErrRefused)
		}
		return nil
	}
	_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(o.ID), nil, "rain")
	must(t, err)
	asked := 0
	k.bank.after = func(call string) error {
		if call == "refund" {
			asked++
		}
		return nil
	}
	refused := 0
	inner := k.bank.before
	k.bank.before = func(call string) error {
		if call == "refund" {
			refused++
		}
		return inner(call)
	}
	for range 40 { // two minutes
		k.Kit.Clock.Advance(3 * time.Second)
		k.runJobs(k.Service)
		_ = k.Tick(ctx)
	}
	list := owed()
	if len(list) != 1 || list[0].Amount != 4200 || list[0].Status != RefundFailed || list[0].Problem == "" || list[0].Tries != refused || list[0].RefundID == nil {
		t.Fatalf("owed %+v, refused %d times", list, refused)
	}
	if refused < 3 || refused > 6 { // after 10 s, 20 s, 40 s …, not at every tick
		t.Errorf("asked %d times in two minutes", refused)
	}
	must(t, k.RetryRefund(ctx, staffAda(), "", *list[0].RefundID))
	if now := owed(); len(now) != 1 || now[0].Tries != refused {
		t.Errorf("trying by hand did not ask: %+v", now)
	}
	if bad, err := k.UnequalOrders(ctx, k.Kit.DB, 10); err != nil || len(bad) != 0 {
		t.Errorf("%+v %v", bad, err)
	}
	k.bank.before = nil
	for range 100 { // five minutes is the longest pause
		k.Kit.Clock.Advance(3 * time.Second)
		_ = k.Tick(ctx)
	}
	if list := owed(); len(list) != 0 || asked != 1 {
		t.Errorf("still owed %+v, asked %d times", list, asked)
	}
	k.want(o.ID, "refunded")
	k.check()
	if err := k.RetryRefund(ctx, staffAda(), "", uuid.New()); !is(err, "not-found") {
		t.Errorf("a stranger's refund: %v", err)
	}
}

// Two orders that err in opposite ways look well in the sum, and not by themselves.
func TestOrdersAreBalancedOneByOne(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	var orders []string
	for n := range 2 {
		o := k.mustPlace(k.fan(n)).Order
		k.pay(o.ID, provider.Authorized, 0)
		orders = append(orders, o.ID)
	}
	must(t, k.Kit.DB.Exec(`UPDATE payments SET received = received + 100 WHERE order_id = ?`, orders[0]).Error)
	must(t, k.Kit.DB.Exec(`UPDATE payments SET received = received - 100 WHERE order_id = ?`, orders[1]).Error)
	sums, err := k.Money(ctx, k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; m.Captured != m.Delivered {
		t.Fatalf("the sum shows it: %+v", m)
	}
	bad, err := k.UnequalOrders(ctx, k.Kit.DB, 10)
	must(t, err)
	if len(bad) != 2 || bad[0].OrderID.String() != orders[0] || bad[0].Captured != 4300 || bad[0].Delivered != 4200 {
		t.Errorf("unequal: %+v", bad)
	}
}
