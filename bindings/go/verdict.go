package clientcert

import (
	"encoding/json"
	"math"
	"time"

	"clientcert.dev/go/internal/raw"
)

// Outcome is what became of a client. Treat a number that is not here as Failed.
type Outcome int32

const (
	None    Outcome = 0 // the client presented no certificate
	Success Outcome = 1 // the certificate is good under the policy
	Failed  Outcome = 2 // the certificate is not good, or was not verified
)

// String is NONE, SUCCESS or FAILED.
func (o Outcome) String() string {
	switch o {
	case None:
		return "NONE"
	case Success:
		return "SUCCESS"
	default:
		return "FAILED"
	}
}

// Verdict says who a client is, and whether this may go on. It never changes, and every goroutine may ask it at the same time.
//
// A verdict that is nil or closed reads as one that is Failed for ReasonInternalError: it lets nobody in.
type Verdict struct {
	owned owned[raw.Verdict]
}

// Verified is whether the client is authenticated: the question that protects a page.
func (v *Verdict) Verified() bool {
	handle := v.borrow()
	defer v.giveBack(handle)
	return raw.VerdictVerified(handle)
}

// Accepted is whether the connection may go on under the mode. This is no authentication: a client without a certificate is
// accepted where that is optional.
func (v *Verdict) Accepted() bool {
	handle := v.borrow()
	defer v.giveBack(handle)
	return raw.VerdictAccepted(handle)
}

// Outcome is what became of the client.
func (v *Verdict) Outcome() Outcome {
	handle := v.borrow()
	defer v.giveBack(handle)
	return Outcome(raw.VerdictOutcome(handle))
}

// Reasons are everything that is wrong, and not only what was found first: what a person should fix first comes first.
func (v *Verdict) Reasons() []Reason {
	handle := v.borrow()
	defer v.giveBack(handle)
	reasons := make([]Reason, raw.VerdictReasonCount(handle))
	for i := range reasons {
		reason := &reasons[i]
		reason.Code = ReasonCode(raw.VerdictReason(handle, i))
		reason.Depth = int(raw.VerdictReasonDepth(handle, i))
		reason.Certificate = int(raw.VerdictReasonCertificate(handle, i))
		reason.Tolerated = raw.VerdictReasonTolerated(handle, i)
		reason.Detail, _ = raw.VerdictReasonDetail(handle, i)
	}
	return reasons
}

// Alert is the description of the TLS alert to end the handshake with (RFC 8446 section 6.2), by the first reason that is not
// tolerated; -1 where the verdict is accepted. tlsVersion is as in crypto/tls.
func (v *Verdict) Alert(tlsVersion uint16) int {
	handle := v.borrow()
	defer v.giveBack(handle)
	return int(raw.VerdictAlert(handle, int32(tlsVersion)))
}

// X509Error is the number that OpenSSL 3 has for the outcome: 0 for Success, and for None where that is accepted.
func (v *Verdict) X509Error() int {
	handle := v.borrow()
	defer v.giveBack(handle)
	return int(raw.VerdictX509Error(handle))
}

// NginxStatus is 0 where the verdict is accepted, 496 for a missing certificate that is required, else 495.
func (v *Verdict) NginxStatus() int {
	handle := v.borrow()
	defer v.giveBack(handle)
	return int(raw.VerdictNginxStatus(handle))
}

// Variable is a variable by name: those of nginx (ssl_client_s_dn), Apache (SSL_CLIENT_S_DN), HAProxy (ssl_c_s_dn) and the
// library's own; docs/variables.md lists them. False where there is no such variable, or where it has no value for this client.
//
// The variables of other systems may hold whatever a client likes to put there, a NUL and a line end included.
func (v *Verdict) Variable(name string) (string, bool) {
	handle := v.borrow()
	defer v.giveBack(handle)
	return raw.VerdictGet(handle, name)
}

// VariableAt is Variable for a moment, for those that depend on it, such as days_left; the zero Time is now.
func (v *Verdict) VariableAt(name string, now time.Time) (string, bool) {
	handle := v.borrow()
	defer v.giveBack(handle)
	return raw.VerdictGetAt(handle, name, moment(now))
}

// JSON is the whole verdict, in the stable form of docs/json.md.
func (v *Verdict) JSON() []byte {
	handle := v.borrow()
	defer v.giveBack(handle)
	text, _ := raw.VerdictJSON(handle)
	return []byte(text)
}

// MarshalJSON is JSON.
func (v *Verdict) MarshalJSON() ([]byte, error) {
	text := v.JSON()
	if !json.Valid(text) {
		return nil, &Error{ErrInternal, "the verdict could not be written"}
	}
	return text, nil
}

// Certificates are what the client presented, in DER, its own first, whether or not they could be read.
func (v *Verdict) Certificates() [][]byte {
	handle := v.borrow()
	defer v.giveBack(handle)
	certificates := make([][]byte, raw.VerdictCertificateCount(handle))
	for i := range certificates {
		certificates[i] = raw.VerdictCertificate(handle, i)
	}
	return certificates
}

// PolicyIdentity names the policy that the verdict was made under.
func (v *Verdict) PolicyIdentity() (identity [32]byte) {
	handle := v.borrow()
	defer v.giveBack(handle)
	copy(identity[:], raw.VerdictPolicyIdentity(handle))
	return identity
}

// Forever is the ValidUntil of a client without a certificate: what RFC 5280 has for "no end".
var Forever = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// ValidUntil is the last second at which verifying again, under the same policy, would say the same; Forever for None, and for
// Failed the moment that it was made for, or earlier. The zero Time for a nil verdict.
func (v *Verdict) ValidUntil() time.Time {
	handle := v.borrow()
	defer v.giveBack(handle)
	switch until := raw.VerdictValidUntil(handle); until {
	case math.MaxInt64:
		return Forever
	case math.MinInt64:
		return time.Time{}
	default:
		return time.Unix(until, 0).UTC()
	}
}

// Confirms is whether a token is bound to the certificate of this client (RFC 8705 section 3). confirmation is the JSON of the
// token's cnf, with x5t#S256 and nothing else, or the value of that alone. The server has verified the token.
func (v *Verdict) Confirms(confirmation []byte) bool {
	handle := v.borrow()
	defer v.giveBack(handle)
	return raw.VerdictConfirms(handle, confirmation)
}

// Close frees what the verdict holds, once. A verdict that is no longer used is closed by itself in the end; where very many are
// made, closing each keeps memory flat.
func (v *Verdict) Close() error {
	if v != nil {
		v.owned.close()
	}
	return nil
}

// newVerdict takes a verdict over.
func newVerdict(handle raw.Verdict) *Verdict {
	if handle == nil {
		return nil
	}
	verdict := new(Verdict)
	own(&verdict.owned, handle, raw.VerdictFree)
	return verdict
}

func (v *Verdict) borrow() raw.Verdict {
	if v == nil {
		return nil
	}
	return v.owned.borrow()
}

func (v *Verdict) giveBack(handle raw.Verdict) {
	if v != nil {
		v.owned.giveBack(handle)
	}
}
