package colour

import (
	"fmt"
	"testing"
)

// Whatever an organiser picks can be read: as a link on the page, and under the text of a button.
func TestEveryColourBecomesReadable(t *testing.T) {
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				text := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				a, err := Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				for _, pair := range [][2]string{{a.Light, a.OnLight}, {a.Dark, a.OnDark}, {a.Light, "#fbfbfa"}, {a.Dark, "#14151a"}, {a.Dark, "#1d1f26"}} {
					x, _ := read(pair[0])
					y, _ := read(pair[1])
					if ratio := contrast(x, y); ratio < readable {
						t.Errorf("%s: %s on %s has %.2f", text, pair[0], pair[1], ratio)
					}
				}
				light, _ := read(a.Light)
				dark, _ := read(a.Dark)
				if l, d := lightGround.worst(light), darkGround.worst(dark); l < readable || d < readable {
					t.Errorf("%s: on tinted cards %.2f and %.2f", text, l, d)
				}
			}
		}
	}
}

func TestAReadableColourStaysItself(t *testing.T) {
	a, err := Parse("")
	if err != nil || a.Light != House {
		t.Errorf("the house's accent became %+v, %v", a, err)
	}
}

func TestOnlyColoursAreColours(t *testing.T) {
	for _, text := range []string{"red", "#fff", "1f5fbf", "#1f5fbg", "#1f5fbf ", "#1f5fbf00"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q is taken for a colour", text)
		}
	}
}
