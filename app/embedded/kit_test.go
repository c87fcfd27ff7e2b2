package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"
)

const helperDir = "EMBEDDED_HELPER_DIR"

// TestMain lets the test binary stand in for a launching process that can be killed: given a directory, it starts the
// servers, says so, and waits for its end.
func TestMain(m *testing.M) {
	dir := os.Getenv(helperDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{DataDir: dir, Fast: true})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	postgres, redis := s.PIDs()
	fmt.Println("ready", postgres, redis)
	<-s.Failed()
}

// dataDir is an absolute path that does not exist yet. t.TempDir is no use to root: the children may not enter it.
func dataDir(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "fairseat-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := os.Chmod(base, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(base, "data")
}

func fast(dir string) Options { return Options{DataDir: dir, Fast: true} }

func mustStart(t *testing.T, o Options) *Servers {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { mustStop(t, s) })
	return s
}

// mustStop may be called again by the cleanup: the second time does nothing.
func mustStop(t *testing.T, s *Servers) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// sql asks one question of Postgres over a connection of its own.
func sql(t *testing.T, s *Servers, query string) string {
	t.Helper()
	answer, err := trySQL(s, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func trySQL(s *Servers, query string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.PostgresURL())
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	return answer, c.QueryRow(ctx, query).Scan(&answer)
}

// keys asks one thing of Redis.
func keys(t *testing.T, s *Servers, command ...string) string {
	t.Helper()
	answer, err := tryKeys(s, command...)
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return answer
}

func tryKeys(s *Servers, command ...string) (string, error) {
	o := rueidis.MustParseURL(s.RedisURL())
	o.ForceSingleClient, o.DisableCache = true, true
	c, err := rueidis.NewClient(o)
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	m, err := c.Do(ctx, c.B().Arbitrary(command...).Build()).ToAny()
	return strings.TrimSpace(fmt.Sprint(m)), err
}

// remember writes a word into both; recall checks that it is still there.
func remember(t *testing.T, s *Servers, word string) {
	t.Helper()
	mustExec(t, s, "CREATE TABLE IF NOT EXISTS words (word text)")
	mustExec(t, s, "INSERT INTO words VALUES ('"+word+"')")
	keys(t, s, "SET", "word", word)
}

func recall(t *testing.T, s *Servers, word string) {
	t.Helper()
	if got := sql(t, s, "SELECT max(word) FROM words"); got != word {
		t.Errorf("postgres remembers %q, want %q", got, word)
	}
	if got := keys(t, s, "GET", "word"); got != word {
		t.Errorf("redis remembers %q, want %q", got, word)
	}
}

func mustExec(t *testing.T, s *Servers, statement string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.PostgresURL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// eventually polls until the condition holds, for at most 20 seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit, again := time.NewTimer(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer limit.Stop()
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-limit.C:
			t.Fatalf("did not happen in time: %s", what)
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 0 {
		t.Fatal("no process to kill")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

// listener is a log that keeps what is loud.
type listener struct {
	slog.Handler
	mu   sync.Mutex
	loud []string
}

func newListener() *listener { return &listener{Handler: slog.DiscardHandler} }

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }
func (l *listener) WithAttrs([]slog.Attr) slog.Handler       { return l }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Level > slog.LevelDebug {
		l.loud = append(l.loud, r.Message)
	}
	return nil
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loud
}
