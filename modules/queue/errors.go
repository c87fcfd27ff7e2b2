package queue

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/fault"
)

// What a place, a join or a turn can be refused for.
var (
	ErrNoPlace  = fault.New(fault.Unauthorized, "no-place", "This needs a place in line. Join first.")
	ErrBadPlace = fault.New(fault.Unauthorized, "bad-place", "This is not a place in this event's line. Join to get one.")

	ErrNotYet   = fault.New(fault.Conflict, "not-yet", "The waiting room is not open yet. Being early does not help: everyone who joins before the sale opens takes part in the draw.")
	ErrEnded    = fault.New(fault.Gone, "ended", "The sale has ended.")
	ErrNoLane   = fault.New(fault.Conflict, "no-lane", "This code is for a lane that this event does not have.")
	ErrSlowDown = fault.New(fault.TooMany, "slow-down", "Many people joined from your network in the last minute. Try again in a moment; being early does not help.")
	ErrTooMany  = fault.New(fault.TooMany, "slow-down", "That was tried many times in a short while. Wait a moment, then try again.")

	ErrEmailRequired      = fault.New(fault.Forbidden, "email-required", "This line takes one place for each mail address. Say yours, and we mail you a code.")
	ErrCodeRequired       = fault.New(fault.Forbidden, "code-required", "We have mailed you a code of six digits. Send it along with the address to join.")
	ErrAccessCodeRequired = fault.New(fault.Forbidden, "access-code-required", "This line is for those who were given an access code. Send yours to join.")
	ErrBadCode            = fault.New(fault.Forbidden, "bad-code", "This code is not right. Look at it again; codes by mail are good for ten minutes, and the newest one counts.")
	ErrProofRequired      = fault.New(fault.Forbidden, "proof-required", "Joining takes a little work of your browser. Solve the challenge, or say a mail address and join by a code mailed there.")
	ErrBusy               = fault.New(fault.Unavailable, "busy", "We cannot answer right now. Your place is safe; nobody loses or gains one meanwhile. Try again in a few seconds.")

	ErrNotOpen       = fault.New(fault.Conflict, "not-open", "The sale is not open yet. Your place is kept.")
	ErrNotYourTurn   = fault.New(fault.Conflict, "not-your-turn", "It is not your turn yet. Your place is kept.")
	ErrRoomFull      = fault.New(fault.Conflict, "room-full", "You are next: it takes a few seconds until someone leaves. Your turn is kept.")
	ErrPaused        = fault.New(fault.Conflict, "paused", "The sale is paused. Your place is kept.")
	ErrSoldOut       = fault.New(fault.Conflict, "sold-out", "Every seat is sold.")
	ErrAlreadyBought = fault.New(fault.Conflict, "already-bought", "This place has bought all the seats it may.")
)

// What staff can be refused for.
var (
	ErrAlreadyDrawn = fault.New(fault.Conflict, "already-drawn", "The draw has taken place, so the opening cannot be moved any more.")
	ErrAlreadyOpen  = fault.New(fault.Conflict, "already-open", "The sale is open already.")
)

// busyFor is what Retry-After says while a store is away.
const busyFor = 2 * time.Second

// away makes the answer for a store that does not answer; a fault stays what it is, and so does a script that is
// wrong: that is our mistake and nobody's patience mends it.
func away(err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	if re, ok := rueidis.IsRedisErr(err); ok && strings.HasPrefix(re.Error(), "ERR ") {
		return err
	}
	return ErrBusy.After(busyFor).Wrap(err)
}

// errLost says that Redis has no line of this event, or one from before a crash; see line.go.
var errLost = errors.New("the line is not in Redis")
