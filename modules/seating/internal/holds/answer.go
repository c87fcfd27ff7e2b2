package holds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// answer is what a script said, its first word OK.
type answer []rueidis.RedisMessage

// read turns the refusals that any script may give into errors.
func read(out answer) (answer, error) {
	switch word := out.text(0); word {
	case "OK":
		return out, nil
	case "EPOCH":
		return nil, &EpochError{Epoch: out.number(1)}
	case "CLOSED":
		return nil, ErrClosed
	case "NOTADMITTED":
		return nil, ErrNotAdmitted
	case "LIMIT":
		return nil, ErrLimit
	case "EXPIRED":
		return nil, ErrExpired
	case "STALE":
		return nil, ErrStale
	case "SLOW":
		seats, err := out.seats(3, len(out))
		if err != nil {
			return nil, err
		}
		return nil, &SlowError{Why: out.text(1), Wait: time.Duration(out.number(2)) * time.Millisecond, Seats: seats}
	case "CODE":
		return nil, &LockedError{Categories: out.words(1)}
	case "TAKEN":
		seats, err := out.seats(1, len(out))
		if err != nil {
			return nil, err
		}
		return nil, &TakenError{Seats: seats}
	default:
		return nil, fmt.Errorf("script answered %q", word)
	}
}

func (a answer) text(i int) string {
	if i >= len(a) {
		return ""
	}
	s, _ := a[i].ToString()
	return s
}

// number is 0 for what is not one: scripts write "" where there is none.
func (a answer) number(i int) int64 {
	n, _ := strconv.ParseInt(a.text(i), 10, 64)
	return n
}

// seats are the elements from i up to, not including, end, in rising order.
func (a answer) seats(i, end int) ([]int, error) {
	end = min(end, len(a))
	seats := make([]int, 0, max(0, end-i))
	for ; i < end; i++ {
		n, err := strconv.Atoi(a.text(i))
		if err != nil {
			return nil, fmt.Errorf("script answered seat %q", a.text(i))
		}
		seats = append(seats, n)
	}
	slices.Sort(seats)
	return seats, nil
}

// words are the elements from i on.
func (a answer) words(i int) (words []string) {
	for ; i < len(a); i++ {
		words = append(words, a.text(i))
	}
	return words
}

func (a answer) list(i int) ([]string, error) {
	if i >= len(a) {
		return nil, fmt.Errorf("script answered %d parts", len(a))
	}
	return a[i].AsStrSlice()
}

func texts(seats []int) []string {
	out := make([]string, len(seats))
	for i, n := range seats {
		out[i] = strconv.Itoa(n)
	}
	return out
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// parseEpoch splits "7!" into 7 and closed.
func parseEpoch(s string) (epoch int64, closed bool) {
	s, closed = strings.CutSuffix(s, "!")
	epoch, _ = strconv.ParseInt(s, 10, 64)
	return epoch, closed
}
