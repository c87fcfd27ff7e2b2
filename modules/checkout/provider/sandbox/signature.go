package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fairseat/modules/checkout/provider"
)

const (
	webhookTolerance = 300 * time.Second
	signatureHeader  = "Fairseat-Signature"
)

// checkSignature takes "t=<unix>,v1=<hex>[,v1=<hex>…]", the HMAC-SHA256 of "<t>.<body>" under any of the secrets, at
// most webhookTolerance off our clock. provider.ErrBadSignature for everything else.
func checkSignature(secrets [][]byte, header string, body []byte, now time.Time) error {
	at, signatures := "", []string{}
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if at != "" {
				return provider.ErrBadSignature
			}
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || len(signatures) == 0 || len(signatures) > 8 {
		return provider.ErrBadSignature
	}
	// In whole seconds, so that no time far away can overflow a duration.
	if off := now.Unix() - seconds; off > int64(webhookTolerance/time.Second) || off < -int64(webhookTolerance/time.Second) {
		return provider.ErrBadSignature
	}
	for _, signature := range signatures {
		given, err := hex.DecodeString(signature)
		if err != nil {
			continue
		}
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, secret)
			fmt.Fprintf(mac, "%s.", at)
			mac.Write(body)
			if hmac.Equal(given, mac.Sum(nil)) {
				return nil
			}
		}
	}
	return provider.ErrBadSignature
}
