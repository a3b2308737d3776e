package clientcert

import (
	"time"

	"clientcert.dev/go/internal/raw"
)

// Mode is what happens in the handshake.
type Mode int32

const (
	ModeOff          Mode = 0 // do not ask for a certificate
	ModeOptional     Mode = 1 // ask; none is fine, one that is bad is not
	ModeOptionalNoCA Mode = 2 // ask; none is fine, and so is one that fails for what tolerate names
	ModeRequire      Mode = 3 // ask, and insist on a good one
	ModeRequestAny   Mode = 4 // ask; nothing is verified but the form
	ModeRequireAny   Mode = 5 // ask and insist; nothing is verified but the form
	ModeDeferred     Mode = 6 // do not ask in the handshake; a request may need one, which Go cannot ask for
)

// String is the mode as options have it.
func (m Mode) String() string {
	names := [...]string{"off", "optional", "optional_no_ca", "require", "request_any", "require_any", "deferred"}
	if m < 0 || int(m) >= len(names) {
		return "unknown"
	}
	return names[m]
}

// Enforcement is where a client that is not accepted notices it.
type Enforcement int32

const (
	EnforceRequest   Enforcement = 0 // the handshake completes, and every request is answered by a refusal that a person can read
	EnforceHandshake Enforcement = 1 // the handshake ends with a TLS alert
)

// String is the enforcement as options have it.
func (e Enforcement) String() string {
	if e == EnforceRequest {
		return "request"
	}
	return "handshake"
}

// Policy is what was in force at one moment.
type Policy struct {
	Mode        Mode
	Enforcement Enforcement
	// Identity is the same for the same options and files, in every process, and differs where anything differs that decides.
	Identity [32]byte
	// Warnings are what is accepted, but should be seen to.
	Warnings []string
	// CANames are the names of CAs to ask for, in DER.
	CANames [][]byte
}

// Policy is the policy that is in force now.
func (v *Verifier) Policy() (*Policy, error) {
	policy, err := v.policy()
	if err != nil {
		return nil, err
	}
	defer raw.PolicyFree(policy)
	return &Policy{
		Mode:        Mode(raw.PolicyMode(policy)),
		Enforcement: Enforcement(raw.PolicyEnforcement(policy)),
		Identity:    identityOf(policy),
		Warnings:    warningsOf(policy),
		CANames:     caNamesOf(policy),
	}, nil
}

// CRLReport is the state of the CRLs of a policy at one moment.
type CRLReport struct {
	// CRLs, those of one issuer together, newest first.
	CRLs []CRL
	// Metrics is the whole report as OpenMetrics 1.0 text, for a page of metrics.
	Metrics string
}

// CRL has the attributes of one: issuer, number, this_update, next_update, delta, verified, entries, memory, source, age and
// seconds_left, each as text.
type CRL map[string]string

// CRLReport takes a report of the CRLs that certificates are looked up in; the zero Time is now.
func (v *Verifier) CRLReport(now time.Time) (*CRLReport, error) {
	policy, err := v.policy()
	if err != nil {
		return nil, err
	}
	defer raw.PolicyFree(policy)
	handle := raw.PolicyCRLReport(policy, moment(now))
	defer raw.CRLReportFree(handle)
	report := &CRLReport{CRLs: make([]CRL, raw.CRLReportCount(handle))}
	report.Metrics, _ = raw.CRLReportMetrics(handle)
	for i := range report.CRLs {
		report.CRLs[i] = CRL{}
		for _, name := range crlAttributes {
			if value, ok := raw.CRLReportGet(handle, i, name); ok {
				report.CRLs[i][name] = value
			}
		}
	}
	return report, nil
}

var crlAttributes = []string{
	"issuer", "number", "this_update", "next_update", "delta", "verified", "entries", "memory", "source", "age", "seconds_left",
}

// policy is that in force now, for the caller to free.
func (v *Verifier) policy() (raw.Policy, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, ErrClosed
	}
	policy := raw.VerifierPolicy(handle)
	if policy == nil {
		return nil, &Error{ErrInternal, "there is no policy"}
	}
	return policy, nil
}

func identityOf(policy raw.Policy) (identity [32]byte) {
	copy(identity[:], raw.PolicyIdentity(policy))
	return identity
}

func warningsOf(policy raw.Policy) []string {
	warnings := make([]string, raw.PolicyWarningCount(policy))
	for i := range warnings {
		warnings[i], _ = raw.PolicyWarning(policy, i)
	}
	return warnings
}

func caNamesOf(policy raw.Policy) [][]byte {
	names := make([][]byte, raw.PolicyCANameCount(policy))
	for i := range names {
		names[i] = raw.PolicyCAName(policy, i)
	}
	return names
}
