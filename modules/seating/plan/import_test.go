package plan

import (
	"fmt"
	"strings"
	"testing"
)

// What is no plan is refused in words that say what it looks like and what to do, not drawn as the seats it might be.
func TestWhatIsNoPlan(t *testing.T) {
	t.Parallel()
	var sale, minutes strings.Builder
	for i := range 17 {
		fmt.Fprintf(&sale, "2026-05-01T10:%02d,%d\n", i, 7*i)
		fmt.Fprintf(&minutes, "%d;%d.5\n", i, 7*i)
	}
	for _, c := range []struct{ name, file, code, detail string }{
		{"empty", "", "empty-file", "the file is empty; export the plan again"},
		{"blank", "\xef\xbb\xbf \r\n\t", "empty-file", "the file is empty"},
		{"empty, zipped", string(zip(t, nil)), "empty-file", "the file is empty"},
		{"null", "null\n", "empty-file", "the file says null"},
		{"a number", "42", "not-a-grid", `cells such as "42" say no row: write A12`},
		{"a word", "true", "not-a-grid", `1 cell is text, such as "true", and none names a seat: write A12`},
		{"numbers", "1,2,3\n4,5,6\n", "not-a-grid", `cells such as "1" say no row`},
		{"sales by time", "time,count\n" + sale.String(), "not-a-grid", `"time", "count" name columns, but no seat; name them section, row and seat`},
		{"sales by time, no header", sale.String(), "not-a-grid", `cells such as "2026-05-01T10:00" say no row`},
		{"sales by minute", "t;n\n" + minutes.String(), "not-a-grid", `cells such as "0" say no row`},
		{"days", "2026-11-26,2026-11-27\n2026-11-26,2026-11-28\n", "not-a-grid", `cells such as "2026-11-26" say no row`},
		{"stock", "sku,qty\nAB12,5\nAB13,7\n", "not-a-grid", `"sku", "qty" name columns`},
		{"people", "id,name,phone\n1,Ann Lee,+49 30 1234567\n2,Bob,0301 2345\n", "not-a-grid", `cells such as "1" say no row`},
		{"x without y", "x,price\n1,2\n2,3\n", "not-a-grid", `cells such as "`},
		{"a log", "10:00:01 GET /a 200\n10:00:02 GET /b 200\n", "not-a-grid", `cells such as "`},
		{"sales in JSON", `[{"time":"10:00","count":3},{"time":"10:01","count":4}]`, "not-seats", `2 objects and none with a row`},
		{"measurements", `{"points":[{"time":1,"count":2}]}`, "not-seats", "1 object and none with a row"},
		{"numbers in JSON", `[[1,2],[3,4]]`, "not-a-grid", `cells such as "1" say no row`},
		{"a list of numbers", `[1,2]`, "bad-shape", `"1" is no seat, which is written as {"row":"A"`},
		{"another document", `{"type":"FeatureCollection","features":[{}]}`, "bad-shape", `the file has no "zones"`},
		{"cut off", `{"zones":[{"rows":[`, "bad-json", "the file ends in the middle of it, after 19 bytes"},
		{"a spreadsheet", "PK\x03\x04\x14\x00", "unknown-format", "this is a spreadsheet or an archive; save the sheet as CSV"},
		{"a PDF", "%PDF-1.7", "unknown-format", "this is a PDF; export the drawing as SVG"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", "unknown-format", "this is neither text nor gzipped text"},
		{"nameless shapes", `<svg><rect width="5" height="5"/></svg>`, "no-seats", "1 area without a name and no seat"},
	} {
		if first := refused(t, c.file, ""); first.Code != c.code || !strings.HasPrefix(first.Detail, c.detail) {
			t.Errorf("%s: %+v, want %s: %s", c.name, first, c.code, c.detail)
		}
	}
}

// A grid may say its rows in every way there is.
func TestWhatIsAGrid(t *testing.T) {
	t.Parallel()
	for file, seats := range map[string]int{
		"A1,A2\n": 2, "A,1,2,3\nB,1,2,3\n": 6, "1-1,1-2,1-3\n2-1,2-2,2-3\n": 6, "balc:1,balc:2\n": 2, "1A-1,1A-2\n": 2,
		"STAGE\nA1\n": 1, "Left,,Right\nA1,,A2\n": 2, "A,1,2,3,4\n,1,2,3,4\n": 8, `[["A1","A2"]]`: 2, `[["A",1,2]]`: 2,
		"Settore,Fila,Posto\nPlatea,A,1\n": 1, "rangée;siège\nA;1\n": 1, "[Row],[Seat]\nA,1\n": 1, "x,y\n1,2\n2,2\n": 2,
		"Saalplan;Stadthalle\nsection;row;seat\nParkett;A;1\nParkett;A;2\n": 2, "Venue,Great Hall\n\nsection,row,seat\nStalls,A,1\n": 1,
		"Bar,Exit\nA1,A2\n": 2, "Bar,,Exit\nA1,,A2\n": 2, "Bar,Exit\nA,1\nB,1\n": 2,
	} {
		how := Options{}
		if strings.HasPrefix(file, "[R") { // begins like JSON
			how.Format = FormatCSV
		}
		if p, _ := mustImportAny(t, []byte(file), how); p.SeatCount() != seats {
			t.Errorf("%q: %d seats, want %d", file, p.SeatCount(), seats)
		}
	}
}

// Who asks for one format and sends another is told which it looks like.
func TestForcedFormatThatDoesNotFit(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		FormatPretix: `{"zones":[{"rows":[{"row_number":"A","seats":[{"seat_number":"1"}]}]}]}`,
		FormatSVG:    `<svg><circle id="seat-A-1" cx="5,5" cy="5" r="5" style="fill: rgb(1,2,3)"/></svg>`,
		FormatCSV:    "row,seat\nA,1\n",
		FormatPoints: "[\n{\"row\":\"A\",\"seat\":\"1\"},\n{\"row\":\"A\",\"seat\":\"2\"}]",
	}
	for looks, file := range files {
		if got := detect([]byte(file)); got != looks {
			t.Errorf("%s is taken for %q", file, got)
		}
		for asked := range files {
			if asked == looks {
				mustImportAny(t, []byte(file), Options{Format: asked})
				continue
			}
			want := fmt.Sprintf("It was read as %s, since format=%s asks for that, but looks like %s: leave format out, or say format=%s", asked, asked, looks, looks)
			if first := refused(t, file, asked); !strings.HasSuffix(first.Detail, ". "+want) {
				t.Errorf("%s as %s: %+v", looks, asked, first)
			}
		}
		if !strings.HasPrefix(refused(t, "PK\x03\x04", looks).Detail, "this is a spreadsheet") {
			t.Errorf("an archive as %s", looks)
		}
	}
}
