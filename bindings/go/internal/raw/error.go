package raw

// #include <clientcert.h>
import "C"

func StatusName(status int32) string { return C.GoString(C.clientcert_status_name(C.int32_t(status))) }

// failure takes an error over: nil where the call succeeded. A status that is not OK is a failure, with or without an error.
func failure(status C.int32_t, err *C.clientcert_error) *Failure {
	if status == C.CLIENTCERT_OK {
		return nil
	}
	if err == nil {
		return &Failure{int32(status), StatusName(int32(status))}
	}
	defer C.clientcert_error_free(err)
	return &Failure{int32(C.clientcert_error_status(err)), C.GoString(C.clientcert_error_message(err))}
}
