package notification

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// outbox is a folder that takes mails as files, for who has no mail server yet. A mail written twice is one file.
type outbox struct{ dir string }

func newOutbox(dir string) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return &outbox{dir}, nil
}

// Send writes <time>-<id>.eml, readable by the owner alone and whole from the first moment anybody can see it.
func (o *outbox) Send(_ context.Context, m *Message) error {
	id, _, _ := strings.Cut(m.ID, "@")
	name := m.At.UTC().Format("20060102T150405Z") + "-" + filepath.Base(id) + ".eml"
	f, err := os.CreateTemp(o.dir, "."+filepath.Base(id)+"-*.tmp") // made 0600
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing left under this name
	_, err = m.encode().WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(o.dir, name))
	}
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}
