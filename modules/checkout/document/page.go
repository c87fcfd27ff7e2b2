package document

import (
	"fmt"
	"html/template"
	"io"
)

// Page writes the ticket as an HTML page that needs no script and nothing from elsewhere but StylePath, so that it
// stands under `default-src 'none'; style-src 'self'; img-src 'self' data:`. It writes nothing when it fails to encode
// the code. The template is parsed anew each time: a third of what drawing the QR code costs, and nothing shared.
func Page(w io.Writer, t Ticket) error {
	g, err := encode(t.Code)
	if err != nil {
		return err
	}
	page, err := template.ParseFS(files, "page.html")
	if err != nil {
		return fmt.Errorf("ticket page: %w", err)
	}
	return page.Execute(w, map[string]any{
		"T": t.cleaned(), "Side": g.side(), "Path": g.path(), "Style": StylePath,
		"PDF": t.URL + ".pdf", "Calendar": t.URL + ".ics",
	})
}
