package document

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
)

// kept is how many documents a Renderer remembers: those that are opened again within minutes of a sale.
const kept = 64

// Renderer draws PDFs, a few at a time, and remembers the last ones: a document costs some 15 ms of a core, and a
// thousand fans who open their tickets at once must not starve the sale. Safe for concurrent use.
type Renderer struct {
	slots chan struct{}
	mu    sync.Mutex
	docs  map[[sha256.Size]byte][]byte
	order [][sha256.Size]byte // oldest first
}

// NewRenderer draws at most parallel documents at once.
func NewRenderer(parallel int) *Renderer {
	return &Renderer{slots: make(chan struct{}, max(1, parallel)), docs: map[[sha256.Size]byte][]byte{}}
}

// PDF is PDF(ts), after waiting for a free slot or for ctx. What it returns is shared: read it only. It is found again
// by the tickets' whole content, so a changed ticket is never answered with an old drawing.
func (r *Renderer) PDF(ctx context.Context, ts []Ticket) ([]byte, error) {
	return r.drawn(ctx, ts, func() ([]byte, error) { return PDF(ts) })
}

// Invoice is InvoicePDF(v), in the same way.
func (r *Renderer) Invoice(ctx context.Context, v Invoice) ([]byte, error) {
	return r.drawn(ctx, v, func() ([]byte, error) { return InvoicePDF(v) })
}

func (r *Renderer) drawn(ctx context.Context, of any, draw func() ([]byte, error)) ([]byte, error) {
	content, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("PDF: %w", err)
	}
	key := sha256.Sum256(content)
	if doc := r.find(key); doc != nil {
		return doc, nil
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// Somebody may have drawn it while we waited.
	if doc := r.find(key); doc != nil {
		return doc, nil
	}
	doc, err := draw()
	if err != nil {
		return nil, err
	}
	r.keep(key, doc)
	return doc, nil
}

func (r *Renderer) find(key [sha256.Size]byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.docs[key]
}

func (r *Renderer) keep(key [sha256.Size]byte, doc []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.docs[key] == nil {
		r.order = append(r.order, key)
	}
	r.docs[key] = doc
	if len(r.order) > kept {
		delete(r.docs, r.order[0])
		r.order = r.order[1:]
	}
}
