package plan

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
)

// pictureWidth is how many units wide a picture is drawn; whole units are near enough for a glance.
const pictureWidth = 2000.0

// Picture draws the plan small, as SVG: one path a category, a round dot a seat. Some 8 bytes a seat, so that the
// greatest plan is still a file one can send.
func Picture(p *Plan) []byte {
	var out bytes.Buffer
	scale := pictureWidth / math.Max(1, math.Max(p.Width, p.Height))
	at := func(v float64) string { return strconv.FormatFloat(math.Round(v*scale), 'f', -1, 64) }
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" font-family="system-ui,sans-serif">`, at(p.Width), at(p.Height))
	for z := range p.Zones {
		for a := range p.Zones[z].Areas {
			pictureArea(&out, &p.Zones[z].Areas[a], at)
		}
	}
	paths := make([]bytes.Buffer, len(p.Categories))
	for _, s := range p.Seats() {
		fmt.Fprintf(&paths[s.Category], "M%s %sh0", at(s.X), at(s.Y))
	}
	size := math.Max(2, math.Round(0.75*p.Pitch()*scale))
	for i, c := range p.Categories {
		if paths[i].Len() > 0 {
			fmt.Fprintf(&out, `<path d="%s" stroke="%s" stroke-width="%g" stroke-linecap="round"/>`, paths[i].Bytes(), escape(c.Color), size)
		}
	}
	out.WriteString("</svg>")
	return out.Bytes()
}

// pictureArea draws stages and walls in a grey that stands on light and on dark.
func pictureArea(out *bytes.Buffer, a *Area, at func(float64) string) {
	const grey = `fill="#8a8d98" fill-opacity=".15" stroke="#8a8d98" stroke-width="3"`
	turned := ""
	if a.Rotation != 0 {
		turned = fmt.Sprintf(` transform="rotate(%g %s %s)"`, a.Rotation, at(a.X), at(a.Y))
	}
	switch a.Shape {
	case "polygon":
		out.WriteString(`<polygon points="`)
		for _, p := range a.Points {
			out.WriteString(at(p.X) + "," + at(p.Y) + " ")
		}
		out.WriteString(`" ` + grey + "/>")
	case "rectangle":
		fmt.Fprintf(out, `<rect x="%s" y="%s" width="%s" height="%s"%s %s/>`, at(a.X), at(a.Y), at(math.Abs(a.Width)), at(math.Abs(a.Height)), turned, grey)
	case "ellipse", "circle":
		fmt.Fprintf(out, `<ellipse cx="%s" cy="%s" rx="%s" ry="%s"%s %s/>`, at(a.X), at(a.Y), at(math.Abs(a.Width)/2), at(math.Abs(a.Height)/2), turned, grey)
	}
	if a.Text != nil && a.Text.Text != "" {
		size := a.Text.Size
		if size <= 0 {
			size = 16
		}
		fmt.Fprintf(out, `<text x="%s" y="%s" font-size="%s" text-anchor="middle" dominant-baseline="central" fill="#757a88">%s</text>`,
			at(a.Text.X), at(a.Text.Y), at(size), escape(a.Text.Text))
	}
}

// escape makes text of a plan file safe inside elements and attributes.
func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a Buffer takes everything
	return out.String()
}
