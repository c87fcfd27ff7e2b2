package queue

import (
	"crypto/sha256"
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

// oracle is a drand chain of a test's own: a real key, real signatures, over HTTP. What it does wrong a test says.
type oracle struct {
	*httptest.Server
	chain  beaconChain
	scheme *crypto.Scheme
	secret kyber.Scalar
	t      testing.TB
	now    func() time.Time

	mu     sync.Mutex
	fault  string // "", "away", "forged", "other round", "other randomness"
	asked  int
	values map[int64]beaconValue
}

const oraclePeriod = 3

// newOracle begins its chain an hour before now.
func newOracle(t testing.TB, scheme string, now func() time.Time) *oracle {
	t.Helper()
	s, err := crypto.SchemeFromName(scheme)
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{scheme: s, secret: s.KeyGroup.Scalar().Pick(random.New()), t: t, now: now, values: map[int64]beaconValue{}}
	key, err := s.KeyGroup.Point().Mul(o.secret, nil).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	o.chain = beaconChain{Scheme: scheme, PublicKey: hex.EncodeToString(key), Period: oraclePeriod,
		GenesisTime: now().Add(-time.Hour).Unix(), GroupHash: strings.Repeat("ab", 32), ID: "fairseat-test"}
	o.chain.Hash = hashOf(o.chain)
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// hashOf finds the hash of a chain by what check says of a wrong one.
func hashOf(c beaconChain) string {
	c.Hash = "?"
	text := c.check().Error()
	return strings.TrimSuffix(text[strings.Index(text, "the hash ")+9:], ", not ?")
}

func (o *oracle) config() BeaconConfig {
	return BeaconConfig{URLs: []string{o.URL}, Chain: o.chain.Hash}
}

// says is what the chain signs in a round.
func (o *oracle) says(round int64) beaconValue {
	o.mu.Lock()
	defer o.mu.Unlock()
	if v, ok := o.values[round]; ok {
		return v
	}
	message := signed{round: uint64(round)}
	if o.scheme.Name == crypto.DefaultSchemeID {
		message.previous = []byte("what was signed before")
	}
	signature, err := o.scheme.AuthScheme.Sign(o.secret, o.scheme.DigestBeacon(message))
	if err != nil {
		o.t.Error(err)
	}
	sum := sha256.Sum256(signature)
	o.values[round] = beaconValue{round, hex.EncodeToString(sum[:]), hex.EncodeToString(signature), hex.EncodeToString(message.previous)}
	return o.values[round]
}

func (o *oracle) be(fault string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = fault
}

func (o *oracle) questions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// ServeHTTP answers as drand's HTTP relays do.
func (o *oracle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	fault := o.fault
	o.asked++
	o.mu.Unlock()
	var round int64
	n, _ := fmt.Sscanf(r.URL.Path, "/"+o.chain.Hash+"/public/%d", &round)
	switch {
	case fault == "away":
		http.Error(w, "away", http.StatusBadGateway)
	case r.URL.Path == "/"+o.chain.Hash+"/info":
		_ = json.NewEncoder(w).Encode(map[string]any{"public_key": o.chain.PublicKey, "period": o.chain.Period, "genesis_time": o.chain.GenesisTime,
			"hash": o.chain.Hash, "groupHash": o.chain.GroupHash, "schemeID": o.chain.Scheme, "metadata": map[string]string{"beaconID": o.chain.ID}})
	case n != 1 || o.now().Before(o.chain.timeOf(round)):
		http.NotFound(w, r)
	default:
		v := o.says(round)
		other := o.says(round + 1)
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
