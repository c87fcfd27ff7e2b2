package queue

import (
	"testing"
)

// Postgres was restored from a backup, Redis was not: the record is brought up to what the line knows, so that nobody who was
// called is uncalled and no index is given twice.
func TestRestoredRecordIsBroughtUp(t *testing.T) {
	t.Parallel()
	k, _ := openRoom(t, 3)
	k.joinMany(4) // behind the draw
	before := k.state()
	for _, statement := range []string{ // what Postgres refuses, and a backup does
		`ALTER TABLE lines DISABLE TRIGGER USER`, `UPDATE lines SET serving = 0, logged = 0, tail_used = 0, tail_ceiling = 0`, `ALTER TABLE lines ENABLE TRIGGER USER`,
	} {
		if err := k.DB.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	if found, err := k.queue.Audit(t.Context()); err != nil || len(found) != 2 {
		t.Fatalf("the audit found %v, %v", found, err)
	}
	for range 2 { // however often
		if err := k.queue.Restored(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	k.checkLine()
	row, err := k.queue.postgres.read(t.Context(), k.id)
	if err != nil || row.Serving != before.num("shown") || row.TailCeiling < before.num("tail") {
		t.Errorf("%+v %v, the line: %v", row, err, before)
	}
}
