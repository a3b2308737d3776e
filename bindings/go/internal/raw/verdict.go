package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Verdict is a clientcert_verdict.
type Verdict unsafe.Pointer

func verdictOf(verdict Verdict) *C.clientcert_verdict { return (*C.clientcert_verdict)(verdict) }

func VerdictRecheck(verifier Verifier, verdict Verdict, time int64) Verdict {
	return Verdict(C.clientcert_verdict_recheck(verifierOf(verifier), verdictOf(verdict), C.int64_t(time)))
}

func VerdictResolve(verifier Verifier, verdict Verdict, answer []byte, time int64) Verdict {
	bytes, length := octets(answer)
	return Verdict(C.clientcert_verdict_resolve(verifierOf(verifier), verdictOf(verdict), bytes, length, C.int64_t(time)))
}

func VerdictRef(verdict Verdict) Verdict {
	return Verdict(C.clientcert_verdict_ref(verdictOf(verdict)))
}

func VerdictFree(verdict Verdict) { C.clientcert_verdict_free(verdictOf(verdict)) }

func VerdictVerified(verdict Verdict) bool {
	return C.clientcert_verdict_verified(verdictOf(verdict)) == 1
}

func VerdictAccepted(verdict Verdict) bool {
	return C.clientcert_verdict_accepted(verdictOf(verdict)) == 1
}

func VerdictOutcome(verdict Verdict) int32 {
	return int32(C.clientcert_verdict_outcome(verdictOf(verdict)))
}

func VerdictReasonCount(verdict Verdict) int {
	return int(C.clientcert_verdict_reason_count(verdictOf(verdict)))
}

func VerdictReason(verdict Verdict, index int) int32 {
	return int32(C.clientcert_verdict_reason(verdictOf(verdict), C.size_t(index)))
}

func VerdictReasonDepth(verdict Verdict, index int) int32 {
	return int32(C.clientcert_verdict_reason_depth(verdictOf(verdict), C.size_t(index)))
}

func VerdictReasonCertificate(verdict Verdict, index int) int32 {
	return int32(C.clientcert_verdict_reason_certificate(verdictOf(verdict), C.size_t(index)))
}

func VerdictReasonTolerated(verdict Verdict, index int) bool {
	return C.clientcert_verdict_reason_tolerated(verdictOf(verdict), C.size_t(index)) == 1
}

func VerdictReasonDetail(verdict Verdict, index int) (string, bool) {
	return copyString(C.clientcert_verdict_reason_detail(verdictOf(verdict), C.size_t(index)))
}

func VerdictAlert(verdict Verdict, tlsVersion int32) int32 {
	return int32(C.clientcert_verdict_alert(verdictOf(verdict), C.int32_t(tlsVersion)))
}

func VerdictX509Error(verdict Verdict) int32 {
	return int32(C.clientcert_verdict_x509_error(verdictOf(verdict)))
}

func VerdictNginxStatus(verdict Verdict) int32 {
	return int32(C.clientcert_verdict_nginx_status(verdictOf(verdict)))
}

func VerdictGet(verdict Verdict, name string) (string, bool) {
	var length C.size_t
	value := C.clientcert_verdict_get(verdictOf(verdict), text(name), &length)
	return copyText(value, length)
}

func VerdictGetAt(verdict Verdict, name string, time int64) (string, bool) {
	var length C.size_t
	value := C.clientcert_verdict_get_at(verdictOf(verdict), text(name), C.int64_t(time), &length)
	return copyText(value, length)
}

func VerdictJSON(verdict Verdict) (string, bool) {
	var length C.size_t
	json := C.clientcert_verdict_json(verdictOf(verdict), &length)
	return copyText(json, length)
}

func VerdictCertificateCount(verdict Verdict) int {
	return int(C.clientcert_verdict_certificate_count(verdictOf(verdict)))
}

func VerdictCertificate(verdict Verdict, index int) []byte {
	var length C.size_t
	certificate := C.clientcert_verdict_certificate(verdictOf(verdict), C.size_t(index), &length)
	return copyOctets(certificate, length)
}

func VerdictPolicyIdentity(verdict Verdict) []byte {
	var length C.size_t
	identity := C.clientcert_verdict_policy_identity(verdictOf(verdict), &length)
	return copyOctets(identity, length)
}

func VerdictValidUntil(verdict Verdict) int64 {
	return int64(C.clientcert_verdict_valid_until(verdictOf(verdict)))
}

func VerdictOCSPCount(verdict Verdict) int {
	return int(C.clientcert_verdict_ocsp_count(verdictOf(verdict)))
}

func VerdictOCSPURL(verdict Verdict, index int) (string, bool) {
	return copyString(C.clientcert_verdict_ocsp_url(verdictOf(verdict), C.size_t(index)))
}

func VerdictOCSPRequest(verdict Verdict, index int) []byte {
	var length C.size_t
	request := C.clientcert_verdict_ocsp_request(verdictOf(verdict), C.size_t(index), &length)
	return copyOctets(request, length)
}

func VerdictOCSPCertificate(verdict Verdict, index int) uint {
	return uint(C.clientcert_verdict_ocsp_certificate(verdictOf(verdict), C.size_t(index)))
}

func VerdictOCSPResponse(verifier Verifier, verdict Verdict, certificate int, response []byte, time int64) Verdict {
	bytes, length := octets(response)
	return Verdict(C.clientcert_verdict_ocsp_response(verifierOf(verifier), verdictOf(verdict), C.size_t(certificate), bytes,
		length, C.int64_t(time)))
}

func VerdictConfirms(verdict Verdict, confirmation []byte) bool {
	bytes, length := octets(confirmation)
	return C.clientcert_verdict_confirms(verdictOf(verdict), bytes, length) == 1
}
