package app

import (
	"strings"
	"testing"

	"fairseat/app/keyring"
	"fairseat/modules/queue"
)

// With the key in the settings codes are printed far from any store.
func TestCodesArePrintedOffline(t *testing.T) {
	t.Parallel()
	c := Defaults()
	c.Postgres.URL, c.Redis.URL = "postgres://nowhere.invalid/x", "redis://nowhere.invalid"
	c.Keys.Access = "a1:9f2ce7a10b4d6e8835c1f07a92bd64e3187a5c0d2f9e4b6370d8a1c5e6f2b493"
	var out, said strings.Builder
	if err := PrintCodes(t.Context(), c, CodeOptions{Event: "gala", Lane: 2, First: 11, Count: 30}, &out, &said); err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys.ring(func(key string) string { return key })
	if err != nil {
		t.Fatal(err)
	}
	codes := strings.Fields(out.String())
	for i, code := range codes {
		if a, ok := queue.ReadAccessCode(keyring.New(keys), "gala", code); !ok || a != (queue.AccessCode{Lane: 2, Serial: 11 + i}) {
			t.Errorf("code %d is %s: %+v %v", i, code, a, ok)
		}
	}
	if len(codes) != 30 || !strings.Contains(said.String(), "--from 41") {
		t.Errorf("%d codes, %q", len(codes), said.String())
	}
	if err := PrintCodes(t.Context(), c, CodeOptions{Event: "gala", Lane: 256, First: 1, Count: 1}, &out, &said); err == nil {
		t.Error("a lane beyond the last was printed")
	}
}
