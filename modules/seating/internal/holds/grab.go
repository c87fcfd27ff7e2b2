package holds

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Grab is what one of many wants, who all come at once and hold nothing yet.
type Grab struct {
	Place string
	Seats []int
}

// Terms are what holds of one event have in common.
type Terms struct {
	Most    int           // seats a place may have
	Life    time.Duration // of a new basket
	Budgets bool          // whether what is held without buying is counted
}

// GrabLimit is how many may grab in one call, and GrabSeats how many seats each: Lua's stack is the bound.
const (
	GrabLimit = 128
	GrabSeats = 10
)

// Grab holds seats for all those with whom nothing is the matter, as Hold would, and tells for each whether it did:
// Hold has to judge the others. from names the replica, whose own sockets it tells itself.
func (s *Store) Grab(ctx context.Context, at At, from string, terms Terms, grabs []Grab) (due time.Time, version int64, done []bool, err error) {
	args := make([]string, 0, 4+4*len(grabs))
	args = append(args, from, millis(terms.Life), strconv.Itoa(terms.Most), flag(terms.Budgets))
	for _, g := range grabs {
		args = append(args, g.Place, strconv.Itoa(len(g.Seats)))
		for _, n := range g.Seats {
			args = append(args, strconv.Itoa(n))
		}
	}
	out, err := s.run(ctx, s.grab, at, args...)
	if err != nil {
		return due, 0, nil, err
	}
	done = make([]bool, len(grabs))
	for i, c := range out.text(3) {
		if i < len(done) {
			done[i] = c == '1'
		}
	}
	return time.UnixMilli(out.number(1)).UTC(), out.number(2), done, nil
}

// Grabbed reads what Grab published, "due place seat,seat place seat …", and says each basket.
func Grabbed(message string, say func(place string, b Basket)) error {
	words := strings.Split(message, " ")
	due, err := parseDue(words[0])
	if err != nil || len(words)%2 == 0 {
		return fmt.Errorf("the map published %q", message)
	}
	for i := 1; i < len(words); i += 2 {
		b := Basket{Deadline: due}
		if b.Seats, err = numbers(words[i+1]); err != nil {
			return err
		}
		say(words[i], b)
	}
	return nil
}

// numbers reads "1,2,3".
func numbers(list string) ([]int, error) {
	parts := strings.Split(list, ",")
	out := make([]int, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = strconv.Atoi(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}
