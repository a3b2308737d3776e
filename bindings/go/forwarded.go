package clientcert

import (
	"time"

	"clientcert.dev/go/internal/raw"
)

// Dialect is how a proxy forwards a client's certificate. A certificate is public: see docs/forwarded.md for who may forward one.
type Dialect int32

const (
	DialectRFC9440       Dialect = 1  // Client-Cert and Client-Cert-Chain
	DialectEnvoy         Dialect = 2  // X-Forwarded-Client-Cert
	DialectNginx         Dialect = 3  // X-SSL-Client-Cert and X-SSL-Client-Verify, or as HeaderNames says
	DialectIngressNginx  Dialect = 4  // ssl-client-cert and ssl-client-verify
	DialectTomcat        Dialect = 5  // ssl_client_escaped_cert or ssl_client_cert
	DialectTraefik       Dialect = 6  // X-Forwarded-Tls-Client-Cert
	DialectHAProxy       Dialect = 7  // X-SSL-Client-Cert with DER in base64, and its set
	DialectAWSALB        Dialect = 8  // X-Amzn-Mtls-Clientcert or X-Amzn-Mtls-Clientcert-Leaf
	DialectApache        Dialect = 9  // SSL_CLIENT_CERT and SSL_CLIENT_VERIFY
	DialectAzure         Dialect = 10 // X-ARR-ClientCert
	DialectProxyProtocol Dialect = 11 // the header of version 2 of the PROXY protocol, as the value of :proxy-protocol
)

// String is the dialect's name, such as rfc9440.
func (d Dialect) String() string { return raw.DialectName(int32(d)) }

// Vary is the value of Vary for a response that depends on a forwarded certificate. Not to let it be cached at all is safer.
func (d Dialect) Vary() string { return raw.DialectVary(int32(d)) }

// Forward says what is forwarded besides the certificate of a client that was verified; to be added up.
type Forward int32

const (
	ForwardUnverified Forward = 1 // the certificate of a client that was not verified, too, for servers that verify it themselves
	ForwardChain      Forward = 2 // the certificates above it
	ForwardDetails    Forward = 4 // names, dates and fingerprints
)

// HeaderField is a header as it came, or is to be sent. One that came twice stands here twice.
type HeaderField struct{ Name, Value string }

// HeaderNames are the names that headers have in place of the dialect's; empty ones are the dialect's.
type HeaderNames struct {
	Certificate string // the header with the client's certificate
	Chain       string // the header with the certificates above it
	Verify      string // the header that says whether the proxy verified it
	By          string // no header: the URI of whoever writes
}

// VerifyForwarded says who a client is by what a proxy forwards of it. peer is the address of the other end of the socket, or unix:
// never one out of a header. fields may be all of a request's. Without any header of the dialect the outcome is None; with one, the
// peer must be in the option trusted_proxies.
func (v *Verifier) VerifyForwarded(dialect Dialect, peer string, fields []HeaderField, names HeaderNames, now time.Time) (*Verdict, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, ErrClosed
	}
	headers, err := newHeaders(names)
	defer raw.HeadersFree(headers)
	if err != nil {
		return nil, err
	}
	for _, field := range fields {
		if failure := raw.HeadersAdd(headers, field.Name, field.Value); failure != nil {
			return nil, failed(failure)
		}
	}
	return newVerdict(raw.VerifyForwarded(handle, int32(dialect), peer, headers, moment(now))), nil
}

// ForwardHeaders writes what a proxy forwards of a client: the headers to be set after everything that IsForwardedHeader knows was
// removed from the request. A client who was not verified is ErrNotEntitled, unless what has ForwardUnverified.
func (v *Verdict) ForwardHeaders(dialect Dialect, what Forward, names HeaderNames) ([]HeaderField, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	headers, err := newHeaders(names)
	defer raw.HeadersFree(headers)
	if err != nil {
		return nil, err
	}
	if failure := raw.ForwardHeaders(handle, int32(dialect), int32(what), headers); failure != nil {
		return nil, failed(failure)
	}
	fields := make([]HeaderField, raw.HeadersCount(headers))
	for i := range fields {
		fields[i].Name, _ = raw.HeadersName(headers, i)
		fields[i].Value, _ = raw.HeadersValue(headers, i)
	}
	return fields, nil
}

// IsForwardedHeader is whether a header must be removed from what clients send, because somebody could pass by it for the holder of
// a certificate: any of any dialect, in any case and with - or _.
func IsForwardedHeader(name string) bool { return raw.IsForwardedHeader(name) }

// ForwardedHeaders are the names that IsForwardedHeader knows, for those that need a list. It knows families of names besides.
func ForwardedHeaders() []string {
	var names []string
	for i := 0; ; i++ {
		name, ok := raw.ForwardedHeaderAt(i)
		if !ok {
			return names
		}
		names = append(names, name)
	}
}

// newHeaders makes a set, for the caller to free also where there is an error.
func newHeaders(names HeaderNames) (raw.Headers, error) {
	headers := raw.HeadersNew()
	for role, name := range []string{names.Certificate, names.Chain, names.Verify, names.By} {
		if name == "" {
			continue
		}
		if failure := raw.HeadersRename(headers, int32(role+1), &name); failure != nil {
			return headers, failed(failure)
		}
	}
	return headers, nil
}
