package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Request is a clientcert_request, for one thread at a time.
type Request unsafe.Pointer

// Decision is a clientcert_decision.
type Decision unsafe.Pointer

func requestOf(request Request) *C.clientcert_request { return (*C.clientcert_request)(request) }

func decisionOf(decision Decision) *C.clientcert_decision { return (*C.clientcert_decision)(decision) }

func RequestNew() Request { return Request(C.clientcert_request_new()) }

func RequestFree(request Request) { C.clientcert_request_free(requestOf(request)) }

func RequestClear(request Request) { C.clientcert_request_clear(requestOf(request)) }

func RequestSetText(request Request, field int32, value string) *Failure {
	var err *C.clientcert_error
	bytes, length := chars(value)
	status := C.clientcert_request_set_text(requestOf(request), C.int32_t(field), bytes, length, &err)
	return failure(status, err)
}

func RequestSetNumber(request Request, field int32, value int64) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_request_set_number(requestOf(request), C.int32_t(field), C.int64_t(value), &err)
	return failure(status, err)
}

func Decide(verifier Verifier, verdict Verdict, request Request, time int64) Decision {
	return Decision(C.clientcert_decide(verifierOf(verifier), verdictOf(verdict), requestOf(request), C.int64_t(time)))
}

func DecisionFree(decision Decision) { C.clientcert_decision_free(decisionOf(decision)) }

func DecisionAction(decision Decision) int32 {
	return int32(C.clientcert_decision_action(decisionOf(decision)))
}

func DecisionStatus(decision Decision) int32 {
	return int32(C.clientcert_decision_status(decisionOf(decision)))
}

func DecisionHeaderCount(decision Decision) int {
	return int(C.clientcert_decision_header_count(decisionOf(decision)))
}

func DecisionHeaderName(decision Decision, index int) (string, bool) {
	return copyString(C.clientcert_decision_header_name(decisionOf(decision), C.size_t(index)))
}

func DecisionHeaderValue(decision Decision, index int) (string, bool) {
	var length C.size_t
	value := C.clientcert_decision_header_value(decisionOf(decision), C.size_t(index), &length)
	return copyText(value, length)
}

func DecisionBody(decision Decision, format int32) (string, bool) {
	var length C.size_t
	body := C.clientcert_decision_body(decisionOf(decision), C.int32_t(format), &length)
	return copyText(body, length)
}

func DecisionCause(decision Decision) (string, bool) {
	return copyString(C.clientcert_decision_cause(decisionOf(decision)))
}

func DecisionAlert(decision Decision, tlsVersion int32) int32 {
	return int32(C.clientcert_decision_alert(decisionOf(decision), C.int32_t(tlsVersion)))
}

func DecisionCloses(decision Decision) bool {
	return C.clientcert_decision_closes(decisionOf(decision)) != 0
}

func DecisionSessionCacheable(decision Decision) bool {
	return C.clientcert_decision_session_cacheable(decisionOf(decision)) == 1
}

func DecisionHTTP2Error(decision Decision) uint32 {
	return uint32(C.clientcert_decision_http2_error(decisionOf(decision)))
}

func DecisionIdentity(decision Decision) string {
	return C.GoString(C.clientcert_decision_identity(decisionOf(decision)))
}

// DecisionVerdict lends the verdict for as long as the decision lives.
func DecisionVerdict(decision Decision) Verdict {
	return Verdict(C.clientcert_decision_verdict(decisionOf(decision)))
}

func DecisionAudit(decision Decision) (string, bool) {
	var length C.size_t
	audit := C.clientcert_decision_audit(decisionOf(decision), &length)
	return copyText(audit, length)
}
