package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fairseat/modules/queue/internal/beacon"
)

// Evidence is all that is public of an event's draw and of its log, for a page that shows how to check them.
type Evidence struct {
	Draws      bool
	Phase      string
	Commitment string
	Chain      string // hash of the drand chain; "": the draw uses no public randomness
	Round      int64
	RoundAt    time.Time
	Moves      []BeaconMove
	Drawn      bool
	// The rest is empty until the draw.
	Size                        int64
	Secret, Seed                string
	Beacon, Signature, Previous string // what the chain said in that round
	Lanes                       []EvidenceLane
	Head                        logHead
	Entries                     []LogEntry // the last, newest first
	Accuracy                    Accuracy   // of the estimates of the wait; nil until the sale is over
}

// EvidenceLane is a part of the draw; the first is of those in no lane.
type EvidenceLane struct {
	Name  string `json:"name"`
	Share int    `json:"share"`
	Size  int64  `json:"size"`
}

// BeaconMove is a round that made way for another; Late says that its value could have been known by then.
type BeaconMove struct {
	From, To int64
	Late     bool
	Reason   string
}

// shownEntries is how much of a log a page shows; the rest is a link away.
const shownEntries = 100

// Evidence is what everyone may know of an event's draw.
func (s *Service) Evidence(ctx context.Context, eventID int64) (*Evidence, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	event, row, err := s.eventAndRow(ctx, eventID)
	if err != nil {
		return nil, err
	}
	phase, err := s.Phase(ctx, eventID)
	if err != nil {
		return nil, err
	}
	p := &Evidence{Draws: row.Draws, Phase: phase, Commitment: row.Commitment, Drawn: row.Draws && row.drawn(), Head: logHead{row.LogSeq, row.LogHash}}
	chain, err := row.chain()
	if err != nil {
		return nil, err
	}
	if chain != nil {
		p.Chain, p.Round, p.RoundAt = chain.Hash, *row.BeaconRound, chain.TimeOf(*row.BeaconRound)
		if p.Moves, err = s.movesOf(ctx, eventID, chain); err != nil {
			return nil, err
		}
	}
	if p.Drawn {
		if err := p.reveal(event, row); err != nil {
			return nil, err
		}
	}
	if row.AccuracyTold {
		if p.Accuracy, err = s.Accuracy(ctx, eventID); err != nil {
			return nil, err
		}
	}
	stored, err := s.postgres.latest(ctx, eventID, shownEntries)
	if err != nil {
		return nil, away(err)
	}
	for _, l := range stored {
		e, err := l.entry()
		if err != nil {
			return nil, err
		}
		p.Entries = append(p.Entries, e)
	}
	return p, nil
}

// reveal adds what a draw makes public.
func (p *Evidence) reveal(event Event, row *lineRow) error {
	view, err := drawOf(event, row)
	if err != nil {
		return err
	}
	value, err := row.value()
	if err != nil {
		return err
	}
	if value != nil {
		p.Beacon, p.Signature, p.Previous = value.Randomness, value.Signature, value.PreviousSignature
	}
	p.Size, p.Secret, p.Seed = *view.Size, *view.Secret, *view.Seed
	public := EvidenceLane{Share: 100, Size: p.Size}
	p.Lanes = []EvidenceLane{public}
	for _, l := range view.Lanes {
		p.Lanes = append(p.Lanes, EvidenceLane{l.Name, l.Share, *l.Size})
		p.Lanes[0].Share -= l.Share
		p.Lanes[0].Size -= *l.Size
	}
	return nil
}

// latest are the last entries of a log, newest first.
func (p *postgresStore) latest(ctx context.Context, eventID int64, limit int) ([]loggedLine, error) {
	return p.logged(ctx, `SELECT seq, line, hash FROM fairness_log WHERE event_id = ? ORDER BY seq DESC LIMIT ?`, eventID, limit)
}

func (p *postgresStore) logged(ctx context.Context, query string, args ...any) ([]loggedLine, error) {
	var lines []loggedLine
	if err := p.db.WithContext(ctx).Raw(query, args...).Scan(&lines).Error; err != nil {
		return nil, fmt.Errorf("read fairness log: %w", err)
	}
	return lines, nil
}

// movesOf are the rounds that made way, in order.
func (s *Service) movesOf(ctx context.Context, eventID int64, chain *beacon.Chain) ([]BeaconMove, error) {
	stored, err := s.postgres.logged(ctx, `SELECT seq, line, hash FROM fairness_log WHERE event_id = ? AND line::jsonb->>'kind' = 'beacon-moved' ORDER BY seq`, eventID)
	if err != nil {
		return nil, away(err)
	}
	var moves []BeaconMove
	for _, l := range stored {
		e, err := l.entry()
		if err != nil {
			return nil, err
		}
		var m beaconMoved
		if err := json.Unmarshal(e.Data, &m); err != nil {
			return nil, fmt.Errorf("entry %d of a fairness log: %w", l.Seq, err)
		}
		at, err := time.Parse(time.RFC3339, e.At)
		moves = append(moves, BeaconMove{m.From, m.To, err != nil || !at.Before(chain.TimeOf(m.From)), m.Reason})
	}
	return moves, nil
}

// Shell is how anyone works a position out with bash and sha256sum alone: the fingerprint, the seed, and the shuffle of
// one index. In an event with lanes it takes three lines more.
func (p *Evidence) Shell(slug string, lane int, index int64) string {
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	lines := []string{
		fmt.Sprintf("slug=%s size=%d index=%d secret=%s beacon=%s", slug, p.Size, index, p.Secret, p.Beacon),
		`printf %s $secret | sha256sum   # the fingerprint that was published before`,
		`seed=$(printf 'fairseat draw v1\n%s\n%s\n%s\n%s\n' $slug $size $secret "$beacon" | sha256sum | cut -c-64); echo $seed`,
	}
	if len(p.Lanes) > 1 {
		var names, shares, sizes []string
		for _, l := range p.Lanes {
			names, shares, sizes = append(names, quoted(l.Name)), append(shares, fmt.Sprint(l.Share)), append(sizes, fmt.Sprint(l.Size))
		}
		lines = append(lines, fmt.Sprintf("lane=%d names=(%s) shares=(%s) sizes=(%s)", lane, strings.Join(names, " "), strings.Join(shares, " "), strings.Join(sizes, " ")),
			`n=${sizes[lane]}; ((lane)) && seed=$(printf 'fairseat lane v1\n%s\n%s\n' $seed "${names[lane]}" | sha256sum | cut -c-64)`)
	} else {
		lines[0] += fmt.Sprintf(" n=%d", p.Size)
	}
	lines = append(lines,
		`h() { printf %b "$(sed 's/../\\x&/g' <<<$1)" | sha256sum; }   # of bytes written as hex`,
		`for ((i=index, r=0; r<90; r++)); do printf -v R %02x $r; p=$(h $seed$R) v=0`,
		`  for k in 14 12 10 8 6 4 2 0; do v=$(((v*256 + 0x${p:k:2}) % n)); done; m=$(((v + n - i) % n)) u=$((i > m ? i : m))`,
		`  printf -v B %08x $((u/256)); b=$(h $seed$R${B:6:2}${B:4:2}${B:2:2}${B:0:2})`,
		`  if ((0x${b:u%256/8*2:2} >> u%8 & 1)); then i=$m; fi; done`)
	if len(p.Lanes) > 1 {
		lines = append(lines, `j=$i; for o in ${!shares[@]}; do ((o == lane)) && continue; t=$((((2*j+1)*shares[o] - (lane && (!o || o > lane))) / shares[lane]))`,
			`  t=$(((t+1)/2)); i=$((i + (t < sizes[o] ? t : sizes[o]))); done`)
	}
	return strings.Join(append(lines, `echo "position $i, which is number $((i+1)) of $size"`), "\n")
}
