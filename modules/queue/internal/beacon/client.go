// Package beacon asks for public randomness, drand over HTTP, and believes nothing that its chain did not sign.
package beacon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"fairseat/modules/queue/internal/fetch"
)

const (
	// beaconPatience is the longest one question to the beacon may take.
	beaconPatience = 2 * time.Second
	// largestBeacon is more than any answer of a beacon has.
	largestBeacon = 16 << 10
)

// Config names a public source of randomness, drand over HTTP. Without URLs draws of new events use none.
type Config struct {
	URLs  []string // where it is asked, all at once; none has to be trusted
	Chain string   // hex hash of the chain
	Key   string   // hex public key, if it shall be checked apart from the hash
}

// Client asks for what a chain says. Safe for concurrent use.
type Client struct {
	config Config
	client *http.Client

	mu    sync.Mutex
	chain *Chain // once it is known, it is for ever
}

func New(c Config) *Client {
	return &Client{config: c, client: &http.Client{Timeout: beaconPatience}}
}

// On tells whether new events use it.
func (b *Client) On() bool { return len(b.config.URLs) > 0 }

// Info is the configured chain, checked against its hash.
func (b *Client) Info(ctx context.Context) (*Chain, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chain != nil {
		return b.chain, nil
	}
	found, err := askAll(ctx, b, "/"+b.config.Chain+"/info", func(body []byte) (Chain, error) {
		var said struct {
			PublicKey   string `json:"public_key"`
			Period      int64  `json:"period"`
			GenesisTime int64  `json:"genesis_time"`
			GroupHash   string `json:"groupHash"`
			Scheme      string `json:"schemeID"`
			Metadata    struct {
				ID string `json:"beaconID"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(body, &said); err != nil {
			return Chain{}, err
		}
		c := Chain{b.config.Chain, said.Scheme, strings.ToLower(said.PublicKey), said.Period, said.GenesisTime, strings.ToLower(said.GroupHash), said.Metadata.ID}
		if b.config.Key != "" && c.PublicKey != b.config.Key {
			return Chain{}, errors.New("another public key than the configured one")
		}
		return c, c.Check()
	})
	if err != nil {
		return nil, fmt.Errorf("beacon %s: %w", b.config.Chain, err)
	}
	b.chain = &found
	return b.chain, nil
}

// Value is what a chain says in a round, with a signature that is right.
func (b *Client) Value(ctx context.Context, chain Chain, round int64) (Value, error) {
	v, err := askAll(ctx, b, "/"+chain.Hash+"/public/"+strconv.FormatInt(round, 10), func(body []byte) (Value, error) {
		var v Value
		if err := json.Unmarshal(body, &v); err != nil {
			return v, err
		}
		if v.Round != round {
			return v, fmt.Errorf("answered with round %d", v.Round)
		}
		for _, text := range []*string{&v.Randomness, &v.Signature, &v.PreviousSignature} {
			*text = strings.ToLower(*text)
		}
		return v, chain.Verify(v)
	})
	if err != nil {
		return v, fmt.Errorf("beacon round %d: %w", round, err)
	}
	return v, nil
}

// askAll asks every URL at once; the first answer that is right counts.
func askAll[T any](ctx context.Context, b *Client, path string, read func([]byte) (T, error)) (T, error) {
	var none T
	if !b.On() {
		return none, errors.New("draw.beacon_urls names nobody to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, beaconPatience)
	defer cancel()
	type answer struct {
		found T
		err   error
	}
	answers := make(chan answer, len(b.config.URLs))
	for _, url := range b.config.URLs {
		go func() {
			body, err := fetch.Body(ctx, b.client, strings.TrimRight(url, "/")+path, largestBeacon)
			if err != nil {
				answers <- answer{err: err}
				return
			}
			found, err := read(body)
			answers <- answer{found, err}
		}()
	}
	var wrong []error
	for range b.config.URLs {
		a := <-answers
		if a.err == nil {
			return a.found, nil
		}
		wrong = append(wrong, a.err)
	}
	return none, errors.Join(wrong...)
}
