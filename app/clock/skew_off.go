//go:build !failpoints

package clock

const skew = 0
