package certhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"clientcert.dev/go"
)

type connectionKey struct{}

// factsKey is of one guard: another one has another policy, and finds out by itself.
type factsKey struct{ guard *Guard }

// connection is what earlier requests of a connection leave for the next one.
type connection struct {
	tls  *clientcert.Connection // nil where TLS ends elsewhere
	peer string                 // an address, unix, or nothing for nobody who could be trusted

	lock            sync.Mutex
	requests        int
	preflightOpened bool
	answered421     string
	identity        string
}

// newConnection makes the context of a connection.
func newConnection(ctx context.Context, conn net.Conn) context.Context {
	connection := &connection{peer: peer(conn.RemoteAddr())}
	if secure, ok := conn.(*tls.Conn); ok {
		ctx, connection.tls = clientcert.NewConnection(ctx, secure)
	}
	return context.WithValue(ctx, connectionKey{}, connection)
}

func peer(address net.Addr) string {
	switch address := address.(type) {
	case *net.TCPAddr:
		if address.Zone == "" {
			return address.IP.String()
		}
	case *net.UnixAddr:
		return "unix"
	}
	return ""
}

// facts are what is known of one request, before anything is required of it.
type facts struct {
	connection *connection
	host       clientcert.Host
	verdict    *clientcert.Verdict
	provedAt   time.Time
	// attributed is whether the verdict is on the connection's client, and not on one that a cookie or a proxy stands
	// for.
	attributed      bool
	redeemed        bool // a ticket of another host was, in this request
	resumed         bool
	first           bool // it is the connection's first request
	reused          bool // it is not the connection's first request, or the connection was made for another host
	preflightOpened bool
	answered421     bool
	identityBefore  string
}

// learn finds out once for each request who its client is, and takes the headers away by which a client could pass for
// another.
func (g *Guard) learn(r *http.Request) (*http.Request, *facts) {
	own, connected := r.Context().Value(connectionKey{}).(*connection)
	// The context may be within that of a request on another connection, whose client is another one.
	if known, ok := r.Context().Value(factsKey{g}).(*facts); ok && known.connection == own {
		return r, known
	}
	authority := r.Host
	if g.Hosts != nil {
		authority = spelledAsOne(authority)
	}
	facts := &facts{host: g.hostOf(hostName(authority))}
	if facts.host.Verifier != nil {
		refresh(facts.host.Verifier)
	}
	if connected {
		facts.connection = own
		own.tell(facts, authority)
		g.identify(facts, r)
	}
	scrubbed := r.WithContext(context.WithValue(r.Context(), factsKey{g}, facts))
	scrubbed.Host = authority
	scrubbed.Header = g.scrub(r.Header)
	return scrubbed, facts
}

// identify says who the client of a request is: by what a proxy forwards, a ticket, a cookie, or the connection.
func (g *Guard) identify(facts *facts, r *http.Request) {
	switch {
	case facts.host.Verifier == nil:
	case g.Dialect != 0:
		facts.verdict = g.forwarded(facts, r)
	case g.redeem(facts, r):
	case g.signIns.find(facts, r):
	default:
		facts.attributed = true
		facts.verdict = facts.connection.tls.Verdict()
		facts.provedAt = facts.connection.tls.ProvedAt()
		facts.resumed = facts.connection.tls.Resumed()
		made := facts.connection.tls.Host()
		facts.reused = facts.reused || made.Verifier != facts.host.Verifier || made.Name != facts.host.Name
	}
}

func (g *Guard) forwarded(facts *facts, r *http.Request) *clientcert.Verdict {
	var fields []clientcert.HeaderField
	for name, values := range r.Header {
		for _, value := range values {
			fields = append(fields, clientcert.HeaderField{Name: name, Value: value})
		}
	}
	// What goes wrong is a nil verdict, which is refused.
	verdict, err := facts.host.Verifier.VerifyForwarded(g.Dialect, facts.connection.peer, fields, g.HeaderNames, time.Time{})
	if err == nil && facts.host.Complete != nil && !verdict.Accepted() {
		verdict = facts.host.Complete(r.Context(), verdict)
	}
	return verdict
}

// tell says what is known from the connection's earlier requests.
func (c *connection) tell(facts *facts, authority string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.requests++
	facts.first = c.requests == 1
	facts.reused = !facts.first
	facts.preflightOpened = c.preflightOpened
	facts.answered421 = c.answered421 != "" && c.answered421 == authority
	facts.identityBefore = c.identity
}

// remember keeps what a decision leaves for the next request.
func (c *connection) remember(facts *facts, decision *clientcert.Decision, r *http.Request) {
	if c == nil {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	switch action := decision.Action(); {
	case action == clientcert.ActionPreflight:
		c.preflightOpened = c.preflightOpened || facts.first
	case action == clientcert.ActionMisdirected:
		c.answered421 = r.Host
	}
	if identity := decision.Identity(); identity != "" && facts.attributed {
		c.identity = identity
	}
}

// scrub gives headers without those that could be taken for a proxy's word about a client, or that take the connection
// out of the guard's sight.
func (g *Guard) scrub(header http.Header) http.Header {
	var scrubbed http.Header
	for name := range header {
		if !clientcert.IsForwardedHeader(name) && !g.renames(name) && !leadsToHTTP2(header, name) {
			continue
		}
		if scrubbed == nil {
			scrubbed = header.Clone()
		}
		delete(scrubbed, name)
	}
	if scrubbed == nil {
		return header
	}
	return scrubbed
}

// leadsToHTTP2 is whether a header asks to go on in HTTP/2 without TLS. A handler that did would serve what follows by
// itself, all of it as the client of this request.
func leadsToHTTP2(header http.Header, name string) bool {
	return name == "Http2-Settings" || name == "Upgrade" && strings.Contains(strings.ToLower(strings.Join(header[name], ",")), "h2c")
}

// renames is whether a header has one of the other names of the proxy's headers.
func (g *Guard) renames(name string) bool {
	for _, other := range []string{g.HeaderNames.Certificate, g.HeaderNames.Chain, g.HeaderNames.Verify} {
		if other != "" && spelling(other) == spelling(name) {
			return true
		}
	}
	return false
}

// spelling is a name as servers compare it that make variables of headers.
func spelling(name string) string {
	return strings.Map(func(letter rune) rune {
		switch {
		case 'A' <= letter && letter <= 'Z':
			return letter + 'a' - 'A'
		case 'a' <= letter && letter <= 'z', '0' <= letter && letter <= '9':
			return letter
		}
		return '-'
	}, name)
}

// spelledAsOne is a Host header as every other one that names the same host: an application that tells hosts apart by how
// they are written would serve pages of one under the policy of another.
func spelledAsOne(authority string) string {
	name, port := authority, ""
	if _, digits, err := net.SplitHostPort(authority); err == nil {
		name, port = authority[:len(authority)-len(digits)-1], ":"+digits
	}
	return strings.ToLower(strings.TrimRight(name, ".")) + port
}

// hostName is the name in a Host header, without its port. Brackets belong to addresses alone.
func hostName(authority string) string {
	name, _, err := net.SplitHostPort(authority)
	if err != nil {
		return authority
	}
	if strings.HasPrefix(authority, "[") && net.ParseIP(name) == nil {
		return "[" + name + "]"
	}
	return name
}
