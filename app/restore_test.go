package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// A dump is taken in the middle of a sale, more is sold, and the dump is restored while the processor and Redis go on: the
// sale is closed until the ledger is matched, the seat that was forgotten is sold once more, and the money of the order
// that nobody knows any more waits until a person sends it back.
func TestRestoredBackupSellsNothingBlindly(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	p := startProcess(t, "FAIRSEAT_POSTGRES__URL="+k.PostgresURL, "FAIRSEAT_REDIS__URL="+k.RedisURL, "FAIRSEAT_REDIS__PREFIX="+k.Prefix)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 1, 6), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Second)
	defer cancel()
	buy := func(name string, seat int) (*fan, *orderView) {
		t.Helper()
		f := newFan(p.base, "gala", name)
		if err := f.join(ctx); err != nil {
			t.Fatal(err)
		}
		if in, err := f.enter(ctx); err != nil || !in {
			t.Fatalf("%s is not let in: %v", name, err)
		}
		if a, err := f.patient(ctx, "POST", f.path("/holds"), map[string]any{"seats": []int{seat}}); err != nil || a.Status != 201 {
			t.Fatalf("%s holds: %v %v", name, a, err)
		}
		order, a, err := f.order(ctx, strings.ToLower(name)+"@example.org")
		if err != nil || order == nil {
			t.Fatalf("order: %v %v", a, err)
		}
		if order, err = f.settle(ctx, order, "paid", "paid"); err != nil {
			t.Fatal(err)
		}
		return f, order
	}
	_, kept := buy("Ada", 0)
	dump := t.TempDir() + "/backup"
	run(t, "pg_dump", "-Fc", "-N", "sandbox", "-f", dump, k.PostgresURL)
	_, lost := buy("Bea", 1)
	p.stop()
	if err := k.DB.Exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`).Error; err != nil {
		t.Fatal(err)
	}
	run(t, "pg_restore", "-n", "public", "-d", k.PostgresURL, dump)
	// As in another cluster, so that it is closed from the first request on and not only once the processor has answered.
	if err := k.DB.Exec(`UPDATE installation SET system_id = 'of the machine that burnt'`).Error; err != nil {
		t.Fatal(err)
	}
	p.start()
	p.waitReady(30 * time.Second)
	staff = signIn(t, p.base)
	var found struct {
		Owed    map[string]int64
		Orphans []struct{ Order, Payment, Status string }
	}
	testkit.Eventually(t, 40*time.Second, "the ledger is matched and the sale open again", func() bool {
		var now struct{ Reconciling bool }
		a, err := staff.do("GET", "/api/v1/admin/reconcile", nil)
		return err == nil && a.Status == 200 && json.Unmarshal(a.Body, &now) == nil && !now.Reconciling
	})
	if !strings.Contains(p.output(), "this database was restored") {
		t.Error("nobody was told")
	}
	staff.must(t, 200, "GET", "/api/v1/admin/owed", nil, &found)
	// It may be the living system's, of which this is a copy: so it waits for a person, and nothing is owed by us.
	if len(found.Orphans) != 1 || found.Orphans[0].Order != lost.ID || found.Orphans[0].Status != "foreign" || found.Owed["EUR"] != 0 {
		t.Fatalf("owed: %+v", found)
	}
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/owed")
	o.sees("Money of nobody", lost.ID, "50.00 EUR", "it may be theirs")
	o.post(200, "/admin/owed/orphans/"+found.Orphans[0].Payment+"/return", "sure", "1")
	o.sees("It went back")
	if a := staff.must(t, 200, "GET", "/api/v1/admin/orders/"+kept.ID, nil, nil); !strings.Contains(string(a.Body), `"status":"paid"`) {
		t.Errorf("the order of before the backup: %s", a.Body)
	}
	buy("Cleo", 1) // the seat of the order that is forgotten
	if audit := cleanAudit(t, staff); audit.Money["EUR"].Owed != 0 || audit.Money["EUR"].Captured != 15000 || audit.Money["EUR"].Refunded != 5000 {
		t.Errorf("the books: %+v", audit.Money)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%s: %w: %s", name, err, out))
	}
}
