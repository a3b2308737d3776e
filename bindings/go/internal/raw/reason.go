package raw

// #include <clientcert.h>
import "C"

func ReasonCount() int { return int(C.clientcert_reason_count()) }

func ReasonAt(index int) int32 { return int32(C.clientcert_reason_at(C.size_t(index))) }

func ReasonName(code int32) string { return C.GoString(C.clientcert_reason_name(C.int32_t(code))) }

func ReasonText(code int32) string { return C.GoString(C.clientcert_reason_text(C.int32_t(code))) }

func ReasonX509Name(code int32) string {
	return C.GoString(C.clientcert_reason_x509_name(C.int32_t(code)))
}

func ReasonX509Error(code int32) int32 { return int32(C.clientcert_reason_x509_error(C.int32_t(code))) }

func ReasonAlert(code, tlsVersion int32) int32 {
	return int32(C.clientcert_reason_alert(C.int32_t(code), C.int32_t(tlsVersion)))
}

func ReasonNginxStatus(code int32) int32 {
	return int32(C.clientcert_reason_nginx_status(C.int32_t(code)))
}

func ReasonIISSubstatus(code int32) int32 {
	return int32(C.clientcert_reason_iis_substatus(C.int32_t(code)))
}
