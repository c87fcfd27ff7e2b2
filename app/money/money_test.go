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

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"42.50", "EUR", 4250, true}, {" 42,5 ", "EUR", 4250, true}, {"42", "EUR", 4200, true}, {"0", "EUR", 0, true},
		{"500", "JPY", 500, true}, {"5.0", "JPY", 0, false}, {"1.234", "KWD", 1234, true}, {"1.234", "EUR", 0, false},
		{"", "EUR", 0, false}, {".5", "EUR", 0, false}, {"-1", "EUR", 0, false}, {"1,234.50", "EUR", 0, false}, {"1e3", "EUR", 0, false},
	} {
		got, ok := money.Parse(c.text, c.currency)
		if ok != c.ok || (ok && got != c.want) {
			t.Errorf("%q %s: %d %v, want %d %v", c.text, c.currency, got, ok, c.want, c.ok)
		}
		if ok {
			if back, _ := money.Parse(money.Plain(got, c.currency), c.currency); back != got {
				t.Errorf("%d %s comes back as %d", got, c.currency, back)
			}
		}
	}
}
