package draw

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairseat/app/testkit"
)

// anyMerge is up to four lanes and the public.
func anyMerge(t *rapid.T, least, largest int64) merge {
	m := merge{{100, rapid.Int64Range(least, largest).Draw(t, "public")}}
	for range rapid.IntRange(0, 4).Draw(t, "lanes") {
		most := m[0].share - 10
		if most < 1 {
			break
		}
		p := part{rapid.Int64Range(1, most).Draw(t, "share"), rapid.Int64Range(least, largest).Draw(t, "size")}
		m[0].share -= p.share
		m = append(m, p)
	}
	return m
}

// The closed form is what its comment says: everyone sorted by (2j+1)/share, lanes before the public.
func TestMergeIsASort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := anyMerge(t, 0, 60)
		type one struct {
			part int
			j    int64
		}
		var all []one
		for p, of := range m {
			for j := range of.size {
				all = append(all, one{p, j})
			}
		}
		slices.SortFunc(all, func(a, b one) int {
			rank := func(o one) int { return (o.part + len(m) - 1) % len(m) } // the public last
			return cmp.Or(cmp.Compare((2*a.j+1)*m[b.part].share, (2*b.j+1)*m[a.part].share), cmp.Compare(rank(a), rank(b)))
		})
		for position, o := range all {
			if got := m.position(o.part, o.j); got != int64(position) {
				t.Fatalf("%v: the %d-th of part %d stands at %d, want %d", m, o.j, o.part, got, position)
			}
		}
	})
}

// Every position has one owner, and while nobody is exhausted each part has its share of every beginning of the line, to
// within half a place, and half of its share more for every lane beside the first.
func TestMergeKeepsShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := anyMerge(t, 1, 3000)
		total := int64(0)
		for _, p := range m {
			total += p.size
		}
		owner := make([]int, total)
		for i := range owner {
			owner[i] = -1
		}
		for p, of := range m {
			for j := range of.size {
				at := m.position(p, j)
				if at < 0 || at >= total || owner[at] >= 0 {
					t.Fatalf("%v: position %d of the %d-th of part %d", m, at, j, p)
				}
				owner[at] = p
			}
		}
		count := make([]int64, len(m))
		for position, p := range owner {
			count[p]++
			for q, of := range m {
				share := float64(position+1) * float64(of.share) / 100
				limit := .5 + .5*float64(of.share)/100*float64(max(0, len(m)-2)) + 1e-9
				if share-float64(count[q]) > limit || float64(count[q])-share > limit {
					t.Fatalf("%v: part %d has %d of the first %d, its share is %.2f", m, q, count[q], position+1, share)
				}
			}
			if count[p] == m[p].size {
				break // one is exhausted, the others move up
			}
		}
	})
}

// Without lanes a draw is its shuffle, whatever else is here.
func TestALineupWithoutLanesIsItsShuffle(t *testing.T) {
	t.Parallel()
	seed := [32]byte{4, 2}
	l, s := NewLineup(seed, 1000, nil), NewShuffle(seed, 1000)
	for i := int64(-1); i <= 1000; i++ {
		got, ok := l.Position(0, i)
		want, known := s.Position(i)
		if got != want || ok != known {
			t.Fatalf("index %d: %d %v, want %d %v", i, got, ok, want, known)
		}
	}
	if _, ok := l.Position(1, 0); ok {
		t.Error("there is no lane")
	}
}

// The vectors a browser is checked with, and anyone who writes this again.
func TestLaneVectors(t *testing.T) {
	t.Parallel()
	type vector struct {
		Draw      map[string]any `json:"draw"`
		Positions [][3]int64     `json:"positions"` // lane (0 none), index, position
	}
	var vectors []vector
	random := rand.New(rand.NewPCG(7, 11))
	for _, c := range []struct {
		public int64
		lanes  []Lane
	}{
		{40, []Lane{{Name: "Members", Share: 20}}},
		{0, []Lane{{Name: "Fan club “Blau”", Share: 45}, {Name: "Locals", Share: 45}}},
		{300, []Lane{{Name: "a", Share: 1}, {Name: "b", Share: 33}, {Name: "c", Share: 50}, {Name: "d", Share: 6}}},
		{9, []Lane{{Name: "Members", Share: 30}, {Name: "nobody", Share: 10}}},
	} {
		var seed [32]byte
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		size, shown, sizes := c.public, []map[string]any{}, []int64{c.public}
		for i := range c.lanes {
			people := random.Int64N(100)
			if c.lanes[i].Name == "nobody" {
				people = 0
			}
			c.lanes[i].Size = people
			size += people
			sizes = append(sizes, people)
			shown = append(shown, map[string]any{"name": c.lanes[i].Name, "share": c.lanes[i].Share, "size": people})
		}
		l := NewLineup(seed, size, c.lanes)
		v := vector{Draw: map[string]any{"seed": hex.EncodeToString(seed[:]), "size": size, "lanes": shown}}
		for lane, people := range sizes {
			for i := range people {
				position, ok := l.Position(lane, i)
				if !ok {
					t.Fatalf("index %d of lane %d has no position", i, lane)
				}
				v.Positions = append(v.Positions, [3]int64{int64(lane), i, position})
			}
		}
		vectors = append(vectors, v)
	}
	text, err := json.Marshal(vectors)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "lane-vectors.json", append(text, '\n'))
}

// A place in a lane costs hardly more than one without.
func BenchmarkPositionInLane(b *testing.B) {
	size := int64(200_000)
	lanes := []Lane{{Name: "a", Share: 20, Size: size}, {Name: "b", Share: 10, Size: size}, {Name: "c", Share: 10, Size: size}, {Name: "d", Share: 5, Size: size}}
	l := NewLineup([32]byte{1}, 1_000_000, lanes)
	i := int64(0)
	for b.Loop() {
		i = (i + 7919) % size
		l.Position(2, i)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "positions/s")
}
