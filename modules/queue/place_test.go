package queue

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fairseat/app/keyring"
)

var somePlace = Place{EventID: 42, Cohort: InTail, Index: 70_000, JoinedAt: time.UnixMilli(1_804_845_600_123).UTC()}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	for _, p := range []Place{somePlace, {EventID: 1, JoinedAt: time.UnixMilli(0).UTC()}, {EventID: 1 << 60, Cohort: InDraw, Index: 1 << 50, JoinedAt: somePlace.JoinedAt},
		{EventID: 42, Cohort: InLane(1), Index: 12, JoinedAt: somePlace.JoinedAt}, {EventID: 42, Cohort: InLane(maxLanes), JoinedAt: somePlace.JoinedAt}} {
		token := p.Sign(testKeys)
		got, err := Verify(testKeys, token)
		if err != nil || got != p {
			t.Errorf("%+v came back as %+v, %v", p, got, err)
		}
		if len(token) > 90 {
			t.Errorf("a token of %d characters", len(token))
		}
		if cohort, index, err := parseKey(p.Key()); err != nil || cohort != p.Cohort || index != p.Index {
			t.Errorf("key %q: %v %d %v", p.Key(), cohort, index, err)
		}
	}
	for _, key := range []string{"", "d", "x1", "d-1", "dt1", "d+1", "d01", "1", "t1x", "l", "l1", "l1.", "l0.1", "l5.1", "l1.01", "l1-1", "l11.1", "l1.-1"} {
		if _, _, err := parseKey(key); err == nil {
			t.Errorf("%q is a key", key)
		}
	}
}

func TestOldKeyStillVerifies(t *testing.T) {
	t.Parallel()
	old := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: {{ID: "a1", Secret: []byte("fedcba9876543210fedcba9876543210")}}})
	if got, err := Verify(testKeys, somePlace.Sign(old)); err != nil || got != somePlace {
		t.Fatalf("%+v %v", got, err)
	}
}

// A ring turns: the newest key signs, older ones still verify, and with a key that was removed all its tokens end.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	key := func(id string) keyring.Key { return keyring.Key{ID: id, Secret: []byte(strings.Repeat(id, 16))} }
	ring := func(ids ...string) *keyring.Ring {
		var keys []keyring.Key
		for _, id := range ids {
			keys = append(keys, key(id))
		}
		return keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: keys})
	}
	first := somePlace.Sign(ring("k1"))
	second := somePlace.Sign(ring("k2", "k1"))
	if first == second {
		t.Fatal("the new key does not sign")
	}
	for _, c := range []struct {
		ring  *keyring.Ring
		token string
		valid bool
	}{
		{ring("k2", "k1"), first, true}, {ring("k2", "k1"), second, true}, {ring("k3", "k2", "k1"), first, true},
		{ring("k3", "k2"), first, false}, {ring("k3", "k2"), second, true}, {ring("k1"), second, false},
	} {
		got, err := Verify(c.ring, c.token)
		if c.valid && (err != nil || got != somePlace) || !c.valid && (!errors.Is(err, ErrBadPlace) || got != (Place{})) {
			t.Errorf("%+v: %+v %v", c, got, err)
		}
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	token := somePlace.Sign(testKeys)
	stranger := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: {{ID: "b2", Secret: []byte("another key under the same id...")}}})
	unknown := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: {{ID: "zz", Secret: []byte("0123456789abcdef0123456789abcdef")}}})
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	edit := func(change func([]byte) []byte) string {
		return base64.RawURLEncoding.EncodeToString(change(append([]byte{}, raw...)))
	}
	for name, bad := range map[string]string{
		"empty": "", "words": "let me in", "cut": token[:len(token)-1], "cut in half": token[:len(token)/2],
		"longer": token + "A", "padded": token + "==", "other alphabet": strings.ReplaceAll(token, token[5:6], "+"),
		"forged":        somePlace.Sign(stranger),
		"unknown key":   somePlace.Sign(unknown),
		"other index":   edit(func(b []byte) []byte { b[len(b)-40] ^= 1; return b }),
		"other cohort":  edit(func(b []byte) []byte { b[4] = 0; return b }),
		"a lane":        edit(func(b []byte) []byte { b[4] = byte(InLane(1)); return b }),
		"key id cut":    edit(func(b []byte) []byte { b[1]--; return b }),
		"head only":     edit(func(b []byte) []byte { return b[:4] }),
		"body only":     edit(func(b []byte) []byte { return b[:len(b)-32] }),
		"other version": edit(func(b []byte) []byte { b[0] = 2; return b }),
		"long key id":   edit(func(b []byte) []byte { b[1] = 255; return b }),
		"bare MAC":      edit(func(b []byte) []byte { return b[len(b)-32:] }),
		"huge":          strings.Repeat("A", 100_000),
		"line break":    token[:10] + "\n" + token[10:],
		"loose bits":    token[:len(token)-1] + string(token[len(token)-1]+1),
	} {
		if p, err := Verify(testKeys, bad); !errors.Is(err, ErrBadPlace) || p != (Place{}) {
			t.Errorf("%s: %+v %v", name, p, err)
		}
	}
}

// What our own key signed, but no place of ours says: a cohort that is none, bytes that follow, a number without end.
func TestSignedNonsense(t *testing.T) {
	t.Parallel()
	key := testKeys.Current(keyring.Place)
	sign := func(rest ...byte) string {
		b := append(append([]byte{tokenVersion, byte(len(key.ID))}, key.ID...), rest...)
		return base64.RawURLEncoding.EncodeToString(append(b, key.MAC([]byte(tokenContext), b)...))
	}
	if _, err := Verify(testKeys, sign(0, 42, 7, 1)); err != nil {
		t.Fatalf("a place is refused: %v", err)
	}
	for name, token := range map[string]string{
		"no body": sign(), "cohort 2": sign(2, 42, 7, 1), "lane 0": sign(16, 42, 7, 1), "a fifth lane": sign(16+maxLanes+1, 42, 7, 1),
		"cohort 255": sign(255, 42, 7, 1), "two numbers": sign(0, 42, 7), "four numbers": sign(0, 42, 7, 1, 1),
		"no end":  sign(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1),
		"below 0": sign(0, 42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1),
	} {
		if p, err := Verify(testKeys, token); !errors.Is(err, ErrBadPlace) || p != (Place{}) {
			t.Errorf("%s: %+v %v", name, p, err)
		}
	}
}

// Whatever a stranger sends: refused, or exactly what we signed.
func FuzzVerify(f *testing.F) {
	f.Add(somePlace.Sign(testKeys))
	f.Add(Place{EventID: 1, JoinedAt: somePlace.JoinedAt}.Sign(testKeys))
	f.Add(Place{EventID: 42, Cohort: InLane(3), Index: 9, JoinedAt: somePlace.JoinedAt}.Sign(testKeys))
	f.Add("")
	f.Add("AQJiMgA")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := Verify(testKeys, token)
		if err != nil {
			if !errors.Is(err, ErrBadPlace) {
				t.Fatal(err)
			}
			return
		}
		// Only the key of the seeds could have made it, so it is one of them or signs to the same text.
		if again := p.Sign(testKeys); again != token {
			t.Fatalf("%q verifies as %+v, which signs as %q", token, p, again)
		}
	})
}

// A place that is shown to us after a new key came is signed with it, so that the old key can be taken away some day.
func TestAPlaceOutlivesItsKey(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	mine := k.join()
	old := testKeys.All(keyring.Place)[1]
	token := mine.Sign(keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: {old}}))
	again := k.do("POST", k.queuePath(""), "", "Authorization", "Bearer "+token)
	if body := again.want(200); body["place"] != mine.Sign(testKeys) || body["index"] != float64(mine.Index) {
		t.Errorf("%v", body)
	}
	if cookie := again.Header().Get("Set-Cookie"); !strings.HasPrefix(cookie, "fs_place_gala="+mine.Sign(testKeys)+";") {
		t.Errorf("the cookie is %s", cookie)
	}
}

func TestCredentialOfARequest(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	mine := k.join()
	mine.EventID = k.id
	token := mine.Sign(testKeys)
	foreign := Place{EventID: k.id + 1, JoinedAt: k.Clock.Now()}.Sign(testKeys)
	cookie := func(v string) []string { return []string{"Cookie", "fs_place_gala=" + v} }
	me := k.queuePath("/me")

	k.do("GET", me, "").fails(401, "no-place")
	k.do("GET", me, "", "Authorization", "Basic abc").fails(401, "no-place")
	k.do("GET", me, "", "Authorization", "Bearer "+foreign).fails(401, "bad-place")
	k.do("GET", me, "", "Authorization", "Bearer nonsense").fails(401, "bad-place")
	k.do("GET", me, "", cookie("nonsense")...).fails(401, "bad-place")
	k.do("GET", me, "", cookie(token)...).want(200)
	k.do("GET", me, "", "Authorization", "Bearer "+token).want(200)
	k.do("GET", me, "", append(cookie(token), "Authorization", "Bearer "+foreign)...).fails(401, "bad-place")
	k.do("GET", me, "", append(cookie(foreign), "Authorization", "Bearer "+token)...).want(200)
	k.do("GET", me, "", "Cookie", "fs_place_other="+token).fails(401, "no-place")
}

func TestCookie(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	plain := k.do("POST", k.queuePath(""), "").Header().Get("Set-Cookie")
	if !strings.HasPrefix(plain, "fs_place_gala=") || !strings.Contains(plain, "Path=/;") || !strings.Contains(plain, "HttpOnly") ||
		!strings.Contains(plain, "SameSite=Lax") || strings.Contains(plain, "Secure") || strings.Contains(plain, "Domain") {
		t.Errorf("on http: %s", plain)
	}
	k.deps.PublicURL = "https://tickets.example.org"
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	secure := k.do("POST", k.queuePath(""), "").Header().Get("Set-Cookie")
	if !strings.HasPrefix(secure, "__Host-fs_place_gala=") || !strings.Contains(secure, "Secure") || !strings.Contains(secure, "Path=/;") {
		t.Errorf("on https: %s", secure)
	}
	value, _, _ := strings.Cut(strings.TrimPrefix(secure, "__Host-fs_place_gala="), ";")
	k.do("GET", k.queuePath("/me"), "", "Cookie", "__Host-fs_place_gala="+value).want(200)
	k.do("GET", k.queuePath("/me"), "", "Cookie", "fs_place_gala="+value).fails(401, "no-place")
}

// An order's address names no event: whichever of a visitor's places is of the order's event counts.
func TestPlaceOfToken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	at := k.Clock.Now()
	mine, other := Place{7, InTail, 3, at}, Place{8, InDraw, 1, at}
	ask := func(eventID int64, header ...string) string {
		r := httptest.NewRequest("GET", "/api/v1/orders/x", nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		key, ok := k.queue.PlaceOfToken(k.echo.NewContext(r, httptest.NewRecorder()), eventID)
		if ok != (key != "") {
			t.Errorf("%q, %v", key, ok)
		}
		return key
	}
	cookies := []string{"Cookie", "fs_place_gala=rubbish; fs_place_a=" + mine.Sign(testKeys) + "; fs_place_b=" + other.Sign(testKeys) + "; x=y"}
	if got := ask(7, cookies...); got != "t3" {
		t.Errorf("of event 7: %q", got)
	}
	if got := ask(8, cookies...); got != "d1" {
		t.Errorf("of event 8: %q", got)
	}
	if got := ask(9, cookies...); got != "" {
		t.Errorf("of event 9: %q", got)
	}
	if got := ask(7, bearer(mine)...); got != "t3" {
		t.Errorf("Bearer: %q", got)
	}
	if got := ask(7, "Cookie", "session="+mine.Sign(testKeys)); got != "" {
		t.Errorf("from another cookie: %q", got)
	}
}
