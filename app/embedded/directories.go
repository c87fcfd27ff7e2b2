package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// directories are the places inside the data directory, all absolute and free of symbolic links: /proc shows where a
// process works in that form.
type directories struct{ data, postgres, fresh, redis, run string }

// A socket's path must fit sockaddr_un, 107 bytes and a zero.
const maxSocketPath = 107

func newDirectories(data string) directories {
	d := directories{
		data:     data,
		postgres: filepath.Join(data, "postgres"),
		fresh:    filepath.Join(data, "postgres.new"),
		redis:    filepath.Join(data, "redis"),
		run:      filepath.Join(data, "run"),
	}
	if !usableForSockets(d.run) {
		short := fmt.Sprintf("fairseat-%x", sha256.Sum256([]byte(data)))[:21]
		if d.run = filepath.Join(os.TempDir(), short); !usableForSockets(d.run) {
			d.run = filepath.Join("/tmp", short)
		}
	}
	return d
}

// usableForSockets refuses the long and, besides, every character that a DSN, a URL, Redis's configuration or
// Postgres's list of directories reads as something else. Then none of the four needs quoting.
func usableForSockets(run string) bool {
	plain := regexp.MustCompile(`^[A-Za-z0-9/._+-]+$`)
	return len(run)+len("/.s.PGSQL.5432") <= maxSocketPath && plain.MatchString(run)
}

func (d directories) redisSocket() string { return filepath.Join(d.run, "redis.sock") }

// The port is named although 5432 is the default, because PGPORT in our environment would change that.
func (d directories) postgresDSN() string {
	return "host=" + d.run + " port=5432 user=fairseat dbname=postgres sslmode=disable"
}

// makeDataDir makes the data directory and gives its path without symbolic links.
func makeDataDir(dir string, who account) (string, error) {
	if dir == "" {
		return "", errors.New("data_dir is empty")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if err := who.mayPass(filepath.Dir(dir)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	// An empty one is ours to open, such as one fresh from mktemp -d; in any other the modes are the owner's.
	if inside, err := os.ReadDir(dir); err == nil && len(inside) == 0 && who.credential != nil {
		if err := errors.Join(os.Chown(dir, -1, who.gid), os.Chmod(dir, 0o710)); err != nil {
			return "", fmt.Errorf("data_dir: %w", err)
		}
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	return dir, who.mayPass(dir)
}

// makeRun makes the directory of the sockets. Its mode is all that protects a Postgres that trusts everyone, and below
// /tmp a stranger may have made it first.
func (d directories) makeRun(who account) error {
	if !d.ownRun() {
		if err := who.mayPass(filepath.Dir(d.run)); err != nil {
			return err
		}
	}
	if err := makePrivate(d.run, who); err != nil {
		return err
	}
	info, err := os.Lstat(d.run)
	if err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; !info.IsDir() || int(owner) != who.uid || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s must be a directory of the user %s with mode 0700: remove it and start again", d.run, who.name)
	}
	return nil
}

// removeRun leaves nothing of ours below /tmp; inside the data directory it may stay.
func (d directories) removeRun() {
	if !d.ownRun() {
		_ = os.Remove(d.run) // one that is not empty has a reason
	}
}

func (d directories) ownRun() bool { return filepath.Dir(d.run) == d.data }

// makePrivate makes a directory for the children alone. One that exists is left as it is, unless a start was cut short
// before it was given to them.
func makePrivate(dir string, who account) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil || who.credential == nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != 0 {
		return err
	}
	return os.Lchown(dir, who.uid, who.gid)
}
