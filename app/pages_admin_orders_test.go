package app

import (
	"testing"

	"fairseat/modules/checkout"
)

// Staff read what bars an order's tickets: a dispute that goes on, or what a bank took of several payments.
func TestWhatBarsAnOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, second string
		status        checkout.PaymentStatus
		want          bool
	}{
		{"open", "", checkout.PaymentCaptured, false}, {"lost", "", checkout.PaymentCaptured, true},
		{"lost", "open", checkout.PaymentCaptured, false}, {"lost", "", checkout.PaymentRefunded, false},
	} {
		v := deskOrderView{StaffView: &checkout.StaffView{Payments: []checkout.StaffPayment{
			{Status: c.status, Dispute: c.first}, {Status: checkout.PaymentCaptured, Dispute: c.second}}}}
		if v.Lost() != c.want {
			t.Errorf("%+v", c)
		}
	}
}
