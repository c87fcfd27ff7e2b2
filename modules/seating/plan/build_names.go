package plan

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// palette colours the categories that come without a usable colour.
func palette(i int) string {
	colors := [...]string{"#3b6fb6", "#b8683b", "#4f8a4c", "#8a5aa8", "#a8843b", "#3b93a0", "#b04f6f", "#6b7280"}
	return colors[i%len(colors)]
}

// noCategory is the name seats without any category are sold under.
const noCategory = "No category"

// categories takes over the declared categories and adds those that seats name without their being declared.
func (b *builder) categories() error {
	b.byName = map[string]int{}
	ids, shown := newNames(), newNames()
	add := func(name, label, paint string) {
		i := len(b.plan.Categories)
		b.byName[name] = i
		text := clean(name, maxName)
		if label = clean(label, maxName); isUUID(text) && label != "" {
			text = label
		}
		if text == "" {
			text = noCategory
		}
		c, ok := color(paint)
		if !ok {
			if paint != "" {
				b.rep.add("bad-color", "category "+text, "not a colour; another was chosen")
			}
			c = palette(i)
		}
		text = shown.take(text, inName)
		id := slug(text)
		if id == "" {
			id = "c" + strconv.Itoa(i+1)
		}
		b.plan.Categories = append(b.plan.Categories,
			Category{ID: ids.take(id, afterDash), Name: text, Color: c})
	}
	for i, c := range b.draft.categories {
		name := clean(c.name, maxLookup)
		if _, twice := b.byName[name]; twice {
			b.rep.add("duplicate-category", "category "+clean(name, maxName), "declared again as number %d; the first one counts", i+1)
			continue
		}
		add(name, c.label, c.color)
	}
	unknown := newTally[string]()
	for _, z := range b.draft.zones {
		for _, r := range z.rows {
			for i := range r.seats {
				s := &r.seats[i]
				s.category = clean(s.category, maxLookup)
				if _, known := b.byName[s.category]; !known {
					unknown.add(s.category, func() string { return spot(z.name, r.label, s.number) })
				}
			}
		}
	}
	unknown.repeated(1, func(name, where string, count int) {
		if name == "" {
			b.rep.add("blank-category", where, "%s without a category, gathered under %q", seats(count), noCategory)
		} else {
			b.rep.add("unknown-category", where, "%q is not declared; added for %s", clean(name, maxName), seats(count))
		}
		// One past the limit is enough to know; the names may be as many as the seats.
		if len(b.plan.Categories) <= MaxCategories {
			add(name, "", "")
		}
	})
	if len(b.plan.Categories) > MaxCategories {
		return b.rep.unusable("too-many-categories", "", "a plan has at most %d categories", MaxCategories)
	}
	return nil
}

// category finds a seat's category; every name a seat uses has been added by categories.
func (b *builder) category(name string) int { return b.byName[name] }

// keyRoom is kept free at the end of a key for a counter, so that no key is longer than an id that is read.
const keyRoom = 10

// keys gives each seat an id that no other has: its own where that is unique, and for the first of several; else its own
// with the editor's uuid, so that it stays the same when the file is drawn on and imported again; else with a counter.
func (b *builder) keys() {
	shared := newTally[string]()
	taken := newNames()
	for n, ds := range b.drawn {
		if ds.id == "" {
			continue
		}
		shared.add(ds.id, func() string { return b.spot(n) })
		if shared.count[ds.id] == 1 {
			b.seats[n].Key = taken.take(ds.id, afterTilde)
		}
	}
	blank := newTally[string]()
	for n, ds := range b.drawn {
		if b.seats[n].Key != "" {
			continue
		}
		want := ds.id
		switch {
		case want == "":
			blank.add("", func() string { return b.spot(n) })
			if want = ds.uuid; want == "" {
				want = "seat-" + strconv.Itoa(n)
			}
		case ds.uuid != "":
			want = cut(want, maxName-utf8.RuneCountInString(ds.uuid)-keyRoom) + "~" + ds.uuid
		default:
			want = clean(want, maxName-keyRoom)
		}
		b.seats[n].Key = taken.take(want, afterTilde)
	}
	shared.repeated(2, func(id, where string, count int) {
		b.rep.add("duplicate-guid", where, "%q is on %s; all are kept, the others renamed", id, seats(count))
	})
	blank.repeated(1, func(_, where string, count int) {
		b.rep.add("blank-guid", where, "%s without an id", seats(count))
	})
}

// companions resolves the ids that companion seats name, in their own row first, since ids repeat.
func (b *builder) companions() {
	byID := map[string]int{}
	byRow := map[string]int{}
	inRow := func(n int, id string) string {
		return strconv.Itoa(b.where[n].zone) + "/" + strconv.Itoa(b.where[n].row) + "/" + id
	}
	for n, ds := range b.drawn {
		if !ds.accessible || ds.id == "" {
			continue
		}
		if _, twice := byID[ds.id]; !twice {
			byID[ds.id] = n
		}
		byRow[inRow(n, ds.id)] = n
	}
	for n, ds := range b.drawn {
		if ds.companion == "" {
			continue
		}
		of, ok := byRow[inRow(n, ds.companion)]
		if !ok {
			of, ok = byID[ds.companion]
		}
		if !ok || ds.accessible {
			b.rep.add("bad-companion", b.spot(n), "%q is no accessible seat this one could belong to; an ordinary seat now", ds.companion)
			continue
		}
		b.seats[n].CompanionOf = of
	}
}

// namesTable tells whether a row is called a table: "Table 4", "Mesa %s".
func namesTable(label string) bool {
	first, _, more := strings.Cut(strings.ToLower(label), " ")
	switch first {
	case "table", "tisch", "mesa", "tavolo", "tafel", "stół", "стол", "bord", "τραπέζι":
		return more
	}
	return false
}

// tableName makes a name of what a file calls a table: "4" alone would read like row 4, "Mesa 4" already says what it is.
func tableName(label string) string {
	letters, inRow := 0, 0
	for _, r := range label {
		if inRow++; !unicode.IsLetter(r) {
			inRow = 0
		}
		letters = max(letters, inRow)
	}
	if label == "" || letters > 1 || utf8.RuneCountInString(label) > 6 {
		return label
	}
	return "Table " + label
}
