package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// workOn is what it costs to read a drawing, and to walk through it.
func workOn(t testing.TB, file string) int {
	t.Helper()
	rep := newReporter()
	f := readElements(strings.NewReader("<svg>"+file+"</svg>"), rep)
	if rep.err != nil {
		t.Fatal(rep.err)
	}
	d := newDrawing(f, rep)
	d.walk(f.root, around{matrix: unity, size: 16}, 0)
	d.textsOfSeats()
	if rep.err != nil {
		t.Fatal(rep.err)
	}
	return d.work
}

// Whatever a small file can ask for often is paid for each time: a path, an id, a title sought in vain. What it says
// often, but is wanted once, is read once.
func TestWorkOnADrawingIsCounted(t *testing.T) {
	t.Parallel()
	many := strings.Repeat
	uses := func(n int, of string) string { return many(`<use href="#`+of+`"/>`, n) }
	var rules, seats strings.Builder
	for i := range maxAttr {
		fmt.Fprintf(&rules, "a%d:1;", i)
	}
	for i := range 600 {
		fmt.Fprintf(&seats, `<circle id="seat-R-%d" r="9" cx="%d" cy="%d"/>`, i, i%24, i/24)
	}
	for _, c := range []struct {
		name        string
		file        func(n int) string
		least, most int // that one more costs
	}{
		{"a path drawn again", func(n int) string {
			return `<defs><path id="p" d="M0 0` + many("l1 1", 1000) + `"/></defs>` + uses(n, "p")
		}, 4000, 20_000},
		{"a seat that is a path", func(n int) string {
			return `<defs><path id="p" d="M0 0` + many("l1 1", 1000) + `"/></defs>` + many(`<use class="seat" href="#p"/>`, n)
		}, 4000, 20_000},
		{"a path that is drawn where no shape is kept", func(n int) string {
			return `<defs><path id="p" d="M9e6 9e6` + many("l1 1", 1000) + `"/></defs>` + uses(n, "p")
		}, 4000, 20_000},
		{"a path of the sheet", func(n int) string {
			return `<style>.a{d:M0 0` + many("h1", 1000) + `}</style>` + many(`<path class="a"/>`, n)
		}, 2000, 10_000},
		{"a list of transforms", func(n int) string {
			return `<defs><g id="p" transform="` + many("a(1)", 1000) + `"/></defs>` + uses(n, "p")
		}, 4000, 8000},
		{"an id", func(n int) string {
			return `<defs><symbol id="p"><rect id="seat` + many("-", 1000) + `"/></symbol></defs>` + uses(n, "p")
		}, 1000, 4000},
		{"a class", func(n int) string {
			return `<defs><symbol id="p"><rect class="` + many("a ", 1000) + `"/></symbol></defs>` + uses(n, "p")
		}, 2000, 8000},
		{"attributes", func(n int) string {
			return `<defs><g id="p"` + many(` a=""`, maxAttr) + `/></defs>` + uses(n, "p")
		}, 4 * (maxAttr - 1), 1000},
		{"words that are written again", func(n int) string {
			return `<defs><text id="p">A` + many("<tspan/>", 1000) + `</text></defs>` + uses(n, "p")
		}, 2000, 8000},
		{"a title that is sought again", func(n int) string {
			return `<defs><symbol id="p"><circle class="seat">` + many("<g/>", 1000) + `</circle></symbol></defs>` + uses(n, "p")
		}, 2000, 4000},
		{"words upon many seats", func(n int) string {
			return seats.String() + many(`<text x="12" y="12" font-size="1">stage</text>`, n)
		}, 50, 1000},
		{"a rule for one more class", func(n int) string {
			return `<style>` + many(".a,", n) + ".a{" + rules.String() + `}</style><g/>`
		}, copying * maxAttr, 1000},
		{"a class of one more word", func(n int) string {
			return `<style>.a{` + rules.String() + `}</style><g class="` + many("a ", n) + `"/>`
		}, copying * maxAttr, 1000},
		{"a rule that is longer", func(n int) string {
			return `<style>` + many(".a,", 1000) + ".a{" + many("a:1;", n) + `}</style><g class="a"/>`
		}, 0, 0},
		{"a text that is longer than any name", func(n int) string {
			return `<text>` + many("<tspan>hello</tspan>", 5000+n) + `</text>`
		}, 0, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if one := (workOn(t, c.file(30)) - workOn(t, c.file(10))) / 20; one < c.least || one > c.most {
				t.Errorf("one more costs %d, want %d to %d", one, c.least, c.most)
			}
		})
	}
}

// Too much work is refused, in the sheets and in the drawing, however small the file.
func TestTooMuchWorkIsRefused(t *testing.T) {
	t.Parallel()
	var rules strings.Builder
	for i := range maxAttr {
		fmt.Fprintf(&rules, "a%d:1;", i)
	}
	for name, file := range map[string]string{
		"a path": `<defs><path id="p" d="M9e6 9e6` + strings.Repeat("l1 1", MaxPoints-2) + `"/></defs>` + strings.Repeat(`<use href="#p"/>`, 300),
		"sheets": strings.Repeat(`<style>`+strings.Repeat(".a,", 60_000)+".a{"+rules.String()+`}</style>`, 6),
	} {
		_, _, err := Import(strings.NewReader("<svg>"+file+"</svg>"), Options{})
		var unusable *UnusableError
		if !errors.As(err, &unusable) || unusable.Report.Faults[0].Code != "too-many-elements" {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	// The most seats there may be, each with its own path, are far from that.
	seat := `<path id="seat-A-1" class="seat" d="M1 2c0 1-1 2-2 2s-2-1-2-2 1-2 2-2 2 1 2 2z"/>`
	if one := workOn(t, strings.Repeat(seat, 100)) / 100; one*MaxSeats > maxWork/2 {
		t.Errorf("a seat costs %d of %d", one, maxWork)
	}
}

// What many have in common is worked out once. Allocations are counted for the whole process, so nothing runs beside it.
func TestDrawingsShareWhatIsTheSame(t *testing.T) {
	allocations := func(file string) float64 {
		return testing.AllocsPerRun(2, func() {
			_, _, _ = Import(strings.NewReader("<svg>"+file+"</svg>"), Options{})
		})
	}
	rule := func(selectors int) float64 {
		return allocations(`<style>` + strings.Repeat(".a,", selectors) + ".a{x:/**/1}</style>")
	}
	if few, lots := rule(10), rule(3000); lots > few+100 {
		t.Errorf("a rule for 10 classes takes %.0f allocations, for 3000 %.0f", few, lots)
	}
	var seats strings.Builder
	for i := range 400 {
		fmt.Fprintf(&seats, `<circle id="seat-R-%d" r="1" cx="%d" cy="%d"/>`, i, i%20, i/20)
	}
	text := func(y int) float64 {
		return allocations(seats.String() + fmt.Sprintf(`<text x="9.5" y="%d" font-size="1">STAGE LEFT</text>`, y))
	}
	if beside, among := text(100), text(10); among > beside+100 {
		t.Errorf("a text beside the seats takes %.0f allocations, one among them %.0f", beside, among)
	}
}

func TestWordsEnd(t *testing.T) {
	t.Parallel()
	rep := newReporter()
	f := readElements(strings.NewReader("<svg><text>a<tspan>b<textPath>c</textPath></tspan><title>no</title><tspan>d</tspan>"+strings.Repeat("<tspan>hello</tspan>", 5000)+"</text></svg>"), rep)
	if rep.err != nil {
		t.Fatal(rep.err)
	}
	if got := f.words(f.root.kids[0]); !strings.HasPrefix(got, "a b c d hello hello") || len(got) > 2*maxCell {
		t.Errorf("%d bytes: %.50s", len(got), got)
	}
	for css, want := range map[string]string{"": "", "a": "a", "/**/a": "a", "a/* b */c/**/": "ac", "a/*b": "a", "/*/a": ""} {
		if got := stripComments(css); got != want {
			t.Errorf("%q: %q, want %q", css, got, want)
		}
	}
}
