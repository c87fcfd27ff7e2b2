package plan

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How long texts may be, in characters. Longer ones are cut, which is reported where it could confuse.
const (
	maxName   = 100 // plan, zone, category, area
	maxShort  = 40  // row label, seat number
	maxNote   = 200 // what there is to say about the view from a seat
	maxLookup = 500 // ids and category names while they serve to match
)

// clean makes a text from a file fit to print: NFC, one line, single spaces, no control characters, at most limit
// characters. Any script is kept; joiners and direction marks stay because words need them, but overrides go, since
// they reach beyond the text they stand in.
func clean(s string, limit int) string {
	// Cut first, generously, so that a text of megabytes costs nothing; composing may still shorten it.
	s = cut(s, 8*limit)
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r): // also tab and line ends, which are control characters
			return ' '
		case unicode.IsControl(r), r == '\uFEFF',
			r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(cut(strings.Join(strings.Fields(s), " "), limit))
}

// cut keeps the first limit characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}

// slug turns a name into an id of a-z, 0-9 and dashes, or "" when too little of the name can be written so.
func slug(name string) string {
	var b strings.Builder
	lost := 0
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			lost++
		case !unicode.IsMark(r) && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if lost > b.Len() {
		return ""
	}
	return strings.Trim(cut(b.String(), maxShort), "-")
}

// names hands out texts that differ, each as near as possible to what was asked for.
type names struct {
	used map[string]bool
	next map[string]int
}

func newNames() *names { return &names{used: map[string]bool{}, next: map[string]int{}} }

// take gives want itself the first time, then want with a counter: "A-1 (2)", or "a~2" when the form is "%~%".
func (n *names) take(want string, form func(want string, k int) string) string {
	got := want
	for n.used[got] {
		// Counting on from the last time keeps a file of equal names linear.
		n.next[want] = max(n.next[want]+1, 2)
		got = form(want, n.next[want])
	}
	n.used[got] = true
	return got
}

func inParens(want string, k int) string   { return want + " (" + strconv.Itoa(k) + ")" }
func inName(want string, k int) string     { return inParens(cut(want, maxName-10), k) } // no longer than a name that is read
func afterDash(want string, k int) string  { return want + "-" + strconv.Itoa(k) }
func afterTilde(want string, k int) string { return want + "~" + strconv.Itoa(k) }

// isUUID tells names that an editor made up from names that a person gave.
func isUUID(s string) bool {
	ok, _ := regexp.MatchString(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, s)
	return ok
}

// color passes what is certainly a CSS colour; these end in style attributes, so anything else is refused.
func color(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		switch len(hex) {
		case 3, 4, 6, 8:
			return s, strings.Trim(hex, "0123456789abcdefABCDEF") == ""
		}
		return "", false
	}
	word := len(s) > 0 && len(s) <= 20 && utf8.ValidString(s) &&
		strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
	return s, word
}
