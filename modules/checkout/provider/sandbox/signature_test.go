package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// sign is a signature as the processor makes it.
func sign(secret []byte, at int64, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%d.", at)
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil)))
}

func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	secret, older, now, body := []byte("secret"), []byte("older"), testkit.Start, []byte(`{"id":"evt_1"}`)
	good := sign(secret, now.Unix(), body)
	_, mac, _ := strings.Cut(good, "v1=")
	for _, c := range []struct {
		name, header string
		ok           bool
	}{
		{"good", good, true},
		{"spaces", strings.ReplaceAll(good, ",", ", "), true},
		{"older key", sign(older, now.Unix(), body), true},
		{"several, one good", "t=" + fmt.Sprint(now.Unix()) + ",v1=00ff,v1=" + mac + ",v0=x", true},
		{"at the edge", sign(secret, now.Unix()-300, body), true},
		{"a fast clock", sign(secret, now.Unix()+300, body), true},
		{"too old", sign(secret, now.Unix()-301, body), false},
		{"too far ahead", sign(secret, now.Unix()+301, body), false},
		{"very far away", sign(secret, -1<<63, body), false},
		{"another key", sign([]byte("guess"), now.Unix(), body), false},
		{"another body", sign(secret, now.Unix(), []byte(`{}`)), false},
		{"time changed", strings.Replace(good, "t="+fmt.Sprint(now.Unix()), "t="+fmt.Sprint(now.Unix()+1), 1), false},
		{"two times", good + ",t=1", false},
		{"no time", "v1=" + mac, false},
		{"no signature", "t=" + fmt.Sprint(now.Unix()), false},
		{"not hex", "t=" + fmt.Sprint(now.Unix()) + ",v1=zz", false},
		{"empty signature", "t=" + fmt.Sprint(now.Unix()) + ",v1=", false},
		{"too many", "t=" + fmt.Sprint(now.Unix()) + strings.Repeat(",v1=00", 8) + ",v1=" + mac, false},
		{"empty", "", false},
	} {
		err := checkSignature([][]byte{secret, older}, c.header, body, now)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, provider.ErrBadSignature)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Nothing a stranger can write is a signature, and what is signed may still be anything.
func FuzzStrangersSignNothing(f *testing.F) {
	f.Add(`{"id":"evt_1","type":"t","payment":{"id":"p","payment":"q"}}`, "t=1,v1=00")
	f.Add("", "")
	f.Add("{", "t=9223372036854775807,v1=")
	client := New(Config{SigningKeys: [][]byte{[]byte("k")}, Clock: clock.NewManual(testkit.Start)})
	f.Fuzz(func(t *testing.T, body, header string) {
		if checkSignature([][]byte{[]byte("k")}, header, []byte(body), testkit.Start) == nil {
			t.Errorf("%q is a signature", header)
		}
		e, err := client.Event(map[string][]string{signatureHeader: {sign([]byte("k"), testkit.Start.Unix(), []byte(body))}}, []byte(body), testkit.Start)
		if err == nil && (e.ID == "" || e.Ref == "" || len(e.ID) > 255 || strings.ContainsRune(e.ID+e.Ref+e.Type+e.Payment, 0)) {
			t.Errorf("event %+v", e)
		}
	})
}
