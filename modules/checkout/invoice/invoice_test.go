package invoice_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"fairseat/modules/checkout/invoice"
)

var full, reduced = invoice.Rate{Points: 1900, Name: "VAT 19 %"}, invoice.Rate{Points: 700, Name: "VAT 7 %"}

// Three of 33.34 at 19 %: the tax of the sum is 15.97, and one line carries the odd cent.
func TestTaxIsThatOfTheSum(t *testing.T) {
	t.Parallel()
	lines := []invoice.Line{{Rate: full, Gross: 3334}, {Rate: reduced, Gross: 1070}, {Rate: full, Gross: 3334}, {Rate: full, Gross: 3334}, {Gross: 500}}
	invoice.Tax(lines)
	var taxes []int64
	for _, l := range lines {
		taxes = append(taxes, l.Tax)
	}
	if want := []int64{533, 70, 532, 532, 0}; !slices.Equal(taxes, want) {
		t.Errorf("%v, want %v", taxes, want)
	}
	want := []invoice.Sum{{Rate: full, Net: 8405, Tax: 1597, Gross: 10002}, {Rate: reduced, Net: 1000, Tax: 70, Gross: 1070}, {Gross: 500, Net: 500}}
	if got := invoice.Sums(lines); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sum     int64
		weights []int64
		want    []int64
	}{
		{10, []int64{1, 1, 1}, []int64{4, 3, 3}}, {7, []int64{0, 2, 1}, []int64{0, 5, 2}}, {0, []int64{1}, []int64{0}}, {5, []int64{0}, []int64{0}},
		{1 << 60, []int64{1 << 40, 1 << 40}, []int64{1 << 59, 1 << 59}},
	} {
		if got := invoice.Share(c.sum, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%d by %v: %v, want %v", c.sum, c.weights, got, c.want)
		}
	}
}

// Whatever prices and rates, sums are those of the lines, no line pays more tax than it costs, and each line's tax is within a
// unit of its own.
func TestEverythingAddsUp(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	for range 3000 {
		lines := make([]invoice.Line, 1+random.IntN(9))
		for i := range lines {
			lines[i] = invoice.Line{Rate: []invoice.Rate{full, reduced, {}, {Points: 10000}, {Points: 1}}[random.IntN(5)], Gross: random.Int64N(20_000)}
		}
		invoice.Tax(lines)
		gross, tax := invoice.Total(lines)
		for _, s := range invoice.Sums(lines) {
			gross, tax = gross-s.Gross, tax-s.Tax
			exact := float64(s.Gross) * float64(s.Points) / float64(10_000+s.Points)
			if s.Net+s.Tax != s.Gross || float64(s.Tax)-exact > 0.5 || exact-float64(s.Tax) > 0.5 {
				t.Fatalf("%+v", s)
			}
		}
		if gross != 0 || tax != 0 {
			t.Fatalf("%+v does not add up", lines)
		}
		whole, _ := invoice.Total(lines)
		for _, l := range lines {
			own := float64(l.Gross) * float64(l.Rate.Points) / float64(10_000+l.Rate.Points)
			if l.Tax < 0 || l.Tax > l.Gross || float64(l.Tax)-own > 1 || own-float64(l.Tax) > 1 {
				t.Fatalf("%+v", l)
			}
		}
		if whole == 0 {
			continue
		}
		part := random.Int64N(whole + 1)
		if got, _ := invoice.Total(invoice.Part(lines, part)); got != part {
			t.Fatalf("a part of %d is %d", part, got)
		}
		_, all := invoice.Total(invoice.Part(lines, whole))
		if _, tax := invoice.Total(lines); all != tax {
			t.Fatalf("the whole of %+v has %d tax", lines, all)
		}
	}
}
