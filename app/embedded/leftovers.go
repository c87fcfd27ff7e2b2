package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How long the processes of an earlier run get to leave.
const leaveWithin = 15 * time.Second

// waitUntilGone returns once no live process of that program works in dir. Every postgres process, and Redis, has its
// data directory as working directory. Pid files would not do: they name zombies and reused pids as living, and Redis
// has no lock at all: a dying one unlinks the socket its successor has just made.
func waitUntilGone(ctx context.Context, dir, program string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, leaveWithin, fmt.Errorf("not gone after %s", leaveWithin))
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		alive := aliveIn(dir, program)
		if len(alive) == 0 {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%s of an earlier run still works in %s (pids %v): %w", program, dir, alive, context.Cause(ctx))
		}
	}
}

// aliveIn lists the processes of that program that work in dir and are no zombies: where PID 1 does not reap, a killed
// one stays visible for ever. The name keeps an administrator's shell in the directory from counting.
func aliveIn(dir, program string) []int {
	var pids []int
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		if at, err := os.Readlink(filepath.Join(e, "cwd")); err != nil || at != dir {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join(e, "stat")) // gone meanwhile: nothing to read
		open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		if open < 0 || end < open || end+2 >= len(stat) {
			continue
		}
		name, state := string(stat[open+1:end]), stat[end+2]
		if pid, err := strconv.Atoi(filepath.Base(e)); err == nil && strings.HasPrefix(name, program) && state != 'Z' && state != 'X' {
			pids = append(pids, pid)
		}
	}
	return pids
}

// removeAll removes files that may be missing.
func removeAll(paths ...string) error {
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// readPID is the number in the first line of a pid file, or 0.
func readPID(path string) int {
	text, _ := os.ReadFile(path)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil {
		return 0
	}
	return pid
}
