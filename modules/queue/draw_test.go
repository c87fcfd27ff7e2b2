package queue

import (
	"encoding/csv"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Published vectors of compute_shuffled_index prove ours right, forwards and backwards.
func TestShuffleVectors(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/shuffle-vectors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 2641 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	known := map[string]*Shuffle{}
	for _, row := range rows[1:] {
		size, _ := strconv.ParseInt(row[1], 10, 64)
		index, _ := strconv.ParseInt(row[2], 10, 64)
		want, err := strconv.ParseInt(row[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		name := row[0] + row[1]
		if known[name] == nil {
			var seed [32]byte
			if n, err := hex.Decode(seed[:], []byte(row[0])); err != nil || n != 32 {
				t.Fatal(err)
			}
			known[name] = NewShuffle(seed, size)
		}
		if got, ok := known[name].Position(index); !ok || got != want {
			t.Fatalf("%v: position %d %v", row, got, ok)
		}
		if got, ok := known[name].Index(want); !ok || got != index {
			t.Fatalf("%v: index %d %v", row, got, ok)
		}
	}
}

func TestShuffleIsAPermutation(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, 2, 3, 255, 256, 257, 1000} {
		s := NewShuffle([32]byte{byte(size), 7}, size)
		seen := make([]bool, size)
		for i := range size {
			p, ok := s.Position(i)
			if !ok || seen[p] {
				t.Fatalf("size %d: position %d twice, or %v", size, p, ok)
			}
			seen[p] = true
			if back, ok := s.Index(p); !ok || back != i {
				t.Fatalf("size %d: %d → %d → %d", size, i, p, back)
			}
		}
	}
	for _, size := range []int64{0, 5} {
		s := NewShuffle([32]byte{}, size)
		for _, outside := range []int64{-1, size, size + 1} {
			if _, ok := s.Position(outside); ok {
				t.Errorf("a draw of %d has index %d", size, outside)
			}
			if _, ok := s.Index(outside); ok {
				t.Errorf("a draw of %d has position %d", size, outside)
			}
		}
	}
}

// A draw too large to remember its hashes gives the same positions.
func TestShuffleWithoutMemory(t *testing.T) {
	t.Parallel()
	const size = 4_000_000
	s := NewShuffle([32]byte{9}, size)
	if len(s.blocks[0]) != 0 {
		t.Fatal("remembers too much")
	}
	for i := int64(0); i < size; i += 99_991 {
		p, _ := s.Position(i)
		if back, _ := s.Index(p); back != i {
			t.Fatalf("%d → %d → %d", i, p, back)
		}
	}
}

// Over many small draws every place is as likely for everyone: chi-square over index × position.
func TestDrawIsFair(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	for _, size := range []int64{2, 6, 12, 30} {
		const draws = 4000
		counts := make([]int, size*size)
		secret := make([]byte, 32)
		for range draws {
			for i := range secret {
				secret[i] = byte(random.Uint32())
			}
			s := NewShuffle(Seed("gala", size, secret, nil), size)
			for i := range size {
				p, _ := s.Position(i)
				counts[i*size+p]++
			}
		}
		expected, chi := float64(draws)/float64(size), 0.0
		for _, c := range counts {
			chi += (float64(c) - expected) * (float64(c) - expected) / expected
		}
		// (size-1)² degrees of freedom; seven standard deviations above the mean.
		free := float64((size - 1) * (size - 1))
		if limit := free + 7*math.Sqrt(2*free); chi > limit {
			t.Errorf("size %d: chi-square %.1f, at most %.1f", size, chi, limit)
		}
	}
}

// What sha256sum says of the same texts.
func TestCommitmentAndSeed(t *testing.T) {
	t.Parallel()
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	if got := Commitment(secret); got != "6c86c6aac5fb24bcf5d9939cb7d7d5645ce39418f449e03b262dd4fa14b4b92b" {
		t.Error(got)
	}
	for beacon, want := range map[string]string{
		"":     "3e0808df469bc8cf9c1e44dae1bf978d8fda5e50720cd32a3e604c5ca40e2bc8",
		"\xab": "1229e63cb74b157cc2fd823a48d1c7c07bdc8ce5fda563c0b2beb2281af9b45b",
	} {
		seed := Seed("gala", 8, secret, []byte(beacon))
		if got := hex.EncodeToString(seed[:]); got != want {
			t.Errorf("beacon %x: %s", beacon, got)
		}
	}
}

func BenchmarkPosition(b *testing.B) {
	for _, size := range []int64{1_000, 1_000_000, 10_000_000} {
		b.Run(strconv.FormatInt(size, 10), func(b *testing.B) {
			s := NewShuffle([32]byte{1}, size)
			i := int64(0)
			for b.Loop() {
				i = (i + 7919) % size
				s.Position(i)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "positions/s")
		})
	}
}
