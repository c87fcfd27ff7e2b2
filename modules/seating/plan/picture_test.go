package plan

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Whatever a plan file says, its picture is well-formed, draws every seat once and holds nothing that runs.
func TestPictureDrawsEveryPlan(t *testing.T) {
	for _, name := range planFiles(t) {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := Import(file, Options{})
		_ = file.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		picture := string(Picture(p))
		if got := strings.Count(picture, "h0"); got != p.SeatCount() {
			t.Errorf("%s: %d seats drawn of %d", name, got, p.SeatCount())
		}
		d := xml.NewDecoder(strings.NewReader(picture))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, picture)
			}
			if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg path text rect polygon ellipse ", " "+e.Name.Local+" ") {
				t.Errorf("%s: an element %s", name, e.Name.Local)
			}
		}
	}
}

// Floors that lie over one another have their names side by side, not one upon the other.
func TestNamesOfFloorsAreApart(t *testing.T) {
	t.Parallel()
	p := hall("aaaaaaaaaa")
	for _, name := range []string{"Balcony", "Gallery above the balcony"} {
		p.Zones = append(p.Zones, Zone{Name: name, Rows: hall("aaaaaaaaaaa").Zones[0].Rows})
	}
	written := map[string]bounds{}
	pitch := p.Pitch()
	for _, m := range regexp.MustCompile(`<text x="([0-9]+)" y="([0-9]+)"[^>]*>([^<]{2,})</text>`).FindAllStringSubmatch(string(Picture(p)), -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64)
		box := boxOfName(m[3], Point{x, y}, 0.9*pitch)
		for other, b := range written {
			if box.min.X < b.max.X && b.min.X < box.max.X && box.min.Y < b.max.Y && b.min.Y < box.max.Y {
				t.Errorf("%s at %v is written upon %s at %v", m[3], box, other, b)
			}
		}
		written[m[3]] = box
	}
	if len(written) != 3 {
		t.Errorf("names %v", written)
	}
}
