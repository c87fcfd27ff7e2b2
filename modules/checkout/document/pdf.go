package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// A5 upright, in millimetres.
const (
	pageWidth  = 148.0
	pageHeight = 210.0
	margin     = 12.0
	textWidth  = pageWidth - 2*margin
	qrSide     = 72.0 // with the quiet border; the code itself stays above 40 mm
	bandHeight = 2.5  // of the event's colour
	family     = "dejavu"
)

// errNoTickets is asked for a document of nothing.
var errNoTickets = errors.New("no tickets to draw")

// PDF is one A5 page for each ticket, the fonts embedded once. The same tickets give the same bytes.
func PDF(ts []Ticket) ([]byte, error) {
	if len(ts) == 0 {
		return nil, errNoTickets
	}
	l, err := newLexicon()
	if err != nil {
		return nil, err
	}
	return l.pdf(ts)
}

func (l *lexicon) pdf(ts []Ticket) ([]byte, error) {
	p, err := newPrinter(ts[0], l)
	if err != nil {
		return nil, err
	}
	for i, t := range ts {
		if err := p.ticket(t.with(drawn)); err != nil {
			return nil, err
		}
		if len(ts) > 1 {
			p.atFoot(l.say("page.of", "page", i+1, "pages", len(ts)))
		}
	}
	if l.err != nil {
		return nil, fmt.Errorf("ticket PDF: %w", l.err)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("ticket PDF: %w", err)
	}
	return b.Bytes(), nil
}

// printer is a document being written; y is where the next line goes.
type printer struct {
	*fpdf.Fpdf
	words *lexicon
	y     float64
}

func newPrinter(first Ticket, l *lexicon) (*printer, error) {
	date := first.Issued
	if date.IsZero() {
		date = first.StartsAt
	}
	return newPaper("A5", drawn(first.EventName), date, l)
}

// newPaper is an empty document of a size, called and dated so that drawing it twice gives the same bytes.
func newPaper(size, title string, date time.Time, l *lexicon) (*printer, error) {
	p := &printer{Fpdf: fpdf.New("P", "mm", size, ""), words: l}
	for style, name := range map[string]string{"": "fonts/DejaVuSans.ttf", "B": "fonts/DejaVuSans-Bold.ttf"} {
		// A fresh copy for each document, because the library writes into what it is given.
		font, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("ticket PDF: %w", err)
		}
		p.AddUTF8FontFromBytes(family, style, font)
	}
	if !date.IsZero() {
		p.SetCreationDate(date.UTC())
		p.SetModificationDate(date.UTC())
	}
	p.SetCatalogSort(true) // else map order decides, and two drawings differ
	p.SetTitle(visual(title), true)
	p.SetCreator("Fairseat", true)
	p.SetLang(language)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, 0)
	return p, p.Error()
}

// ticket draws one page, from the top down: the event, the seat, the code with who and what beside it, the small print.
func (p *printer) ticket(t Ticket) error {
	g, err := encode(t.Code)
	if err != nil {
		return err
	}
	p.AddPage()
	p.y = margin
	if t.Test {
		p.watermark()
	}
	p.band(t.band())
	if t.Test {
		p.stamp(p.words.say("test.notice"))
	}
	p.paragraph(t.EventName, look{"B", 20, 10, 2}, margin, textWidth)
	p.y++
	p.paragraph(p.words.when(t), look{"", 11, 8, 1}, margin, textWidth)
	p.paragraph(t.Venue, look{"", 11, 7, 2}, margin, textWidth)
	p.y += 3
	p.rule()
	p.y += 3
	if t.AnyPlace {
		p.label("label.place", margin)
	}
	p.seat(t.SeatName)
	p.y += 4

	top := p.y
	// The white border reaches into the margin, so that the code stands flush with the text.
	border := qrSide * quiet / float64(g.side())
	p.code(g, margin-border, top-border)
	beside := margin + qrSide - 2*border + 6
	for _, fact := range [][2]string{
		{"label.name", t.Holder}, {"label.category", t.Category}, {"label.price", t.Price}, {"label.order", t.OrderCode},
	} {
		if fact[1] != "" {
			p.label(fact[0], beside)
			p.paragraph(fact[1], look{"B", 12, 7, 3}, beside, pageWidth-margin-beside)
			p.y += 3
		}
	}
	p.y = max(p.y, top+qrSide-2*border) + 5
	p.rule()
	p.y += 3
	p.smallPrint(t)
	return p.Error()
}

func (p *printer) smallPrint(t Ticket) {
	p.paragraph(p.words.say("code.once"), look{"", 8, 7, 2}, margin, textWidth)
	p.y++
	p.paragraph(t.Code, look{"", 6.5, 5, 4}, margin, textWidth) // to type in where no scanner works
	p.y++
	if t.Contact != "" {
		p.paragraph(p.words.say("contact", "contact", t.Contact), look{"", 8, 7, 2}, margin, textWidth)
	}
	for _, link := range []string{t.TermsURL, t.URL} {
		if link == "" {
			continue
		}
		start := p.y
		p.paragraph(link, look{"", 7, 5, 2}, margin, textWidth)
		p.LinkString(margin, start, textWidth, p.y-start, link)
	}
}

// code draws the QR code as one filled path, in which no renderer leaves hairlines between rows.
func (p *printer) code(g grid, x, y float64) {
	// White below, so that the mark of a trial never reaches the code.
	p.SetFillColor(255, 255, 255)
	p.Rect(x, y, qrSide, qrSide, "F")
	k := p.GetConversionRatio()
	module := qrSide * k / float64(g.side())
	var path strings.Builder
	// The page's origin is at the bottom left: from here on a module is one unit, and y points down.
	fmt.Fprintf(&path, "q 0 g %.5f 0 0 %.5f %.3f %.3f cm\n", module, -module, x*k, (pageHeight-y)*k)
	for b := range g.bars() {
		fmt.Fprintf(&path, "%d %d %d 1 re\n", b.x, b.y, b.width)
	}
	path.WriteString("f Q")
	p.RawWriteStr(path.String())
}

// band is the event's colour: a thin line of it, because the ticket is black on white.
func (p *printer) band(colour string) {
	var red, green, blue int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &red, &green, &blue); err != nil {
		p.SetError(err)
	}
	p.SetFillColor(red, green, blue)
	p.Rect(margin, p.y, textWidth, bandHeight, "F")
	p.y += bandHeight + 4.5
}

// stamp is a framed line across the page.
func (p *printer) stamp(s string) {
	const height = 8.0
	p.SetDrawColor(0, 0, 0)
	p.SetLineWidth(0.8)
	p.Rect(margin+0.4, p.y, textWidth-0.8, height, "D")
	p.SetFont(family, "B", 11)
	p.Text(margin+(textWidth-p.width(s))/2, p.y+height*0.64, visual(s))
	p.y += height + 4
}

func (p *printer) rule() {
	p.SetDrawColor(187, 187, 187)
	p.SetLineWidth(0.25)
	p.Line(margin, p.y, pageWidth-margin, p.y)
}

// atFoot writes a line at the very bottom, where it is found when a pile of tickets is handed out.
func (p *printer) atFoot(s string) {
	p.SetFont(family, "", 8)
	p.SetTextColor(85, 85, 85)
	p.Text(pageWidth-margin-p.width(s), pageHeight-margin, visual(s))
	p.SetTextColor(0, 0, 0)
}

func (p *printer) watermark() { p.mark(pageWidth, pageHeight, 130) }

// mark is the word of a trial across a page, in letters of so many points.
func (p *printer) mark(width, height, size float64) {
	mark := p.words.say("test.mark")
	p.SetFont(family, "B", size)
	p.SetTextColor(228, 228, 228)
	x, y := width/2, height/2
	p.TransformBegin()
	p.TransformRotate(50, x, y)
	p.Text(x-p.width(mark)/2, y+size*0.123, visual(mark))
	p.TransformEnd()
	p.SetTextColor(0, 0, 0)
}

func (p *printer) label(key string, x float64) {
	p.SetTextColor(85, 85, 85)
	p.paragraph(p.words.say(key), look{"", 8, 8, 1}, x, textWidth)
	p.SetTextColor(0, 0, 0)
}
