package app

import (
	"slices"
	"testing"

	"fairseat/modules/checkout"
	"fairseat/modules/seating"
	"fairseat/web"
)

func TestOrdersAreSaidInEveryState(t *testing.T) {
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	words := pages.Words("order")
	for _, state := range orderStates {
		_, whole := words.Say("said." + state)
		if state == "paid" {
			_, whole = words.Plural("said.paid", 2)
		} else if _, err := words.Say("more." + state); err != nil {
			t.Error(err)
		}
		if whole != nil {
			t.Error(whole)
		}
	}
	for _, why := range declineReasons {
		if _, err := words.Say("declined." + why); err != nil {
			t.Error(err)
		}
	}
	for _, state := range dearerStates {
		if _, err := words.Say("dearer." + state); err != nil {
			t.Error(err)
		}
		if _, err := words.Say("dearer.what."+state, "to", "A", "from", "B", "price", "1", "until", "2"); err != nil {
			t.Error(err)
		}
	}
	for _, why := range swapRefusals {
		if _, err := words.Say("swap.refused." + why); err != nil {
			t.Error(err)
		}
	}
	for code := range refusable {
		if _, err := pages.Words("checkout").Say("refused." + code); err != nil {
			t.Error(err)
		}
	}
	for reason := range slowReasons {
		if _, err := pages.Words("checkout").Say(refusalKey(seating.ErrSlowDown.With("reason", reason))); err != nil {
			t.Error(err)
		}
	}
}

func TestOrderStates(t *testing.T) {
	bank, script := "https://bank.example/pay/1", "javascript:alert(1)"
	for _, row := range []struct {
		status  string
		payment *checkout.PaymentView
		down    bool
		want    string
	}{
		{"pending", &checkout.PaymentView{URL: &bank}, false, "pay"},
		{"pending", &checkout.PaymentView{}, false, "asking"},
		{"pending", &checkout.PaymentView{URL: &script}, false, "asking"},
		{"pending", nil, false, "ending"},
		{"pending", nil, true, "ending"}, // given back while payments are down
		{"pending", &checkout.PaymentView{URL: &bank}, true, "outage"},
		{"declined", nil, true, "outage"},
		{"declined", nil, false, "declined"},
		{"paying", &checkout.PaymentView{}, true, "paying"}, // the money is there: nothing stands still for the fan
		{"paid", nil, true, "paid"},
	} {
		got := orderState(checkout.View{Status: row.status, Payment: row.payment}, row.down)
		if got != row.want || !slices.Contains(orderStates, got) {
			t.Errorf("%s, down %v: %q, want %q", row.status, row.down, got, row.want)
		}
	}
}

func TestAddressesAreMasked(t *testing.T) {
	for email, want := range map[string]string{"asa@example.org": "a***@example.org", "ä@b.de": "ä***@b.de", "": ""} {
		if got := masked(email); got != want {
			t.Errorf("%q is masked as %q", email, got)
		}
	}
}
