package chaos

import "testing"

// Each place that is changed in a copy still stands in its file, once.
func TestPatchesApply(t *testing.T) {
	if _, err := apply(faster); err != nil {
		t.Error(err)
	}
}
