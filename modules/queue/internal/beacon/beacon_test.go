package beacon

import (
	"testing"
	"time"

	"github.com/drand/drand/v2/crypto"

	"fairseat/app/testkit"
)

// The chain that the League of Entropy calls quicknet, and what it said in its thousandth round.
func TestVerifiesDrandItself(t *testing.T) {
	t.Parallel()
	quicknet := Chain{
		Hash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971", Scheme: crypto.SigsOnG1ID, Period: 3, GenesisTime: 1692803367,
		PublicKey: "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
		GroupHash: "f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e", ID: "quicknet",
	}
	if err := quicknet.Check(); err != nil {
		t.Error(err)
	}
	said := Value{Round: 1000, Randomness: "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
		Signature: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"}
	if err := quicknet.Verify(said); err != nil {
		t.Error(err)
	}
	said.Round++
	if err := quicknet.Verify(said); err == nil {
		t.Error("the value of another round was taken")
	}
	quicknet.Period = 4
	if err := quicknet.Check(); err == nil {
		t.Error("another chain under the same hash was taken")
	}
}

func TestEverySchemeIsVerified(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 9, 9, 0, 0, 0, time.UTC)
	for _, scheme := range []string{crypto.DefaultSchemeID, crypto.UnchainedSchemeID, crypto.SigsOnG1ID, crypto.ShortSigSchemeID} {
		o := testkit.NewDrand(t, scheme, func() time.Time { return now })
		said := Chain{o.Hash, o.Scheme, o.PublicKey, o.Period, o.Genesis, o.GroupHash, o.ID}
		if err := said.Check(); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		b := New(Config{URLs: []string{"http://127.0.0.1:1", o.URL}, Chain: o.Hash, Key: o.PublicKey})
		chain, err := b.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v, err := b.Value(t.Context(), *chain, 7)
		if err != nil || v.Randomness != o.Says(7).Randomness {
			t.Errorf("%s: %+v %v", scheme, v, err)
		}
		for _, fault := range []string{"away", "forged", "other round", "other randomness"} {
			o.Be(fault)
			if v, err := b.Value(t.Context(), *chain, 8); err == nil {
				t.Errorf("%s, %s: %+v was taken", scheme, fault, v)
			}
		}
	}
}

func TestRoundsAndTheirTimes(t *testing.T) {
	t.Parallel()
	c := Chain{Period: 3, GenesisTime: 1000}
	for at, want := range map[int64]int64{0: 1, 1000: 1, 1001: 2, 1003: 2, 1004: 3, 4000: 1001} {
		if got := c.RoundAt(time.Unix(at, 0)); got != want {
			t.Errorf("at %d: round %d, want %d", at, got, want)
		}
	}
	if got := c.RoundAt(time.Unix(1003, 1)); got != 3 {
		t.Errorf("a moment after a round: %d", got)
	}
	if got := c.TimeOf(3); !got.Equal(time.Unix(1006, 0)) {
		t.Errorf("round 3 at %v", got)
	}
}
