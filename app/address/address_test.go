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
		"ada@example.org": true, "  Åda.L+x@exämple.org ": true, "a@b.c": true,
		"asa@nowhere": false, "x@localhost": false, "a.b@nowhere": false, "a@nowhere.": false,
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

func TestLimitsCountMailboxes(t *testing.T) {
	t.Parallel()
	ring := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Buyer: {{ID: "a", Secret: []byte(strings.Repeat("k", 32))}}})
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"a.da+gala@Gmail.com", "ada@googlemail.com", true},
		{"ada+1@outlook.com", "ada+2@outlook.com", true},
		{"a.da@outlook.com", "ada@outlook.com", false}, // dots count there
		{"ada+1@example.org", "ada@example.org", false},
		{"+1@gmail.com", "+2@gmail.com", false},
		{"ada+1@gmail.com", "bob+1@gmail.com", false},
	} {
		if got := string(address.Key(ring, c.one)) == string(address.Key(ring, c.other)); got != c.same {
			t.Errorf("%s and %s are one mailbox: %v, want %v", c.one, c.other, got, c.same)
		}
	}
	// What counted before still finds who was here: the key of the spelling is among those of the person.
	spelled := keyring.Key{ID: "a", Secret: []byte(strings.Repeat("k", 32))}.MAC([]byte("a.da+x@gmail.com"))
	all := address.Keys(ring, "A.da+x@gmail.com")
	if len(all) != 2 || string(all[0]) != string(address.Key(ring, "ada@gmail.com")) || string(all[1]) != string(spelled) {
		t.Errorf("%d keys, the spelling's own not last among them", len(all))
	}
	if plain := address.Keys(ring, "ada@example.org"); len(plain) != 1 {
		t.Errorf("a plain address has %d keys", len(plain))
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
