package app

import (
	"encoding/json"
	"testing"

	"fairseat/modules/queue"
	"fairseat/web"
)

// What the room did after a fault, and how good its estimates were, stands on the page in words.
func TestLogOfTheRoomInWords(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	say := &speaker{words: pages.Words("verify")}
	for _, c := range []struct{ kind, data, want string }{
		{"returned-to-front", `{"count":1,"out":3}`, "1 person returned to the front after a fault of ours."},
		{"accuracy", `{"wait":[{"seconds":15,"estimates":1200,"within":1000,"earlier":150,"later":50,"unmet":9},{"seconds":30,"estimates":800,"within":600,"earlier":50,"later":150,"unmet":0}]}`,
			"How good the told waits were: of 2,000 that were checked, 80 % held; for 10 % the turn came earlier, for 10 % later."},
		{"unheard-of", `{"x": 1}`, `unheard-of: {"x":1}`},
	} {
		if got := say.entry(queue.LogEntry{Kind: c.kind, Data: json.RawMessage(c.data)}, "UTC"); got != c.want || say.err != nil {
			t.Errorf("%s: %q, want %q (%v)", c.kind, got, c.want, say.err)
		}
	}
}
