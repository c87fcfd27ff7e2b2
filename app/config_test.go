package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// config.yaml is read by people as the list of settings: it must name them all, with the defaults the code has.
func TestConfigFileSaysTheDefaults(t *testing.T) {
	fromFile, err := LoadConfig("../config.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	fromCode := Defaults()
	if err := fromCode.validate(nil); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(fromFile, fromCode) {
		t.Errorf("config.yaml says %+v\nthe code says %+v", fromFile, fromCode)
	}
	text, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	walkKeys(reflect.TypeFor[Config](), func(key string) {
		if !strings.Contains(string(text), key+":") {
			t.Errorf("config.yaml does not name %s", key)
		}
	})
}

func walkKeys(s reflect.Type, visit func(string)) {
	for f := range s.Fields() {
		visit(f.Tag.Get("koanf"))
		if f.Type.Kind() == reflect.Struct {
			walkKeys(f.Type, visit)
		}
	}
}

func TestEnvironmentWins(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("http: {addr: '127.0.0.1:1', drain: 3s}\nmode: trial\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(file, []string{"FAIRSEAT_HTTP__PUBLIC_URL=http://tickets.test/", "FAIRSEAT_LIMITS__PER_IP=0", "PORT=99", "HOME=/x",
		"FAIRSEAT_SERVICE_HOST=10.0.0.1", "FAIRSEAT_PORT=tcp://10.0.0.1:80", "FAIRSEAT_PORT_80_TCP_ADDR=10.0.0.1",
		"FAIRSEAT_HTTP__TRUSTED_PROXIES=10.0.0.0/8, 192.168.1.1", "DATABASE_URL=postgres://a/b", "REDIS_URL=redis://c"})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Addr != "0.0.0.0:99" || c.HTTP.PublicURL != "http://tickets.test" || c.Limits.PerIP != 0 || c.Limits.PerNetwork != 0 || c.HTTP.Drain.Seconds() != 3 {
		t.Errorf("%+v", c)
	}
	if len(c.HTTP.TrustedProxies) != 2 || c.Postgres.URL != "postgres://a/b" || c.Redis.URL != "redis://c" {
		t.Errorf("%+v", c)
	}
	c, err = LoadConfig(file, []string{"PORT=99", "FAIRSEAT_HTTP__ADDR=127.0.0.1:5"})
	if err != nil || c.HTTP.Addr != "127.0.0.1:5" {
		t.Errorf("FAIRSEAT_ must win over PORT: %v %v", c.HTTP.Addr, err)
	}
}

// The config.yaml that is shipped names every setting, and is read by whoever starts us beside it: it must not keep a
// budget that FAIRSEAT_LIMITS__PER_IP=0 turns off.
func TestNoBudgetOfAddressesIsNoneOfNetworks(t *testing.T) {
	c, err := LoadConfig("../config.yaml", []string{"FAIRSEAT_LIMITS__PER_IP=0"})
	if err != nil || c.Limits.PerNetwork != 0 {
		t.Errorf("%d joins a minute from one network, %v", c.Limits.PerNetwork, err)
	}
	c, err = LoadConfig("../config.yaml", []string{"FAIRSEAT_LIMITS__PER_IP=0", "FAIRSEAT_LIMITS__PER_NETWORK=7"})
	if err != nil || c.Limits.PerNetwork != 7 {
		t.Errorf("asked for 7 joins a minute, there are %d, %v", c.Limits.PerNetwork, err)
	}
}

// Each mistake is one line that says what and where, and never shows a secret.
func TestMistakesAreOneClearLine(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		f := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, c := range []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"unknown key in the file", "htp: {addr: x}", nil, []string{"c.yaml", "htp", "unknown"}},
		{"unknown name in the environment", "", []string{"FAIRSEAT_HTTP__ADR=x"}, []string{"FAIRSEAT_HTTP__ADR", "unknown"}},
		{"not a number", "", []string{"FAIRSEAT_LIMITS__PER_IP=many"}, []string{"limits.per_ip"}},
		{"below its least", "", []string{"FAIRSEAT_LIMITS__PER_IP=-1"}, []string{"FAIRSEAT_LIMITS__PER_IP"}},
		{"no such mode", "mode: live", nil, []string{"c.yaml", "mode", "production"}},
		{"broken yaml", "http: [", nil, []string{"c.yaml"}},
		{"half of the servers", "", []string{"DATABASE_URL=postgres://user:hunter2@a/b"}, []string{"redis.url"}},
		{"bad address", "", []string{"FAIRSEAT_HTTP__ADDR=nowhere"}, []string{"FAIRSEAT_HTTP__ADDR", "host:port"}},
		{"bad proxy", "", []string{"FAIRSEAT_HTTP__TRUSTED_PROXIES=everyone"}, []string{"FAIRSEAT_HTTP__TRUSTED_PROXIES"}},
		{"short password", "", []string{"FAIRSEAT_ADMIN_PASSWORD=hunter2"}, []string{"FAIRSEAT_ADMIN_PASSWORD", "10 characters"}},
		{"weak key", "", []string{"FAIRSEAT_KEYS__PLACE=k1:" + strings.Repeat("00", 32)}, []string{"FAIRSEAT_KEYS__PLACE", "not random"}},
		{"malformed key", "", []string{"FAIRSEAT_KEYS__PLACE=hunter2"}, []string{"FAIRSEAT_KEYS__PLACE", "hex"}},
		{"sandbox in production", "mode: production", nil, []string{"payments.provider", "sandbox"}},
		{"Stripe without a key", "payments: {provider: stripe}", nil, []string{"payments.stripe.secret_key", "missing"}},
		{"Stripe without a webhook", "", []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY=sk_test_hunter2"}, []string{"webhook_secrets", "missing"}},
		{"a public key", "", []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY=pk_test_hunter2"}, []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY", "sk_test"}},
		{"a live key on trial", "", []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY=sk_live_hunter2"}, []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY", "live", "trial"}},
		{"a test key in production", "{mode: production, payments: {provider: stripe}}", []string{"FAIRSEAT_PAYMENTS__STRIPE__SECRET_KEY=rk_test_hunter2"}, []string{"test key", "production"}},
		{"no webhook secret", "payments: {stripe: {secret_key: sk_test_hunter2, webhook_secrets: [whsec_a, hunter2]}}", nil, []string{"webhook_secrets", "whsec_"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadConfig(write(c.file), c.env)
			if err == nil {
				t.Fatal("accepted")
			}
			text := (&StartError{err}).Error()
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if strings.Contains(text, "\n") || strings.Contains(text, "hunter2") {
				t.Errorf("not one line, or a secret: %q", text)
			}
		})
	}
	if _, err := LoadConfig(filepath.Join(dir, "absent.yaml"), nil); err == nil {
		t.Error("a file that was asked for and is absent must be told")
	}
}
