package seating

import (
	"slices"
	"testing"

	"fairseat/app/fault"
)

func TestHowAnEventMayBePaid(t *testing.T) {
	t.Parallel()
	s := &Service{Deps: Deps{Methods: []Method{{"stripe", "Card"}, {"transfer", "Bank transfer"}}}}
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
