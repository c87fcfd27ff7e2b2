// Package invoice works out the tax that is inside prices, so that every sum on an invoice is exactly that of its lines,
// and every line that is credited takes exactly its own tax back.
package invoice

import (
	"cmp"
	"math/big"
	"slices"
)

// Rate is a tax in basis points, with the name that stands on paper: 1900, "VAT 19 %". The zero Rate is no tax.
type Rate struct {
	Points int    `json:"points"`
	Name   string `json:"name"`
}

// Line is one seat, or a sum without a seat of its own. Amounts are in minor units and, on a credit note, above zero too.
type Line struct {
	Claim    int64  `json:"claim,omitempty"`
	Seat     *int   `json:"seat,omitempty"`
	Category string `json:"category,omitempty"` // its id
	Rate     Rate   `json:"rate"`
	Gross    int64  `json:"gross"`
	Tax      int64  `json:"tax"` // inside Gross
}

// Net is the line without its tax.
func (l Line) Net() int64 { return l.Gross - l.Tax }

// Sum is all lines of one rate.
type Sum struct {
	Rate
	Net, Tax, Gross int64
}

// Tax sets the tax of each line: that of all lines of a rate together, rounded once, half up, and shared out by the largest
// remainder, the first line before the last.
func Tax(lines []Line) {
	for _, rate := range rates(lines) {
		var at []int
		gross := int64(0)
		for i, l := range lines {
			if l.Rate == rate {
				at, gross = append(at, i), gross+l.Gross
			}
		}
		weights := make([]int64, len(at))
		for i, n := range at {
			weights[i] = lines[n].Gross
		}
		for i, tax := range Share(inside(gross, rate), weights) {
			lines[at[i]].Tax = tax
		}
	}
}

// inside is the tax in a gross sum: gross · rate / (1 + rate), half a unit up.
func inside(gross int64, rate Rate) int64 {
	points := int64(rate.Points)
	return muldiv(gross, 2*points, 2*(10_000+points), 10_000+points)
}

// muldiv is (a·b + plus) / c rounded down, without overflow on the way.
func muldiv(a, b, c, plus int64) int64 {
	p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	p.Add(p, big.NewInt(plus))
	return p.Div(p, big.NewInt(c)).Int64()
}

// Share splits a sum by weights into whole units that add up to it: the largest remainder first, then the earlier.
func Share(sum int64, weights []int64) []int64 {
	parts, total := make([]int64, len(weights)), int64(0)
	for _, w := range weights {
		total += w
	}
	if total == 0 {
		return parts
	}
	order, left := make([]int, len(weights)), sum
	remainder := make([]*big.Int, len(weights))
	for i, w := range weights {
		whole, rest := new(big.Int).DivMod(new(big.Int).Mul(big.NewInt(sum), big.NewInt(w)), big.NewInt(total), new(big.Int))
		parts[i], remainder[i], order[i] = whole.Int64(), rest, i
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return remainder[b].Cmp(remainder[a]) })
	for i := range left {
		parts[order[i]]++
	}
	return parts
}

// Sums adds lines up by rate, the highest first.
func Sums(lines []Line) []Sum {
	var sums []Sum
	for _, rate := range rates(lines) {
		s := Sum{Rate: rate}
		for _, l := range lines {
			if l.Rate == rate {
				s.Net, s.Tax, s.Gross = s.Net+l.Net(), s.Tax+l.Tax, s.Gross+l.Gross
			}
		}
		sums = append(sums, s)
	}
	return sums
}

// Total is what lines cost, tax inside.
func Total(lines []Line) (gross, tax int64) {
	for _, l := range lines {
		gross, tax = gross+l.Gross, tax+l.Tax
	}
	return gross, tax
}

// Part takes a sum out of lines that is not that of some of them: a line for each rate, by the share that it has in them.
// All of it takes all of their tax.
func Part(lines []Line, gross int64) []Line {
	sums := Sums(lines)
	weights := make([]int64, len(sums))
	for i, s := range sums {
		weights[i] = s.Gross
	}
	var part []Line
	for i, g := range Share(gross, weights) {
		if g > 0 {
			part = append(part, Line{Rate: sums[i].Rate, Gross: g, Tax: muldiv(sums[i].Tax, 2*g, 2*sums[i].Gross, sums[i].Gross)})
		}
	}
	return part
}

func rates(lines []Line) []Rate {
	var all []Rate
	for _, l := range lines {
		if !slices.Contains(all, l.Rate) {
			all = append(all, l.Rate)
		}
	}
	slices.SortStableFunc(all, func(a, b Rate) int { return cmp.Compare(b.Points, a.Points) })
	return all
}
