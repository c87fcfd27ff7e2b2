//go:build failpoints

package clock

import (
	"os"
	"time"
)

// skew is by how much the chaos harness lets this process's clock be wrong, as "-10m" in CHAOS_CLOCK_SKEW.
var skew, _ = time.ParseDuration(os.Getenv("CHAOS_CLOCK_SKEW"))
