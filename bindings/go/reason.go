package clientcert

import "clientcert.dev/go/internal/raw"

// ReasonCode is why a client was not verified, as a number that never changes its meaning. Later versions of the library add
// numbers; one that is not here is a refusal like any other.
type ReasonCode int32

const (
	ReasonCertificateRequired           ReasonCode = 1   // the client presented no certificate
	ReasonCertificateMalformed          ReasonCode = 2   // the certificate is not well-formed
	ReasonChainMalformed                ReasonCode = 3   // what was presented is no list of certificates
	ReasonChainTooLarge                 ReasonCode = 4   // more or larger certificates were presented than is allowed
	ReasonIssuerUnknown                 ReasonCode = 10  // the chain ends at a certificate whose issuer is not trusted here
	ReasonLeafIssuerUnknown             ReasonCode = 11  // the certificate's issuer is not trusted here, and no other certificate was presented
	ReasonSelfSigned                    ReasonCode = 12  // the certificate is self-signed and not pinned
	ReasonSelfSignedInChain             ReasonCode = 13  // the chain ends at a self-signed certificate that is not pinned
	ReasonSearchExhausted               ReasonCode = 14  // no path to a trusted CA was found within the limits of the search
	ReasonSignatureInvalid              ReasonCode = 20  // the signature is not by the issuer's key
	ReasonSignatureAlgorithmUnsupported ReasonCode = 21  // the signature's algorithm is not supported
	ReasonIssuerKeyUnsupported          ReasonCode = 22  // the issuer's key cannot be used to check the signature
	ReasonCertificateRevoked            ReasonCode = 30  // the certificate was revoked
	ReasonCRLMissing                    ReasonCode = 31  // there is no CRL by this certificate's issuer
	ReasonCRLExpired                    ReasonCode = 32  // the CRL has expired
	ReasonCRLNotYetValid                ReasonCode = 33  // the CRL is not valid yet
	ReasonCRLSignatureInvalid           ReasonCode = 34  // the CRL's signature is invalid, or of an unsupported kind
	ReasonCRLIssuerUnfit                ReasonCode = 35  // the CRL's issuer may not sign CRLs
	ReasonCRLIssuerUnknown              ReasonCode = 36  // the certificate of the CRL's issuer is missing, or leads to another CA
	ReasonCRLUnsupported                ReasonCode = 37  // the CRL has a critical extension that is not understood
	ReasonCRLScope                      ReasonCode = 38  // the CRLs do not cover this certificate, or not every reason of revocation
	ReasonCertificateNotYetValid        ReasonCode = 40  // the certificate is not valid yet
	ReasonCertificateExpired            ReasonCode = 41  // the certificate has expired
	ReasonIssuerNotCA                   ReasonCode = 50  // the issuer's certificate is not a CA's
	ReasonIssuerKeyUsage                ReasonCode = 51  // the issuer's key may not sign certificates
	ReasonPathLengthExceeded            ReasonCode = 52  // a CA's path length constraint is exceeded
	ReasonChainTooLong                  ReasonCode = 53  // there are more intermediate certificates than `depth` allows
	ReasonIssuerVersion                 ReasonCode = 54  // an intermediate CA's certificate is not of version 3
	ReasonExtendedKeyUsage              ReasonCode = 60  // the extended key usage does not allow this purpose
	ReasonKeyUsage                      ReasonCode = 61  // the key usage does not allow to authenticate
	ReasonVersionRefused                ReasonCode = 62  // certificates of version 1 are refused here
	ReasonCAAsLeaf                      ReasonCode = 63  // a CA's certificate is refused as a client's here
	ReasonSubjectMissing                ReasonCode = 64  // the subject is empty, and the subject alternative names are absent or not critical
	ReasonLeafKeyTooWeak                ReasonCode = 70  // the certificate's key is too weak or of an unsupported kind
	ReasonCAKeyTooWeak                  ReasonCode = 71  // a CA's key is too weak
	ReasonSignatureAlgorithmWeak        ReasonCode = 72  // the signature's digest is too weak
	ReasonCriticalExtension             ReasonCode = 80  // a critical extension is not understood
	ReasonNameNotPermitted              ReasonCode = 81  // a name is outside of what a CA is permitted to certify
	ReasonNameExcluded                  ReasonCode = 82  // a name is in what a CA is forbidden to certify
	ReasonNameConstraintUnsupported     ReasonCode = 83  // a name constraint is of a kind or form that is not supported
	ReasonNameConstraintLimit           ReasonCode = 84  // names and constraints are too many to compare
	ReasonPolicyRequired                ReasonCode = 85  // no certificate policy is valid for the whole path, and one is required
	ReasonPolicyInvalid                 ReasonCode = 86  // the certificate policy extensions contradict RFC 5280
	ReasonTLSFeatureMissing             ReasonCode = 87  // a TLS feature that the issuer's certificate has is missing
	ReasonValidatorsDisagree            ReasonCode = 90  // the second validator refuses what the first accepts; this is an alarm
	ReasonSecondOpinionMissing          ReasonCode = 91  // the second validator cannot judge this path, and `second_opinion` is strict
	ReasonNotVerified                   ReasonCode = 92  // this mode takes any certificate and verifies none
	ReasonKeyNotRegistered              ReasonCode = 100 // the key is not registered to a user
	ReasonRegistrationDisabled          ReasonCode = 101 // the key's registration is disabled
	ReasonRegistrationRevoked           ReasonCode = 102 // the key's registration was revoked
	ReasonRegistrationNotYetValid       ReasonCode = 103 // the key's registration is not valid yet
	ReasonRegistrationExpired           ReasonCode = 104 // the key's registration has expired
	ReasonRegistrationOtherCA           ReasonCode = 105 // the key is registered for certificates of another CA
	ReasonRegistryUnavailable           ReasonCode = 106 // the registry has been out of reach for too long
	ReasonAmbiguousIdentity             ReasonCode = 107 // the certificate names the user in more than one way, or in a way that cannot be trusted
	ReasonIdentityUnknown               ReasonCode = 108 // no identity rule names a user for this certificate
	ReasonIdentityWeak                  ReasonCode = 109 // the rule that names the user is weak, and `identity_strength` is strong
	ReasonRegistrationPending           ReasonCode = 110 // the host has not yet looked the key up
	ReasonOCSPPending                   ReasonCode = 111 // no OCSP response has been given for this certificate yet
	ReasonInternalError                 ReasonCode = 120 // the verification failed inside the library
	ReasonOCSPMissing                   ReasonCode = 130 // there is no OCSP response for this certificate, and nobody to ask
	ReasonOCSPMalformed                 ReasonCode = 131 // the OCSP response is not well-formed
	ReasonOCSPRefused                   ReasonCode = 132 // the OCSP responder did not answer the question
	ReasonOCSPSignatureInvalid          ReasonCode = 133 // the OCSP response's signature is invalid, or of an unsupported kind
	ReasonOCSPResponderUnfit            ReasonCode = 134 // the OCSP response is signed by somebody who may not answer for this issuer
	ReasonOCSPOtherCertificate          ReasonCode = 135 // the OCSP response is about other certificates
	ReasonOCSPNotYetValid               ReasonCode = 136 // the OCSP response is not valid yet
	ReasonOCSPExpired                   ReasonCode = 137 // the OCSP response is too old
	ReasonOCSPNonce                     ReasonCode = 138 // the OCSP response does not repeat the nonce of the question
	ReasonOCSPUnknown                   ReasonCode = 139 // the OCSP responder does not know the certificate
	ReasonSessionInvalid                ReasonCode = 140 // the resumed session has no record that was made here, under this policy and for this host
	ReasonSessionExpired                ReasonCode = 141 // the handshake that the resumed session comes from is too long ago
	ReasonTicketInvalid                 ReasonCode = 142 // the ticket of another host was not made for this host and this browser
	ReasonTicketExpired                 ReasonCode = 143 // the ticket of another host is too old
	ReasonTicketUsed                    ReasonCode = 144 // the ticket of another host was used before
	ReasonUntrustedProxy                ReasonCode = 145 // the certificate was forwarded by a peer that is no trusted proxy
	ReasonForwardedMalformed            ReasonCode = 146 // what the proxy forwarded is not well-formed
	ReasonForwardedIncomplete           ReasonCode = 147 // the proxy says that there is a certificate, and does not forward it
	ReasonForwardedNotVerified          ReasonCode = 148 // the proxy does not say that it verified the certificate
)

// Reason is one thing that is wrong with what a client presented.
type Reason struct {
	Code ReasonCode
	// Depth is how far the certificate to blame is from the client's own, 0; -1 where none is to blame.
	Depth int
	// Certificate is the index of the certificate to blame among those presented; CulpritNone or CulpritAnchor.
	Certificate int
	// Tolerated is whether the option tolerate lets the connection go on in spite of it. The outcome stays Failed.
	Tolerated bool
	// Detail is what the code alone does not say, in English.
	Detail string
}

const (
	CulpritNone   = -1 // no certificate is to blame
	CulpritAnchor = -2 // the pinned CA at the end of the path
)

// ReasonCodes lists every code of the library that was loaded, in the order of their numbers.
func ReasonCodes() []ReasonCode {
	codes := make([]ReasonCode, raw.ReasonCount())
	for i := range codes {
		codes[i] = ReasonCode(raw.ReasonAt(i))
	}
	return codes
}

// String is the stable name of the code, such as certificate_expired: what the option tolerate takes.
func (c ReasonCode) String() string { return raw.ReasonName(int32(c)) }

// Text says it in English, for people.
func (c ReasonCode) Text() string { return raw.ReasonText(int32(c)) }

// X509Name is OpenSSL's name for it, such as X509_V_ERR_CERT_HAS_EXPIRED.
func (c ReasonCode) X509Name() string { return raw.ReasonX509Name(int32(c)) }

// X509Error is OpenSSL's number for it; never 0.
func (c ReasonCode) X509Error() int { return int(raw.ReasonX509Error(int32(c))) }

// Alert is the description of the TLS alert that says it. tlsVersion is as in crypto/tls.
func (c ReasonCode) Alert(tlsVersion uint16) int {
	return int(raw.ReasonAlert(int32(c), int32(tlsVersion)))
}

// NginxStatus is 496 for a missing certificate, else 495.
func (c ReasonCode) NginxStatus() int { return int(raw.ReasonNginxStatus(int32(c))) }

// IISSubstatus is the sub-status of the 403 that IIS answers for it.
func (c ReasonCode) IISSubstatus() int { return int(raw.ReasonIISSubstatus(int32(c))) }
