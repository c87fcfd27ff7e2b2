package demo

import (
	"encoding/json"
	"slices"
	"testing"
)

// Two rows of five, the second dearer; seats 0 to 9 at 10 px.
func hall(t *testing.T) *house {
	t.Helper()
	var plan planView
	var now nowView
	for into, text := range map[any]string{
		&plan: `{"zones":[{"rows":[
			{"seats":[{"n":0,"x":0,"y":0,"category":"a"},{"n":1,"x":10,"y":0,"category":"a"},{"n":2,"x":20,"y":0,"category":"a"},{"n":3,"x":30,"y":0,"category":"a"},{"n":4,"x":40,"y":0,"category":"a"}]},
			{"seats":[{"n":5,"x":0,"y":10,"category":"b"},{"n":6,"x":10,"y":10,"category":"b"},{"n":7,"x":20,"y":10,"category":"b"},{"n":8,"x":30,"y":10,"category":"c"},{"n":9,"x":40,"y":10,"category":"b"}]}],
			"areas":[{"id":"stage"},{"id":"floor","first":10,"capacity":30,"category":"a"}]}]}`,
		&now: `{"categories":[{"id":"a","price":10},{"id":"b","price":40},{"id":"c","price":null}]}`,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	return newHouse(&plan, &now)
}

// status marks seats as not free.
func status(taken ...int) []byte {
	b := make([]byte, 3)
	for _, n := range taken {
		b[n/4] |= 2 << (2 * (n % 4))
	}
	return b
}

func TestBotsChooseNeighboursByTaste(t *testing.T) {
	t.Parallel()
	h := hall(t)
	for name, c := range map[string]struct {
		taken    []int
		quantity int
		taste    taste
		want     []int
	}{
		"nearest":                       {nil, 1, taste{0, 10, 0}, []int{5}},
		"thrifty":                       {nil, 1, taste{0, 10, 1}, []int{0}},
		"side by side":                  {[]int{1, 6}, 2, taste{0, 0, 0}, []int{2, 3}},
		"not across a seat not on sale": {[]int{0, 1, 2, 3, 4, 5, 6}, 2, taste{40, 10, 0}, nil},
		"nothing left":                  {[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, taste{}, nil},
	} {
		if got := h.choose(status(c.taken...), c.quantity, c.taste); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What is drawn beside the seats is part of the house only where people can be in it.
func TestAreasBelongToTheHouse(t *testing.T) {
	t.Parallel()
	if h := hall(t); h.total != 40 || !slices.Equal(h.areas, []string{"floor"}) {
		t.Errorf("a house of %d with the areas %q", h.total, h.areas)
	}
}

func TestWhichEventsAreTheDemos(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]bool{"gala": true, "gala-2": true, "gala-17": true, "gala-night": false, "gala-1": false, "galas": false, "other": false} {
		if isOf(slug, "gala") != want {
			t.Errorf("%s: %v", slug, !want)
		}
	}
}
