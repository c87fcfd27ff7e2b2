package app

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"fairseat/modules/seating"
)

// selfSaid is a name that holds a word, and says by itself what it is: "Balcony", "Block 8", "VIP 3"; "2", "B" and "12A" do not.
var selfSaid = regexp.MustCompile(`\p{L}{4}|\p{Lu}\p{Ll}{2}|\p{Lo}{2}|\p{L}{2} \p{N}`)

// names are seats as one looks for them, for the middle of a sentence: "Balcony, row K, 4–7 and 9, and row L, seat 2". A
// section is said once for all that follow in it. web/seats/say.js says the same where scripts run.
func (s *speaker) names(seats ...seating.Seat) string {
	type group struct {
		section, row string
		area         bool
	}
	var order []group
	numbers := map[group][]string{}
	seats = slices.SortedFunc(slices.Values(seats), func(a, b seating.Seat) int { return cmp.Compare(a.N, b.N) })
	for _, seat := range seats {
		at := group{s.section(seat.Zone), s.row(seat.Row, seat.Table || seat.AnyPlace), seat.AnyPlace}
		if numbers[at] == nil {
			order = append(order, at)
		}
		numbers[at] = append(numbers[at], seat.Number)
	}
	said, before := make([]string, len(order)), ""
	for i, at := range order {
		here := s.spans(numbers[at])
		switch {
		case at.area:
			at.row, here = at.row+" "+here, ""
		case len(numbers[at]) == 1:
			here = s.t("seat.one", "seat", here)
		case at.row == "":
			here = s.t("seat.numbers", "numbers", here)
		}
		parts := []string{at.section, at.row, here}
		if at.section == before {
			parts[0] = ""
		}
		before = at.section
		said[i] = strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
	}
	if len(said) == 2 {
		return s.t("seat.and-row", "first", said[0], "last", said[1])
	}
	return strings.Join(said, "; ")
}

// each is every seat by itself, as it stands in a table.
func (s *speaker) each(seats []seating.Seat) map[int]string {
	said := make(map[int]string, len(seats))
	for _, seat := range seats {
		said[seat.N] = upper(s.names(seat))
	}
	return said
}

// section is what a part of the house is called: "Block 8", "Section 2"; "" for one without a name.
func (s *speaker) section(name string) string {
	if name == "" || selfSaid.MatchString(name) {
		return name
	}
	return s.t("seat.section", "name", name)
}

// row is what a row is called, "row F", or the name of a table; "" for one without a name.
func (s *speaker) row(label string, table bool) string {
	if table || label == "" || selfSaid.MatchString(label) {
		return label
	}
	return s.t("seat.row", "row", label)
}

// stretch is what stands between two seats of a row, by their numbers: "1–12".
func stretch(from, to string) string {
	if from == to {
		return from
	}
	first, counter, _ := strings.Cut(from, " (")
	last, other, _ := strings.Cut(to, " (")
	a, noA := strconv.Atoi(first)
	b, noB := strconv.Atoi(last)
	if noA == nil && noB == nil && a > b {
		from, to = to, from
	}
	if counter != "" && counter == other {
		from, _, _ = strings.Cut(from, " (") // it is said once, behind both
	}
	return from + "–" + to
}

// spans are numbers as people write them: "4–7 and 9"; of odd ones "1, 3 and 5".
func (s *speaker) spans(numbers []string) string {
	_, counter, _ := strings.Cut(numbers[0], " (")
	whole := make([]int, len(numbers))
	for i, number := range numbers {
		number, count, _ := strings.Cut(number, " (")
		n, err := strconv.Atoi(number)
		if err != nil || count != counter {
			return s.listed(numbers)
		}
		whole[i] = n
	}
	if counter != "" {
		counter = " (" + counter
	}
	slices.Sort(whole)
	var parts []string
	for i := 0; i < len(whole); {
		to := i
		for to+1 < len(whole) && whole[to+1] == whole[to]+1 {
			to++
		}
		part := strconv.Itoa(whole[i])
		if to > i {
			part += "–" + strconv.Itoa(whole[to])
		}
		parts, i = append(parts, part), to+1
	}
	return s.listed(parts) + counter
}

func (s *speaker) listed(parts []string) string {
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return s.t("seat.and", "first", strings.Join(parts[:last], ", "), "last", parts[last])
}

// upper is a name or a sentence as it stands at the beginning of a line.
func upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
