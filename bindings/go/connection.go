package clientcert

import (
	"context"
	"crypto/tls"
	"net"
	"reflect"
	"sync"
	"time"
)

// Connection is what a server knows of the client of one TLS connection. A configuration of TLSConfig fills it in
// during the handshake, where it finds it in the context of that:
//
//	conn := tls.Server(accepted, config)
//	ctx, connection := clientcert.NewConnection(ctx, conn)
//	if err := conn.HandshakeContext(ctx); err != nil { … }
//	connection.Verdict()
//
// Package certhttp does this for net/http.
type Connection struct {
	conn     *tls.Conn
	lock     sync.Mutex
	done     bool
	host     Host
	verdict  *Verdict
	provedAt time.Time
	resumed  bool
	// What the session says that the client offers to resume, as long as nobody knows whether it is resumed.
	offered         *Verdict
	offeredProvedAt time.Time
}

// Host is a virtual host: the verifier that judges its clients, and its name as it is configured, which its sessions
// are bound to. Hosts that are to share sessions have the same verifier and name; an empty name is one, too.
type Host struct {
	Name     string
	Verifier *Verifier
	// Complete asks others what a verdict waits for, such as OCSP responders (Verdict.OCSPQuestions) or where the
	// application keeps its registrations (Verdict.PendingFingerprint), and returns the verdict with their answers. It
	// is called in the handshake, for every verdict that is not accepted. nil asks nobody.
	Complete func(context.Context, *Verdict) *Verdict
}

// NewConnection makes a connection for the handshake of conn, and of no other one, with the context that it returns.
func NewConnection(ctx context.Context, conn *tls.Conn) (context.Context, *Connection) {
	connection := &Connection{conn: conn}
	return context.WithValue(ctx, connectionKey, connection), connection
}

// ConnectionFromContext is the connection of NewConnection; nil where there is none.
func ConnectionFromContext(ctx context.Context) *Connection {
	connection, _ := ctx.Value(connectionKey).(*Connection)
	return connection
}

// Verdict is on the client of the connection, at the time of the handshake; Decide and Recheck look at it again. nil
// until the handshake is complete: only then it is proved that the client holds the key.
func (c *Connection) Verdict() *Verdict {
	verdict, _, _ := c.state()
	return verdict
}

// ProvedAt is when the client proved that it holds its key: a resumption does not renew it. The zero Time before the
// handshake is complete.
func (c *Connection) ProvedAt() time.Time {
	_, provedAt, _ := c.state()
	return provedAt
}

// Resumed is whether the session was resumed.
func (c *Connection) Resumed() bool {
	_, _, resumed := c.state()
	return resumed
}

// Host is the virtual host whose verifier judged the client.
func (c *Connection) Host() Host {
	if c == nil {
		return Host{}
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.host
}

// isOf is whether a handshake is this connection's: its context may also be that of a handshake within the connection.
func (c *Connection) isOf(conn net.Conn) bool {
	if c == nil || c.conn == nil {
		return false
	}
	own := c.conn.NetConn()
	return reflect.ValueOf(own).Comparable() && own == conn
}

func (c *Connection) state() (*Verdict, time.Time, bool) {
	if c == nil || c.conn == nil {
		return nil, time.Time{}, false
	}
	c.lock.Lock()
	done := c.done
	c.lock.Unlock()
	// Not under the lock: it waits for the handshake, which takes it.
	if !done && !c.conn.ConnectionState().HandshakeComplete {
		return nil, time.Time{}, false
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.done = true
	return c.verdict, c.provedAt, c.resumed
}
