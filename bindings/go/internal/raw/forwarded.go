package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Headers is a clientcert_headers, for one thread at a time.
type Headers unsafe.Pointer

func headersOf(headers Headers) *C.clientcert_headers { return (*C.clientcert_headers)(headers) }

func HeadersNew() Headers { return Headers(C.clientcert_headers_new()) }

func HeadersFree(headers Headers) { C.clientcert_headers_free(headersOf(headers)) }

func HeadersClear(headers Headers) { C.clientcert_headers_clear(headersOf(headers)) }

func HeadersAdd(headers Headers, name, value string) *Failure {
	var err *C.clientcert_error
	bytes, length := chars(value)
	status := C.clientcert_headers_add(headersOf(headers), text(name), bytes, length, &err)
	return failure(status, err)
}

func HeadersRename(headers Headers, role int32, name *string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_headers_rename(headersOf(headers), C.int32_t(role), optionalText(name), &err)
	return failure(status, err)
}

func HeadersCount(headers Headers) int { return int(C.clientcert_headers_count(headersOf(headers))) }

func HeadersName(headers Headers, index int) (string, bool) {
	return copyString(C.clientcert_headers_name(headersOf(headers), C.size_t(index)))
}

func HeadersValue(headers Headers, index int) (string, bool) {
	var length C.size_t
	value := C.clientcert_headers_value(headersOf(headers), C.size_t(index), &length)
	return copyText(value, length)
}

func VerifyForwarded(verifier Verifier, dialect int32, peer string, headers Headers, time int64) Verdict {
	return Verdict(C.clientcert_verify_forwarded(verifierOf(verifier), C.int32_t(dialect), text(peer), headersOf(headers),
		C.int64_t(time)))
}

func ForwardHeaders(verdict Verdict, dialect, what int32, headers Headers) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_forward_headers(verdictOf(verdict), C.int32_t(dialect), C.int32_t(what), headersOf(headers), &err)
	return failure(status, err)
}

func IsForwardedHeader(name string) bool { return C.clientcert_is_forwarded_header(text(name)) != 0 }

func ForwardedHeaderAt(index int) (string, bool) {
	return copyString(C.clientcert_forwarded_header_at(C.size_t(index)))
}

func DialectVary(dialect int32) string {
	return C.GoString(C.clientcert_dialect_vary(C.int32_t(dialect)))
}

func DialectName(dialect int32) string {
	return C.GoString(C.clientcert_dialect_name(C.int32_t(dialect)))
}
