// Package money is whole minor units beside an ISO 4217 code; nothing here is a float.
package money

import (
	"fmt"
	"strings"

	"golang.org/x/text/currency"
)

// Valid tells whether code is an ISO 4217 currency in capitals.
func Valid(code string) bool {
	_, err := currency.ParseISO(code)
	return err == nil && code == strings.ToUpper(code)
}

// Digits is the number of minor digits of a currency: 2 for EUR, 0 for JPY, 3 for KWD.
func Digits(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// Format writes minor units for a person: 4250 EUR is "42.50 EUR".
func Format(minor int64, code string) string {
	d := Digits(code)
	if d == 0 {
		return fmt.Sprintf("%d %s", minor, code)
	}
	sign, base := "", int64(1)
	if minor < 0 {
		sign, minor = "-", -minor
	}
	for range d {
		base *= 10
	}
	return fmt.Sprintf("%s%d.%0*d %s", sign, minor/base, d, minor%base, code)
}

// Parse reads what a person typed, "42.50" or "42,5", as minor units of a currency; ok is false for anything else,
// grouped thousands too: nobody should guess what 1.234 means.
func Parse(text, code string) (minor int64, ok bool) {
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), ".")
	digits := Digits(code)
	if whole == "" || len(part) > digits || len(whole) > 12 {
		return 0, false
	}
	for _, r := range whole + part + strings.Repeat("0", digits-len(part)) {
		if r < '0' || r > '9' {
			return 0, false
		}
		minor = minor*10 + int64(r-'0')
	}
	return minor, true
}

// Plain is Format without the code: what Parse reads.
func Plain(minor int64, code string) string { return strings.TrimSuffix(Format(minor, code), " "+code) }
