package embedded

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestKilledChildComesBack(t *testing.T) {
	t.Parallel()
	for _, victim := range []string{"postgres", "redis"} {
		t.Run(victim, func(t *testing.T) {
			t.Parallel()
			s := mustStart(t, fast(dataDir(t)))
			postgresURL, redisURL := s.PostgresURL(), s.RedisURL()
			for round := range 3 {
				word := fmt.Sprint("round ", round)
				remember(t, s, word)
				postgres, redis := s.PIDs()
				dead := map[string]int{"postgres": postgres, "redis": redis}[victim]
				kill(t, dead)
				eventually(t, victim+" is back", func() bool {
					p, r := s.PIDs()
					return p != 0 && r != 0 && (p != postgres || r != redis)
				})
				recall(t, s, word)
			}
			if s.PostgresURL() != postgresURL || s.RedisURL() != redisURL {
				t.Error("the addresses changed")
			}
			select {
			case err := <-s.Failed():
				t.Errorf("failed: %v", err)
			default:
			}
		})
	}
}

func TestBothKilledAtOnce(t *testing.T) {
	t.Parallel()
	s := mustStart(t, fast(dataDir(t)))
	remember(t, s, "both")
	postgres, redis := s.PIDs()
	kill(t, postgres)
	kill(t, redis)
	eventually(t, "both are back", func() bool {
		p, r := s.PIDs()
		return p != 0 && p != postgres && r != 0 && r != redis
	})
	recall(t, s, "both")
}

// Whatever moment of a restart the stop meets, nothing may run afterwards.
func TestStopDuringARestart(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	for moment, reached := range map[string]func(s *Servers, killed int) bool{
		"at once":          func(*Servers, int) bool { return true },
		"death was noted":  func(s *Servers, _ int) bool { pid, _ := s.PIDs(); return pid == 0 },
		"postmaster is up": func(s *Servers, killed int) bool { return newPostmaster(s, killed) },
		"all is back":      func(s *Servers, killed int) bool { pid, _ := s.PIDs(); return pid != 0 && pid != killed },
	} {
		s := mustStart(t, fast(dir))
		postgres, redis := s.PIDs()
		kill(t, postgres)
		kill(t, redis)
		eventually(t, moment, func() bool { return reached(s, postgres) })
		mustStop(t, s)
		if left := aliveIn(s.dirs.redis, "redis"); len(left) > 0 {
			t.Errorf("stopped when %s: redis runs on as %v", moment, left)
		}
		// Backends of a killed postmaster have no parent to wait for; they leave when they notice.
		eventually(t, "no postgres is left", func() bool { return len(aliveIn(s.dirs.postgres, "postgres")) == 0 })
	}
}

// newPostmaster is true from the moment the next one has written its pid file, before it answers.
func newPostmaster(s *Servers, killed int) bool {
	pid := readPID(filepath.Join(s.dirs.postgres, "postmaster.pid"))
	return pid != 0 && pid != killed
}

func TestKilledLauncherLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	launcher, postgres, redis := startHelper(t, dir)
	other, ok := Attach(fast(dir))
	if !ok {
		t.Fatal("the other process was not found")
	}
	if p, r := other.PIDs(); p != postgres || r != redis {
		t.Errorf("attached sees pids %d and %d, want %d and %d", p, r, postgres, redis)
	}
	remember(t, other, "orphaned")

	kill(t, launcher.Process.Pid)
	_ = launcher.Wait() // it was killed, which Wait reports
	s := mustStart(t, fast(dir))
	recall(t, s, "orphaned")
	for _, pid := range append(aliveIn(s.dirs.postgres, "postgres"), aliveIn(s.dirs.redis, "redis")...) {
		if pid == postgres || pid == redis {
			t.Errorf("process %d of the killed launcher still runs", pid)
		}
	}
}

func TestLauncherAndChildrenKilledTogether(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	launcher, postgres, redis := startHelper(t, dir)
	other, _ := Attach(fast(dir))
	remember(t, other, "all gone")

	kill(t, launcher.Process.Pid)
	kill(t, postgres)
	kill(t, redis)
	_ = launcher.Wait()
	recall(t, mustStart(t, fast(dir)), "all gone")
}

// startHelper runs this test binary as a launching process of its own and waits until its children answer.
func startHelper(t *testing.T, dir string) (launcher *exec.Cmd, postgres, redis int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	launcher = exec.Command(self)
	launcher.Env = append(os.Environ(), helperDir+"="+dir)
	launcher.Stderr = os.Stderr
	said, err := launcher.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := launcher.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = launcher.Process.Kill() })
	line, _ := bufio.NewReader(said).ReadString('\n')
	if _, err := fmt.Sscanf(line, "ready %d %d", &postgres, &redis); err != nil {
		t.Fatalf("the launcher says %q", line)
	}
	return launcher, postgres, redis
}

// A pid file names a process that lives, so far as kill(pid, 0) can tell. Postgres alone would refuse to start.
func TestStalePIDFileIsSeenThrough(t *testing.T) {
	t.Parallel()
	who, err := childAccount()
	if err != nil {
		t.Fatal(err)
	}
	asChild := &syscall.SysProcAttr{Credential: who.credential}
	for name, command := range map[string][]string{"zombie": {"true"}, "reused pid": {"sleep", "600"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dataDir(t)
			s := mustStart(t, fast(dir))
			remember(t, s, name)
			pidFile, err := os.ReadFile(filepath.Join(s.dirs.postgres, "postmaster.pid"))
			if err != nil {
				t.Fatal(err)
			}
			mustStop(t, s)

			stranger := exec.Command(command[0], command[1:]...)
			stranger.SysProcAttr = asChild
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
			_, rest, _ := strings.Cut(string(pidFile), "\n")
			stale := strconv.Itoa(stranger.Process.Pid) + "\n" + rest
			for _, path := range []string{
				filepath.Join(s.dirs.postgres, "postmaster.pid"),
				filepath.Join(s.dirs.run, ".s.PGSQL.5432.lock"),
				filepath.Join(s.dirs.run, ".s.PGSQL.5432"),
				filepath.Join(s.dirs.run, "redis.sock"),
				filepath.Join(s.dirs.redis, redisPIDFile),
			} {
				if err := os.WriteFile(path, []byte(stale), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			recall(t, mustStart(t, fast(dir)), name)
		})
	}
}
