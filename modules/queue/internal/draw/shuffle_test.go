package draw

import (
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// Published vectors of compute_shuffled_index prove ours right.
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
		}
	}
	for _, size := range []int64{0, 5} {
		s := NewShuffle([32]byte{}, size)
		for _, outside := range []int64{-1, size, size + 1} {
			if _, ok := s.Position(outside); ok {
				t.Errorf("a draw of %d has index %d", size, outside)
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
	remembers := NewShuffle([32]byte{9}, size)
	for r := range rounds {
		remembers.blocks[r] = make([]atomic.Pointer[[32]byte], size/perBlock)
	}
	for i := int64(0); i < size; i += 99_991 {
		got, _ := s.Position(i)
		if want, _ := remembers.Position(i); got != want {
			t.Fatalf("%d stands at %d, and at %d where hashes are remembered", i, got, want)
		}
	}
}

// Over many small draws every joint order is as likely as every other: chi-square over all permutations of 3, 4 and 5,
// and over position by index for 5 to 16. Secrets and beacons are a fixed list, so the answer is always the same.
func TestSmallDrawsAreFair(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20270309, 1000))
	drawn := func(size int64) *Shuffle {
		secret, beacon := make([]byte, 32), make([]byte, 32)
		for i := range secret {
			secret[i], beacon[i] = byte(random.Uint32()), byte(random.Uint32())
		}
		return NewShuffle(Seed("gala", size, secret, beacon), size)
	}
	// judge wants chi-square within four standard deviations of its mean, on either side: too even is not random either.
	judge := func(what string, counts map[string]int, cells, draws, free int) {
		expected, chi := float64(draws)/float64(cells), 0.0
		for _, n := range counts {
			chi += (float64(n) - expected) * (float64(n) - expected) / expected
		}
		chi += float64(cells-len(counts)) * expected // what never came
		if off := (chi - float64(free)) / math.Sqrt(2*float64(free)); math.Abs(off) > 4 {
			t.Errorf("%s: chi-square %.1f on %d degrees of freedom, %.1f standard deviations off", what, chi, free, off)
		}
	}
	for _, of := range []struct {
		size   int64
		orders int
	}{{3, 6}, {4, 24}, {5, 120}} {
		size, orders := of.size, of.orders
		counts, draws := map[string]int{}, 200*orders
		for range draws {
			s, order := drawn(size), ""
			for i := range size {
				p, _ := s.Position(i)
				order += fmt.Sprint(p)
			}
			counts[order]++
		}
		judge(fmt.Sprintf("orders of %d", size), counts, orders, draws, orders-1)
	}
	for size := int64(5); size <= 16; size++ {
		const draws = 1500
		counts := map[string]int{}
		for range draws {
			s := drawn(size)
			for i := range size {
				p, _ := s.Position(i)
				counts[fmt.Sprint(i, " ", p)]++
			}
		}
		free := int((size - 1) * (size - 1))
		judge(fmt.Sprintf("places of %d", size), counts, int(size*size), draws*int(size), free)
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
