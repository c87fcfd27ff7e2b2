package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"fairseat/modules/queue/internal/beacon"
	"fairseat/modules/queue/internal/draw"
)

// checkDraw works the draw out again from what the log says of it.
func (c *logChecker) checkDraw(slug string) {
	if c.published != nil && !c.published.Draws {
		c.add(markKnown, "this event has no draw: who comes first goes in first")
		return
	}
	if c.drawn == nil {
		c.add(markKnown, "the draw has not taken place yet")
		return
	}
	if c.published != nil {
		sum := sha256.Sum256([]byte(c.drawn.Secret))
		c.check(hex.EncodeToString(sum[:]) == c.published.Commitment, "the secret is the one whose fingerprint was published before",
			"the secret's fingerprint is %x, and %s was published", sum, c.published.Commitment)
	}
	c.check(c.opened != nil && c.opened.Size == c.drawn.Size, fmt.Sprintf("%d people were in the draw when it was closed, and when it was drawn", c.drawn.Size),
		"the draw has %d people, and another number when it was closed", c.drawn.Size)
	secret, err := hex.DecodeString(c.drawn.Secret)
	var randomness []byte
	if c.drawn.Beacon != nil && err == nil {
		randomness, err = hex.DecodeString(c.drawn.Beacon.Randomness)
	}
	seed := draw.Seed(slug, c.drawn.Size, secret, randomness)
	c.check(err == nil && hex.EncodeToString(seed[:]) == c.drawn.Seed, "the seed follows from the name, the number, the secret and the beacon",
		"the seed is %s, and %x follows", c.drawn.Seed, seed)
	c.checkLanes()
	c.checkBeacon()
}

// checkLanes compares the lanes that were closed with those that were published.
func (c *logChecker) checkLanes() {
	if c.published == nil || c.opened == nil || (len(c.published.Lanes) == 0 && len(c.opened.Lanes) == 0) {
		return
	}
	same, sum := len(c.published.Lanes) == len(c.opened.Lanes), int64(0)
	for i, lane := range c.opened.Lanes {
		same = same && lane.Size != nil && *lane.Size >= 0 && lane.Name == c.published.Lanes[i].Name && lane.Share == c.published.Lanes[i].Share
		if same {
			sum += *lane.Size
		}
	}
	c.check(same && sum <= c.opened.Size, fmt.Sprintf("%d lanes with the shares that were published", len(c.opened.Lanes)), "the lanes of the draw are not those that were published")
}

func (c *logChecker) checkBeacon() {
	value := c.drawn.Beacon
	if c.chain == nil {
		c.check(value == nil, "no public randomness was announced, and none was used", "public randomness was used that nobody announced")
		c.add(markKnown, "the organiser could have influenced this draw, by who joins last")
		return
	}
	if value == nil {
		c.add(markWrong, "public randomness was announced, and none was used")
		return
	}
	err := c.chain.Check()
	c.check(err == nil, "the randomness is of drand chain "+c.chain.Hash, "the chain: %v", err)
	err = c.chain.Verify(*value)
	c.check(err == nil, fmt.Sprintf("what it said in round %d is signed by its key", value.Round), "the beacon's value: %v", err)
	c.check(value.Round == c.round, "it is the round that was announced", "round %d was used, and %d was announced", value.Round, c.round)
	if c.rounds == 0 {
		want := c.chain.RoundAt(c.opensAt.Add(beacon.Margin))
		c.check(c.round == want, "it is the first round that comes 6 s after the opening", "the first round 6 s after the opening is %d", want)
	}
	due := c.chain.TimeOf(value.Round)
	c.check(c.closedAt.Before(due), "the draw was closed before anyone could know it", "the draw was closed at %s, when round %d was public",
		c.closedAt.Format(time.RFC3339), value.Round)
}

// checkNow compares the log with what the waiting room shows.
func (c *logChecker) checkNow(now *nowView) {
	if now == nil || now.Draw == nil || c.drawn == nil || now.Draw.Size == nil {
		return
	}
	d, beacon := now.Draw, ""
	if c.drawn.Beacon != nil {
		beacon = c.drawn.Beacon.Randomness
	}
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	same := *d.Size == c.drawn.Size && text(d.Secret) == c.drawn.Secret && text(d.Seed) == c.drawn.Seed && text(d.Beacon) == beacon &&
		(c.published == nil || d.Commitment == c.published.Commitment)
	c.check(same, "the waiting room shows the same draw", "the waiting room shows another draw than the log")
	if c.published == nil { // what was burnt before the log began is not in it
		return
	}
	ranges, err := json.Marshal(c.burnt)
	if c.burnt == nil {
		ranges = []byte("[]")
	}
	lanes := []laneRow{}
	if c.opened != nil {
		for _, l := range c.opened.Lanes {
			if l.Size == nil {
				return // said already
			}
			lanes = append(lanes, laneRow{Name: l.Name, Share: l.Share, Size: l.Size})
		}
	}
	row := lineRow{Burnt: ranges, Size: &c.drawn.Size}
	burnt, views := [][2]int64{}, []laneView{}
	if err == nil {
		row.Lanes, err = json.Marshal(lanes)
	}
	if err == nil {
		burnt, err = publishedBurnt(&row)
	}
	if err == nil {
		views, err = laneViews(&row)
	}
	c.check(err == nil && reflect.DeepEqual(burnt, d.Burnt) && reflect.DeepEqual(views, d.Lanes), fmt.Sprintf("%d ranges that nobody may hold, the same in the waiting room", len(burnt)),
		"the log burns %v, the waiting room shows %v", burnt, d.Burnt)
}
