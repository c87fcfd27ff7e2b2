//go:build failpoints

package failpoint

import "testing"

// The nth hit of a name, and no other, is struck.
func TestTheNthHitIsStruck(t *testing.T) {
	points = parse("K16=error@2,K9=1ms@1")
	for n := 1; n <= 3; n++ {
		if err := Err("K16"); (err != nil) != (n == 2) {
			t.Errorf("hit %d: %v", n, err)
		}
	}
	if err := Err("K9"); err != nil {
		t.Errorf("held up, not failed: %v", err)
	}
	Hit("K1")
}
