// Package live shows an event's map to those who watch it: a mirror of every seat's state, and a hub of WebSockets that
// get one encoded frame a tick. Nothing here reads a store; the mirror is fed and the hub is ticked from outside.
//
//lint:file-ignore SA1019 nhooyr.io/websocket is deprecated in name only: the same code lives on under coder/websocket. This file is the only one that knows the library.
package live

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"nhooyr.io/websocket" //nolint:staticcheck // see the top of the file
)

// Protocol is the subprotocol a client may ask for.
const Protocol = "fairseat.live.v1"

// Close codes. 4000 and up are ours.
const (
	CodeRestarting  = 1012
	CodeTryLater    = 1013
	CodeMisbehaved  = 1008
	CodeNotAdmitted = 4001
	CodeOrigin      = 4003
	CodeTooSlow     = 4008
)

const (
	// readLimit bounds a message from a client, which has nothing to say.
	readLimit = 1 << 10
	// The library writes nothing but control frames through its buffer, and a client has little to say.
	readBuffer, writeBuffer = 256, 256
	// sendBuffer bounds what the kernel keeps for a reader that does not read; it doubles the figure.
	sendBuffer = 32 << 10
	// refusal is how long somebody who may not stay has to take leave.
	refusal = 2 * time.Second
)

// Conn is one accepted WebSocket.
type Conn struct {
	ws  *websocket.Conn
	raw *shared // what lies below
}

// IsUpgrade tells whether a request asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && r.Header.Get("Sec-WebSocket-Key") != ""
}

// Accept takes the connection over from the HTTP server. Whether the caller may watch is asked afterwards, because a
// browser can read a close code and cannot read a 403. On error w has been answered.
func Accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	below := &lean{ResponseWriter: w}
	ws, err := websocket.Accept(below, r, &websocket.AcceptOptions{
		Subprotocols: []string{Protocol},
		// Our own check follows, and closes with 4003.
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(readLimit)
	return &Conn{ws: ws, raw: below.conn}, nil
}

// Refuse closes a connection that was only accepted to be told why it may not stay. It returns at once; a stranger who
// does not answer costs us little for as long as refusal.
func (c *Conn) Refuse(code int, reason string) {
	go func() {
		// The library would wait ten seconds, and does not let itself be hurried.
		cut := time.AfterFunc(refusal, func() { _ = c.raw.Close() })
		defer cut.Stop()
		c.close(code, reason)
	}()
}

// ping waits for the pong, which a concurrent next must read.
func (c *Conn) ping(ctx context.Context) error { return c.ws.Ping(ctx) }

// next reads one message and forgets it.
func (c *Conn) next(ctx context.Context) error {
	_, message, err := c.ws.Reader(ctx)
	if err == nil {
		_, err = io.Copy(io.Discard, message) // Read would keep half a kilobyte for each
	}
	return err
}

// close says why and waits some seconds for the peer to say the same.
func (c *Conn) close(code int, reason string) { _ = c.ws.Close(websocket.StatusCode(code), reason) }

// lean gives the WebSocket small buffers instead of net/http's 4 KiB ones: most sockets are idle, and the big ones
// stay alive as long as they do.
type lean struct {
	http.ResponseWriter
	conn *shared // once it was taken over
}

func (l *lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	// The answer is on its way before we get here, so a quick client may have spoken already. Peeking moves its words
	// into the new buffer, where the library looks for them.
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	l.conn = share(conn)
	var source io.Reader = l.conn
	if len(early) > 0 {
		source = io.MultiReader(bytes.NewReader(bytes.Clone(early)), l.conn)
	}
	reader := bufio.NewReaderSize(source, max(readBuffer, len(early)))
	if _, err := reader.Peek(len(early)); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	if tcp, ok := conn.(interface{ SetWriteBuffer(int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	_ = conn.SetDeadline(time.Time{})
	return l.conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(l.conn, writeBuffer)), nil
}
