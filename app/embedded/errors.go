package embedded

import (
	"errors"
	"fmt"
)

// What errors.Is asks for; the errors themselves carry the facts.
var (
	ErrInUse         = errors.New("data directory in use")
	ErrMissingBinary = errors.New("program not installed")
)

// InUseError says which live process holds the data directory. It is ErrInUse.
type InUseError struct {
	Dir string
	PID int // 0 when the owner has not written it yet
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("data_dir %s is already in use by another fairseat (pid %d)", e.Dir, e.PID)
}

// Is matches ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// MissingBinaryError names the Debian package that would help. It is ErrMissingBinary.
type MissingBinaryError struct {
	Program string
	Package string
}

func (e *MissingBinaryError) Error() string {
	return fmt.Sprintf("%s is not installed: apt-get install %s, or set postgres.url and redis.url", e.Program, e.Package)
}

// Is matches ErrMissingBinary.
func (e *MissingBinaryError) Is(target error) bool { return target == ErrMissingBinary }
