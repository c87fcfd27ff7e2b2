// Package draw decides who stands where: the swap-or-not shuffle under a seed that anyone can work out again, and lanes
// that share its places.
package draw

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync/atomic"
)

const (
	// rounds of the swap-or-not shuffle, as SHUFFLE_ROUND_COUNT of the Ethereum consensus specification.
	rounds = 90
	// perBlock positions share one hash of a round, a bit each.
	perBlock = 256
	// cachedHashes is how many hashes a shuffle may remember, 40 bytes each once used: enough for a draw of 2.9 million.
	cachedHashes = 1 << 20
)

// Commitment is the hex SHA-256 of the secret's hex digits; it is public from the moment an event is.
func Commitment(secret []byte) string {
	sum := sha256.Sum256([]byte(hex.EncodeToString(secret)))
	return hex.EncodeToString(sum[:])
}

// Seed is what decides a draw: anyone can recompute it with sha256sum once secret and beacon are public. The beacon
// is empty when none is configured.
func Seed(slug string, size int64, secret, beacon []byte) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "fairseat draw v1\n%s\n%d\n%x\n%x\n", slug, size, secret, beacon))
}

// Shuffle is the permutation of one draw: compute_shuffled_index of the Ethereum consensus specification. Nothing is
// stored per visitor; the hashes of a round are remembered per 256 positions. Safe for concurrent use.
type Shuffle struct {
	seed   [32]byte
	size   uint64
	pivots [rounds]uint64
	blocks [rounds][]atomic.Pointer[[32]byte] // empty when the draw is too large to remember
}

// NewShuffle prepares the permutation of 0..size-1 under a seed.
func NewShuffle(seed [32]byte, size int64) *Shuffle {
	s := &Shuffle{seed: seed, size: uint64(max(size, 0))}
	if s.size == 0 {
		return s
	}
	blocks := (s.size + perBlock - 1) / perBlock
	for r := range rounds {
		var in [33]byte
		copy(in[:], seed[:])
		in[32] = byte(r)
		hash := sha256.Sum256(in[:])
		s.pivots[r] = binary.LittleEndian.Uint64(hash[:8]) % s.size
		if blocks*rounds <= cachedHashes {
			s.blocks[r] = make([]atomic.Pointer[[32]byte], blocks)
		}
	}
	return s
}

// Size is how many take part.
func (s *Shuffle) Size() int64 { return int64(s.size) }

// Position is where index stands after the draw; false for an index outside of it.
func (s *Shuffle) Position(index int64) (int64, bool) {
	if index < 0 || uint64(index) >= s.size {
		return 0, false
	}
	i := uint64(index)
	for r := range rounds {
		i = s.swap(r, i)
	}
	return int64(i), true
}

// swap is one round: i and its mirror image about the pivot change places if the bit of the greater one says so.
func (s *Shuffle) swap(round int, i uint64) uint64 {
	flip := (s.pivots[round] + s.size - i) % s.size
	p := max(i, flip)
	block := s.block(round, p/perBlock)
	if block[p%perBlock/8]>>(p%8)&1 == 1 {
		return flip
	}
	return i
}

func (s *Shuffle) block(round int, n uint64) *[32]byte {
	if len(s.blocks[round]) > 0 {
		if known := s.blocks[round][n].Load(); known != nil {
			return known
		}
	}
	var in [37]byte
	copy(in[:], s.seed[:])
	in[32] = byte(round)
	binary.LittleEndian.PutUint32(in[33:], uint32(n))
	hash := sha256.Sum256(in[:])
	if len(s.blocks[round]) > 0 {
		s.blocks[round][n].Store(&hash)
	}
	return &hash
}
