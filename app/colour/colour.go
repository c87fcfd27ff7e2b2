// Package colour makes an organiser's colour readable: moved in lightness, hue kept, until text on it and beside it can
// be read by everyone (4.5:1, WCAG 2.2).
package colour

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// House is the accent of an event that chose none.
const House = "#1f5fbf"

// grounds are what an accent is read on as a link: cards and, harder, cards tinted with the accent itself, as
// web/shared/base.css makes them. The bare page reads better than the worst of these.
var (
	lightGround = ground{card: "#ffffff", paper: "#fbfbfa", tint: 0.07}
	darkGround  = ground{card: "#1d1f26", paper: "#14151a", tint: 0.12}
)

type ground struct {
	card, paper string
	tint        float64 // the accent's share in a tinted card
}

// worst is the least contrast that an accent has on any of it.
func (g ground) worst(accent rgb) float64 {
	card, _ := read(g.card)
	paper, _ := read(g.paper)
	var tinted rgb
	for i := range card {
		tinted[i] = accent[i]*g.tint + card[i]*(1-g.tint)
	}
	return math.Min(contrast(accent, tinted), math.Min(contrast(accent, card), contrast(accent, paper)))
}

// readable is the least contrast of text.
const readable = 4.5

// Accent is one colour for light pages and one for dark ones, each with the colour of text upon it, as "#rrggbb".
type Accent struct{ Light, OnLight, Dark, OnDark string }

// Parse makes an accent of "#rrggbb"; "" is the house's own. Anything else is an error in words for a person.
func Parse(text string) (Accent, error) {
	if text == "" {
		text = House
	}
	c, ok := read(text)
	if !ok {
		return Accent{}, fmt.Errorf("is a colour like %s", House)
	}
	light, dark := shift(c, lightGround, -1), shift(c, darkGround, 1)
	return Accent{Light: light.String(), OnLight: upon(light), Dark: dark.String(), OnDark: upon(dark)}, nil
}

// CSS sets the custom properties of web/shared/base.css.
func (a Accent) CSS() []byte {
	return fmt.Appendf(nil, ":root { --accent: %s; --on-accent: %s; }\n@media (prefers-color-scheme: dark) { :root { --accent: %s; --on-accent: %s; } }\n",
		a.Light, a.OnLight, a.Dark, a.OnDark)
}

type rgb [3]float64 // 0..1, sRGB

func read(text string) (rgb, bool) {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	if err != nil || len(raw) != 3 || len(text) != 7 {
		return rgb{}, false
	}
	return rgb{float64(raw[0]) / 255, float64(raw[1]) / 255, float64(raw[2]) / 255}, true
}

func (c rgb) String() string {
	b := make([]byte, 3)
	for i, v := range c {
		b[i] = byte(math.Round(math.Max(0, math.Min(1, v)) * 255))
	}
	return "#" + hex.EncodeToString(b)
}

// shift darkens (-1) or lightens (1) a colour towards black or white in small steps until it is readable on the ground.
func shift(c rgb, on ground, direction float64) rgb {
	for step := 0.0; step <= 1; step += 0.02 {
		var moved rgb
		for i, v := range c {
			if direction < 0 {
				moved[i] = v * (1 - step)
			} else {
				moved[i] = v + (1-v)*step
			}
		}
		// Judged as it will be written, rounded to bytes.
		if written, _ := read(moved.String()); on.worst(written) >= readable {
			return written
		}
	}
	return rgb{}
}

// upon is white or near-black, whichever reads better.
func upon(c rgb) string {
	white, ink := "#ffffff", "#0d1420"
	w, _ := read(white)
	i, _ := read(ink)
	if contrast(c, w) >= contrast(c, i) {
		return white
	}
	return ink
}

// contrast is WCAG's ratio, 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(c rgb) float64 {
	var linear rgb
	for i, v := range c {
		if v <= 0.04045 {
			linear[i] = v / 12.92
		} else {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}
