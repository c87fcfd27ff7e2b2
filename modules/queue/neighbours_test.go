package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"fairseat/app/request"
)

// neighbours plays seating, checkout, the budgets and the log.
type neighbours struct {
	kit *kit

	mu       sync.Mutex
	event    Event
	counts   Counts
	unknown  bool // Counts fails
	live     []string
	released []string
	notes    []string
	retry    time.Duration
	asked    []string
	empty    string // the budget whose name begins so refuses
	mails    []letter
	passLink string // of the newest code
	forgot   []int64
	deaf     bool // Forget fails
	health   PaymentHealth
}

func (n *neighbours) Health() PaymentHealth {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.health
}

// pay sets how payments go.
func (n *neighbours) pay(h PaymentHealth) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.health = h
}

// letter is a mail that was promised.
type letter struct{ kind, to, says string }

func (n *neighbours) Event(context.Context, int64) (Event, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.event, nil
}

func (n *neighbours) OpenNow(_ context.Context, _ *gorm.DB, _ int64, at time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.event.OpensAt = at
	if n.event.PrequeueAt.After(at) {
		n.event.PrequeueAt = at
	}
	return nil
}

func (n *neighbours) Counts(context.Context, int64) (Counts, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.unknown {
		return Counts{}, errors.New("the mirror is not ready")
	}
	return n.counts, nil
}

func (n *neighbours) setCounts(c Counts) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counts = c
}

func (n *neighbours) HoldKeys(eventID int64) HoldKeys {
	tag := n.kit.Prefix + "{e" + strconv.FormatInt(eventID, 10) + "}:"
	return HoldKeys{tag + "holders", tag + "payers", tag + "chose", tag + "t:", tag + "hb"}
}

func (n *neighbours) ReleaseAll(ctx context.Context, eventID int64, place string) error {
	n.mu.Lock()
	n.released = append(n.released, place)
	n.mu.Unlock()
	return n.kit.Redis.Do(ctx, n.kit.Redis.B().Srem().Key(n.HoldKeys(eventID).Holders).Member(place).Build()).Error()
}

// set adds a member to, or takes it from, one of seating's sets.
func (n *neighbours) set(key, member string, in bool) {
	n.kit.T.Helper()
	b := n.kit.Redis.B()
	command := b.Srem().Key(key).Member(member).Build()
	if in {
		command = b.Sadd().Key(key).Member(member).Build()
	}
	if err := n.kit.Redis.Do(context.Background(), command).Error(); err != nil {
		n.kit.T.Fatal(err)
	}
}

func (n *neighbours) LivePlaces(context.Context, int64) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.live, nil
}

func (n *neighbours) Note(_ context.Context, _ *gorm.DB, who request.Staff, ip, action, subject string, detail any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	text, err := json.Marshal(detail)
	n.notes = append(n.notes, fmt.Sprintf("%s %s %s %s %s", who.Email, ip, action, subject, text))
	return err
}

func (n *neighbours) TakeOrFail(ctx context.Context, name string, most int, period time.Duration) (time.Duration, error) {
	return n.TakeIn(ctx, name, most, period)
}

func (n *neighbours) TakeIn(_ context.Context, name string, most int, _ time.Duration) (time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, name+" "+strconv.Itoa(most))
	if n.empty != "" && !strings.HasPrefix(name, n.empty) {
		return 0, nil
	}
	return n.retry, nil
}

// refuse empties the budgets whose names begin so; "" fills all again.
func (n *neighbours) refuse(name string, retry time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.empty, n.retry = name, retry
}

func (n *neighbours) promise(kind, to, says string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mails = append(n.mails, letter{kind, to, says})
	return nil
}

func (n *neighbours) JoinCode(_ context.Context, _ *gorm.DB, _ int64, email, code, url string) error {
	n.mu.Lock()
	n.passLink = url
	n.mu.Unlock()
	return n.promise("code", email, code)
}

func (n *neighbours) PlaceLink(_ context.Context, _ *gorm.DB, _ int64, email, url string) error {
	return n.promise("link", email, url)
}

func (n *neighbours) YourTurn(_ context.Context, _ *gorm.DB, _ int64, email, url string) error {
	return n.promise("turn", email, url)
}

func (n *neighbours) Forget(_ context.Context, _ *gorm.DB, ids []int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.deaf {
		return errors.New("the mails cannot be reached")
	}
	n.forgot = append(n.forgot, ids...)
	return nil
}

// letters are the mails promised since the last look.
func (n *neighbours) letters() []letter {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.mails
	n.mails = nil
	return out
}
