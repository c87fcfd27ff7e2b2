package document

import (
	"bytes"
	"fmt"
	"time"
)

// Invoice is all that an invoice or a credit note shows. Empty fields are left out.
type Invoice struct {
	Credit    bool
	Number    string
	Refers    string // the number of the invoice that is credited
	Made      time.Time
	Timezone  string
	Seller    []string // name first, then the address
	SellerID  string   // for the tax office
	Register  string
	Buyer     []string
	BuyerID   string
	EventName string
	Venue     string
	StartsAt  time.Time
	OrderCode string
	Lines     []InvoiceLine
	Taxes     []InvoiceTax // none where no tax is inside
	Total     string       // for a person, as all sums
	Accent    string
	Test      bool
}

// InvoiceLine is one seat.
type InvoiceLine struct {
	What, More string // the seat, and its category
	Rate       string // the name of its tax
	Gross      string
}

// InvoiceTax is a rate with all that has it.
type InvoiceTax struct {
	Name, Net, Tax, Gross string
}

// A4 upright, in millimetres.
const (
	sheetWidth  = 210.0
	sheetHeight = 297.0
	sheetMargin = 20.0
	sheetText   = sheetWidth - 2*sheetMargin
	sheetFoot   = sheetHeight - 28 // nothing but the foot stands below
	rateColumn  = 116.0            // where the name of a line's tax begins
	sumsColumn  = 84.0             // where the sums begin
)

// InvoicePDF draws an invoice on as many pages as it takes. The same invoice gives the same bytes.
func InvoicePDF(v Invoice) ([]byte, error) {
	l, err := newLexicon()
	if err != nil {
		return nil, err
	}
	return l.invoice(v)
}

func (l *lexicon) invoice(v Invoice) ([]byte, error) {
	v = v.cleaned()
	title := l.say("invoice.title", "number", v.Number)
	if v.Credit {
		title = l.say("credit.title", "number", v.Number)
	}
	base, err := newPaper("A4", title, v.Made, l)
	if err != nil {
		return nil, err
	}
	s := &sheet{printer: base, v: v, title: title}
	s.draw()
	if l.err != nil {
		return nil, fmt.Errorf("invoice PDF: %w", l.err)
	}
	var b bytes.Buffer
	if err := s.Output(&b); err != nil {
		return nil, fmt.Errorf("invoice PDF: %w", err)
	}
	return b.Bytes(), nil
}

// sheet is an invoice being written.
type sheet struct {
	*printer
	v     Invoice
	title string
	pages int
}

func (s *sheet) draw() {
	s.page()
	s.head()
	s.lines()
	s.sums()
}

// page begins another page, with what each has: the mark of a trial, the foot.
func (s *sheet) page() {
	s.pages++
	s.AddPage()
	if s.v.Test {
		s.mark(sheetWidth, sheetHeight, 190)
	}
	s.y = sheetFoot + 4
	s.SetTextColor(85, 85, 85)
	foot := s.v.Seller[0]
	if s.v.SellerID != "" {
		foot += " · " + s.words.say("invoice.vat-id", "id", s.v.SellerID)
	}
	if s.v.Register != "" {
		foot += " · " + s.v.Register
	}
	s.paragraph(foot, look{"", 8, 6, 2}, sheetMargin, sheetText-30)
	s.SetFont(family, "", 8)
	s.right(s.words.say("invoice.page", "page", s.pages), sheetWidth-sheetMargin, sheetFoot+7)
	s.SetTextColor(0, 0, 0)
	s.y = sheetMargin
}

// head is who sells to whom, what it is, and what it is about.
func (s *sheet) head() {
	v := s.v
	if v.Test {
		s.SetFont(family, "B", 11)
		s.Text(sheetMargin, s.y, visual(s.words.say("invoice.test")))
		s.y += 6
	}
	top, half := s.y, sheetText/2-6
	for i, line := range v.Buyer {
		weight := ""
		if i == 0 {
			weight = "B"
		}
		s.paragraph(line, look{weight, 11, 8, 3}, sheetMargin, half)
	}
	if v.BuyerID != "" {
		s.paragraph(s.words.say("invoice.vat-id", "id", v.BuyerID), look{"", 9, 7, 2}, sheetMargin, half)
	}
	left := s.y
	s.y = top
	for i, line := range v.Seller {
		weight := ""
		if i == 0 {
			weight = "B"
		}
		s.paragraph(line, look{weight, 9, 7, 3}, sheetMargin+sheetText/2+6, half)
	}
	s.y = max(left, s.y, top+32) + 8
	s.paragraph(s.title, look{"B", 20, 12, 2}, sheetMargin, sheetText)
	s.y += 2
	if v.Refers != "" {
		s.fact("credit.refers", v.Refers)
	}
	s.fact("invoice.date", s.day(v.Made))
	s.fact("label.order", v.OrderCode)
	s.fact("invoice.event", v.EventName)
	s.fact("invoice.when", s.words.when(Ticket{StartsAt: v.StartsAt, Timezone: v.Timezone}))
	s.fact("invoice.venue", v.Venue)
	s.y += 5
}

// fact is a name and what it is; nothing when that is empty.
func (s *sheet) fact(key, value string) {
	if value == "" {
		return
	}
	top := s.y
	s.SetTextColor(85, 85, 85)
	s.paragraph(s.words.say(key), look{"", 10, 10, 1}, sheetMargin, 34)
	s.SetTextColor(0, 0, 0)
	s.y = top
	s.paragraph(value, look{"", 10, 8, 3}, sheetMargin+36, sheetText-36)
	s.y += 0.6
}

func (s *sheet) day(t time.Time) string {
	zone, err := time.LoadLocation(s.v.Timezone)
	if err != nil {
		zone = time.UTC
	}
	day, err := s.words.When("layout.day", t, zone.String())
	if s.words.err == nil {
		s.words.err = err
	}
	return day
}

// lines is the table of seats; it goes on over the page.
func (s *sheet) lines() {
	s.tableHead()
	for _, l := range s.v.Lines {
		if s.y > sheetFoot-14 {
			s.page()
			s.tableHead()
		}
		top := s.y
		if l.What == "" {
			l.What = s.words.say("invoice.part")
		}
		s.paragraph(l.What, look{"B", 10, 7, 2}, sheetMargin, rateColumn-sheetMargin-4)
		s.paragraph(l.More, look{"", 8, 7, 1}, sheetMargin, rateColumn-sheetMargin-4)
		low := s.y
		s.y = top
		s.paragraph(l.Rate, look{"", 9, 7, 2}, rateColumn, 36)
		s.SetFont(family, "", 10)
		s.right(l.Gross, sheetWidth-sheetMargin, top+3.4)
		s.y = max(low, s.y) + 1.5
		s.line(sheetMargin)
		s.y += 1.5
	}
}

func (s *sheet) tableHead() {
	s.SetTextColor(85, 85, 85)
	top := s.y
	s.paragraph(s.words.say("invoice.item"), look{"", 8, 8, 1}, sheetMargin, 60)
	if len(s.v.Taxes) > 0 {
		s.y = top
		s.paragraph(s.words.say("invoice.inside"), look{"", 8, 8, 1}, rateColumn, 36)
	}
	s.SetFont(family, "", 8)
	s.right(s.words.say("label.price"), sheetWidth-sheetMargin, top+2.8)
	s.SetTextColor(0, 0, 0)
	s.y += 1
	s.line(sheetMargin)
	s.y += 1.5
}

// sums is the total, and what tax is inside, rate by rate.
func (s *sheet) sums() {
	if s.y > sheetFoot-16-7*float64(len(s.v.Taxes)) {
		s.page()
	}
	s.y += 3
	key := "invoice.total"
	if s.v.Credit {
		key = "credit.total"
	}
	s.SetFont(family, "B", 12)
	s.Text(sumsColumn, s.y+4, visual(s.words.say(key)))
	s.right(s.v.Total, sheetWidth-sheetMargin, s.y+4)
	s.y += 8
	if len(s.v.Taxes) == 0 {
		return
	}
	columns := [3]float64{sheetWidth - sheetMargin - 56, sheetWidth - sheetMargin - 28, sheetWidth - sheetMargin}
	s.SetFont(family, "", 8)
	s.SetTextColor(85, 85, 85)
	for i, key := range []string{"invoice.net", "invoice.tax", "invoice.gross"} {
		s.right(s.words.say(key), columns[i], s.y+3)
	}
	s.SetTextColor(0, 0, 0)
	s.y += 5
	for _, t := range s.v.Taxes {
		s.line(sumsColumn)
		s.SetFont(family, "", 9)
		for i, sum := range []string{t.Net, t.Tax, t.Gross} {
			s.right(sum, columns[i], s.y+4.4)
		}
		s.y += 1.4
		s.paragraph(t.Name, look{"", 9, 6, 2}, sumsColumn, columns[0]-sumsColumn-24)
		s.y += 1.2
	}
}

// right writes a text that ends at x.
func (s *sheet) right(text string, x, y float64) { s.Text(x-s.width(text), y, visual(text)) }

func (s *sheet) line(from float64) {
	s.SetDrawColor(187, 187, 187)
	s.SetLineWidth(0.25)
	s.Line(from, s.y, sheetWidth-sheetMargin, s.y)
}

// drawn is a text that a stranger may have typed, fit for one line of a PDF.
func drawn(s string) string { return drawable(clean(s)) }

// cleaned is the invoice with every text that a stranger may have typed fit for one line.
func (v Invoice) cleaned() Invoice {
	for _, s := range []*string{&v.SellerID, &v.Register, &v.BuyerID, &v.EventName, &v.Venue, &v.OrderCode, &v.Total} {
		*s = drawn(*s)
	}
	lines := func(all []string) []string {
		out := make([]string, len(all))
		for i, one := range all {
			out[i] = drawn(one)
		}
		return out
	}
	v.Seller, v.Buyer = lines(v.Seller), lines(v.Buyer)
	rows := make([]InvoiceLine, len(v.Lines))
	for i, l := range v.Lines {
		rows[i] = InvoiceLine{drawn(l.What), drawn(l.More), drawn(l.Rate), drawn(l.Gross)}
	}
	v.Lines = rows
	taxes := make([]InvoiceTax, len(v.Taxes))
	for i, t := range v.Taxes {
		taxes[i] = InvoiceTax{drawn(t.Name), drawn(t.Net), drawn(t.Tax), drawn(t.Gross)}
	}
	v.Taxes = taxes
	if len(v.Seller) == 0 {
		v.Seller = []string{""}
	}
	return v
}
