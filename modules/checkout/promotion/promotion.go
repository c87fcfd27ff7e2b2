// Package promotion knows the rules of codes that lower prices or open seats: how a code is typed, and what it does to which
// seats.
// It asks nobody, and keeps nothing.
package promotion

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Terms are what a code does: exactly one of Percent, Amount and Prices is set, or none of a code that only opens seats.
type Terms struct {
	Percent    int              // 1 to 100
	Amount     int64            // off each seat, in minor units
	Prices     map[string]int64 // category id → what its seats cost
	Categories []string         // ids it is good for; none means all. Prices name their own
	Unlocks    []string         // ids of categories whose seats are only to be had with it, or with another such code
}

// Price is what a seat costs with the code: never more than without it, and never less than nothing. A percentage is
// rounded to the buyer's side by at most half a minor unit.
func (t Terms) Price(category string, full int64) int64 {
	if price, named := t.Prices[category]; named {
		return min(price, full)
	}
	if t.Prices != nil || (len(t.Categories) > 0 && !slices.Contains(t.Categories, category)) {
		return full
	}
	if t.Percent > 0 {
		return full - (full*int64(t.Percent)+50)/100
	}
	return max(0, full-t.Amount)
}

// Seat is what Apply needs to know of a seat.
type Seat struct {
	Category string
	Price    int64
}

// Applied is what a code does to some seats.
type Applied struct {
	Prices []int64
	Used   []bool // by seat: it has a use of the code
	Good   int    // seats the code is good for, also beyond uses
	Opened int    // those of them that it opens
}

// Apply is what each of the seats costs when at most so many may use the code: first those it opens, which cannot be had
// without, then those it saves most on.
func (t Terms) Apply(seats []Seat, uses int) Applied {
	a := Applied{Prices: make([]int64, len(seats)), Used: make([]bool, len(seats))}
	order := make([]int, len(seats))
	for i, seat := range seats {
		a.Prices[i], order[i] = seat.Price, i
	}
	saves := func(i int) int64 { return seats[i].Price - t.Price(seats[i].Category, seats[i].Price) }
	opens := func(i int) int {
		if slices.Contains(t.Unlocks, seats[i].Category) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(opens(b), opens(a)), cmp.Compare(saves(b), saves(a)))
	})
	for _, i := range order {
		if opens(i) == 0 && saves(i) == 0 {
			continue
		}
		a.Opened += opens(i)
		if a.Good++; a.Good <= uses {
			a.Prices[i] -= saves(i)
			a.Used[i] = true
		}
	}
	return a
}

// A code is compared by letters and digits alone.
const (
	Shortest = 3
	Longest  = 40
)

// Normal is a code as it is compared, however it was typed: capitals, spaces, dashes, dots and underscores do not
// matter. False if nothing that could be a code is left.
func Normal(typed string) (string, bool) {
	if len(typed) > 4*Longest || !utf8.ValidString(typed) {
		return "", false
	}
	bad := false
	code := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '_' || r == '.':
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
			return unicode.ToUpper(r)
		}
		bad = true
		return -1
	}, norm.NFKC.String(typed))
	n := utf8.RuneCountInString(code)
	return code, !bad && n >= Shortest && n <= Longest
}

// letters lack what is misread or misheard, and are 30: an order's code is made of the same.
const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// Random is a code that nobody guesses, as it is printed: "7KQX-2M4P-B9TD", 58 bits.
func Random() string {
	const length = 12
	code := make([]byte, 0, length+2)
	drawn := 0
	for drawn < length {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails, says its documentation
		for _, c := range b {
			if int(c) >= 256-256%len(letters) || drawn == length { // 240 of 256 values can be used evenly
				continue
			}
			if drawn > 0 && drawn%4 == 0 {
				code = append(code, '-')
			}
			code = append(code, letters[int(c)%len(letters)])
			drawn++
		}
	}
	return string(code)
}
