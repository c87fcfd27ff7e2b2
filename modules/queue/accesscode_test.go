package queue

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairseat/app/keyring"
)

func accessCodes(t testing.TB, lane, first, count int) []string {
	t.Helper()
	codes, err := AccessCodes(testKeys, "gala", lane, first, count)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestAccessCodes(t *testing.T) {
	t.Parallel()
	codes := append(accessCodes(t, 0, 1, 500), append(accessCodes(t, 255, MostCodes-99, 100), accessCodes(t, 7, 1, 100)...)...)
	seen, form := map[string]bool{}, regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{6}(-[0-9A-HJKMNP-TV-Z]{6}){2}$`)
	for _, code := range codes {
		if seen[code] || !form.MatchString(code) {
			t.Fatalf("%s", code)
		}
		seen[code] = true
		if _, ok := ReadAccessCode(testKeys, "gala", code); !ok {
			t.Fatalf("%s is not known again", code)
		}
		if _, ok := ReadAccessCode(testKeys, "other", code); ok {
			t.Fatalf("%s opens another event", code)
		}
	}
	if a, _ := ReadAccessCode(testKeys, "gala", codes[500]); a.Lane != 255 || a.Serial != MostCodes-99 {
		t.Errorf("%+v", a)
	}
	for _, bad := range [][3]int{{-1, 1, 1}, {256, 1, 1}, {0, 0, 1}, {0, 1, 0}, {0, MostCodes, 2}} {
		if _, err := AccessCodes(testKeys, "gala", bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v was printed", bad)
		}
	}
}

func TestAccessCodesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	code := ""
	for _, c := range accessCodes(t, 3, 1, 200) {
		if strings.Contains(c, "0") && strings.Contains(c, "1") {
			code = c
			break
		}
	}
	typed := strings.NewReplacer("0", "o", "1", "l")
	for _, as := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " – ") + "\n",
		typed.Replace(code), strings.ReplaceAll(code, "1", "I")} {
		if a, ok := ReadAccessCode(testKeys, "gala", as); !ok || a.Lane != 3 {
			t.Errorf("%q is not taken", as)
		}
	}
	// One letter else, anywhere, is no code.
	for i, r := range code {
		other := "X"
		if r == 'X' {
			other = "Y"
		}
		if r == '-' {
			continue
		}
		if _, ok := ReadAccessCode(testKeys, "gala", code[:i]+other+code[i+1:]); ok {
			t.Errorf("letter %d does not matter", i)
		}
	}
}

// What an older key signed is good while that key is known, and no longer.
func TestAccessKeysRotate(t *testing.T) {
	t.Parallel()
	old := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Access: testKeys.All(keyring.Access)[1:]})
	codes, err := AccessCodes(old, "gala", 0, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ReadAccessCode(testKeys, "gala", codes[0]); !ok {
		t.Error("the old key is known, its code is not")
	}
	fresh := keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Access: testKeys.All(keyring.Access)[:1]})
	if _, ok := ReadAccessCode(fresh, "gala", codes[0]); ok {
		t.Error("a forgotten key still opens")
	}
}

func TestOnePlaceForEachCode(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityAccessCode))
	k.budgeted()
	codes := accessCodes(t, 2, 1, 2)
	k.post().fails(403, "access-code-required")
	k.post("access_code", " ").fails(403, "access-code-required")
	k.post("access_code", "let me in").fails(403, "bad-code")
	first := k.post("access_code", codes[0]).want(201)
	same := k.post("access_code", strings.ToLower(codes[0])).want(200)
	if same["place"] != first["place"] {
		t.Errorf("%v %v", same, first)
	}
	k.neighbours.refuse("access-tries:192.0.2.1", 7*time.Second)
	if problem := k.post("access_code", "let me in").fails(429, "slow-down"); problem["retry_after"] != 7.0 {
		t.Errorf("%v", problem)
	}
	// A right code passes, however many wrong ones came from the same house.
	if second := k.post("access_code", codes[1]).want(201); second["index"] != 1.0 {
		t.Errorf("%v", second)
	}
	k.checkLine()
}

func FuzzAccessCode(f *testing.F) {
	good, err := AccessCodes(testKeys, "gala", 0, 1, 3)
	if err != nil {
		f.Fatal(err)
	}
	for _, code := range good {
		f.Add(code)
		f.Add(strings.ToLower(code))
	}
	f.Add("OIL-oil")
	f.Add("ⅼ\u00a0\u2013")
	f.Fuzz(func(t *testing.T, typed string) {
		a, ok := ReadAccessCode(testKeys, "gala", typed)
		if !ok {
			return
		}
		again, err := AccessCodes(testKeys, "gala", a.Lane, a.Serial, 1)
		if err != nil {
			t.Fatalf("%q is %+v, which was never printed: %v", typed, a, err)
		}
		if b, ok := ReadAccessCode(testKeys, "gala", again[0]); !ok || b != a {
			t.Errorf("%q is %+v and %s is %+v", typed, a, again[0], b)
		}
	})
}

// A code that counts for nothing changes nothing, and nobody is left to believe that it did.
func TestACodeWhereNoneCounts(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	if made := k.post("access_code", accessCodes(t, 1, 5, 1)[0]).want(201); fmt.Sprint(made["ignored"]) != "[access_code]" {
		t.Errorf("%v", made)
	}
	if made := k.post("access_code", "  ").want(201); made["ignored"] != nil {
		t.Errorf("%v", made)
	}
}

// Where the draw has lanes a code puts one into its lane, whoever else may join.
func TestACodeOpensItsLane(t *testing.T) {
	t.Parallel()
	k := newKit(t, withLanes)
	k.post().want(201)
	first := k.post("access_code", accessCodes(t, 1, 5, 1)[0]).want(201)
	if first["lane"] != 1.0 || first["cohort"] != "draw" {
		t.Errorf("%v", first)
	}
	same := k.post("access_code", accessCodes(t, 1, 5, 1)[0]).want(200)
	if same["place"] != first["place"] {
		t.Errorf("%v %v", same, first)
	}
	k.post("access_code", "rubbish").fails(403, "bad-code")
	k.post("access_code", accessCodes(t, 200, 1, 1)[0]).fails(409, "no-lane")
	if plain := k.post("access_code", accessCodes(t, 0, 1, 1)[0]).want(201); plain["lane"] != nil {
		t.Errorf("%v", plain)
	}
	k.checkLine()
}
