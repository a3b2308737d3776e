package clientcert

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"time"

	"clientcert.dev/go/internal/raw"
)

// RefusedError ends the handshake of a client that is not accepted, where the option enforcement is handshake.
type RefusedError struct{ Verdict *Verdict }

func (e *RefusedError) Error() string {
	why := ReasonInternalError.String()
	for _, reason := range e.Verdict.Reasons() {
		if !reason.Tolerated {
			why = reason.Code.String()
			break
		}
	}
	return "clientcert: the client is refused: " + why
}

// TLSConfig is a copy of base, which may be nil, that asks clients for certificates as the policy in force says, and
// judges them in every handshake, resumed ones too.
//
// ClientAuth and ClientCAs are the policy's: crypto/tls asks, and verifies nothing but that the client holds the key.
// base's own GetConfigForClient, VerifyConnection, WrapSession and UnwrapSession are called, too. The keys of session
// tickets are base's: to rotate them, call base.SetSessionTicketKeys at any time. Where base's GetConfigForClient returns
// another configuration, its WrapSession and UnwrapSession are called, or else base's. A session carries the record of its
// client, and is resumed only where the client is accepted now; others do a full handshake. The server's own
// certificate has to be in base.
func (v *Verifier) TLSConfig(base *tls.Config) *tls.Config {
	host := Host{Verifier: v}
	return HostsTLSConfig(base, func(string) Host { return host })
}

// HostsTLSConfig is TLSConfig for several virtual hosts: choose gives the host of a name, which the client sends (SNI)
// and which is empty where it sends none. One without a Verifier ends the handshake.
func HostsTLSConfig(base *tls.Config, choose func(serverName string) Host) *tls.Config {
	if base == nil {
		base = new(tls.Config)
	}
	server := &tlsServer{base: base, choose: choose}
	config := base.Clone()
	config.GetConfigForClient = server.configForClient
	// What crypto/tls uses of this one where another GetConfigForClient returns it: it would ask ours no more.
	config.SessionTicketsDisabled = true
	config.ClientAuth = tls.RequestClientCert
	config.ClientCAs = nil
	config.VerifyConnection = func(state tls.ConnectionState) error {
		handshake := &handshake{server: server, connection: new(Connection), enforcement: EnforceHandshake, ctx: context.Background()}
		handshake.connection.host = choose(state.ServerName)
		return handshake.verify(base, state)
	}
	return config
}

// errNoCertificate is for http.Server.ServeTLS, whose files go into a copy that no callback sees.
var errNoCertificate = errors.New("clientcert: the server's own certificate has to be in the tls.Config that TLSConfig is given")

type tlsServer struct {
	base   *tls.Config
	choose func(string) Host
	lock   sync.Mutex
	pools  map[namesKey]*x509.CertPool
}

// configForClient makes the configuration of one handshake.
func (s *tlsServer) configForClient(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	host := s.choose(hello.ServerName)
	if host.Verifier == nil {
		return nil, errors.New("clientcert: there is no such host")
	}
	host.Verifier.refresh()
	policy, err := host.Verifier.policy()
	if err != nil {
		return nil, err
	}
	defer raw.PolicyFree(policy)
	base, err := s.baseForClient(hello)
	if err != nil {
		return nil, err
	}
	if len(base.Certificates) == 0 && base.GetCertificate == nil {
		return nil, errNoCertificate
	}
	connection := ConnectionFromContext(hello.Context())
	if !connection.isOf(hello.Conn) {
		connection = new(Connection)
	}
	connection.lock.Lock()
	connection.host = host
	connection.lock.Unlock()
	handshake := &handshake{
		server: s, connection: connection, enforcement: Enforcement(raw.PolicyEnforcement(policy)), ctx: hello.Context(),
	}

	config := base.Clone()
	config.GetConfigForClient = nil
	config.ClientAuth = clientAuth(Mode(raw.PolicyMode(policy)), handshake.enforcement)
	config.ClientCAs = s.pool(policy)
	handshake.asks = config.ClientAuth != tls.NoClientCert
	config.VerifyConnection = func(state tls.ConnectionState) error { return handshake.verify(base, state) }
	config.WrapSession = func(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		return handshake.wrap(base, state, session)
	}
	config.UnwrapSession = func(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
		return handshake.unwrap(base, ticket, state)
	}
	return config, nil
}

// baseForClient is what the server's own configuration says for this client.
func (s *tlsServer) baseForClient(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if s.base.GetConfigForClient == nil {
		return s.base, nil
	}
	chosen, err := s.base.GetConfigForClient(hello)
	if err != nil || chosen != nil {
		return chosen, err
	}
	return s.base, nil
}

// pool has the names of the CAs to ask for, and no key: crypto/tls sends the names, and verifies nothing by it.
func (s *tlsServer) pool(policy raw.Policy) *x509.CertPool {
	key := namesKey{identityOf(policy), raw.PolicyCANameCount(policy)}
	s.lock.Lock()
	defer s.lock.Unlock()
	if pool, ok := s.pools[key]; ok {
		return pool
	}
	pool := x509.NewCertPool()
	for _, name := range caNamesOf(policy) {
		pool.AddCert(&x509.Certificate{Raw: name, RawSubject: name})
	}
	if s.pools == nil || len(s.pools) >= maxPools {
		s.pools = map[namesKey]*x509.CertPool{}
	}
	s.pools[key] = pool
	return pool
}

// namesKey tells policies apart whose names differ: the identity holds the CAs, and not whether they are named (ca_hints).
type namesKey struct {
	identity [32]byte
	count    int
}

// maxPools is how many policies' names are kept: those of reloads are never asked for again.
const maxPools = 64

// clientAuth never has crypto/tls verify a chain.
func clientAuth(mode Mode, enforcement Enforcement) tls.ClientAuthType {
	switch mode {
	case ModeOff, ModeDeferred:
		return tls.NoClientCert
	case ModeOptional, ModeOptionalNoCA, ModeRequestAny:
		return tls.RequestClientCert
	default:
		if enforcement == EnforceRequest {
			return tls.RequestClientCert
		}
		return tls.RequireAnyClientCert
	}
}

// handshake is one, of which crypto/tls calls one function at a time.
type handshake struct {
	server      *tlsServer
	connection  *Connection
	enforcement Enforcement
	asks        bool
	ctx         context.Context
}

// verify judges the client, and remembers it. crypto/tls calls it for every connection, before the proof of the key is
// checked.
func (h *handshake) verify(base *tls.Config, state tls.ConnectionState) error {
	verdict, provedAt, err := h.judge(state)
	if err != nil {
		return err
	}
	h.connection.lock.Lock()
	h.connection.verdict, h.connection.provedAt, h.connection.resumed = verdict, provedAt, state.DidResume
	h.connection.lock.Unlock()
	if h.enforcement != EnforceRequest && !verdict.Accepted() {
		return &RefusedError{verdict}
	}
	if base.VerifyConnection != nil {
		return base.VerifyConnection(state)
	}
	return nil
}

func (h *handshake) judge(state tls.ConnectionState) (*Verdict, time.Time, error) {
	if !state.DidResume {
		verdict, err := h.connection.host.Verifier.VerifyCertificates(state.PeerCertificates)
		if err != nil {
			return nil, time.Time{}, err
		}
		return h.complete(verdict), time.Now(), nil
	}
	// crypto/tls has the client from the ticket, and we from its record: the last that was offered and accepted, or
	// none.
	verdict := h.connection.offered
	if verdict == nil || !sameClient(verdict, state.PeerCertificates) {
		return nil, time.Time{}, errors.New("clientcert: a session was resumed without its record")
	}
	return verdict, h.connection.offeredProvedAt, nil
}

func (h *handshake) complete(verdict *Verdict) *Verdict {
	if complete := h.connection.host.Complete; complete != nil && !verdict.Accepted() {
		return complete(h.ctx, verdict)
	}
	return verdict
}

// recordMark begins what is ours in a session.
var recordMark = []byte("clientcert record 1\x00")

// largestTicket is less than what a ticket may be, with room for its encryption.
const largestTicket = 60000

// wrap puts the record of the client into the session. A session that is not to be resumed becomes a ticket that opens
// nothing, because crypto/tls has to send one.
func (h *handshake) wrap(base *tls.Config, state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	connection := h.connection
	// A client that was asked and has none is asked again: its browser may have one for the next connection.
	if h.asks && len(state.PeerCertificates) == 0 {
		return nothing()
	}
	verdict, provedAt := connection.verdict, connection.provedAt
	if verdict == nil {
		// Where nothing is asked in TLS 1.3, the ticket goes out before VerifyConnection is called.
		var err error
		if verdict, provedAt, err = h.judge(state); err != nil {
			return nothing()
		}
	}
	record := connection.host.Verifier.ExportSession(verdict, connection.host.Name, provedAt)
	if record == nil {
		return nothing()
	}
	session.Extra = append(session.Extra, append(bytes.Clone(recordMark), record...))
	wrap := base.WrapSession
	if wrap == nil {
		wrap = h.server.base.WrapSession
	}
	if wrap == nil {
		wrap = h.server.base.EncryptTicket
	}
	ticket, err := wrap(state, session)
	if err == nil && len(ticket) > largestTicket {
		return nothing()
	}
	return ticket, err
}

// unwrap lets a session be resumed only where its record counts, and its client is accepted now.
func (h *handshake) unwrap(base *tls.Config, ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	unwrap := base.UnwrapSession
	if unwrap == nil {
		unwrap = h.server.base.UnwrapSession
	}
	if unwrap == nil {
		unwrap = h.server.base.DecryptTicket
	}
	session, err := unwrap(ticket, state)
	if err != nil || session == nil {
		return nil, err
	}
	host := h.connection.host
	verdict, provedAt, err := host.Verifier.ResumeSession(host.Name, recordOf(session), time.Time{})
	if err != nil {
		return nil, nil
	}
	if verdict = h.complete(verdict); !verdict.Accepted() {
		return nil, nil
	}
	h.connection.offered, h.connection.offeredProvedAt = verdict, provedAt
	return session, nil
}

// recordOf is the record in a session; nil where there is not exactly one.
func recordOf(session *tls.SessionState) []byte {
	var record []byte
	for _, extra := range session.Extra {
		if !bytes.HasPrefix(extra, recordMark) {
			continue
		}
		if record != nil {
			return nil
		}
		record = extra[len(recordMark):]
	}
	return record
}

func nothing() ([]byte, error) {
	ticket := make([]byte, 32)
	_, err := rand.Read(ticket)
	return ticket, err
}

// sameClient is whether a verdict is on the client of a session: on its certificate, or on none.
func sameClient(verdict *Verdict, chain []*x509.Certificate) bool {
	certificates := verdict.Certificates()
	if len(chain) == 0 || len(certificates) == 0 {
		return len(chain) == len(certificates)
	}
	return bytes.Equal(certificates[0], chain[0].Raw)
}

// refresh takes changed files in. What goes wrong is for the log: the policy that was in force stays so.
func (v *Verifier) refresh() {
	if _, err := v.Refresh(); err != nil {
		slog.Warn("clientcert: the policy in force stays: it could not be refreshed", "error", err)
	}
}
