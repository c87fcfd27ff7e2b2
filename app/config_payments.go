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
	Provider   string       `koanf:"provider" validate:"oneof=sandbox stripe"`
	Stripe     StripeConfig `koanf:"stripe"`
	SandboxURL string       `koanf:"sandbox_url" validate:"omitempty,http_url"` // "" means the one in this process
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
