package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"fairseat/modules/queue"
)

// ErrBadLog says that a fairness log does not hold together; the report has been written.
var ErrBadLog = errors.New("the fairness log does not hold together")

// VerifyLog checks the public fairness log of an event, on this or any other installation, and prints what was checked;
// ErrBadLog if anything is wrong, *StartError if it was asked wrongly. It needs no store.
func VerifyLog(ctx context.Context, address, head string, out io.Writer) error {
	log, err := queue.FindLog(address, head)
	if err != nil {
		return &StartError{Err: err}
	}
	verdict, err := log.Verify(ctx, &http.Client{Timeout: 30 * time.Second})
	if err != nil {
		return err
	}
	if _, err := verdict.WriteTo(out); err != nil {
		return err
	}
	if !verdict.OK() {
		return ErrBadLog
	}
	return nil
}
