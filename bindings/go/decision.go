package clientcert

import (
	"clientcert.dev/go/internal/raw"
)

// Action is what a server does with a request. Treat a number that is not here as ActionForbid.
type Action int32

const (
	ActionAllow            Action = 0  // the request goes on, with the identity of Decision.Verdict
	ActionPreflight        Action = 1  // a CORS preflight: without a status it goes on without an identity, else it is answered
	ActionAskRenegotiate   Action = 2  // not with crypto/tls
	ActionAskPostHandshake Action = 3  // not with crypto/tls
	ActionUseHTTP11        Action = 4  // not with crypto/tls
	ActionAskElsewhere     Action = 5  // redirect to the host that asks in its handshake
	ActionFallBack         Action = 6  // answer with the server's other log-in
	ActionChallenge        Action = 7  // answer 401 with challenges
	ActionForbid           Action = 8  // answer 403
	ActionTooEarly         Action = 9  // answer 425
	ActionMisdirected      Action = 10 // answer 421
	ActionReauthenticate   Action = 11 // answer, and end the connection, so that the client proves anew who it is
	ActionLogOut           Action = 12 // answer, end the connection, and remember that the user logged out
	ActionResend           Action = 13 // answer 307, so that the client sends the request again
	ActionTimedOut         Action = 14 // answer 408
	ActionTooLarge         Action = 15 // answer 413
)

// String is the action's name, such as ask_elsewhere.
func (a Action) String() string {
	names := [...]string{"allow", "preflight", "ask_renegotiate", "ask_post_handshake", "use_http_1_1", "ask_elsewhere", "fall_back",
		"challenge", "forbid", "too_early", "misdirected", "reauthenticate", "log_out", "resend", "timed_out", "too_large"}
	if a < 0 || int(a) >= len(names) {
		return "unknown"
	}
	return names[a]
}

// Body is a form of a page.
type Body int32

const (
	BodyText Body = 0
	BodyHTML Body = 1
	BodyJSON Body = 2
)

// ContentType is the header that a page of this form is sent with.
func (b Body) ContentType() string {
	switch b {
	case BodyHTML:
		return "text/html; charset=utf-8"
	case BodyJSON:
		return "application/json"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Decision is what to do with one request. It never changes, and every goroutine may ask it at the same time. One that is nil or
// closed is ActionForbid.
type Decision struct {
	owned owned[raw.Decision]
}

// Decide says what to do with a request: by the verifier of the host that it names, and the verdict of its connection, which is
// looked at again. It reads no file. Only ActionAllow lets a request through to what a place protects; after Close of either it
// never comes.
func (v *Verifier) Decide(verdict *Verdict, request Request) *Decision {
	verifier, judged := v.borrow(), verdict.borrow()
	defer v.giveBack(verifier)
	defer verdict.giveBack(judged)
	described := raw.RequestNew()
	defer raw.RequestFree(described)
	request.describe(described)
	decision := new(Decision)
	own(&decision.owned, raw.Decide(verifier, judged, described, moment(request.Time)), raw.DecisionFree)
	return decision
}

// Action is what to do.
func (d *Decision) Action() Action {
	handle := d.borrow()
	defer d.giveBack(handle)
	return Action(raw.DecisionAction(handle))
}

// Allowed is whether the request goes on to what the place protects.
func (d *Decision) Allowed() bool { return d.Action() == ActionAllow }

// Status is the HTTP status of the answer; 0 where there is no answer.
func (d *Decision) Status() int {
	handle := d.borrow()
	defer d.giveBack(handle)
	return int(raw.DecisionStatus(handle))
}

// Headers are those of the answer. A name may come several times.
func (d *Decision) Headers() []HeaderField {
	handle := d.borrow()
	defer d.giveBack(handle)
	headers := make([]HeaderField, raw.DecisionHeaderCount(handle))
	for i := range headers {
		headers[i].Name, _ = raw.DecisionHeaderName(handle, i)
		headers[i].Value, _ = raw.DecisionHeaderValue(handle, i)
	}
	return headers
}

// Body is the page of the answer: the cause in words, of which none are a client's.
func (d *Decision) Body(format Body) string {
	handle := d.borrow()
	defer d.giveBack(handle)
	body, _ := raw.DecisionBody(handle, int32(format))
	return body
}

// Cause is the stable name of a reason or of another cause (docs/requests.md); empty where the request goes on.
func (d *Decision) Cause() string {
	handle := d.borrow()
	defer d.giveBack(handle)
	cause, _ := raw.DecisionCause(handle)
	return cause
}

// Alert is the description of the TLS alert that says it, where the handshake is still open; 0 where there is none to send.
func (d *Decision) Alert(tlsVersion uint16) int {
	handle := d.borrow()
	defer d.giveBack(handle)
	return int(raw.DecisionAlert(handle, int32(tlsVersion)))
}

// Closes is whether the connection ends with the answer.
func (d *Decision) Closes() bool {
	handle := d.borrow()
	defer d.giveBack(handle)
	return raw.DecisionCloses(handle)
}

// SessionCacheable is whether the session of the connection may be resumed.
func (d *Decision) SessionCacheable() bool {
	handle := d.borrow()
	defer d.giveBack(handle)
	return raw.DecisionSessionCacheable(handle)
}

// HTTP2Error is the code to reset the stream with, in HTTP/2; 0 where it is not to be.
func (d *Decision) HTTP2Error() uint32 {
	handle := d.borrow()
	defer d.giveBack(handle)
	return raw.DecisionHTTP2Error(handle)
}

// Identity is who the client is, in a text that only equals itself, for Request.IdentityBefore of the next request of the
// connection.
func (d *Decision) Identity() string {
	handle := d.borrow()
	defer d.giveBack(handle)
	return raw.DecisionIdentity(handle)
}

// Verdict is the verdict that decided: here an application learns who the client is. It is the connection's, looked at again, or one
// without a certificate where that does not count for this request. The caller may close it.
func (d *Decision) Verdict() *Verdict {
	handle := d.borrow()
	defer d.giveBack(handle)
	return newVerdict(raw.VerdictRef(raw.DecisionVerdict(handle)))
}

// Audit is the record of the decision for a log: one line of JSON, without a line end, whatever a client wrote.
func (d *Decision) Audit() string {
	handle := d.borrow()
	defer d.giveBack(handle)
	audit, _ := raw.DecisionAudit(handle)
	return audit
}

// Close frees what the decision holds, once. One that is no longer used is closed by itself in the end.
func (d *Decision) Close() error {
	if d != nil {
		d.owned.close()
	}
	return nil
}

func (d *Decision) borrow() raw.Decision {
	if d == nil {
		return nil
	}
	return d.owned.borrow()
}

func (d *Decision) giveBack(handle raw.Decision) {
	if d != nil {
		d.owned.giveBack(handle)
	}
}
