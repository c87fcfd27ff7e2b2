package testkit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drand/drand/v2/crypto"
	"github.com/drand/kyber"
	"github.com/drand/kyber/util/random"
)

// Drand is a chain of public randomness of a test's own, over HTTP: a real key, real signatures. Bytes are hex.
type Drand struct {
	*httptest.Server
	Scheme, PublicKey, GroupHash, ID, Hash string
	Period, Genesis                        int64 // seconds; Unix seconds of round 1

	t      testing.TB
	now    func() time.Time
	scheme *crypto.Scheme
	secret kyber.Scalar

	mu     sync.Mutex
	fault  string
	asked  int
	values map[int64]DrandValue
}

// DrandValue is what a chain says in a round.
type DrandValue struct {
	Round      int64  `json:"round"`
	Randomness string `json:"randomness"`
	Signature  string `json:"signature"`
	Previous   string `json:"previous_signature,omitempty"`
}

// NewDrand begins a chain an hour before now, with a round every three seconds.
func NewDrand(t testing.TB, scheme string, now func() time.Time) *Drand {
	t.Helper()
	s, err := crypto.SchemeFromName(scheme)
	if err != nil {
		t.Fatal(err)
	}
	d := &Drand{Scheme: scheme, GroupHash: strings.Repeat("ab", 32), ID: "fairseat-test", Period: 3, Genesis: now().Add(-time.Hour).Unix(),
		t: t, now: now, scheme: s, secret: s.KeyGroup.Scalar().Pick(random.New()), values: map[int64]DrandValue{}}
	key, err := s.KeyGroup.Point().Mul(d.secret, nil).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	group, err := hex.DecodeString(d.GroupHash)
	if err != nil {
		t.Fatal(err)
	}
	told := binary.BigEndian.AppendUint32(nil, uint32(d.Period))
	told = binary.BigEndian.AppendUint64(told, uint64(d.Genesis))
	told = append(append(append(told, key...), group...), d.ID...)
	sum := sha256.Sum256(told)
	d.PublicKey, d.Hash = hex.EncodeToString(key), hex.EncodeToString(sum[:])
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

// Says is what the chain signs in a round.
func (d *Drand) Says(round int64) DrandValue {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.values[round]; ok {
		return v
	}
	message := drandMessage{round: uint64(round)}
	if d.Scheme == crypto.DefaultSchemeID {
		message.previous = []byte("what was signed before")
	}
	signature, err := d.scheme.AuthScheme.Sign(d.secret, d.scheme.DigestBeacon(message))
	if err != nil {
		d.t.Error(err)
	}
	sum := sha256.Sum256(signature)
	d.values[round] = DrandValue{round, hex.EncodeToString(sum[:]), hex.EncodeToString(signature), hex.EncodeToString(message.previous)}
	return d.values[round]
}

// Be makes it misbehave: "away", "forged", "other round", "other randomness", or "" for nothing.
func (d *Drand) Be(fault string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

// Questions is how often it was asked.
func (d *Drand) Questions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// ServeHTTP answers as drand's HTTP relays do; a round that has not come is 404.
func (d *Drand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	fault := d.fault
	d.asked++
	d.mu.Unlock()
	var round int64
	n, _ := fmt.Sscanf(r.URL.Path, "/"+d.Hash+"/public/%d", &round)
	switch {
	case fault == "away":
		http.Error(w, "away", http.StatusBadGateway)
	case r.URL.Path == "/"+d.Hash+"/info":
		_ = json.NewEncoder(w).Encode(map[string]any{"public_key": d.PublicKey, "period": d.Period, "genesis_time": d.Genesis,
			"hash": d.Hash, "groupHash": d.GroupHash, "schemeID": d.Scheme, "metadata": map[string]string{"beaconID": d.ID}})
	case n != 1 || d.now().Before(time.Unix(d.Genesis+(round-1)*d.Period, 0)):
		http.NotFound(w, r)
	default:
		v, other := d.Says(round), d.Says(round+1)
		switch fault {
		case "forged":
			v.Signature, v.Randomness = other.Signature, other.Randomness
		case "other round":
			v = other
		case "other randomness":
			v.Randomness = other.Randomness
		}
		_ = json.NewEncoder(w).Encode(v)
	}
}

// drandMessage is what a round signs.
type drandMessage struct {
	round    uint64
	previous []byte
}

func (m drandMessage) GetRound() uint64             { return m.round }
func (m drandMessage) GetPreviousSignature() []byte { return m.previous }
