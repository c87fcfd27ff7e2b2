package queue

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/altcha-org/altcha-lib-go"
	"github.com/redis/rueidis"

	"fairseat/app/clock"
	"fairseat/app/keyring"
	"fairseat/app/limit"
	"fairseat/app/request"
)

// Proof of work as ALTCHA does it: find the number that was hashed with a salt. It stops no bot; it makes a thousand
// places cost what a thousand phones have. The salt says for which event and network the challenge is, until when, and
// which one it is: a solved one is a bit in Redis, so none counts twice.
const (
	proofWindow  = 10 * time.Minute // a challenge is good for so long
	proofContext = "fairseat proof v1\n"
	maxProof     = 2000
	// The price is the largest number there may be; half of it is tried on average. A desktop browser tries a million a
	// second, a phone a fifth of it: 50 ms while few come, 2.5 s when hundreds come each second.
	cheapestProof = 20_000
	dearestProof  = 1_000_000
	proofsAtEase  = 10 // a second
)

// proofChallenge is what a browser is asked to solve; the names are ALTCHA's.
type proofChallenge struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int64  `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// proofSerial is which challenge was solved.
type proofSerial struct{ window, serial int64 }

// proofStore counts challenges and remembers the solved ones.
type proofStore struct {
	redis         *redisStore
	price, spends *rueidis.Lua
}

func newProofStore(r *redisStore) *proofStore {
	read := func(name string) *rueidis.Lua {
		text, err := luaFiles.ReadFile("lua/" + name)
		if err != nil {
			panic(err) // the folder is part of the program
		}
		return rueidis.NewLuaScript(string(text))
	}
	return &proofStore{redis: r, price: read("price.lua"), spends: read("redeem.lua")}
}

// next numbers a challenge, and tells how many a second are asked for.
func (p *proofStore) next(ctx context.Context, eventID int64) (s proofSerial, rate int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	got, err := p.price.Exec(ctx, p.redis.client, []string{p.redis.key(eventID, "proof:")},
		[]string{clock.RedisArg(p.redis.clock), strconv.FormatInt(proofWindow.Milliseconds(), 10)}).AsIntSlice()
	if err == nil && len(got) != 3 {
		err = fmt.Errorf("%d numbers", len(got))
	}
	if err != nil {
		return proofSerial{}, 0, fmt.Errorf("number a challenge: %w", err)
	}
	return proofSerial{got[0], got[1]}, got[2], nil
}

// redeem spends a solution; fresh is false for one that was spent before.
func (p *proofStore) redeem(ctx context.Context, eventID int64, s proofSerial) (fresh bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	first, err := p.spends.Exec(ctx, p.redis.client, []string{p.redis.key(eventID, "proof:b"+strconv.FormatInt(s.window, 10))},
		[]string{strconv.FormatInt(s.serial, 10), strconv.FormatInt(3*proofWindow.Milliseconds(), 10)}).AsInt64()
	if err != nil {
		return false, fmt.Errorf("spend a proof: %w", err)
	}
	return first == 1, nil
}

// priceOf is the largest number of a challenge when so many a second are asked for.
func priceOf(rate int64) int64 {
	return min(dearestProof, cheapestProof*max(1, rate/proofsAtEase))
}

// challenge is ErrProofRequired with a new challenge for this event and network.
func (s *Service) challenge(ctx context.Context, event request.Event, ip string) error {
	err := s.take(ctx, budget{"proofs:" + limit.Network(ip), 2 * s.perIP, time.Minute, ErrSlowDown.With("reason", "address").With("ways", []string{"email"})})
	if err != nil {
		return err
	}
	serial, rate, err := s.proofs.next(ctx, event.ID)
	if err != nil {
		return away(err)
	}
	expires, key := s.clock.Now().Add(proofWindow), s.keys.Current(keyring.Place)
	made, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		HMACKey: proofKey(key), MaxNumber: priceOf(rate), Expires: &expires,
		Params: url.Values{
			"e": {strconv.FormatInt(event.ID, 10)}, "w": {strconv.FormatInt(serial.window, 10)},
			"n": {strconv.FormatInt(serial.serial, 10)}, "net": {proofNetwork(key, ip)},
		},
	})
	if err != nil {
		return fmt.Errorf("make a challenge: %w", err)
	}
	return ErrProofRequired.With("challenge", proofChallenge(made)).With("expires_in", int(proofWindow.Seconds())).With("ways", []string{"email"})
}

// readProof reads a solution; false when it solves nothing of ours, or not for this event, network and moment.
func (s *Service) readProof(eventID int64, ip, proof string) (proofSerial, bool) {
	if len(proof) > maxProof {
		return proofSerial{}, false
	}
	text, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		return proofSerial{}, false
	}
	var p altcha.Payload
	if json.Unmarshal(text, &p) != nil || p.Algorithm != string(altcha.SHA256) || p.Number < 0 || p.Number > dearestProof {
		return proofSerial{}, false
	}
	_, query, _ := strings.Cut(p.Salt, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return proofSerial{}, false
	}
	for _, key := range s.keys.All(keyring.Place) {
		if ok, err := altcha.VerifySolution(p, proofKey(key), false); err != nil || !ok {
			continue
		}
		number := func(name string) int64 {
			n, _ := strconv.ParseInt(params.Get(name), 10, 64) // we wrote it
			return n
		}
		good := number("e") == eventID && s.clock.Now().Unix() <= number("expires") && params.Get("net") == proofNetwork(key, ip)
		return proofSerial{number("w"), number("n")}, good
	}
	return proofSerial{}, false
}

// proofKey keeps the key of places out of another protocol.
func proofKey(key keyring.Key) string { return hex.EncodeToString(key.MAC([]byte(proofContext))) }

// proofNetwork names a network without telling which.
func proofNetwork(key keyring.Key, ip string) string {
	return hex.EncodeToString(key.MAC([]byte(proofContext), []byte(limit.Network(ip)))[:6])
}
