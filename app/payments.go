package app

import (
	"encoding/hex"
	"slices"
	"strings"

	"fairseat/app/keyring"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/provider"
	bysandbox "fairseat/modules/checkout/provider/sandbox"
	bystripe "fairseat/modules/checkout/provider/stripe"
	"fairseat/modules/checkout/provider/transfer"
	"fairseat/modules/seating"
)

// providers are all that can be asked about payments, the usual one first.
func (a *App) providers() []provider.Provider {
	var all []provider.Provider
	if a.config.Mode == "trial" {
		all = append(all, bysandbox.New(bysandbox.Config{
			BaseURL: a.sandboxURL, WebhookURL: func() string { return a.localURL }, Secret: bysandbox.MerchantSecret(a.keys.Current(keyring.Webhook)),
			SigningKeys: secrets(a.keys.All(keyring.Webhook)), Clock: a.clock,
		}))
	}
	if s := a.config.Payments.Stripe; s.SecretKey != "" {
		all = append(all, bystripe.New(bystripe.Config{SecretKey: s.SecretKey, WebhookSecrets: s.WebhookSecrets, URL: s.URL, Clock: a.clock, Log: a.log,
			Installation: hex.EncodeToString(a.keys.Current(keyring.Order).MAC([]byte("installation"))[:8])}))
	}
	if t := a.config.Payments.Transfer; t.IBAN != "" {
		account := provider.Account{Holder: t.Holder, IBAN: spaced(t.IBAN), BIC: strings.ToUpper(t.BIC)}
		all = append(all, transfer.New(transfer.Config{DB: a.stores.db, Clock: a.clock, Account: account, Days: t.Days}))
	}
	slices.SortStableFunc(all, func(x, y provider.Provider) int { return a.usual(y) - a.usual(x) })
	return all
}

func (a *App) usual(p provider.Provider) int {
	if p.Name() == a.config.Payments.Provider {
		return 1
	}
	return 0
}

// sandboxURL is where the sandbox processor listens: in this very process, unless another is named.
func (a *App) sandboxURL() string {
	if elsewhere := a.config.Payments.SandboxURL; elsewhere != "" {
		return elsewhere
	}
	return a.localURL
}

// spaced is an IBAN as people read it, in groups of four.
func spaced(iban string) string {
	iban = strings.ToUpper(strings.ReplaceAll(iban, " ", ""))
	var out strings.Builder
	for i, r := range iban {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// methods are the ways to pay that the settings allow, in words.
func (a *App) methods() []seating.Method {
	names := map[string]string{"sandbox": "Card (test)", "stripe": "Card", "transfer": "Bank transfer"}
	var all []seating.Method
	for _, p := range a.providers() {
		m := seating.Method{ID: p.Name(), Name: names[p.Name()]}
		if _, byHand := p.(provider.ByHand); byHand {
			m.Lead = checkout.HandLead
		}
		all = append(all, m)
	}
	return all
}
