package clientcert

import (
	"time"

	"clientcert.dev/go/internal/raw"
)

// OCSPQuestion is one for an OCSP responder: POST Request to URL as application/ocsp-request, and give the body of the answer to
// Verifier.OCSPResponse.
type OCSPQuestion struct {
	URL     string
	Request []byte
	// Certificate is the index of the presented certificate that it is about. Several questions may be about one: its responders, the
	// first choice first; one answer is enough.
	Certificate int
}

// OCSPQuestions are there where a verdict lacks nothing but answers: it is Failed for ReasonOCSPPending then.
func (v *Verdict) OCSPQuestions() []OCSPQuestion {
	handle := v.borrow()
	defer v.giveBack(handle)
	questions := make([]OCSPQuestion, raw.VerdictOCSPCount(handle))
	for i := range questions {
		questions[i].URL, _ = raw.VerdictOCSPURL(handle, i)
		questions[i].Request = raw.VerdictOCSPRequest(handle, i)
		questions[i].Certificate = int(raw.VerdictOCSPCertificate(handle, i))
	}
	return questions
}

// OCSPResponse judges a client again with what a responder says about one of its certificates, or what the client stapled; an empty
// response says that nobody answered. The new verdict may wait for further answers.
func (v *Verifier) OCSPResponse(verdict *Verdict, certificate int, response []byte, now time.Time) (*Verdict, error) {
	return v.judge(verdict, func(verifier raw.Verifier, verdict raw.Verdict) raw.Verdict {
		return raw.VerdictOCSPResponse(verifier, verdict, certificate, response, moment(now))
	})
}
