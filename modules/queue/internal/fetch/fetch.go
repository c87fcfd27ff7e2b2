// Package fetch reads what strangers' servers say, and no more of it than asked for.
package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Body is what a GET of url answers with 200. Any other status is an error, and so is a body of more than most bytes.
func Body(ctx context.Context, client *http.Client, url string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err == nil && int64(len(body)) > most {
		err = fmt.Errorf("%s: more than %d bytes", url, most)
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}
