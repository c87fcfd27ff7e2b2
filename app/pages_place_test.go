package app

import (
	"testing"

	"fairseat/web"
)

// What is likely to be left at one's turn is said of each price and of all, as the page with script says it.
func TestChances(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	say := &speaker{words: pages.Words("waiting")}
	lasts := map[string]int64{"": 100, "near": 200, "far": 60, "gone": 0}
	for _, c := range []struct {
		ahead                int64
		all, near, far, gone string
	}{
		{0, "", "", "", ""},
		{41, "", "", "", "room.gone-price"},
		{42, "", "", "room.may-price", "room.gone-price"},
		{69, "", "", "room.may-price", "room.gone-price"},
		{70, "room.may-all", "", "room.may-price", "room.gone-price"},
		{130, "room.may-all", "", "room.gone-price", "room.gone-price"},
		{131, "room.gone-all", "", "room.gone-price", "room.gone-price"},
		{140, "room.gone-all", "room.may-price", "room.gone-price", "room.gone-price"},
		{261, "room.gone-all", "room.gone-price", "room.gone-price", "room.gone-price"},
	} {
		text := func(key string) string {
			if key == "" {
				return ""
			}
			return say.t(key)
		}
		all, each := chances(say, c.ahead, lasts)
		if all != text(c.all) || each["near"] != text(c.near) || each["far"] != text(c.far) || each["gone"] != text(c.gone) {
			t.Errorf("%d ahead: %q, %q", c.ahead, all, each)
		}
	}
	if all, each := chances(say, 5000, map[string]int64{}); all != "" || len(each) > 0 || say.err != nil {
		t.Errorf("what nobody knows is said: %q %q %v", all, each, say.err)
	}
}
