package clientcert

import (
	"crypto/x509"
	"sync"
	"time"

	"clientcert.dev/go/internal/raw"
)

// Verifier holds the policy in force, for every goroutine of a server. All of its methods may be called at the same time.
type Verifier struct {
	owned owned[raw.Verifier]
}

// Statistics count since the policy in force was made.
type Statistics struct {
	Hits       uint64 // verifications that were answered from memory
	Misses     uint64 // verifications that were done
	Entries    uint64 // verdicts that are remembered now
	Evictions  uint64 // verdicts that were forgotten to make room for others
	Insertions uint64 // verdicts that were remembered, for however long
	Capacity   uint64 // verdicts that there is room for
}

// Version is that of the library that was loaded, such as 1.2.3.
func Version() string { return raw.Version() }

// New makes a verifier. It reads the files that the options name.
func New(config Config) (*Verifier, error) {
	built, err := config.build()
	if err != nil {
		return nil, err
	}
	defer raw.ConfigFree(built)
	handle, failure := raw.VerifierNew(built)
	if failure != nil {
		return nil, failed(failure)
	}
	verifier := new(Verifier)
	own(&verifier.owned, handle, raw.VerifierFree)
	return verifier, nil
}

// Load makes a verifier out of a TOML file of options.
func Load(path string) (*Verifier, error) { return New(Config{File: path}) }

// Close frees what the verifier holds, once; afterwards it refuses everybody. A verifier that is no longer used is closed by
// itself in the end.
func (v *Verifier) Close() error {
	if v != nil {
		v.owned.close()
	}
	return nil
}

// Verify says who a client is by the certificates that it presented, in DER, its own first; none says that it presented none.
// The TLS stack must have had the client prove that it holds the key of the first one.
//
// A client that is refused is no error: the error is ErrClosed, and the verdict nil then, which reads as a refusal.
func (v *Verifier) Verify(chain [][]byte) (*Verdict, error) { return v.VerifyAt(chain, time.Time{}) }

// VerifyAt is Verify for a moment; the zero Time is now.
func (v *Verifier) VerifyAt(chain [][]byte, now time.Time) (*Verdict, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, ErrClosed
	}
	if len(chain) == 1 && len(chain[0]) > 0 {
		return newVerdict(raw.Verify(handle, chain[0], moment(now))), nil
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = (*buffer)[:0]
	for _, certificate := range chain {
		if len(certificate) == 0 {
			certificate = noCertificate
		}
		*buffer = append(*buffer, certificate...)
	}
	return newVerdict(raw.Verify(handle, *buffer, moment(now))), nil
}

// VerifyCertificates is Verify for certificates that crypto/tls has read.
func (v *Verifier) VerifyCertificates(chain []*x509.Certificate) (*Verdict, error) {
	return v.Verify(der(chain))
}

// Recheck says whether a verdict still holds: the CAs, CRLs, dates and options of now are looked at again, on the path that was
// accepted. What is not Success never becomes it. It costs nothing where nothing has changed.
func (v *Verifier) Recheck(verdict *Verdict, now time.Time) (*Verdict, error) {
	return v.judge(verdict, func(verifier raw.Verifier, verdict raw.Verdict) raw.Verdict {
		return raw.VerdictRecheck(verifier, verdict, moment(now))
	})
}

// Resolve completes a verdict that asks whose a key is (the option registry is external, and the reason ReasonRegistrationPending):
// its variable pending_fingerprint is what to look up. The answer is JSON with user and perhaps label, disabled, revoked,
// not_before, not_after, no_manage, key, ca; or a line as in a file of registrations; or null where the key is not registered.
// Anything else is no answer, and refuses.
func (v *Verifier) Resolve(verdict *Verdict, answer []byte, now time.Time) (*Verdict, error) {
	return v.judge(verdict, func(verifier raw.Verifier, verdict raw.Verdict) raw.Verdict {
		return raw.VerdictResolve(verifier, verdict, answer, moment(now))
	})
}

// Reload reads all files again, and puts the new policy in force. On failure the old one stays in force.
func (v *Verifier) Reload() error {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return ErrClosed
	}
	return failed(raw.VerifierReload(handle))
}

// Refresh does what Reload does if a file, folder or registry changed, and says whether a new policy is in force. It looks once
// a second at most, so that it may be called for every connection and request. The error is for the log: the old policy stays
// in force.
func (v *Verifier) Refresh() (changed bool, err error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return false, ErrClosed
	}
	changed, failure := raw.VerifierRefresh(handle)
	return changed, failed(failure)
}

// Statistics tell how the verifier is doing. All are zero after Close.
func (v *Verifier) Statistics() Statistics {
	handle := v.borrow()
	defer v.giveBack(handle)
	return Statistics{
		Hits:       raw.VerifierStatistic(handle, 0),
		Misses:     raw.VerifierStatistic(handle, 1),
		Entries:    raw.VerifierStatistic(handle, 2),
		Evictions:  raw.VerifierStatistic(handle, 3),
		Insertions: raw.VerifierStatistic(handle, 4),
		Capacity:   raw.VerifierStatistic(handle, 5),
	}
}

// noCertificate stands for a certificate of no bytes, so that it is not taken for none at all.
var noCertificate = []byte{0}

// buffers are reused: the library wants a chain in one piece.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (v *Verifier) borrow() raw.Verifier {
	if v == nil {
		return nil
	}
	return v.owned.borrow()
}

func (v *Verifier) giveBack(handle raw.Verifier) {
	if v != nil {
		v.owned.giveBack(handle)
	}
}

// judge makes a verdict out of another one.
func (v *Verifier) judge(verdict *Verdict, how func(raw.Verifier, raw.Verdict) raw.Verdict) (*Verdict, error) {
	handle := v.borrow()
	defer v.giveBack(handle)
	if handle == nil {
		return nil, ErrClosed
	}
	former := verdict.borrow()
	defer verdict.giveBack(former)
	return newVerdict(how(handle, former)), nil
}

func der(chain []*x509.Certificate) [][]byte {
	list := make([][]byte, len(chain))
	for i, certificate := range chain {
		list[i] = certificate.Raw
	}
	return list
}
