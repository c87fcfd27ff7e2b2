package promotion_test

import (
	"slices"
	"testing"

	"fairseat/modules/checkout/promotion"
)

func TestPrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		terms promotion.Terms
		full  int64
		want  int64
	}{
		{"a quarter", promotion.Terms{Percent: 25}, 4200, 3150},
		{"half a cent goes to the buyer", promotion.Terms{Percent: 50}, 4201, 2100},
		{"all of it", promotion.Terms{Percent: 100}, 4201, 0},
		{"a sum", promotion.Terms{Amount: 500}, 4200, 3700},
		{"a sum above the price", promotion.Terms{Amount: 5000}, 4200, 0},
		{"a price", promotion.Terms{Prices: map[string]int64{"a": 1000}}, 4200, 1000},
		{"a price that is higher", promotion.Terms{Prices: map[string]int64{"a": 9000}}, 4200, 4200},
		{"a price of another category", promotion.Terms{Prices: map[string]int64{"b": 1000}}, 4200, 4200},
		{"another category", promotion.Terms{Percent: 25, Categories: []string{"b"}}, 4200, 4200},
		{"this category", promotion.Terms{Percent: 25, Categories: []string{"b", "a"}}, 4200, 3150},
	} {
		if got := c.terms.Price("a", c.full); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// What is left of a code goes where it saves most.
func TestApplyWhereItSavesMost(t *testing.T) {
	t.Parallel()
	seats := []promotion.Seat{{"a", 1000}, {"b", 5000}, {"a", 3000}, {"c", 9000}}
	terms := promotion.Terms{Percent: 50, Categories: []string{"a", "b"}}
	for uses, want := range map[int][]int64{
		0: {1000, 5000, 3000, 9000}, 1: {1000, 2500, 3000, 9000}, 2: {1000, 2500, 1500, 9000}, 9: {500, 2500, 1500, 9000},
	} {
		a := terms.Apply(seats, uses)
		if !slices.Equal(a.Prices, want) || a.Good != 3 || a.Opened != 0 {
			t.Errorf("%d uses: %+v, want %v", uses, a, want)
		}
	}
}

// A seat that only the code opens has a use of it first, at whatever price; what is left goes where it saves most.
func TestApplyToWhatItOpensFirst(t *testing.T) {
	t.Parallel()
	seats := []promotion.Seat{{"a", 1000}, {"b", 5000}, {"c", 800}}
	for _, c := range []struct {
		terms  promotion.Terms
		uses   int
		prices []int64
		used   []bool
		good   int
	}{
		{promotion.Terms{Unlocks: []string{"c"}}, 9, []int64{1000, 5000, 800}, []bool{false, false, true}, 1},
		{promotion.Terms{Unlocks: []string{"c"}}, 0, []int64{1000, 5000, 800}, []bool{false, false, false}, 1},
		{promotion.Terms{Unlocks: []string{"c"}, Percent: 50, Categories: []string{"a", "b"}}, 2, []int64{1000, 2500, 800}, []bool{false, true, true}, 3},
		{promotion.Terms{Unlocks: []string{"c"}, Prices: map[string]int64{"c": 500}}, 1, []int64{1000, 5000, 500}, []bool{false, false, true}, 1},
	} {
		a := c.terms.Apply(seats, c.uses)
		if !slices.Equal(a.Prices, c.prices) || !slices.Equal(a.Used, c.used) || a.Good != c.good || a.Opened != 1 {
			t.Errorf("%+v, %d uses: %+v", c.terms, c.uses, a)
		}
	}
}

func TestNormal(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"spring-26": "SPRING26", " Spring 26 ": "SPRING26", "SPRING–26": "SPRING26", "früh": "FRÜH", "fru\u0308h": "FRÜH", "ｓｐｒｉｎｇ": "SPRING",
	} {
		if got, ok := promotion.Normal(typed); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", "ab", "--a-b--", "a;b;c;d", "abc\x00", "abc\xff", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "=1+1"} {
		if got, ok := promotion.Normal(typed); ok {
			t.Errorf("%q is taken as %q", typed, got)
		}
	}
}

func TestRandomIsReadBack(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		shown := promotion.Random()
		code, ok := promotion.Normal(shown)
		if !ok || len(code) != 12 || len(shown) != 14 || seen[code] {
			t.Fatalf("%q is read as %q", shown, code)
		}
		seen[code] = true
	}
}

func FuzzNormal(f *testing.F) {
	f.Add("spring 26")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := promotion.Normal(typed)
		if !ok {
			return
		}
		if again, ok := promotion.Normal(code); !ok || again != code {
			t.Errorf("%q becomes %q and then %q", typed, code, again)
		}
	})
}
