package embedded

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// dead is a process that has already ended.
func dead(t *testing.T) *process {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	p := &process{name: "toy", cmd: cmd, done: make(chan struct{}), err: errors.New("signal: killed")}
	close(p.done)
	return p
}

func TestFailedSpeaksAfterTenRestartsInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		launches := 0
		c := toy(t, func(context.Context, func(*process)) (*process, error) {
			if launches++; launches == 1 {
				return dead(t), nil
			}
			return nil, errors.New("no luck")
		})
		failed := make(chan error, 2)
		began := time.Now()
		go c.keep(t.Context(), failed)

		err := <-failed
		if launches != 11 || !strings.Contains(err.Error(), "toy could not be restarted 10 times in a row: no luck") {
			t.Errorf("after %d launches: %v", launches, err)
		}
		// 50, 100, 200, 400, 800, 1600 ms and four times two seconds.
		if took := time.Since(began); took != 11150*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		<-c.done
	})
}

func TestSuccessfulRestartForgetsTheFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		launches := 0
		c := toy(t, func(context.Context, func(*process)) (*process, error) {
			if launches++; launches%10 == 1 {
				return dead(t), nil // answers, and dies
			}
			return nil, errors.New("no luck")
		})
		failed := make(chan error, 2)
		quit, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		go c.keep(quit, failed)
		<-c.done
		if len(failed) > 0 {
			t.Errorf("failed, though every tenth launch worked: %v", <-failed)
		}
	})
}

func toy(t *testing.T, launch launcher) *child {
	t.Helper()
	c := newChild(t.Context(), "toy", launch, signals{gentle: syscall.SIGTERM, harsh: syscall.SIGKILL}, slog.New(slog.DiscardHandler))
	if err := c.first(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// A stopped process cannot follow a polite request.
func TestStopForcesAHungChild(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, fast(dir))
	remember(t, s, "hung")
	_, redis := s.PIDs()
	if err := syscall.Kill(redis, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "redis") {
		t.Errorf("stop: %v, want that redis took too long", err)
	}
	recall(t, mustStart(t, fast(dir)), "hung")
}

func TestWhatIsLoud(t *testing.T) {
	t.Parallel()
	for line, loud := range map[string]bool{
		"LOG:  database system is ready to accept connections":                           false,
		"FATAL:  the database system is starting up":                                     false,
		"FATAL:  terminating connection due to administrator command":                    false,
		"FATAL:  sorry, too many clients already":                                        true,
		"FATAL:  terminating connection due to idle-in-transaction timeout":              true,
		"PANIC:  could not write to file \"pg_wal/xlogtemp.1\": No space left on device": true,
		"LOG:  server process (PID 7) was terminated by signal 9: Killed":                true,
	} {
		if level, _ := postgresLevel(line); (level >= slog.LevelWarn) != loud {
			t.Errorf("postgres says %q at %s", line, level)
		}
	}
	for line, loud := range map[string]bool{
		"8367:M 23 Nov 2026 20:40:40.413 # Server initialized":                                     false,
		"8367:M 23 Nov 2026 20:40:40.424 * The server is now ready to accept connections at /x":    false,
		"8367:signal-handler (1795466442) Received SIGTERM scheduling shutdown...":                 false,
		"8367:M 23 Nov 2026 20:40:40.413 # Error writing to the AOF file: No space left on device": true,
		"*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***":                                           true,
	} {
		if level, _ := redisLevel(line); (level >= slog.LevelWarn) != loud {
			t.Errorf("redis says %q at %s", line, level)
		}
	}
}
