package app

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

// customary are names other programs use for the same settings; FAIRSEAT_… wins over them.
func customary(name string) (key string, value func(string) string) {
	same := func(v string) string { return v }
	switch name {
	case "PORT":
		return "http.addr", func(v string) string { return net.JoinHostPort("0.0.0.0", v) }
	case "DATABASE_URL":
		return "postgres.url", same
	case "REDIS_URL":
		return "redis.url", same
	case "SMTP_URL":
		return "smtp.url", same
	}
	return "", nil
}

// LoadConfig reads the defaults, then the file (path "" means config.yaml if there is one), then the environment,
// given as "NAME=value". The error is one line that says what is wrong and where.
func LoadConfig(path string, environ []string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(Defaults(), "koanf"), nil); err != nil {
		return Config{}, fmt.Errorf("defaults: %w", err)
	}
	known := k.Keys()
	origin := map[string]string{}
	check := func(layer *koanf.Koanf, where func(string) string) error {
		for _, key := range layer.Keys() {
			if !slices.Contains(known, key) {
				return fmt.Errorf("%s: unknown setting; see config.yaml for all of them", where(key))
			}
			origin[key] = where(key)
		}
		return k.Merge(layer)
	}
	explicit := path != ""
	if !explicit {
		path = "config.yaml"
	}
	if _, err := os.Stat(path); err == nil || explicit {
		layer := koanf.New(".")
		if err := layer.Load(file.Provider(path), yaml.Parser()); err != nil {
			return Config{}, fmt.Errorf("%s: %w", path, err)
		}
		if err := check(layer, func(key string) string { return path + ": " + key }); err != nil {
			return Config{}, err
		}
	}
	if err := loadEnvironment(environ, check); err != nil {
		return Config{}, err
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, fmt.Errorf("settings: %s", oneLine(err))
	}
	return c, c.validate(origin)
}

// injected are names that Kubernetes puts beside ours when a Service is called fairseat.
var injected = regexp.MustCompile(`^(SERVICE_(HOST|PORT).*|PORT(_\d+_.*)?)$`)

func loadEnvironment(environ []string, check func(*koanf.Koanf, func(string) string) error) error {
	others, ours, names := koanf.New("."), koanf.New("."), map[string]string{}
	load := func(into *koanf.Koanf, transform func(k, v string) (string, any)) error {
		return into.Load(env.Provider(".", env.Opt{
			EnvironFunc: func() []string { return environ }, TransformFunc: transform,
		}), nil)
	}
	if err := load(others, func(name, v string) (string, any) {
		key, value := customary(name)
		if key == "" || v == "" {
			return "", nil
		}
		names[key] = name
		return key, value(v)
	}); err != nil {
		return err
	}
	if err := check(others, func(key string) string { return names[key] }); err != nil {
		return err
	}
	if err := load(ours, func(name, v string) (string, any) {
		rest, ok := strings.CutPrefix(name, "FAIRSEAT_")
		if !ok || injected.MatchString(rest) {
			return "", nil
		}
		key := strings.ReplaceAll(strings.ToLower(rest), "__", ".")
		names[key] = name
		if key == "http.trusted_proxies" || key == "draw.beacon_urls" || key == "payments.stripe.webhook_secrets" {
			return key, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
		}
		if key == "seller.address" { // lines have commas and spaces in them
			return key, strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == '\n' })
		}
		return key, v
	}); err != nil {
		return err
	}
	return check(ours, func(key string) string { return names[key] })
}
