package app

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"fairseat/app/keyring"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/invoice"
)

// Config is every setting; config.yaml explains each.
type Config struct {
	Mode          string         `koanf:"mode" validate:"oneof=trial production"`
	DataDir       string         `koanf:"data_dir"`
	AdminEmail    string         `koanf:"admin_email" validate:"omitempty,email"`
	AdminPassword string         `koanf:"admin_password"`
	HTTP          HTTPConfig     `koanf:"http"`
	Postgres      PostgresConfig `koanf:"postgres"`
	Redis         RedisConfig    `koanf:"redis"`
	SMTP          SMTPConfig     `koanf:"smtp"`
	Payments      PaymentConfig  `koanf:"payments"`
	Tickets       TicketConfig   `koanf:"tickets"`
	Refunds       RefundConfig   `koanf:"refunds"`
	Seller        SellerConfig   `koanf:"seller"`
	Tax           TaxConfig      `koanf:"tax"`
	Limits        LimitConfig    `koanf:"limits"`
	Draw          DrawConfig     `koanf:"draw"`
	Keys          KeyConfig      `koanf:"keys"`
	Log           LogConfig      `koanf:"log"`
}

// HTTPConfig is where and how to listen.
type HTTPConfig struct {
	Addr           string        `koanf:"addr" validate:"required"`
	PublicURL      string        `koanf:"public_url"`
	TrustedProxies []string      `koanf:"trusted_proxies"`
	Drain          time.Duration `koanf:"drain" validate:"min=0,max=10m"`
}

// PostgresConfig is the database; no URL means the built-in one.
type PostgresConfig struct {
	URL            string `koanf:"url"`
	MaxConnections int    `koanf:"max_connections" validate:"min=4,max=500"`
}

// RedisConfig is the short-lived store; no URL means the built-in one.
type RedisConfig struct {
	URL    string `koanf:"url"`
	Prefix string `koanf:"prefix" validate:"max=40,excludesall={}*?[]"`
}

// SMTPConfig is how mail leaves; no URL means files in data_dir/outbox.
type SMTPConfig struct {
	URL  string `koanf:"url"`
	From string `koanf:"from" validate:"required"`
}

// TicketConfig is what buyers may do with their tickets themselves.
type TicketConfig struct {
	Swaps bool `koanf:"swaps"`
}

// RefundConfig is how much money one owner may return alone.
type RefundConfig struct {
	SecondApproverAbove int64 `koanf:"second_approver_above" validate:"min=-1"`
}

// SellerConfig is who stands on invoices; without a name there are none.
type SellerConfig struct {
	Name     string   `koanf:"name" validate:"max=200"`
	Address  []string `koanf:"address" validate:"max=6,dive,max=200"`
	VATID    string   `koanf:"vat_id" validate:"max=40"`
	Register string   `koanf:"register" validate:"max=200"`
	Prefix   string   `koanf:"invoice_prefix" validate:"max=20"`
}

func (s SellerConfig) seller() checkout.Seller {
	return checkout.Seller{Name: s.Name, Address: s.Address, VATID: s.VATID, Register: s.Register, Prefix: s.Prefix}
}

// TaxConfig is what tax is inside the prices of events that say nothing of their own.
type TaxConfig struct {
	Rate int    `koanf:"rate" validate:"min=0,max=10000"`
	Name string `koanf:"name" validate:"max=60"`
}

func (t TaxConfig) rate() invoice.Rate {
	return invoice.Rate{Points: t.Rate, Name: cmp.Or(t.Name, checkout.TaxName(t.Rate))}
}

// LimitConfig holds budgets a minute; 0 turns one off.
type LimitConfig struct {
	PerIP      int `koanf:"per_ip" validate:"min=0"`
	PerNetwork int `koanf:"per_network" validate:"min=0"`
	PerPlace   int `koanf:"per_place" validate:"min=0"`
}

// DrawConfig names a source of public randomness (drand over HTTP) for the draws of new events; no URLs means none.
type DrawConfig struct {
	BeaconURLs  []string `koanf:"beacon_urls" validate:"max=10"`
	BeaconChain string   `koanf:"beacon_chain"`
	BeaconKey   string   `koanf:"beacon_key"`
}

// KeyConfig holds keys that do not come from Postgres: "id:hex[,id:hex…]", newest first.
type KeyConfig struct {
	Place   string `koanf:"place"`
	Order   string `koanf:"order"`
	Ticket  string `koanf:"ticket"`
	Webhook string `koanf:"webhook"`
	Buyer   string `koanf:"buyer"`
	Access  string `koanf:"access"`
}

// LogConfig is how much is logged, and in which form.
type LogConfig struct {
	Level  string `koanf:"level" validate:"oneof=debug info warn error"`
	Format string `koanf:"format" validate:"oneof=text json"`
}

// Defaults is what an empty configuration means; config.yaml says the same.
func Defaults() Config {
	return Config{
		Mode:     "trial",
		HTTP:     HTTPConfig{Addr: "127.0.0.1:8080", TrustedProxies: []string{}, Drain: 20 * time.Second},
		Postgres: PostgresConfig{MaxConnections: 20},
		Redis:    RedisConfig{Prefix: "fs:"},
		SMTP:     SMTPConfig{From: "Fairseat <tickets@localhost>"},
		Payments: PaymentConfig{Provider: "sandbox", Stripe: StripeConfig{WebhookSecrets: []string{}}, Transfer: TransferConfig{Days: 7}},
		Tickets:  TicketConfig{Swaps: true},
		Refunds:  RefundConfig{SecondApproverAbove: 500_000},
		Seller:   SellerConfig{Address: []string{}, Prefix: "INV-"},
		Limits:   LimitConfig{PerIP: 1200, PerNetwork: 6000, PerPlace: 120},
		Draw:     DrawConfig{BeaconURLs: []string{}},
		Log:      LogConfig{Level: "info", Format: "text"},
	}
}

// validate says what is wrong in one line, naming where the value came from and never the value of a secret.
func (c *Config) validate(origin map[string]string) error {
	at := func(key string) string {
		if o := origin[key]; o != "" {
			return o
		}
		return key
	}
	v := validator.New()
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("koanf") })
	if err := v.Struct(c); err != nil {
		var all validator.ValidationErrors
		if errors.As(err, &all) {
			_, key, _ := strings.Cut(all[0].Namespace(), ".")
			rule := all[0].Tag()
			if all[0].Param() != "" {
				rule += " " + all[0].Param()
			}
			return fmt.Errorf("%s: must be %s", at(key), rule)
		}
		return err
	}
	// Who turns the budgets of addresses off means those of their networks too, whatever a config.yaml that lists every
	// setting says; only the environment, which somebody set beside it, keeps one.
	if c.Limits.PerIP == 0 && !strings.HasPrefix(origin["limits.per_network"], "FAIRSEAT_") {
		c.Limits.PerNetwork = 0
	}
	if (c.Postgres.URL == "") != (c.Redis.URL == "") {
		return errors.New("postgres.url and redis.url: set both for servers of your own, or neither for the built-in ones")
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Addr); err != nil {
		return fmt.Errorf("%s: %q is not host:port", at("http.addr"), c.HTTP.Addr)
	}
	if c.HTTP.PublicURL != "" {
		u, err := url.Parse(c.HTTP.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || (u.Path != "" && u.Path != "/") {
			return fmt.Errorf("%s: %q is not like https://tickets.example.org", at("http.public_url"), c.HTTP.PublicURL)
		}
		c.HTTP.PublicURL = u.Scheme + "://" + u.Host
	}
	for _, network := range c.HTTP.TrustedProxies {
		if _, err := parseNetwork(network); err != nil {
			return fmt.Errorf("%s: %q is not a network like 10.0.0.0/8", at("http.trusted_proxies"), network)
		}
	}
	if err := c.Draw.validate(at); err != nil {
		return err
	}
	if _, err := mail.ParseAddress(c.SMTP.From); err != nil {
		return fmt.Errorf("%s: %q is not an address like Box office <tickets@example.org>", at("smtp.from"), c.SMTP.From)
	}
	if c.Seller.Name != "" && len(c.Seller.Address) == 0 {
		return fmt.Errorf("%s: an invoice needs the seller's address, too", at("seller.address"))
	}
	if c.AdminPassword != "" && len(c.AdminPassword) < 10 {
		return fmt.Errorf("%s: must have at least 10 characters", at("admin_password"))
	}
	if _, err := c.Keys.ring(at); err != nil {
		return err
	}
	if c.DataDir == "" {
		c.DataDir = defaultDataDir()
	}
	abs, err := filepath.Abs(c.DataDir)
	if err != nil {
		return fmt.Errorf("%s: %w", at("data_dir"), err)
	}
	c.DataDir = abs
	if err := c.Payments.validate(c.Mode, at); err != nil {
		return err
	}
	return c.refuseInProduction(at)
}

var (
	hash64 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hexKey = regexp.MustCompile(`^([0-9a-f]{2}){32,256}$`)
)

// validate wants all of a beacon or nothing.
func (d *DrawConfig) validate(at func(string) string) error {
	for _, text := range d.BeaconURLs {
		if u, err := url.Parse(text); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" {
			return fmt.Errorf("%s: %q is not like https://api.drand.sh", at("draw.beacon_urls"), text)
		}
	}
	d.BeaconChain, d.BeaconKey = strings.ToLower(d.BeaconChain), strings.ToLower(d.BeaconKey)
	switch {
	case len(d.BeaconURLs) == 0:
		if d.BeaconChain != "" || d.BeaconKey != "" {
			return errors.New("draw.beacon_chain and draw.beacon_key: draw.beacon_urls names nobody to ask")
		}
	case !hash64.MatchString(d.BeaconChain):
		return fmt.Errorf("%s: must be the hash of a drand chain, 64 hex digits", at("draw.beacon_chain"))
	case d.BeaconKey != "" && !hexKey.MatchString(d.BeaconKey):
		return fmt.Errorf("%s: must be the public key of the chain in hex, or empty", at("draw.beacon_key"))
	}
	return nil
}

func (c *Config) refuseInProduction(at func(string) string) error {
	if c.Mode != "production" {
		return nil
	}
	if u, err := url.Parse(c.HTTP.PublicURL); err != nil || u.Scheme != "https" {
		return fmt.Errorf("%s: production needs https", at("http.public_url"))
	}
	return nil
}

// ring is the configured keys; purposes without one are missing from it.
func (k KeyConfig) ring(at func(string) string) (map[keyring.Purpose][]keyring.Key, error) {
	given := map[keyring.Purpose]string{keyring.Place: k.Place, keyring.Order: k.Order, keyring.Ticket: k.Ticket,
		keyring.Webhook: k.Webhook, keyring.Buyer: k.Buyer, keyring.Access: k.Access}
	keys := map[keyring.Purpose][]keyring.Key{}
	for purpose, text := range given {
		if text == "" {
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			key, err := parseKey(part)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at("keys."+string(purpose)), err)
			}
			keys[purpose] = append(keys[purpose], key)
		}
	}
	return keys, nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func defaultDataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/fairseat"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "fairseat")
	}
	return "data"
}

// logger writes as configured; attributes that could hold a secret are not logged anywhere, so nothing is redacted here.
func (c LogConfig) logger(w *os.File) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // validated
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
