package seating

import "context"

// Counts are the seats of an event by what they are.
type Counts struct {
	Version        int64
	Free           int
	Held           int // by fans who choose
	Paying         int // in checkout
	Sold           int
	Blocked        int // or not on sale
	Total          int
	FreeByCategory map[string]int // by category id
}

// Counts reads this replica's copy of the map, which is a moment old; ErrBusy when there never was one.
func (s *Service) Counts(ctx context.Context, eventID int64) (Counts, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Counts{}, err
	}
	if err := b.fresh(ctx); err != nil {
		return Counts{}, err
	}
	return newCounts(e, b), nil
}

func newCounts(e *Event, b *board) Counts {
	m := b.mirror.Counts()
	c := Counts{Version: m.Version, Free: m.Free, Held: m.Held, Paying: m.Paying, Sold: m.Sold, Blocked: m.Blocked,
		Total: m.Total, FreeByCategory: make(map[string]int, len(e.Categories))}
	for i, category := range e.Categories {
		if i < len(m.FreeOf) {
			c.FreeByCategory[category.ID] = m.FreeOf[i]
		}
	}
	return c
}

// phase is the event's phase, at most half a second old. When the line cannot be asked it is the last known one, and
// never less than the clock says.
func (s *Service) phase(ctx context.Context, e *Event) string {
	p := &s.board(e.ID).phase
	beat := s.beat.Load()
	p.Lock()
	word, known := p.word, p.word != "" && beat > 0 && p.beat == beat
	p.Unlock()
	if known {
		return word
	}
	// Outside the lock: whoever waits for the line must not make everybody wait.
	now, err := s.Lines.Phase(ctx, e.ID)
	if err != nil {
		s.Log.Debug("phase not known", "event_id", e.ID, "error", err)
		if word == "" || word == "announced" || word == "prequeue" {
			return phaseByTime(e, s.Clock.Now())
		}
		return word
	}
	p.Lock()
	p.word, p.beat = now, beat
	p.Unlock()
	return now
}
