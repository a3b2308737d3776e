package clientcert

import (
	"time"

	"clientcert.dev/go/internal/raw"
)

// Requirement is what a place requires of a client. The zero value is the strictest.
type Requirement int32

const (
	RequireUser        Requirement = iota // Success, and a user
	RequireVerified                       // Success
	RequireCertificate                    // a certificate under whatever the mode accepts; this is no authentication
	RequireNothing                        // nothing but that the verdict is accepted
)

// HTTPVersion is the version of HTTP of a request. The zero value is one that is not known, with which nothing can be asked.
type HTTPVersion int32

const (
	HTTPUnknown HTTPVersion = 0
	HTTP10      HTTPVersion = 10
	HTTP11      HTTPVersion = 11
	HTTP2       HTTPVersion = 20
	HTTP3       HTTPVersion = 30
)

// Late is what came of asking for a certificate after the handshake, which crypto/tls cannot.
type Late int32

const (
	LateNotAsked Late = 0
	LateAnswered Late = 1
	LateDeclined Late = 2
	LateTimedOut Late = 3
)

// Request is what a server knows of a request and its connection, and what the place requires that it is for. Every zero value is
// the one that refuses. Texts are what the client wrote; one that is no UTF-8 refuses the request.
type Request struct {
	Requirement Requirement
	// Users are those whom the place is for; nil is for every user, an empty list for nobody.
	Users []string
	// Strong is whether only strong identity rules count.
	Strong bool
	// MaximumAge is the most since the handshake that proved the key; 0 is any. Whole seconds count.
	MaximumAge time.Duration

	Method                      string
	Origin                      string // of the header Origin
	AccessControlRequestMethod  string // of the header of that name
	AccessControlRequestHeaders string // of the header of that name
	ServerName                  string // the host of the handshake (SNI)
	Authority                   string // the host of the request, with its port
	VirtualHost                 string // the name of the virtual host that serves it; may be *.example.com
	Target                      string // path and query, for redirects

	OtherLoginURL       string   // the URL of the server's other log-in
	OtherLoginChallenge string   // the server's other log-in as a value of WWW-Authenticate
	Challenges          []string // other values of WWW-Authenticate

	// IdentityBefore is Decision.Identity of an earlier request of the connection, the last that was not empty.
	IdentityBefore string
	// Nonce is the value of the browser's cookie __Host-clientcert.
	Nonce string

	TLSVersion  uint16 // as in crypto/tls; 0 where nothing can be asked
	HTTPVersion HTTPVersion
	// ProvedAt is when the handshake was that proved the key, which a resumption does not renew. The zero Time is too old wherever an
	// age is asked for.
	ProvedAt time.Time

	HandshakeOpen           bool // an alert can still be sent
	OffersPostHandshakeAuth bool // RFC 8446 section 4.2.6
	SecureRenegotiation     bool // RFC 5746
	Late                    Late
	ArrivedBefore           bool // it arrived before the certificate that the client presented late
	Resumed                 bool // the session was resumed
	Reused                  bool // it is not the first request of its connection, or the connection was made for another host
	Answered421             bool // a request like it was answered 421 on this connection already
	PreflightOpened         bool // a preflight was the first request of this connection
	EarlyData               bool // it came as early data of TLS 1.3
	BodyRead                int64
	LogOut                  bool // the user asks to be logged out
	LoggedOut               bool // the user logged out, and has not chosen a certificate since

	// Time is the moment to decide for; the zero Time is now.
	Time time.Time
}

// The numbers of fields, as clientcert.h has them.
const (
	fieldUser                        = 1
	fieldMethod                      = 2
	fieldOrigin                      = 3
	fieldAccessControlRequestMethod  = 4
	fieldAccessControlRequestHeaders = 5
	fieldServerName                  = 6
	fieldAuthority                   = 7
	fieldVirtualHost                 = 8
	fieldTarget                      = 9
	fieldOtherLoginURL               = 10
	fieldOtherLoginChallenge         = 11
	fieldChallenge                   = 12
	fieldIdentityBefore              = 13
	fieldNonce                       = 14
	fieldRequirement                 = 101
	fieldStrong                      = 102
	fieldMaximumAge                  = 103
	fieldTLSVersion                  = 104
	fieldHTTPVersion                 = 105
	fieldHandshakeOpen               = 106
	fieldHandshakeTime               = 107
	fieldOffersPostHandshakeAuth     = 108
	fieldSecureRenegotiation         = 109
	fieldLate                        = 110
	fieldArrivedBefore               = 111
	fieldResumed                     = 112
	fieldReused                      = 113
	fieldAnswered421                 = 114
	fieldPreflightOpened             = 115
	fieldEarlyData                   = 116
	fieldBodyRead                    = 117
	fieldLogOut                      = 118
	fieldLoggedOut                   = 119
)

// describe sets the fields that are not zero. A setter that fails makes every decision about the request a refusal, so that its
// result need not be looked at.
func (r *Request) describe(request raw.Request) {
	text := func(field int32, value string) {
		if value != "" {
			raw.RequestSetText(request, field, value)
		}
	}
	number := func(field int32, value int64) {
		if value != 0 {
			raw.RequestSetNumber(request, field, value)
		}
	}
	flag := func(field int32, value bool) {
		if value {
			raw.RequestSetNumber(request, field, 1)
		}
	}
	raw.RequestSetNumber(request, fieldRequirement, r.Requirement.number())
	if r.Users != nil && len(r.Users) == 0 {
		raw.RequestSetText(request, fieldUser, "") // nobody's name
	}
	for _, user := range r.Users {
		raw.RequestSetText(request, fieldUser, user)
	}
	flag(fieldStrong, r.Strong)
	if r.MaximumAge != 0 {
		raw.RequestSetNumber(request, fieldMaximumAge, max(0, int64(r.MaximumAge/time.Second)))
	}
	text(fieldMethod, r.Method)
	text(fieldOrigin, r.Origin)
	text(fieldAccessControlRequestMethod, r.AccessControlRequestMethod)
	text(fieldAccessControlRequestHeaders, r.AccessControlRequestHeaders)
	text(fieldServerName, r.ServerName)
	text(fieldAuthority, r.Authority)
	text(fieldVirtualHost, r.VirtualHost)
	text(fieldTarget, r.Target)
	text(fieldOtherLoginURL, r.OtherLoginURL)
	text(fieldOtherLoginChallenge, r.OtherLoginChallenge)
	for _, challenge := range r.Challenges {
		text(fieldChallenge, challenge)
	}
	text(fieldIdentityBefore, r.IdentityBefore)
	text(fieldNonce, r.Nonce)
	number(fieldTLSVersion, int64(r.TLSVersion))
	number(fieldHTTPVersion, int64(r.HTTPVersion))
	if !r.ProvedAt.IsZero() {
		raw.RequestSetNumber(request, fieldHandshakeTime, r.ProvedAt.Unix())
	}
	flag(fieldHandshakeOpen, r.HandshakeOpen)
	flag(fieldOffersPostHandshakeAuth, r.OffersPostHandshakeAuth)
	flag(fieldSecureRenegotiation, r.SecureRenegotiation)
	number(fieldLate, int64(r.Late))
	flag(fieldArrivedBefore, r.ArrivedBefore)
	flag(fieldResumed, r.Resumed)
	flag(fieldReused, r.Reused)
	flag(fieldAnswered421, r.Answered421)
	flag(fieldPreflightOpened, r.PreflightOpened)
	flag(fieldEarlyData, r.EarlyData)
	number(fieldBodyRead, r.BodyRead)
	flag(fieldLogOut, r.LogOut)
	flag(fieldLoggedOut, r.LoggedOut)
}

// number is the requirement as clientcert.h has it; one that is not known is no number there, which refuses.
func (r Requirement) number() int64 {
	switch r {
	case RequireUser:
		return 3
	case RequireVerified:
		return 2
	case RequireCertificate:
		return 1
	case RequireNothing:
		return 0
	default:
		return -1
	}
}
