package seating

import (
	"slices"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/fault"
)

func TestHowAnEventMayBePaid(t *testing.T) {
	t.Parallel()
	s := &Service{Deps: Deps{Methods: []Method{{ID: "stripe", Name: "Card"}, {ID: "transfer", Name: "Bank transfer"}}}}
	for _, c := range []struct {
		takes []string
		want  []string
		ok    bool
	}{
		{nil, []string{"stripe"}, true}, {[]string{"transfer"}, []string{"transfer"}, true}, {[]string{"transfer", "stripe"}, []string{"transfer", "stripe"}, true},
		{[]string{"cash"}, []string{"stripe"}, false}, {[]string{"stripe", "stripe"}, nil, false},
	} {
		fields := fault.Fields{}
		s.checkMethods(&eventRequest{PaymentMethods: &c.takes}, fields)
		if (len(fields) == 0) != c.ok {
			t.Errorf("%v: %v", c.takes, fields)
		}
		var got []string
		for _, m := range s.PaymentMethods(&Event{PaymentMethods: c.takes}) {
			got = append(got, m.ID)
		}
		if c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%v may be paid by %v", c.takes, got)
		}
	}
}

// A way to pay that takes days is offered while there are days, and where there is no other.
func TestSlowMethodsAreOfferedInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 9, 10, 0, 0, 0, time.UTC)
	s := &Service{Deps: Deps{Clock: clock.NewManual(now), Methods: []Method{{ID: "stripe"}, {ID: "transfer", Lead: 26 * time.Hour}}}}
	for _, c := range []struct {
		in   time.Duration
		ids  []string
		want int
	}{{26 * time.Hour, []string{"stripe", "transfer"}, 2}, {25 * time.Hour, []string{"stripe", "transfer"}, 1}, {25 * time.Hour, []string{"transfer"}, 1}} {
		starts := now.Add(c.in)
		if got := s.OfferedMethods(&Event{StartsAt: starts, PaymentMethods: c.ids}); len(got) != c.want || got[0].ID != c.ids[0] {
			t.Errorf("%v before: %v", c.in, got)
		}
	}
	if got := s.OfferedMethods(&Event{PaymentMethods: []string{"transfer", "stripe"}}); len(got) != 2 {
		t.Errorf("no start: %v", got)
	}
}
