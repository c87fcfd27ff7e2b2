package stripe

import (
	"fmt"

	"fairseat/app/money"
	"fairseat/modules/checkout/provider"
)

// Stripe counts minor digits by tables of its own: these have none or three; all others two, also those that ISO or CLDR
// count otherwise (ISK and UGX among them, whose two digits must be zero).
var (
	noDigits    = []string{"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
	threeDigits = []string{"BHD", "JOD", "KWD", "OMR", "TND"}
)

func digits(code string) int {
	for _, c := range noDigits {
		if c == code {
			return 0
		}
	}
	for _, c := range threeDigits {
		if c == code {
			return 3
		}
	}
	return 2
}

// toStripe is an amount of ours in Stripe's units; ErrRefused if Stripe cannot take it. Of three digits it wants the last
// to be zero.
func toStripe(minor int64, code string) (int64, error) {
	amount, exact := scaled(minor, digits(code)-money.Digits(code))
	if !exact || (digits(code) == 3 && amount%10 != 0) {
		return 0, fmt.Errorf("%w: Stripe cannot take %s", provider.ErrRefused, money.Format(minor, code))
	}
	return amount, nil
}

// fromStripe is an amount of Stripe's in our minor units. One that has none is no amount we asked for.
func fromStripe(amount int64, code string) (int64, error) {
	minor, exact := scaled(amount, money.Digits(code)-digits(code))
	if !exact {
		return 0, fmt.Errorf("stripe: %d %s is between our minor units", amount, code)
	}
	return minor, nil
}

// scaled moves the decimal point by some places.
func scaled(n int64, places int) (_ int64, exact bool) {
	for ; places > 0; places-- {
		n *= 10
	}
	for ; places < 0; places++ {
		if n%10 != 0 {
			return 0, false
		}
		n /= 10
	}
	return n, true
}
