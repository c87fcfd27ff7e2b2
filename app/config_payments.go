package app

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// PaymentConfig names who takes payments unless a buyer chooses otherwise, and holds what each provider needs. One whose
// section is filled is asked about its payments even if it takes no new ones.
type PaymentConfig struct {
	Provider   string         `koanf:"provider" validate:"oneof=sandbox stripe transfer"`
	Stripe     StripeConfig   `koanf:"stripe"`
	Transfer   TransferConfig `koanf:"transfer"`
	SandboxURL string         `koanf:"sandbox_url" validate:"omitempty,http_url"` // "" means the one in this process
}

// TransferConfig is the bank account that buyers send money to, and the days they have.
type TransferConfig struct {
	Holder string `koanf:"holder" validate:"max=70"`
	IBAN   string `koanf:"iban"`
	BIC    string `koanf:"bic" validate:"omitempty,bic"`
	Days   int    `koanf:"days" validate:"min=1,max=60"`
}

func (t TransferConfig) validate(needed bool, at func(string) string) error {
	switch {
	case t.IBAN == "" && needed:
		return errors.New("payments.transfer.iban: is missing; docs/payments.md tells what a bank transfer needs")
	case t.IBAN == "":
		return nil
	case !validIBAN(t.IBAN):
		return fmt.Errorf("%s: is not an IBAN; a digit may be wrong", at("payments.transfer.iban"))
	case strings.TrimSpace(t.Holder) == "":
		return errors.New("payments.transfer.holder: is missing; whose account is it?")
	}
	return nil
}

// validIBAN checks the two digits that every IBAN has for that: as a number, letters counted from 10, it leaves 1 when
// divided by 97.
func validIBAN(text string) bool {
	text = strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	if len(text) < 15 || len(text) > 34 {
		return false
	}
	rest := 0
	for _, r := range text[4:] + text[:4] {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// StripeConfig is an account at Stripe.
type StripeConfig struct {
	SecretKey      string   `koanf:"secret_key"`
	WebhookSecrets []string `koanf:"webhook_secrets"`
	URL            string   `koanf:"url"`
}

// validate wants a key of the right kind: test keys take no money, and live keys must not be tried out.
func (p PaymentConfig) validate(mode string, at func(string) string) error {
	if mode == "production" && p.Provider == "sandbox" {
		return fmt.Errorf("%s: the sandbox takes no real money and is refused in production", at("payments.provider"))
	}
	if err := p.Transfer.validate(p.Provider == "transfer", at); err != nil {
		return err
	}
	s := p.Stripe
	if s.SecretKey == "" {
		if p.Provider == "stripe" {
			return errors.New("payments.stripe.secret_key: is missing; docs/payments.md tells where to find it")
		}
		return nil
	}
	test, live := keyKind(s.SecretKey, "test"), keyKind(s.SecretKey, "live")
	switch {
	case !test && !live:
		return fmt.Errorf("%s: is not a secret key of Stripe's, like sk_test_… or rk_live_…", at("payments.stripe.secret_key"))
	case mode == "production" && test:
		return fmt.Errorf("%s: is a test key, which takes no real money and is refused in production", at("payments.stripe.secret_key"))
	case mode != "production" && live:
		return fmt.Errorf("%s: is a live key, which would take real money and is refused in trial mode", at("payments.stripe.secret_key"))
	case len(s.WebhookSecrets) == 0:
		return errors.New("payments.stripe.webhook_secrets: is missing; docs/payments.md tells where to find it")
	case slices.ContainsFunc(s.WebhookSecrets, func(secret string) bool { return !strings.HasPrefix(secret, "whsec_") }):
		return fmt.Errorf("%s: each begins with whsec_", at("payments.stripe.webhook_secrets"))
	}
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "") {
		return fmt.Errorf("%s: %q is not an address", at("payments.stripe.url"), s.URL)
	}
	return nil
}

func keyKind(key, mode string) bool {
	return strings.HasPrefix(key, "sk_"+mode+"_") || strings.HasPrefix(key, "rk_"+mode+"_")
}
