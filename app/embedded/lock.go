package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The lock is an open-file-description lock, which lives and dies with the open file as flock's does, but which Attach
// can ask about without taking it: a probe never makes somebody's Start fail.

// owner is what the holder wrote into the lock file.
type owner struct {
	pid int
	run string
}

// takeLock makes this process the owner until the file is closed or the process ends, however it ends. The file is
// never removed, or two processes could each lock one of the same name.
func takeLock(d directories) (*os.File, error) {
	f, err := os.OpenFile(lockPath(d), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		holder := parseOwner(f)
		return nil, errors.Join(&InUseError{Dir: d.data, PID: holder.pid}, f.Close())
	}
	if err == nil {
		err = writeOwner(f, owner{pid: os.Getpid(), run: d.run})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return f, nil
}

// releaseLock gives the directory free at once. Closing alone would not: a child that is being forked at this moment,
// by anyone in this process, has the file open too until its exec.
func releaseLock(f *os.File) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK})
	return errors.Join(err, f.Close())
}

// readOwner finds the live owner, if there is one.
func readOwner(d directories) (owner, bool) {
	f, err := os.Open(lockPath(d))
	if err != nil {
		return owner{}, false
	}
	defer f.Close()
	state := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &state); err != nil || state.Type == unix.F_UNLCK {
		return owner{}, false
	}
	holder := parseOwner(f)
	return holder, holder.run != ""
}

func lockPath(d directories) string { return filepath.Join(d.data, "lock") }

// The text ends in a newline, so that half of it is seen to be half.
func writeOwner(f *os.File, o owner) error {
	text := fmt.Sprintf("%d %s\n", o.pid, o.run)
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

func parseOwner(f *os.File) owner {
	text := make([]byte, 512)
	n, _ := f.ReadAt(text, 0) // a short file is no error here: what is not there is not parsed
	line, _, complete := bytes.Cut(text[:n], []byte("\n"))
	pid, run, _ := strings.Cut(string(line), " ")
	number, err := strconv.Atoi(pid)
	if !complete || err != nil {
		return owner{}
	}
	return owner{pid: number, run: run}
}
