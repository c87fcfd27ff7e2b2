package queue

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

// The shell that the page shows, run as it stands, says what the server says.
func TestShellProvesThePosition(t *testing.T) {
	t.Parallel()
	secret, beacon := make([]byte, 32), make([]byte, 32)
	for i := range secret {
		secret[i], beacon[i] = byte(i*37), byte(255-i)
	}
	for name, lanes := range map[string][]laneRow{
		"one line": nil,
		"lanes":    {{Name: "Members", Share: 20}, {Name: "Friends of 'O'\\Brien $HOME %s", Share: 7}},
	} {
		for _, c := range []struct {
			size, inLane int64
			beacon       []byte
		}{{1, 0, nil}, {7, 1, beacon}, {300, 40, beacon}, {70_000, 9000, nil}} {
			for i := range lanes {
				n := c.inLane
				lanes[i].Size = &n
			}
			seed := Seed("gala", c.size, secret, c.beacon)
			order := newLineup(seed, c.size, lanes)
			p := Evidence{Size: c.size, Secret: hex.EncodeToString(secret), Beacon: hex.EncodeToString(c.beacon), Seed: hex.EncodeToString(seed[:])}
			p.Lanes = []EvidenceLane{{"", 100, c.size}}
			for _, l := range lanes {
				p.Lanes[0].Share -= l.Share
				p.Lanes[0].Size -= *l.Size
				p.Lanes = append(p.Lanes, EvidenceLane{l.Name, l.Share, *l.Size})
			}
			for lane, part := range p.Lanes {
				if part.Size == 0 {
					continue
				}
				index := (part.Size * 5 / 7) % part.Size
				cohort := InDraw
				if lane > 0 {
					cohort = InLane(lane)
				}
				want, ok := order.Position(cohort, index)
				if !ok {
					t.Fatal("no such index")
				}
				shell := p.Shell("gala", lane, index)
				if lines := strings.Count(shell, "\n") + 1; lines > 10 && len(lanes) == 0 {
					t.Errorf("%d lines of shell", lines)
				}
				out, err := exec.CommandContext(t.Context(), "bash", "-c", shell).CombinedOutput()
				text := string(out)
				if err != nil || !strings.HasPrefix(text, Commitment(secret)+"  -\n"+p.Seed+"\n") ||
					!strings.HasSuffix(text, fmt.Sprintf("position %d, which is number %d of %d\n", want, want+1, c.size)) {
					t.Errorf("%s, %d of %d in lane %d: %v, want position %d\n%s", name, index, c.size, lane, err, want, text)
				}
			}
		}
	}
}

// What the page is told is what /queue/now says, and nothing of the draw before it.
func TestEvidenceThroughADraw(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	ctx := context.Background()
	k.joinMany(4)
	before, err := k.queue.Evidence(ctx, k.id)
	if err != nil || before.Drawn || before.Secret != "" || before.Seed != "" || before.Size != 0 || before.Chain != o.chain.Hash || before.Commitment != k.row().Commitment {
		t.Fatalf("%+v %v", before, err)
	}
	k.open()
	k.tick()
	o.Be("away")
	k.toRound(o)
	if err := k.queue.MoveBeacon(ctx, k.event(), owner, "192.0.2.1", "No network."); err != nil {
		t.Fatal(err)
	}
	waiting, err := k.queue.Evidence(ctx, k.id)
	if err != nil || waiting.Drawn || waiting.Secret != "" || len(waiting.Moves) != 1 || !waiting.Moves[0].Late || waiting.Moves[0].Reason != "No network." {
		t.Fatalf("%+v %v", waiting, err)
	}
	o.Be("")
	k.toRound(o)
	k.waitsDrawn()
	p, err := k.queue.Evidence(ctx, k.id)
	if err != nil {
		t.Fatal(err)
	}
	draw := k.drawView()
	if p.Seed != draw["seed"] || p.Secret != draw["secret"] || p.Beacon != draw["beacon"] || float64(p.Size) != draw["size"] || p.Signature == "" {
		t.Errorf("%+v, /queue/now says %v", p, draw)
	}
	if p.Entries[0].Seq != k.row().LogSeq || p.Entries[len(p.Entries)-1].Kind != "published" {
		t.Errorf("entries %+v", p.Entries)
	}
}

// Over many small draws every joint order is as likely as every other: chi-square over all permutations of 3, 4 and 5,
// and over position by index for 5 to 16. Secrets and beacons are a fixed list, so the answer is always the same.
func TestSmallDrawsAreFair(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20270309, 1000))
	draw := func(size int64) *Shuffle {
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
			s, order := draw(size), ""
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
			s := draw(size)
			for i := range size {
				p, _ := s.Position(i)
				counts[fmt.Sprint(i, " ", p)]++
			}
		}
		free := int((size - 1) * (size - 1))
		judge(fmt.Sprintf("places of %d", size), counts, int(size*size), draws*int(size), free)
	}
}
