package beacon

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/drand/drand/v2/crypto"
)

// Margin lies between the opening, when the draw is sealed, and the round whose value it takes: nobody can know
// the value while the size can still change.
const Margin = 6 * time.Second

// LongestPeriod is what a chain's hash has room for, in seconds.
const LongestPeriod = 1 << 31

// Chain is a drand chain as everyone can check it: the hash binds all but the scheme, and under a wrong scheme no
// signature is right. Bytes are hex, lower case.
type Chain struct {
	Hash        string `json:"hash"`
	Scheme      string `json:"scheme"`
	PublicKey   string `json:"public_key"`
	Period      int64  `json:"period"`       // seconds
	GenesisTime int64  `json:"genesis_time"` // of round 1, Unix seconds
	GroupHash   string `json:"group_hash"`
	ID          string `json:"beacon_id"`
}

// Value is what a chain says in one round. Randomness is the SHA-256 of the signature.
type Value struct {
	Round             int64  `json:"round"`
	Randomness        string `json:"randomness"`
	Signature         string `json:"signature"`
	PreviousSignature string `json:"previous_signature,omitempty"` // of chains that sign it too
}

// Check tells whether a chain is the one that its hash names.
func (c Chain) Check() error {
	key, err := hex.DecodeString(c.PublicKey)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	group, err := hex.DecodeString(c.GroupHash)
	if err != nil {
		return fmt.Errorf("group hash: %w", err)
	}
	if c.Period < 1 || c.Period > LongestPeriod || c.GenesisTime < 0 {
		return errors.New("no such period or beginning")
	}
	if _, err := crypto.SchemeFromName(c.Scheme); err != nil {
		return err
	}
	// As chain.Info.Hash of drand, whose package brings much more along.
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, uint32(c.Period))
	_ = binary.Write(h, binary.BigEndian, c.GenesisTime)
	h.Write(key)
	h.Write(group)
	if c.ID != "" && c.ID != "default" {
		h.Write([]byte(c.ID))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != c.Hash {
		return fmt.Errorf("what the chain says of itself has the hash %s, not %s", got, c.Hash)
	}
	return nil
}

// RoundAt is the first round at or after a moment; TimeOf is when a round comes.
func (c Chain) RoundAt(at time.Time) int64 {
	since := at.Sub(time.Unix(c.GenesisTime, 0))
	if since <= 0 {
		return 1
	}
	period := time.Duration(c.Period) * time.Second
	return int64((since+period-1)/period) + 1
}

func (c Chain) TimeOf(round int64) time.Time {
	return time.Unix(c.GenesisTime+(round-1)*c.Period, 0).UTC()
}

// signed is a value in the shape that drand's schemes verify.
type signed struct {
	round               uint64
	signature, previous []byte
}

func (s signed) GetRound() uint64             { return s.round }
func (s signed) GetSignature() []byte         { return s.signature }
func (s signed) GetPreviousSignature() []byte { return s.previous }

// Verify tells whether a value is what the chain's key signed for that round.
func (c Chain) Verify(v Value) error {
	if v.Round < 1 {
		return fmt.Errorf("round %d", v.Round)
	}
	if strings.ToLower(v.Randomness) != v.Randomness {
		return errors.New("randomness is not in lower case")
	}
	scheme, err := crypto.SchemeFromName(c.Scheme)
	if err != nil {
		return err
	}
	var raw [4][]byte
	for i, text := range []string{c.PublicKey, v.Signature, v.PreviousSignature, v.Randomness} {
		if raw[i], err = hex.DecodeString(text); err != nil {
			return fmt.Errorf("not hex: %w", err)
		}
	}
	key := scheme.KeyGroup.Point()
	if err := key.UnmarshalBinary(raw[0]); err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	if err := scheme.VerifyBeacon(signed{uint64(v.Round), raw[1], raw[2]}, key); err != nil {
		return fmt.Errorf("signature of round %d: %w", v.Round, err)
	}
	if sum := sha256.Sum256(raw[1]); !bytes.Equal(sum[:], raw[3]) {
		return errors.New("the randomness is not the hash of the signature")
	}
	return nil
}
