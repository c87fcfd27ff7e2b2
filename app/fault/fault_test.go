package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"fairseat/app/fault"
)

func TestCopiesAreStillTheSameFault(t *testing.T) {
	base := fault.New(fault.Conflict, "hold-expired", "Your time ran out.")
	cause := errors.New("redis said so")
	copied := fmt.Errorf("place order: %w", base.With("seats", []int{1}).Wrap(cause))
	if !errors.Is(copied, base) || !errors.Is(copied, cause) {
		t.Fatal("a copy lost its code or its cause")
	}
	if errors.Is(copied, fault.New(fault.Conflict, "other", "")) {
		t.Error("another code matched")
	}
	if base.Facts != nil || base.Unwrap() != nil {
		t.Error("the original changed")
	}
	if f := fault.As(copied); f == nil || f.Facts["seats"] == nil {
		t.Error("the facts were lost")
	}
}

func TestFieldsWithoutARefusalAreNoError(t *testing.T) {
	fields := fault.Fields{}
	if fields.Err() != nil {
		t.Fatal("empty fields are an error")
	}
	fields["cap"] = "must be at least 1"
	if err := fields.Err(); !errors.Is(err, fault.ErrBadField) {
		t.Fatal(err)
	}
}
