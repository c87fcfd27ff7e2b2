//go:build !failpoints

package failpoint

import "testing"

// In what is delivered a failpoint is nothing, whatever the environment says.
func TestWithoutTheTagNothingFails(t *testing.T) {
	t.Setenv("CHAOS_FAILPOINTS", "K1=error@1,K2=kill@1")
	Hit("K2")
	if err := Err("K1"); err != nil {
		t.Error(err)
	}
}
