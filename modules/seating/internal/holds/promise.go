package holds

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Promise notes for d which groups of seats a place is shown as further choices, and tells for each whether it may be:
// not when somebody has or holds a seat of it, or was promised one. Further promises of the place take their place. from
// names the replica; the others hear of it.
func (s *Store) Promise(ctx context.Context, at At, from, place string, d time.Duration, groups [][]int) ([]bool, error) {
	args := []string{place, millis(d), from}
	for _, seats := range groups {
		args = append(append(args, strconv.Itoa(len(seats))), texts(seats)...)
	}
	out, err := s.run(ctx, s.promise, at, args...)
	if err != nil {
		return nil, err
	}
	kept := make([]bool, len(groups))
	for i := range groups {
		kept[i] = out.text(i+1) == "1"
	}
	return kept, nil
}

// Promised reads what Promise published: "from place seat,seat…".
func Promised(message string) (from, place string, seats []int, err error) {
	words := strings.Split(message, " ")
	if len(words) != 3 {
		return "", "", nil, fmt.Errorf("the map published %q", message)
	}
	seats, err = numbers(words[2])
	return words[0], words[1], seats, err
}
