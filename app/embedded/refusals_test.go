package embedded

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeepOrOddDirectoryFallsBackToAShortOne(t *testing.T) {
	t.Parallel()
	for name, below := range map[string]string{
		"deep": strings.Repeat("a-long-name-for-a-directory/", 6),
		"odd":  `it's a "house", 100 % \mine/`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(dataDir(t), below, "data")
			s := mustStart(t, fast(dir))
			remember(t, s, "short")
			if info, err := os.Stat(s.dirs.run); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("run directory: %v, %v", info, err)
			}
			other, ok := Attach(fast(dir))
			if !ok {
				t.Fatal("nobody found")
			}
			recall(t, other, "short")

			mustStop(t, s)
			if _, err := os.Stat(s.dirs.run); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left behind: %v", s.dirs.run, err)
			}
			recall(t, mustStart(t, fast(dir)), "short")
		})
	}
}

// A stranger who makes the short directory first would own our sockets.
func TestRunDirectoryOfAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	who, err := childAccount()
	if err != nil {
		t.Fatal(err)
	}
	for name, plant := range map[string]func(string) error{
		"open":    func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o777)) },
		"symlink": func(p string) error { return os.Symlink(os.TempDir(), p) },
	} {
		dirs := newDirectories(dataDir(t))
		if err := errors.Join(os.Mkdir(dirs.data, 0o711), plant(dirs.run)); err != nil {
			t.Fatal(err)
		}
		if err := dirs.makeRun(who); err == nil || !strings.Contains(err.Error(), "mode 0700") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDirectoryTheChildrenCannotReachIsNamed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the children as somebody else")
	}
	closed := filepath.Join(dataDir(t), "closed")
	if err := errors.Join(os.MkdirAll(closed, 0o755), os.Chmod(closed, 0o700)); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), fast(filepath.Join(closed, "below", "data")))
	if err == nil || !strings.Contains(err.Error(), "may not pass through "+closed+" (mode 0700)") {
		t.Errorf("start: %v", err)
	}
	if inside, _ := os.ReadDir(closed); len(inside) > 0 {
		t.Errorf("it was refused and still made %v", inside)
	}
}

func TestMissingProgramNamesItsPackage(t *testing.T) {
	t.Parallel()
	without := func(gone string) *binaries {
		return &binaries{glob: "/nowhere/*/bin/postgres", path: func(program string) (string, error) {
			if program == gone {
				return "", exec.ErrNotFound
			}
			return "/usr/bin/" + program, nil
		}}
	}
	for program, wanted := range map[string]string{"postgres": "postgresql", "redis-server": "redis-server"} {
		o := fast(dataDir(t))
		o.binaries = without(program)
		_, err := Start(t.Context(), o)
		var missing *MissingBinaryError
		if !errors.Is(err, ErrMissingBinary) || !errors.As(err, &missing) || missing.Package != wanted {
			t.Errorf("without %s: %v", program, err)
		} else if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "apt-get install "+wanted) {
			t.Errorf("without %s it says %q", program, text)
		}
		if _, err := os.Stat(o.DataDir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without %s something was made: %v", program, err)
		}
	}
}

func TestPostgresOfTheDataIsPreferred(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, major := range []string{"9.6", "15", "17"} {
		path := filepath.Join(root, major, "bin", "postgres")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	b := &binaries{glob: filepath.Join(root, "*", "bin", "postgres"), path: func(string) (string, error) { return "", exec.ErrNotFound }}
	for wrote, want := range map[string]string{"": "17", "15": "15", "9.6": "9.6"} {
		if got, err := b.postgres(wrote); err != nil || got != filepath.Join(root, want, "bin", "postgres") {
			t.Errorf("for data of %q: %s, %v", wrote, got, err)
		}
	}
	if _, err := b.postgres("16"); !errors.Is(err, ErrMissingBinary) || !strings.Contains(err.Error(), "apt-get install postgresql-16") {
		t.Errorf("for data of 16: %v", err)
	}
}

// What Postgres complains of reaches the person who started it, in one line.
func TestBrokenClusterSaysWhy(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, fast(dir))
	mustStop(t, s)
	if err := os.Remove(filepath.Join(s.dirs.postgres, "global", "pg_control")); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), fast(dir))
	if err == nil || !strings.Contains(err.Error(), "could not find the database system") || strings.Contains(err.Error(), "\n") {
		t.Errorf("start: %v", err)
	}
	if left := aliveIn(s.dirs.redis, "redis"); len(left) > 0 {
		t.Errorf("redis was left running: %v", left)
	}
}
