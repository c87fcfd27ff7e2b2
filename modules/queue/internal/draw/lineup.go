package draw

import (
	"crypto/sha256"
	"fmt"
)

const laneContext = "fairseat lane v1\n"

// Lane is a part of a draw with a share of its places, percent.
type Lane struct {
	Name  string
	Share int
	Size  int64 // how many stand in it
}

// Lineup is a drawn line: who of each part stands where. Safe for concurrent use.
type Lineup struct {
	size  int64
	parts []*Shuffle // the public's, then the lanes' in the order in which they are published
	merge merge
}

// NewLineup is the order that a seed gives to a draw of size, lanes included.
func NewLineup(seed [32]byte, size int64, lanes []Lane) *Lineup {
	l := &Lineup{size: size}
	public, share := size, 100
	for _, lane := range lanes {
		public, share = public-lane.Size, share-lane.Share
	}
	l.parts = append(l.parts, NewShuffle(seed, public))
	l.merge = append(l.merge, part{int64(share), public})
	for _, lane := range lanes {
		l.parts = append(l.parts, NewShuffle(laneSeed(seed, lane.Name), lane.Size))
		l.merge = append(l.merge, part{int64(lane.Share), lane.Size})
	}
	return l
}

// laneSeed is what decides the order within a lane; sha256sum makes it from what is public.
func laneSeed(seed [32]byte, name string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s%x\n%s\n", laneContext, seed, name))
}

// Size is how many take part, in all lanes and without one.
func (l *Lineup) Size() int64 { return l.size }

// Position is where an index of a lane stands, 0 for those in none; false for one that is not of this draw.
func (l *Lineup) Position(lane int, index int64) (int64, bool) {
	if lane < 0 || lane >= len(l.parts) {
		return 0, false
	}
	j, ok := l.parts[lane].Position(index)
	if !ok {
		return 0, false
	}
	return l.merge.position(lane, j), true
}

// merge makes one line of several, each with a share of it. Everyone has a number: (2j+1)/share for the j-th, from 0, of a
// part. The line is all of them by that number; of equal ones lanes go before the public, and in the order in which they
// are published. So each part has its share of every stretch while it lasts, and what an exhausted one leaves goes to
// the others by their shares.
type merge []part

type part struct{ share, size int64 }

// position is where the j-th of a part stands: as many come before as have a smaller number.
func (m merge) position(own int, j int64) int64 {
	position := j
	for other, o := range m {
		if other == own {
			continue
		}
		// (2t+1)·own ≤ most: those t come before.
		most := (2*j + 1) * o.share
		if own != 0 && (other == 0 || other > own) {
			most-- // of equal ones we go first
		}
		position += min(o.size, (most/m[own].share+1)/2)
	}
	return position
}
