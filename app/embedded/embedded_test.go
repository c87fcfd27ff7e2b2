package embedded

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFirstStart(t *testing.T) {
	t.Parallel()
	log := newListener()
	s := mustStart(t, Options{DataDir: dataDir(t), Log: slog.New(log)}) // as in production: synced

	for query, want := range map[string]string{
		"SHOW data_checksums":     "on",
		"SHOW server_encoding":    "UTF8",
		"SHOW lc_collate":         "C",
		"SHOW listen_addresses":   "",
		"SHOW fsync":              "on",
		"SHOW synchronous_commit": "on",
		"SHOW max_connections":    "100",
		"SHOW timezone":           "UTC",
		"SELECT current_user":     "fairseat",
	} {
		if got := sql(t, s, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
	for setting, want := range map[string]string{
		"port": "0", "appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction",
	} {
		if got := keys(t, s, "CONFIG", "GET", setting); got != "map["+setting+":"+want+"]" {
			t.Errorf("redis %s = %q, want %q", setting, got, want)
		}
	}
	if got := keys(t, s, "CONFIG", "GET", "notify-keyspace-events"); !strings.Contains(got, "E") || !strings.Contains(got, "x") {
		t.Errorf("redis notifies %q, want Ex", got)
	}

	mustStop(t, s)
	if loud := log.heard(); len(loud) > 0 {
		t.Errorf("a start and a stop are silent, but the log says %q", loud)
	}
}

func TestChildrenSeeNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("PGPORT", "7777")
	t.Setenv("FAIRSEAT_SECRET", "a secret")
	s := mustStart(t, fast(dataDir(t)))
	postgres, redis := s.PIDs()
	for _, pid := range []int{postgres, redis} {
		environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
		if err != nil {
			t.Fatal(err)
		}
		if text := string(environ); strings.Contains(text, "SECRET") || strings.Contains(text, "PGPORT") {
			t.Errorf("environment of %d: %q", pid, text)
		}
	}
}

func TestRootDoesNotRunTheChildren(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has rights to drop")
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, fast(dataDir(t)))
	postgres, redis := s.PIDs()
	for _, pid := range []int{postgres, redis} {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			t.Fatal(err)
		}
		if want := "\nUid:\t" + u.Uid + "\t" + u.Uid; !strings.Contains(string(status), want) || !strings.Contains(string(status), "\nGroups:\t \n") {
			t.Errorf("process %d keeps rights of root:\n%s", pid, status)
		}
	}
}

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, fast(dir))
	remember(t, s, "first")

	_, err := Start(t.Context(), fast(dir))
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("second start: %v, want ErrInUse", err)
	}
	if want := "data_dir " + dir + " is already in use by another fairseat (pid " + strconv.Itoa(os.Getpid()) + ")"; err.Error() != want {
		t.Errorf("it says %q, want %q", err, want)
	}
	recall(t, s, "first")

	mustStop(t, s)
	mustStart(t, fast(dir))
}

func TestAttach(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if _, ok := Attach(fast(dir)); ok {
		t.Error("attached to a directory that is not there")
	}
	s := mustStart(t, fast(dir))
	remember(t, s, "attached")

	other, ok := Attach(fast(dir))
	if !ok {
		t.Fatal("nobody found")
	}
	recall(t, other, "attached")
	if p, r := other.PIDs(); !samePIDs(s, p, r) {
		t.Errorf("attached sees pids %d and %d", p, r)
	}
	if err := other.Stop(t.Context()); err != nil {
		t.Errorf("stop of the attached: %v", err)
	}
	recall(t, s, "attached")

	mustStop(t, s)
	if _, ok := Attach(fast(dir)); ok {
		t.Error("attached to a directory that nobody owns any more")
	}
}

func samePIDs(s *Servers, postgres, redis int) bool {
	p, r := s.PIDs()
	return p == postgres && r == redis
}

func TestDataSurvivesStopAndStart(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, fast(dir))
	remember(t, s, "kept")
	postgresURL, redisURL := s.PostgresURL(), s.RedisURL()
	mustStop(t, s)
	if p, r := s.PIDs(); p != 0 || r != 0 {
		t.Errorf("after the stop %d and %d still run", p, r)
	}

	s = mustStart(t, fast(dir))
	recall(t, s, "kept")
	if s.PostgresURL() != postgresURL || s.RedisURL() != redisURL {
		t.Error("the addresses changed")
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, fast(dir)); !errors.Is(err, context.Canceled) {
		t.Fatalf("start: %v, want context.Canceled", err)
	}
	remember(t, mustStart(t, fast(dir)), "after all") // neither lock nor leftover stands in the way
}

// A directory of a fresh volume or of mktemp -d belongs to root alone.
func TestEmptyPrivateDirectoryIsOpenedForTheChildren(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mustStart(t, fast(dir))
}

func TestInitialisationCutShortBeginsAnew(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	fresh := filepath.Join(dir, "postgres.new")
	if err := os.MkdirAll(filepath.Join(fresh, "base"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(fresh, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	remember(t, mustStart(t, fast(dir)), "whole")
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half made cluster is still there: %v", err)
	}
}
