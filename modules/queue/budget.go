package queue

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"fairseat/app/address"
	"fairseat/app/fault"
	"fairseat/app/limit"
)

// Budgets of what has its own price: mails cost a stranger's patience, tries could guess a code.
const (
	mailsPerMinute  = 1200 // of one event, to all addresses: what a mail server at 20 a second delivers
	mailsPerAddress = 5    // of one event, in a quarter of an hour, whoever asks for them
	mailsPerDay     = 20
	triesPerPair    = 6 // of codes for one address from one network in ten minutes
	triesPerAddress = 20
)

// budget is one of several that a request has to pass.
type budget struct {
	name   string
	most   int
	period time.Duration
	full   *fault.Error
}

// take takes one from each budget; the first that is empty refuses, with when to come again. These budgets are a courtesy:
// everything passes while they cannot be read.
func (s *Service) take(ctx context.Context, budgets ...budget) error {
	return takeBy(ctx, s.limits.TakeIn, budgets)
}

// mustTake is take where what passed unread would be mails to strangers, or guesses at six digits: ErrBusy meanwhile.
func (s *Service) mustTake(ctx context.Context, budgets ...budget) error {
	return takeBy(ctx, s.limits.TakeOrFail, budgets)
}

func takeBy(ctx context.Context, take func(context.Context, string, int, time.Duration) (time.Duration, error), budgets []budget) error {
	for _, b := range budgets {
		retry, err := take(ctx, b.name, b.most, b.period)
		if err != nil {
			return away(err)
		}
		if retry > 0 {
			return b.full.After(retry)
		}
	}
	return nil
}

// spend takes one join from the budgets of a network. The refusal says whose budget it is, and the other way in.
func (s *Service) spend(ctx context.Context, ip string) error {
	if s.perIP == 0 && s.perNet == 0 {
		return nil
	}
	byMail := []string{"email"}
	return s.take(ctx,
		budget{"join:" + limit.Network(ip), s.perIP, time.Minute, ErrSlowDown.With("reason", "address").With("ways", byMail)},
		budget{"join-net:" + limit.Subnet(ip), s.perNet, time.Minute, ErrSlowDown.With("reason", "network").With("ways", byMail)})
}

// partOf is what the rarer requests may have of a network's joins.
func partOf(joins, part int) int {
	if joins == 0 {
		return 0
	}
	return max(10, joins/part)
}

// What is mailed to an address. Each has budgets of its own: links to places of others leave its codes alone.
const (
	mailOfCode = "code"
	mailOfLink = "link"
)

// nameOf is the part of a budget's name that an address has at an event: what strangers do with it elsewhere does not count.
func (s *Service) nameOf(eventID int64, email string) string {
	return strconv.FormatInt(eventID, 10) + ":" + hex.EncodeToString(address.Key(s.keys, email)[:16])
}

// spendMail takes one mail of an event to an address.
func (s *Service) spendMail(ctx context.Context, eventID int64, what, email, ip string) error {
	name := what + ":" + s.nameOf(eventID, email)
	few := ErrTooMany.Say("We have mailed this address several times already. Look for our mail, also among what is taken for spam, or try again later.")
	many := ErrTooMany.Say("Many mails were asked for from your network. Try again in a moment.")
	rush := ErrTooMany.Say("Many people ask for their mail right now. Try again in a moment; being early does not help.")
	ceiling := mailsPerMinute
	if s.perIP == 0 {
		ceiling = 0
	}
	// The address comes last: what is refused for others' sake is not taken from it.
	return s.mustTake(ctx,
		budget{"queue-mails:" + limit.Network(ip), partOf(s.perIP, 20), time.Minute, many.With("reason", "network")},
		budget{"queue-mails-net:" + limit.Subnet(ip), partOf(s.perNet, 20), time.Minute, many.With("reason", "network")},
		budget{"queue-mails-event:" + strconv.FormatInt(eventID, 10), ceiling, time.Minute, rush.With("reason", "event")},
		budget{"queue-mail:" + name, mailsPerAddress, 15 * time.Minute, few.With("reason", "email")},
		budget{"queue-mail-day:" + name, mailsPerDay, 24 * time.Hour, few.With("reason", "email")})
}

// spendTry takes one try at the code of an address. Whoever reads its mails is never shut out by the tries of others: the
// link in the mail takes none.
func (s *Service) spendTry(ctx context.Context, eventID int64, email, ip string) error {
	name, network := s.nameOf(eventID, email), limit.Network(ip)
	return s.mustTake(ctx,
		budget{"code-tries:" + network, partOf(s.perIP, 2), time.Minute, ErrTooMany.With("reason", "network")},
		budget{"code-try:" + network + ":" + name, triesPerPair, 10 * time.Minute, ErrTooMany.With("reason", "email")},
		budget{"code-try:" + name, triesPerAddress, 10 * time.Minute, ErrTooMany.With("reason", "email")})
}
