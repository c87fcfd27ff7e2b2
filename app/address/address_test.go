package address_test

import (
	"strings"
	"testing"

	"fairseat/app/address"
	"fairseat/app/keyring"
)

func TestValid(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"ada@example.org": true, "  Åda.L+x@exämple.org ": true, "a@b": true,
		"": false, "ada": false, "ada@": false, "@b": false, "Ada <ada@example.org>": false, "a@b,c@d": false, "\"a b\"@c": false,
		"ada@example.org\r\nBcc: x@y": false, "\nada@example.org": false, "a\x00@b": false, "a\xff@b": false, "a(x)@b": false,
	} {
		if got := address.Valid(s); got != want {
			t.Errorf("Valid(%q) = %v", s, got)
		}
	}
}

func TestNormalAndKey(t *testing.T) {
	t.Parallel()
	ring := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Buyer: {{ID: "a", Secret: []byte(strings.Repeat("k", 32))}}})
	if string(address.Key(ring, " A\u0301da@Example.ORG")) != string(address.Key(ring, "\u00e1da@example.org")) {
		t.Error("one person, two keys")
	}
	if string(address.Key(ring, "ada@example.org")) == string(address.Key(ring, "bob@example.org")) {
		t.Error("two people, one key")
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"ada@example.org": "a…@example.org", "åsa@x": "å…@x", "x": "…", "@x": "…"} {
		if got := address.Hint(s); got != want {
			t.Errorf("Hint(%q) = %q", s, got)
		}
	}
}
