package request

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/labstack/echo/v4"
)

// Gzip compresses once, as small as it gets.
func Gzip(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = w.Write(body)                                    // a Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// Zipped answers with a body, compressed for whoever takes that. For what is public only: the length of a compressed
// answer tells of secrets that stand beside words a stranger chose.
func Zipped(c echo.Context, status int, kind string, body, zipped []byte) error {
	c.Response().Header().Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if acceptsGzip(c.Request().Header.Get(echo.HeaderAcceptEncoding)) {
		c.Response().Header().Set(echo.HeaderContentEncoding, "gzip")
		body = zipped
	}
	return c.Blob(status, kind, body)
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}
