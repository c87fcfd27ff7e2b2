package document

import (
	"bytes"
	"context"
	"image"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func mustPDF(t *testing.T, ts ...Ticket) []byte {
	t.Helper()
	doc, err := PDF(ts)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPDFSaysWhatTheTicketIs(t *testing.T) {
	t.Parallel()
	text := textOf(t, mustPDF(t, ticket()))
	for _, want := range []string{
		"Spring Gala", "Große Halle, Köln", "Tuesday 9 March 2027, 19:30 (Europe/Berlin)", "Row F, seat 12", "Parkett", "Åsa Ünlü",
		"K7QX2M4P", "42.50 EUR", "help@example.org", "https://example.org/terms", "https://tickets.example.org/t/s3cr3t",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if !strings.Contains(strings.Join(strings.Fields(text), ""), code) {
		t.Errorf("the code cannot be typed in from:\n%s", text)
	}
	if strings.Contains(text, "TEST") {
		t.Error("a real ticket says TEST")
	}
}

func TestPDFOfATrialSaysTest(t *testing.T) {
	t.Parallel()
	trial := ticket()
	trial.Test = true
	doc := mustPDF(t, trial)
	if text := textOf(t, doc); !strings.Contains(text, "TEST – not valid for entry") {
		t.Errorf("no warning in:\n%s", text)
	}
	if got := scan(t, pictureOf(t, doc, 1)); got != code {
		t.Errorf("under the mark the code reads %q", got)
	}
}

func TestPDFCodeReadsBackAndIsLargeEnough(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"A", code} { // the shortest code has the widest border for its size
		short := ticket()
		short.Code = text
		img := pictureOf(t, mustPDF(t, short), 1)
		if got := scan(t, img); got != text {
			t.Errorf("reads %q, want %q", got, text)
		}
		if mm := float64(darkWidth(img)) * 25.4 / 200; mm < 40 {
			t.Errorf("the code of %q is %.1f mm wide in print", text, mm)
		}
	}
}

// darkWidth is how wide the code is, in pixels: from the first to the last dark one where only the code stands.
func darkWidth(img image.Image) int {
	const dot = 25.4 / 200
	at, end := margin/dot, (margin+qrSide-10)/dot // the white border is more than 10 mm, both sides together
	first, last := int(end), int(at)
	for y := img.Bounds().Dy() / 2; y < img.Bounds().Dy()*5/8; y++ {
		for x := int(at); x < int(end); x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
				first, last = min(first, x), max(last, x)
			}
		}
	}
	return last - first
}

func TestPDFHasOnePageATicketAndEachFontOnce(t *testing.T) {
	t.Parallel()
	var ts []Ticket
	for _, seat := range []string{"F 12", "F 13", "F 14"} {
		next := ticket()
		next.SeatName, next.Code = seat, code+seat
		ts = append(ts, next)
	}
	doc := mustPDF(t, ts...)
	pages := strings.Split(strings.TrimSuffix(textOf(t, doc), "\f"), "\f")
	if len(pages) != 3 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, page := range pages {
		if !strings.Contains(page, ts[i].SeatName) {
			t.Errorf("page %d lacks %s", i+1, ts[i].SeatName)
		}
		if got := scan(t, pictureOf(t, doc, i+1)); got != ts[i].Code {
			t.Errorf("page %d holds the code %q", i+1, got)
		}
	}
	fonts := strings.Count(string(poppler(t, "pdffonts", write(t, doc))), "Identity-H")
	if size := len(doc); fonts != 2 || size > 120_000 {
		t.Errorf("%d fonts in %d bytes", fonts, size)
	}
}

// Names in any script that the font has come out of the PDF as they went in, whatever the direction.
func TestPDFKeepsNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Nguyễn Thị Ánh Tuyết", "Łukasz Żółć", "Þórður Ægisson", "Ελένη Παπαδοπούλου", "Наталія Їжакевич", "Cengiz İğdır",
		"Zoë O’Brien-Smith", "გიორგი", "Արամ", "דנה לוי", "محمد عبد الله", "علی رضایی", "لانا",
		"Nguye\u0302\u0303n",
	} {
		holder := ticket()
		holder.Holder = name
		text := norm.NFKC.String(textOf(t, mustPDF(t, holder)))
		if want := norm.NFKC.String(name); !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

// What the font cannot draw, and what nobody should type, never breaks a ticket.
func FuzzPDFNames(f *testing.F) {
	for _, s := range []string{
		"", "\x00\x01", "a\r\nb", "\U00010000", "\U0001F3AB 🎫", "\xff\xfe", "(\\)", strings.Repeat("W", 4000), strings.Repeat("ab ", 900),
		"日本 太郎", "ลิซ่า", "\u202etxt.exe", "א1(2)ב", "لا ل", "a\u0300\u0301\u0302", "￿", "[דנה] x (y",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		odd := ticket()
		odd.Holder, odd.EventName, odd.Venue, odd.SeatName, odd.Category, odd.Contact, odd.Timezone = s, s, s, s, s, s, s
		if doc, err := PDF([]Ticket{odd}); err != nil || !bytes.HasSuffix(doc, []byte("%%EOF\n")) {
			t.Errorf("%v", err)
		}
		if err := Page(&bytes.Buffer{}, odd); err != nil {
			t.Error(err)
		}
		if entry, err := Calendar(odd); err != nil || entry == nil {
			t.Errorf("no calendar, %v", err)
		}
	})
}

func TestLongTextStaysOnItsPage(t *testing.T) {
	t.Parallel()
	long := ticket()
	long.EventName = strings.Repeat("Internationale Festspiele der Kammermusik ", 6)
	long.SeatName = "Rang 2 Links, Reihe 14, Platz 123"
	long.Holder = "Wolfeschlegelsteinhausenbergerdorff-Hubert Blaine der Ältere von und zu Irgendwo"
	long.Venue = strings.Repeat("Sehr lange Adresse ", 12)
	long.Test = true
	doc := mustPDF(t, long)
	if pages := strings.Count(textOf(t, doc), "\f"); pages != 1 {
		t.Fatalf("%d pages", pages)
	}
	text := textOf(t, doc)
	for _, want := range []string{long.SeatName, "Ältere", long.URL} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if got := scan(t, pictureOf(t, doc, 1)); got != code {
		t.Errorf("the code reads %q", got)
	}
}

func TestSameTicketSameBytes(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(mustPDF(t, ticket(), ticket()), mustPDF(t, ticket(), ticket())) {
		t.Error("two drawings differ")
	}
}

func TestNoTicketsNoPDF(t *testing.T) {
	t.Parallel()
	if _, err := PDF(nil); err == nil {
		t.Error("a document of nothing")
	}
}

func TestRendererDrawsOnceAndGivesUpWithItsCaller(t *testing.T) {
	t.Parallel()
	r := NewRenderer(2)
	var wg sync.WaitGroup
	docs := make([][]byte, 8)
	for i := range docs {
		wg.Go(func() {
			doc, err := r.PDF(context.Background(), []Ticket{ticket()})
			if err != nil {
				t.Error(err)
			}
			docs[i] = doc
		})
	}
	wg.Wait()
	for _, doc := range docs {
		if !bytes.Equal(doc, docs[0]) {
			t.Error("two readers got different documents")
		}
	}
	moved := ticket()
	moved.SeatName = "A 1"
	if doc, err := r.PDF(context.Background(), []Ticket{moved}); err != nil || bytes.Equal(doc, docs[0]) {
		t.Errorf("a changed ticket was answered with the old drawing, %v", err)
	}

	r.slots <- struct{}{}
	r.slots <- struct{}{} // both slots are busy
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	other := ticket()
	other.Holder = "somebody else"
	if _, err := r.PDF(ctx, []Ticket{other}); err == nil {
		t.Error("drew without a slot")
	}
	if doc, err := r.PDF(ctx, []Ticket{moved}); err != nil || doc == nil {
		t.Errorf("what is known needs no slot: %v", err)
	}
}

func TestRendererForgetsTheOldest(t *testing.T) {
	t.Parallel()
	r := NewRenderer(1)
	for i := range kept + 3 {
		r.keep([32]byte{byte(i)}, []byte{1})
	}
	if len(r.docs) != kept || len(r.order) != kept || r.find([32]byte{0}) != nil || r.find([32]byte{kept}) == nil {
		t.Errorf("%d documents kept", len(r.docs))
	}
}

func TestRightToLeftIsPaintedAsSeen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Åsa Ünlü":     "Åsa Ünlü",
		"דנה":          "הנד",
		"Dana דנה x":   "Dana הנד x",
		"דנה (לוי)":    "(יול) הנד",
		"דנה 12 לוי":   "יול 12 הנד",
		"Row 7 שורה":   "Row 7 הרוש",
		"سلام":         "\uFEE1\uFEFC\uFEB3", // seen, lam with alef, meem alone: from the right
		"ب":            "\uFE8F",
		"a\U0001F3ABb": "ab",
	} {
		if got := visual(in); got != want {
			t.Errorf("visual(%q) = %q, want %q", in, got, want)
		}
	}
	if s := visual(strings.Repeat("x", 3)); !regexp.MustCompile("^x{3}$").MatchString(s) {
		t.Error(s)
	}
}
