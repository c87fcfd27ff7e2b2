package staff_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"fairseat/app/testkit"
	"fairseat/modules/staff"
)

func TestAddAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, row := range []struct {
		email, password string
		want            error
	}{
		{"bob@example.org", "ten chars!", nil},
		{"Größe@example.org", "ten chars!", nil},
		{"ADA@example.org", "ten chars!", staff.ErrAccountExists},
		{"carl@example.org", "ninechars", staff.ErrShortPassword},
		{"carl@example.org", "üüüüüüüüü", staff.ErrShortPassword},
		{"carl@example.org", strings.Repeat("p", 1025), staff.ErrLongPassword},
		{"carl", "ten chars!", staff.ErrBadAddress},
		{"", "ten chars!", staff.ErrBadAddress},
		{"Carl <carl@example.org>", "ten chars!", staff.ErrBadAddress},
		{"carl@example.org\r\nBcc: x@example.org", "ten chars!", staff.ErrBadAddress},
		{"\"c\x00\"@example.org", "ten chars!", staff.ErrBadAddress},
	} {
		if err := o.staff.AddAccount(t.Context(), row.email, row.password); !errors.Is(err, row.want) {
			t.Errorf("%q: %v, want %v", row.email, err, row.want)
		}
	}
	want(t, "bob", o.login("bob@example.org", "ten chars!"), 201, "")
	want(t, "bob, mistyped", o.login("bob@example.org", "ten chars"), 401, "bad-login")
}

// start runs EnsureOwner on a fresh installation, or again on this one.
func start(t *testing.T, o *office, f staff.FirstOwner) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	f.Out = &out
	err = o.staff.EnsureOwner(t.Context(), f)
	return out.String(), err
}

func accounts(t *testing.T, o *office) (n int) {
	t.Helper()
	if err := o.DB.Raw(`SELECT count(*) FROM staff_accounts`).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func empty(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	if err := o.DB.Exec(`DELETE FROM staff_accounts`).Error; err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOwnerFromSettings(t *testing.T) {
	t.Parallel()
	o := empty(t)
	given := staff.FirstOwner{Email: "Boss@example.org", Password: "first password", DataDir: t.TempDir()}
	if said, err := start(t, o, given); err != nil || said != "" {
		t.Fatalf("%q, %v", said, err)
	}
	r := o.login("boss@example.org", "first password")
	want(t, "the first password", r, 201, "")
	token := r.body["token"].(string)

	// The same start again changes nothing: sessions live on.
	if _, err := start(t, o, given); err != nil {
		t.Fatal(err)
	}
	want(t, "after a restart", o.do("GET", "/whoami", "", bearer(token)), 200, "")

	// Another password, for the same address in other letters: the account's, and whoever was in is out.
	given.Email, given.Password = "boss@EXAMPLE.org", "second password"
	if _, err := start(t, o, given); err != nil {
		t.Fatal(err)
	}
	want(t, "the old session", o.do("GET", "/whoami", "", bearer(token)), 401, "not-signed-in")
	want(t, "the old password", o.login("boss@example.org", "first password"), 401, "bad-login")
	want(t, "the new password", o.login("boss@example.org", "second password"), 201, "")
	if n := accounts(t, o); n != 1 {
		t.Errorf("%d accounts, want 1", n)
	}
	if files, _ := os.ReadDir(given.DataDir); len(files) != 0 {
		t.Errorf("files were left: %v", files)
	}
}

func TestOwnerRefusals(t *testing.T) {
	t.Parallel()
	o := empty(t)
	for _, f := range []staff.FirstOwner{
		{Email: "boss@example.org", Password: "too short"},
		{Email: "boss", Password: "long enough"},
		{Password: "long enough"},
	} {
		_, err := start(t, o, f)
		if err == nil || strings.Contains(err.Error(), f.Password) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: err = %v", f, err)
		}
	}
	// Nowhere to leave the password: no account that nobody could use.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, o, staff.FirstOwner{DataDir: filepath.Join(file, "data")}); err == nil {
		t.Error("started without a place for the password")
	}
	if n := accounts(t, o); n != 0 {
		t.Errorf("%d accounts, want none", n)
	}
}

func TestMadeOwnerOnATerminal(t *testing.T) {
	t.Parallel()
	o := empty(t)
	dir := t.TempDir()
	said, err := start(t, o, staff.FirstOwner{DataDir: dir, Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`address +(\S+)\n +password +(\S+)\n`).FindStringSubmatch(said)
	if found == nil || found[1] != "owner@localhost" {
		t.Fatalf("said %q", said)
	}
	want(t, "the printed password", o.login(found[1], found[2]), 201, "")
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("files were left: %v", files)
	}
	if again, err := start(t, o, staff.FirstOwner{DataDir: dir, Terminal: true}); err != nil || again != "" {
		t.Errorf("a second start said %q, %v", again, err)
	}
}

func TestMadeOwnerInAFile(t *testing.T) {
	t.Parallel()
	o := empty(t)
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Someone else's readable file, and a link to elsewhere at that.
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.WriteFile(elsewhere, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "owner-password.txt")
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Fatal(err)
	}
	said, err := start(t, o, staff.FirstOwner{Email: "boss@example.org", DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v; want a plain 0600 file", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	made := strings.TrimSpace(string(text))
	if !strings.Contains(said, path) || strings.Contains(said, made) {
		t.Errorf("said %q", said)
	}
	want(t, "the password in the file", o.login("boss@example.org", made), 201, "")
	if old, _ := os.ReadFile(elsewhere); string(old) != "old" {
		t.Error("wrote through the link")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files were left: %v", files)
	}
}

func TestReplicasStartAtOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]staff.FirstOwner{
		"made":  {},
		"given": {Email: "boss@example.org", Password: "same for all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := empty(t)
			f.DataDir = t.TempDir()
			var all sync.WaitGroup
			outs := make([]bytes.Buffer, 4)
			for i := range outs {
				db := testkit.Open(t, o.PostgresURL)
				if pool, err := db.DB(); err == nil {
					defer pool.Close()
				}
				replica := staff.New(staff.Deps{DB: db, Clock: o.Clock, Log: o.Log})
				all.Go(func() {
					mine := f
					mine.Out = &outs[i]
					if err := replica.EnsureOwner(context.Background(), mine); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if n := accounts(t, o); n != 1 {
				t.Errorf("%d accounts, want 1", n)
			}
			email, pass, told := f.Email, f.Password, 0
			for i := range outs {
				told += strings.Count(outs[i].String(), "\n")
			}
			if pass == "" {
				text, err := os.ReadFile(filepath.Join(f.DataDir, "owner-password.txt"))
				if err != nil || told != 1 {
					t.Fatalf("%d lines told, %v", told, err)
				}
				email, pass = "owner@localhost", strings.TrimSpace(string(text))
			}
			want(t, "sign in", o.login(email, pass), 201, "")
		})
	}
}
