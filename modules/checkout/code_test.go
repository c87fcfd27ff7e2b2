package checkout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/fault"
	"fairseat/app/keyring"
)

func make200(c byte, n int) []byte { return []byte(strings.Repeat(string(c), n)) }

func fieldsOf(err error) string {
	fields, _ := fault.As(err).Facts["fields"].(map[string]string)
	names := make([]string, 0, len(fields))
	for _, name := range []string{"name", "email"} {
		if fields[name] != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestOrderCode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2000 {
		c := newOrderCode()
		if len(c) != 8 || strings.Trim(c, codeLetters) != "" || seen[c] {
			t.Fatalf("code %q", c)
		}
		seen[c] = true
	}
	if normalCode(" k7qx-2m4p ") != "K7QX2M4P" {
		t.Error("a code as people write it is not read")
	}
}

func TestTicketCode(t *testing.T) {
	t.Parallel()
	ring := testRing()
	want := TicketCode{EventID: 42, Ticket: uuid.New(), Seat: 73_000}
	code := signTicketCode(ring, want)
	if len(code) > 140 {
		t.Errorf("a code of %d characters is hard to scan", len(code))
	}
	if got, err := readTicketCode(ring, code); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	old := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Ticket: {{ID: "old2", Secret: make200(102, 32)}}})
	if _, err := readTicketCode(ring, signTicketCode(old, want)); err != nil {
		t.Error("a code under an older key is refused")
	}
	foreign := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Ticket: {{ID: "new2", Secret: make200(9, 32)}}})
	if _, err := readTicketCode(ring, signTicketCode(foreign, want)); err == nil {
		t.Error("another house's code is taken")
	}
	for i := range len(code) {
		for _, flip := range []byte{1, 2, 4, 8, 16, 32} {
			b := []byte(code)
			b[i] ^= flip
			if _, err := readTicketCode(ring, string(b)); err == nil {
				t.Fatalf("changed at %d and taken", i)
			}
		}
		if _, err := readTicketCode(ring, code[:i]); err == nil {
			t.Fatalf("cut at %d and taken", i)
		}
	}
	for _, c := range []string{code + "A", code + "=", code + "\n", " " + code, strings.Repeat("A", 400)} {
		if _, err := readTicketCode(ring, c); err == nil {
			t.Errorf("%q is taken", c)
		}
	}
}

func TestOrderToken(t *testing.T) {
	t.Parallel()
	ring, id, other := testRing(), uuid.New(), uuid.New()
	token := orderToken(ring, id)
	if !opensOrder(ring, token, id) {
		t.Fatal("one's own token does not open the order")
	}
	old := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Order: {{ID: "old1", Secret: make200(101, 32)}}})
	if !opensOrder(ring, orderToken(old, id), id) {
		t.Error("a token under an older key is refused")
	}
	parts := strings.Split(token, ".")
	for _, bad := range []string{
		"", "o1", token + "x", token[:len(token)-1], orderToken(ring, other), strings.Replace(token, id.String(), other.String(), 1),
		strings.Replace(token, parts[1], "nope", 1), strings.Replace(token, "o1.", "o2.", 1), strings.ToUpper(token), "o1..." + parts[3],
	} {
		if opensOrder(ring, bad, id) {
			t.Errorf("%q opens the order", bad)
		}
	}
	if opensOrder(ring, token, other) {
		t.Error("one order's token opens another")
	}
}

// Nothing a stranger can write is a code of ours or opens an order.
func FuzzStrangersAreRefused(f *testing.F) {
	ring, id := testRing(), uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	code := signTicketCode(ring, TicketCode{EventID: 1, Ticket: id, Seat: 2})
	f.Add(code, orderToken(ring, id))
	f.Add("", "o1...")
	f.Add(code[:40], "o1.new1."+id.String()+".")
	f.Fuzz(func(t *testing.T, c, token string) {
		if got, err := readTicketCode(ring, c); err == nil && c != code {
			t.Errorf("%q is a ticket: %+v", c, got)
		}
		if opensOrder(ring, token, id) && token != orderToken(ring, id) {
			t.Errorf("%q opens an order", token)
		}
		_, _ = parseTicketCode([]byte(c))
	})
}

func FuzzBuyer(f *testing.F) {
	for _, s := range []string{"Ada", "a@b.org", "a@b.org\r\nBcc: c@d", "\"x\"@y", "é@ü.de", "=1"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, email string) {
		b, err := NewBuyer(name, email)
		if err != nil {
			return
		}
		for _, s := range []string{b.Name, b.Email} {
			if strings.ContainsAny(s, "\r\n\x00") || !printable(s) {
				t.Errorf("%q is taken", s)
			}
		}
		if strings.Count(b.Email, "@") != 1 || strings.ContainsAny(b.Email, "<>,; \"") {
			t.Errorf("%q is taken", b.Email)
		}
		if again, err := NewBuyer(b.Name, b.Email); err != nil || again != b {
			t.Errorf("%+v is not stable: %+v, %v", b, again, err)
		}
	})
}

func TestRetriesAreSoonAndBounded(t *testing.T) {
	t.Parallel()
	for attempt := 1; attempt < 40; attempt++ {
		wait := retryAfter(attempt)
		if wait > 6250*time.Millisecond || wait < 700*time.Millisecond {
			t.Errorf("attempt %d waits %v", attempt, wait)
		}
	}
	if slices.Contains([]string{"", "default"}, queue) {
		t.Error("checkout shares a queue")
	}
}
