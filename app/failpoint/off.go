//go:build !failpoints

package failpoint

// Hit is where a process may be killed or held up.
func Hit(string) {}

// Err is where an answer may be lost: the error stands for it.
func Err(string) error { return nil }
