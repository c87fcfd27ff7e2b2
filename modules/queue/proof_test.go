package queue

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/altcha-org/altcha-lib-go"
)

func withProof(l *line) { l.ProofOfWork = true }

// challenged is the challenge of a problem.
func challenged(t testing.TB, problem map[string]any) (c proofChallenge) {
	t.Helper()
	text, err := json.Marshal(problem["challenge"])
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.Salt == "" {
		t.Fatalf("no challenge in %v: %v", problem, err)
	}
	return c
}

// solve tries numbers, as a browser does.
func solve(t testing.TB, c proofChallenge) string {
	t.Helper()
	for n := range c.MaxNumber + 1 {
		sum := sha256.Sum256([]byte(c.Salt + fmt.Sprint(n)))
		if hex.EncodeToString(sum[:]) == c.Challenge {
			return payload(t, altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: n, Salt: c.Salt, Signature: c.Signature})
		}
	}
	t.Fatalf("%+v has no solution", c)
	return ""
}

func payload(t testing.TB, p any) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func TestJoiningCostsWork(t *testing.T) {
	t.Parallel()
	k := newKit(t, withProof)
	problem := k.post().fails(403, "proof-required")
	if fmt.Sprint(problem["ways"]) != "[email]" || problem["expires_in"] != 600.0 {
		t.Errorf("%v", problem)
	}
	proof := solve(t, challenged(t, problem))
	k.post("proof", proof).want(201)
	// Once is enough, and once is all.
	again := k.post("proof", proof).fails(403, "proof-required")
	second := solve(t, challenged(t, again))
	if place := k.post("proof", second, "email", "ada@example.org").want(201); place["mailed"] != true || place["index"] != 1.0 {
		t.Errorf("%v", place)
	}
	if letters := k.neighbours.letters(); len(letters) != 1 || letters[0].kind != "link" {
		t.Errorf("%v", letters)
	}
	k.checkLine()
}

func TestProofsThatProveNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t, withProof)
	c := challenged(t, k.post().fails(403, "proof-required"))
	good := solve(t, c)
	var p altcha.Payload
	text, _ := base64.StdEncoding.DecodeString(good)
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	change := func(f func(*altcha.Payload)) string {
		q := p
		f(&q)
		return payload(t, q)
	}
	free, _ := altcha.CreateChallenge(altcha.ChallengeOptions{HMACKey: "mine", MaxNumber: 10})
	for name, proof := range map[string]string{
		"rubbish": "rubbish", "no json": base64.StdEncoding.EncodeToString([]byte("x")), "empty": payload(t, struct{}{}),
		"own challenge": solve(t, proofChallenge(free)),
		"other number":  change(func(q *altcha.Payload) { q.Number++ }),
		"huge number":   change(func(q *altcha.Payload) { q.Number = 1 << 60 }),
		"other salt":    change(func(q *altcha.Payload) { q.Salt += "n=99&" }),
		"other hash":    change(func(q *altcha.Payload) { q.Algorithm = "SHA-1" }),
		"signature":     change(func(q *altcha.Payload) { q.Signature = "00" + q.Signature[2:] }),
		"too long":      good + base64.StdEncoding.EncodeToString(make([]byte, maxProof)),
	} {
		if _, ok := k.queue.readProof(k.id, "192.0.2.1", proof); ok {
			t.Errorf("%s proves something", name)
		}
	}
	if _, ok := k.queue.readProof(k.id, "192.0.2.1", good); !ok {
		t.Error("the right one does not")
	}
	if _, ok := k.queue.readProof(k.id+1, "192.0.2.1", good); ok {
		t.Error("it counts for another event")
	}
	if _, ok := k.queue.readProof(k.id, "198.51.100.1", good); ok {
		t.Error("it counts for another network")
	}
	k.Clock.Advance(proofWindow)
	k.post("proof", good).want(201)
	k.Clock.Advance(time.Second)
	if _, ok := k.queue.readProof(k.id, "192.0.2.1", good); ok {
		t.Error("it counts for ever")
	}
}

// A refusal by a budget does not cost the work that was done.
func TestRefusedByABudgetTheProofIsKept(t *testing.T) {
	t.Parallel()
	k := newKit(t, withProof)
	k.deps.PerIP = 1200
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	proof := solve(t, challenged(t, k.post().fails(403, "proof-required")))
	k.neighbours.refuse("join", time.Second)
	k.post("proof", proof).fails(429, "slow-down")
	k.neighbours.refuse("", 0)
	k.post("proof", proof).want(201)
}

// Who cannot do the work joins by a code: a verified address counts instead.
func TestByMailInsteadOfWork(t *testing.T) {
	t.Parallel()
	k := newKit(t, withProof)
	first := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(201)
	if first["index"] != 0.0 {
		t.Errorf("%v", first)
	}
	k.Clock.Advance(-time.Hour)
	confirmed := k.post("email", "bob@example.org", "code", k.mailedCodeAfterLink("bob@example.org"))
	confirmed.fails(409, "not-yet")
	k.Clock.Advance(time.Hour)
	k.post("header:Cookie", confirmed.Header().Get("Set-Cookie")).want(201)
}

func (k *kit) mailedCodeAfterLink(email string) string {
	k.T.Helper()
	k.neighbours.letters()
	return k.mailedCode(email)
}

func TestThePriceOfAProof(t *testing.T) {
	t.Parallel()
	for rate, want := range map[int64]int64{0: 20_000, 1: 20_000, 19: 20_000, 20: 40_000, 300: 600_000, 600: 1_000_000, 1_000_000: 1_000_000} {
		if got := priceOf(rate); got != want {
			t.Errorf("at %d a second the largest number is %d, want %d", rate, got, want)
		}
	}
	k := newKit(t, withProof)
	dearest := int64(0)
	for range 45 {
		dearest = max(dearest, challenged(t, k.post().fails(403, "proof-required")).MaxNumber)
	}
	if dearest != priceOf(45) {
		t.Errorf("after 45 in one second a proof costs %d", dearest)
	}
	k.Clock.Advance(2 * time.Second)
	if c := challenged(t, k.post().fails(403, "proof-required")); c.MaxNumber != cheapestProof {
		t.Errorf("when nobody comes it costs %d", c.MaxNumber)
	}
}

func FuzzProof(f *testing.F) {
	f.Add("eyJhbGdvcml0aG0iOiJTSEEtMjU2In0=")
	f.Add(payload(f, altcha.Payload{Algorithm: "SHA-256", Salt: "x?e=1&n=1&w=1&net=1&expires=9999999999&", Number: 1}))
	k := newKit(f)
	f.Fuzz(func(t *testing.T, proof string) {
		if s, ok := k.queue.readProof(1, "192.0.2.1", proof); ok {
			t.Errorf("%q proves %+v", proof, s)
		}
	})
}
