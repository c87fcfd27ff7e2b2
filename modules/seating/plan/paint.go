package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// paint writes the colours that drawings use as #rrggbb: rgb() and rgba() too, "none" and what is nearly clear as none.
// What it does not know it passes on, for build to refuse.
func paint(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "none" || s == "transparent" || strings.HasPrefix(s, "url(") || s == "currentcolor" || s == "inherit" {
		return ""
	}
	args, ok := strings.CutPrefix(s, "rgb")
	if !ok {
		return s
	}
	parts := strings.FieldsFunc(strings.TrimPrefix(args, "a"), func(r rune) bool { return strings.ContainsRune("(), /", r) })
	if len(parts) < 3 || len(parts) > 4 {
		return s
	}
	var rgb [3]int
	for i := range rgb {
		v, err := strconv.ParseFloat(strings.TrimSuffix(parts[i], "%"), 64)
		if err != nil {
			return s
		}
		if strings.HasSuffix(parts[i], "%") {
			v *= 2.55
		}
		rgb[i] = int(math.Round(min(max(v, 0), 255)))
	}
	out := fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2])
	if len(parts) == 4 {
		alpha, err := strconv.ParseFloat(parts[3], 64)
		if err != nil || alpha < 0.05 {
			return ""
		}
		out += fmt.Sprintf("%02x", int(math.Round(min(alpha, 1)*255)))
	}
	return out
}
