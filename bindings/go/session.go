package clientcert

import (
	"time"

	"clientcert.dev/go/internal/raw"
)

// SessionIdentity is what a TLS session must have been made under to be resumed here: a hash over every option that decides, every
// pinned CA, and the name of the virtual host as it is configured, which may be empty.
func (v *Verifier) SessionIdentity(host string) ([32]byte, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return [32]byte{}, ErrClosed
	}
	identity, failure := raw.VerifierPolicyID(handle, host)
	return identity, failed(failure)
}

// ExportSession gives the record of a client, to be kept with its TLS session, and given to ResumeSession when that is resumed.
// provedAt is when the handshake was in which the client proved that it holds its key: for a session that was itself resumed, what
// ResumeSession gave. nil where there is no record, because the verdict is not accepted, provedAt is not known, or the policy has
// changed since: such a session is not to be resumed.
func (v *Verifier) ExportSession(verdict *Verdict, host string, provedAt time.Time) []byte {
	if provedAt.IsZero() {
		return nil
	}
	verifier, judged := v.borrow(), verdict.borrow()
	defer v.giveBack(verifier)
	defer verdict.giveBack(judged)
	record := make([]byte, 2048)
	for {
		length := raw.SessionExport(verifier, judged, host, provedAt.Unix(), record)
		if length == 0 {
			return nil
		}
		if length <= len(record) {
			return record[:length]
		}
		record = make([]byte, length)
	}
}

// ResumeSession judges the client of a resumed TLS session by the record that came back with it: as it is now, under the policy of
// now. A record that does not count, a missing one among them, gives a verdict that is Failed; the TLS stack should refuse to resume
// then, and do a full handshake. provedAt is when the client proved that it holds its key; the zero Time where the record is none of
// ours.
func (v *Verifier) ResumeSession(host string, record []byte, now time.Time) (verdict *Verdict, provedAt time.Time, err error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, time.Time{}, ErrClosed
	}
	judged, seconds := raw.SessionResume(handle, host, record, moment(now))
	return newVerdict(judged), proof(seconds), nil
}

// AnswerQuestion answers the question of another host about the client of this connection (ActionAskElsewhere), found in the
// parameter clientcert_question of the URL: where to redirect the browser, with status 303. provedAt is when this client proved
// that it holds its key. Only who is verified is vouched for; others are ErrNotEntitled.
func (v *Verifier) AnswerQuestion(verdict *Verdict, question string, provedAt time.Time) (location string, err error) {
	verifier := v.borrow()
	defer v.giveBack(verifier)
	if verifier == nil {
		return "", ErrClosed
	}
	if provedAt.IsZero() {
		return "", &Error{ErrInvalidArgument, "when the client proved that it holds its key is not known"}
	}
	judged := verdict.borrow()
	defer verdict.giveBack(judged)
	ticket, failure := raw.TicketNew(verifier, judged, question, provedAt.Unix())
	if failure != nil {
		return "", failed(failure)
	}
	defer raw.TicketFree(ticket)
	location, ok := raw.TicketLocation(ticket)
	if !ok {
		return "", &Error{ErrInternal, "the ticket has no location"}
	}
	return location, nil
}

// RedeemTicket verifies, once, the client that another host was asked about, by the policy of this one. ticket is the parameter
// clientcert_ticket of the URL, host the name of this host as in the request, nonce the cookie __Host-clientcert. Keep the verdict
// and provedAt under a random cookie, and redirect to the URL without the ticket.
func (v *Verifier) RedeemTicket(ticket, host, nonce string, now time.Time) (verdict *Verdict, provedAt time.Time, err error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, time.Time{}, ErrClosed
	}
	judged, seconds := raw.TicketRedeem(handle, ticket, host, nonce, moment(now))
	return newVerdict(judged), proof(seconds), nil
}

// proof is the moment of a proof that the client holds its key, which 0 says there is none of.
func proof(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
