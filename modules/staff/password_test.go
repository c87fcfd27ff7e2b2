package staff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/alexedwards/argon2id"

	"fairseat/app/testkit"
)

func TestNobodysHashCostsTheSame(t *testing.T) {
	t.Parallel()
	h := newHasher()
	real, err := h.hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	want, _, _, err := argon2id.DecodeHash(real)
	if err != nil {
		t.Fatal(err)
	}
	got, _, _, err := argon2id.DecodeHash(h.nobody)
	if err != nil || *got != *want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if len(h.nobody) != len(real) {
		t.Errorf("nobody's hash is written unlike a real one: %s", h.nobody)
	}
}

func TestPasswordsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher()
		for range hashesAtOnce {
			if err := h.turn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.turn(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("with all turns taken: %v, want ErrBusy", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.turn(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("caller gone: %v", err)
		}
		waited := make(chan error)
		go func() { waited <- h.turn(t.Context()) }()
		synctest.Wait()
		h.done()
		if err := <-waited; err != nil {
			t.Errorf("when a turn was free again: %v", err)
		}
	})
}

// TestPasswordChangedMeanwhile: who passed the check with the old password gets no session any more.
func TestPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	s := New(Deps{DB: k.DB, Clock: k.Clock, Log: k.Log})
	owner := FirstOwner{Email: "ada@example.org", Password: "the old password"}
	if err := s.EnsureOwner(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	old, _, err := s.store.accountByEmail(t.Context(), k.DB, owner.Email)
	if err != nil {
		t.Fatal(err)
	}
	owner.Password = "the new password"
	if err := s.EnsureOwner(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(t.Context(), old, "", ""); !errors.Is(err, ErrBadLogin) {
		t.Errorf("err = %v, want ErrBadLogin", err)
	}
}
