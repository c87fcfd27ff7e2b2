package queue

import (
	"context"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"fairseat/modules/queue/internal/draw"
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
			seed := draw.Seed("gala", c.size, secret, c.beacon)
			order := draw.NewLineup(seed, c.size, drawLanes(lanes))
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
				want, ok := order.Position(lane, index)
				if !ok {
					t.Fatal("no such index")
				}
				shell := p.Shell("gala", lane, index)
				if lines := strings.Count(shell, "\n") + 1; lines > 10 && len(lanes) == 0 {
					t.Errorf("%d lines of shell", lines)
				}
				out, err := exec.CommandContext(t.Context(), "bash", "-c", shell).CombinedOutput()
				text := string(out)
				if err != nil || !strings.HasPrefix(text, draw.Commitment(secret)+"  -\n"+p.Seed+"\n") ||
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
