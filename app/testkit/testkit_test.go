package testkit_test

import (
	"context"
	"testing"

	"fairseat/app/testkit"
)

// Two tests never meet: what one writes, the other does not see.
func TestEachTestHasItsOwnStores(t *testing.T) {
	a, b := testkit.New(t), testkit.New(t)
	if err := a.DB.Exec(`INSERT INTO heartbeats (name) VALUES ('a')`).Error; err != nil {
		t.Fatal(err)
	}
	var n int64
	if err := b.DB.Raw(`SELECT count(*) FROM heartbeats`).Scan(&n).Error; err != nil || n != 0 {
		t.Fatalf("the neighbour sees %d rows, %v", n, err)
	}
	if a.Prefix == b.Prefix {
		t.Fatal("one key prefix for two tests")
	}
	ctx := context.Background()
	if err := a.Redis.Do(ctx, a.Redis.B().Set().Key(a.Prefix+"x").Value("1").Build()).Error(); err != nil {
		t.Fatal(err)
	}
}
