package money_test

import (
	"testing"

	"fairseat/app/money"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{4250, "EUR", "42.50 EUR"}, {5, "EUR", "0.05 EUR"}, {0, "USD", "0.00 USD"}, {-150, "EUR", "-1.50 EUR"},
		{500, "JPY", "500 JPY"}, {1234, "KWD", "1.234 KWD"},
	} {
		if got := money.Format(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
}

func TestValid(t *testing.T) {
	for code, want := range map[string]bool{"EUR": true, "JPY": true, "eur": false, "EURO": false, "ZZZ": false, "": false} {
		if got := money.Valid(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
